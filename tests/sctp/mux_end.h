// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MuxEnd: a ChannelMux with a record of its events, and FakeMux, one of them over a
// FakeAssociation.
#ifndef PAIRWIRE_TESTS_SCTP_MUX_END_H_
#define PAIRWIRE_TESTS_SCTP_MUX_END_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "sctp/dcep.h"
#include "tests/sctp/fake_association.h"
#include "tests/support/manual_loop.h"

namespace pairwire::sctp::test {

struct MuxMessage {
  ChannelId id;
  std::string data;
  bool is_text;
  bool operator==(const MuxMessage&) const = default;
};

class MuxEnd final : public ChannelMuxEvents {
 public:
  explicit MuxEnd(Loop& loop, const ChannelMuxOptions& options = {})
      : mux(std::make_unique<ChannelMux>(loop, options, *this)) {}

  void OnMuxPacket(ByteSpan packet) override {
    if (on_packet) on_packet(packet);
  }
  void OnMuxState(AssociationState state, const Error& new_error) override {
    Note("state" + std::to_string(static_cast<int>(state)));
    states.push_back(state);
    error = new_error;
    RunHook();
  }
  void OnChannelIncoming(ChannelId id, const ChannelOptions& options) override {
    Note("incoming " + options.label + "/" + options.protocol);
    incoming_options[id] = options;
    incoming.push_back(id);
    if (accept_incoming && mux) mux->ResumeReceiving(id);
    RunHook();
  }
  void OnChannelOpen(ChannelId id) override {
    Note("open " + std::to_string(id));
    opened.push_back(id);
    RunHook();
  }
  void OnChannelMessage(ChannelId id, ByteSpan data, bool is_text) override {
    EXPECT_FALSE(closed.contains(id));
    messages.push_back({id, std::string(AsText(data)), is_text});
    RunHook();
  }
  void OnChannelBufferedAmount(ChannelId id, std::size_t bytes) override { buffered[id] = bytes; }
  void OnChannelClosed(ChannelId id, const std::optional<Error>& reason) override {
    Note("closed " + std::to_string(id));
    EXPECT_FALSE(closed.contains(id)) << "closed twice";
    closed[id] = reason;
    RunHook();
  }

  Result<void> SendText(ChannelId id, std::string_view text) {
    return mux->Send(id, AsBytes(text), true);
  }

  std::unique_ptr<ChannelMux> mux;
  std::function<void(ByteSpan)> on_packet;
  std::function<void(int event)> hook;  // inside each event; gets its number
  bool accept_incoming = true;
  bool keep_log = true;

  std::vector<std::string> log;
  std::vector<AssociationState> states;
  Error error;
  std::vector<ChannelId> incoming;
  std::map<ChannelId, ChannelOptions> incoming_options;
  std::vector<ChannelId> opened;
  std::vector<MuxMessage> messages;
  std::map<ChannelId, std::size_t> buffered;
  std::map<ChannelId, std::optional<Error>> closed;
  int events = 0;

 private:
  void Note(std::string line) {
    if (keep_log) log.push_back(std::move(line));
  }
  void RunHook() {
    ++events;
    if (hook) hook(events);
  }
};

// One mux whose other end is the test.
struct FakeMux {
  explicit FakeMux(const ChannelMuxOptions& options = {}) : end(loop, options) {}

  void Start(bool dtls_client = true, std::size_t remote_max = 262'144, bool ours = false) {
    const auto started = end.mux->Start(
        [this](AssociationEvents& events) {
          auto made = std::make_unique<FakeAssociation>(loop, events);
          fake = made.get();
          return made;
        },
        dtls_client, remote_max, ours);
    ASSERT_TRUE(started.has_value());
  }
  void Connect(bool dtls_client = true, std::size_t remote_max = 262'144, bool ours = false) {
    Start(dtls_client, remote_max, ours);
    fake->BecomeConnected();
    loop.RunUntilIdle();
  }
  // Opens a channel of ours up to its ACK.
  ChannelId OpenChannel(std::string label = "label") {
    const ChannelId id = end.mux->Open({.label = std::move(label)}).value();
    fake->Receive(ToInt(*end.mux->stream_of(id)), Ppid::kDcep, EncodeDcepAck());
    loop.RunUntilIdle();
    return id;
  }
  // Lets the other end open a channel; 0 when it was refused.
  ChannelId RemoteOpen(std::uint16_t stream, std::string label = "remote") {
    const std::size_t before = end.incoming.size();
    DcepOpen open;
    open.label = std::move(label);
    fake->Receive(stream, Ppid::kDcep, EncodeDcepOpen(open).value());
    return end.incoming.size() == before ? 0 : end.incoming.back();
  }

  pairwire::test::ManualLoop loop;
  MuxEnd end;
  FakeAssociation* fake = nullptr;
};

// Two muxes, linked by fakes.
struct FakeMuxPair {
  explicit FakeMuxPair(const ChannelMuxOptions& options = {})
      : a(loop, options), b(loop, options) {}

  void Connect(std::size_t remote_max = 262'144, bool ours = false) {
    ASSERT_TRUE(a.mux->Start(Factory(fake_a), true, remote_max, ours).has_value());
    ASSERT_TRUE(b.mux->Start(Factory(fake_b), false, remote_max, ours).has_value());
    FakeAssociation::Link(*fake_a, *fake_b);
    fake_a->BecomeConnected();
    fake_b->BecomeConnected();
    loop.RunUntilIdle();
  }
  ChannelMux::AssociationFactory Factory(FakeAssociation*& where) {
    return [this, &where](AssociationEvents& events) {
      auto made = std::make_unique<FakeAssociation>(loop, events);
      where = made.get();
      return made;
    };
  }
  bool RunUntil(const std::function<bool()>& condition) {
    return loop.RunUntil(condition, std::chrono::seconds(60));
  }

  pairwire::test::ManualLoop loop;
  MuxEnd a;
  MuxEnd b;
  FakeAssociation* fake_a = nullptr;
  FakeAssociation* fake_b = nullptr;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_MUX_END_H_
