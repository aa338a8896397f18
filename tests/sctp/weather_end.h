// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WeatherEnd: one end of a run over bad weather: a ChannelMux over the real association, with DTLS
// below it or without, whose owner notes in a History what it asked for and what it saw. It decides
// nothing: weather_run does.
#ifndef PAIRWIRE_TESTS_SCTP_WEATHER_END_H_
#define PAIRWIRE_TESTS_SCTP_WEATHER_END_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/dtls/dtls_transport.h"
#include "sctp/channel_mux.h"
#include "sctp/usrsctp_runtime.h"
#include "tests/sctp/weather_case.h"
#include "tests/sctp/weather_history.h"

namespace pairwire::sctp::test {

// 64 bits that two different byte strings share by chance only.
std::uint64_t Digest(ByteSpan bytes, std::uint64_t start = 0);

class WeatherEnd final : public ChannelMuxEvents, private dtls::Events {
 public:
  // `index` 0 is end a, the DTLS client. What comes out goes to `wire`.
  WeatherEnd(Loop& loop, UsrsctpRuntime& runtime, const WeatherCase& drawn, History& history,
             std::size_t index, std::function<void(ByteSpan)> wire);
  ~WeatherEnd();

  // `peer`: the end to shake hands with, where there is DTLS.
  bool Start(const WeatherEnd& peer);
  // One datagram from the path.
  void Receive(ByteSpan datagram);

  // The methods of the mux, by the number of the channel in History.
  void Open(std::size_t channel, ChannelOptions options);
  // False: the number is still taken.
  bool OpenNegotiated(std::size_t channel, const ChannelOptions& options);
  // True when it was accepted.
  bool Send(std::size_t channel, std::size_t size, bool is_text);
  void Close(std::size_t channel);
  void Pause(std::size_t channel);
  void ResumeAll();
  void CloseAll();

  bool Has(std::size_t channel) const { return ids_.contains(channel); }
  bool connected() const { return connected_; }
  bool ended() const { return own().closed || own().failed; }
  bool at_rest() const { return left() == 0; }
  std::size_t left() const { return mux_->total_buffered_amount(); }
  void TakeStats();
  // Frees everything, as an application that has done with it.
  void Destroy();

  // After the end's own note was made; may call the methods above.
  std::function<void(std::size_t channel)> on_message;
  // An incoming channel stays paused until ResumeAll when this answers false.
  std::function<bool()> reads_at_once;

 private:
  void OnMuxPacket(ByteSpan packet) override;
  void OnMuxState(AssociationState state, const Error& error) override;
  void OnChannelIncoming(ChannelId id, const ChannelOptions& options) override;
  void OnChannelOpen(ChannelId id) override;
  void OnChannelMessage(ChannelId id, ByteSpan data, bool is_text) override;
  void OnChannelBufferedAmount(ChannelId id, std::size_t bytes) override;
  void OnChannelClosed(ChannelId id, const std::optional<Error>& error) override;

  void OnDtlsPacket(ByteSpan packet) override;
  void OnDtlsState(dtls::State state, const Error& error) override;
  void OnDtlsData(ByteSpan data) override;

  bool StartMux();
  void ReceiveInBatches(ByteSpan datagram);
  void Deliver(ByteSpan datagram);
  void MuxReceive(ByteSpan packet);
  EndHistory& own() const { return history_.end[index_]; }
  HalfHistory* Half(ChannelId id);
  HalfHistory& HalfOf(std::size_t channel) { return history_.channels[channel].half[index_]; }
  void Oddity(const std::string& what);
  Order Next() { return ++order_; }
  // A line for a verbose run.
  void Say(std::size_t channel, const char* what) const;

  static Order order_;  // one for both ends: runs are one after the other, on one thread

  Loop& loop_;
  UsrsctpRuntime& runtime_;
  const WeatherCase& case_;
  History& history_;
  const std::size_t index_;
  const std::function<void(ByteSpan)> wire_;
  bool connected_ = false;
  std::map<std::size_t, ChannelId> ids_;
  std::map<ChannelId, std::size_t> channels_;
  std::vector<Bytes> batch_;
  Bytes payload_;
  std::unique_ptr<dtls::DtlsTransport> dtls_;
  std::unique_ptr<ChannelMux> mux_;
  TaskSafety safety_;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_WEATHER_END_H_
