// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/weather_end.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "peer/base/log.h"
#include "sctp/usrsctp_association.h"
#include "tests/sctp/weather_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp::test {
namespace {

constexpr std::size_t kMaxMessageSize = 256 * 1024;

// As many packets as one read of the real thing gives at most.
constexpr std::size_t kLargestBatch = 64;

// Made once: a key pair costs more than a run.
const dtls::Certificate& SharedCertificate(std::size_t index) {
  static const dtls::Certificate certificates[] = {dtls::Certificate::Generate().value(),
                                                   dtls::Certificate::Generate().value()};
  return certificates[index];
}

// INIT ACK, COOKIE ECHO and heartbeats hold usrsctp's own memory: ids and padding, which are not
// the same in each run.
bool TellsTheRun(ByteSpan packet) {
  const std::uint8_t type = packet.size() > 12 ? packet[12] : 0;
  return type != 2 && type != 10 && type != 4 && type != 5;
}

}  // namespace

Order WeatherEnd::order_ = 0;

std::uint64_t Digest(ByteSpan bytes, std::uint64_t start) {
  std::uint64_t sum = start ^ (bytes.size() * 0x9E3779B97F4A7C15U);
  const auto mix = [&](std::uint64_t word) {
    sum = (sum ^ word) * 0xFF51AFD7ED558CCDU;
    sum ^= sum >> 32;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    mix(word);
  }
  std::uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest);
  return sum;
}

WeatherEnd::WeatherEnd(Loop& loop, UsrsctpRuntime& runtime, const WeatherCase& drawn,
                       History& history, std::size_t index, std::function<void(ByteSpan)> wire)
    : loop_(loop),
      runtime_(runtime),
      case_(drawn),
      history_(history),
      index_(index),
      wire_(std::move(wire)),
      mux_(std::make_unique<ChannelMux>(loop, drawn.mux, *this)) {
  if (!drawn.over_dtls) return;
  dtls_ = std::make_unique<dtls::DtlsTransport>(loop, SharedCertificate(index), dtls::Options{},
                                                static_cast<dtls::Events&>(*this));
}

WeatherEnd::~WeatherEnd() { Destroy(); }

void WeatherEnd::Destroy() {
  mux_.reset();
  dtls_.reset();
}

bool WeatherEnd::Start(const WeatherEnd& peer) {
  if (!dtls_) return StartMux();
  return dtls_
      ->Start(index_ == 0 ? dtls::Role::kClient : dtls::Role::kServer,
              {SharedCertificate(peer.index_).fingerprint()})
      .has_value();
}

bool WeatherEnd::StartMux() {
  const auto make = [this](AssociationEvents& events) {
    return std::make_unique<UsrsctpAssociation>(runtime_, case_.association, events);
  };
  return mux_->Start(make, index_ == 0, kMaxMessageSize, case_.ours).has_value();
}

// --- Packets

void WeatherEnd::OnMuxPacket(ByteSpan packet) {
  ++own().packets_out;
  ++history_.packets;
  const auto now = static_cast<std::uint64_t>(loop_.Now().time_since_epoch().count());
  history_.trace = Digest(TellsTheRun(packet) ? packet : ByteSpan(), history_.trace ^ now ^ index_);
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, std::string(1, "ab"[index_]) + " -> " + DescribePacket(packet));
  }
  if (!dtls_) {
    wire_(packet);
  } else {
    (void)dtls_->Send(packet);
  }
}

void WeatherEnd::Receive(ByteSpan datagram) {
  if (!mux_) return;
  if (case_.batches) {
    ReceiveInBatches(datagram);
  } else {
    Deliver(datagram);
  }
}

// What arrives at one moment of the clock is one batch.
void WeatherEnd::ReceiveInBatches(ByteSpan datagram) {
  batch_.emplace_back(datagram.begin(), datagram.end());
  if (batch_.size() > 1) return;
  loop_.ScheduleAt(loop_.Now(), safety_.Wrap([this] {
    const auto batch = std::exchange(batch_, {});
    for (std::size_t at = 0; at < batch.size() && mux_;) {
      const std::size_t end = std::min(batch.size(), at + kLargestBatch);
      mux_->BeginBatch(end - at);
      for (; at < end; ++at) Deliver(batch[at]);
      mux_->EndBatch();
    }
  }));
}

void WeatherEnd::Deliver(ByteSpan datagram) {
  if (dtls_) {
    dtls_->ReceivePacket(datagram);
  } else {
    MuxReceive(datagram);
  }
}

void WeatherEnd::MuxReceive(ByteSpan packet) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, std::string(1, "ab"[index_]) + " <- " + DescribePacket(packet));
  }
  ++own().packets_in;
  mux_->ReceivePacket(packet);
}

void WeatherEnd::OnDtlsPacket(ByteSpan packet) { wire_(packet); }

void WeatherEnd::OnDtlsState(dtls::State state, const Error& error) {
  if (state == dtls::State::kConnected && !StartMux()) Oddity("Start failed");
  if (state == dtls::State::kFailed) Oddity("DTLS failed: " + error.detail);
}

void WeatherEnd::OnDtlsData(ByteSpan data) { MuxReceive(data); }

// --- What the owner does

void WeatherEnd::Say(std::size_t channel, const char* what) const {
  if (!LogWanted(LogLevel::kDebug)) return;
  Log(LogLevel::kDebug,
      std::string(1, "ab"[index_]) + ": channel " + std::to_string(channel) + " " + what);
}

void WeatherEnd::Oddity(const std::string& what) {
  if (history_.oddities.size() < 20) {
    history_.oddities.push_back(std::string(1, "ab"[index_]) + ": " + what);
  }
}

void WeatherEnd::Open(std::size_t channel, ChannelOptions options) {
  const auto id = mux_->Open(options);
  if (!id) {
    Oddity("Open refused: " + id.error().detail);
    return;
  }
  HalfOf(channel).exists = true;
  Say(channel, ("has id " + std::to_string(*id) + " here").c_str());
  ids_[channel] = *id;
  channels_[*id] = channel;
}

bool WeatherEnd::OpenNegotiated(std::size_t channel, const ChannelOptions& options) {
  const auto id = mux_->Open(options);
  if (!id) {
    if (id.error().code != Errc::kInvalidState) Oddity("Open refused: " + id.error().detail);
    return false;
  }
  HalfOf(channel).exists = true;
  Say(channel, ("has id " + std::to_string(*id) + " here").c_str());
  ids_[channel] = *id;
  channels_[*id] = channel;
  return true;
}

bool WeatherEnd::Send(std::size_t channel, std::size_t size, bool is_text) {
  HalfHistory& half = HalfOf(channel);
  // Few are alike, and the short ones that are count as often as they were sent.
  payload_.resize(size);
  pairwire::test::SeededRandom random(case_.seed ^ (channel << 40U) ^ (index_ << 32U) ^
                                      half.sent.size());
  random.Fill(payload_);
  const Order order = Next();
  const auto sent = mux_->Send(ids_.at(channel), payload_, is_text);
  if (sent) {
    if (size > kMaxMessageSize) Oddity("a message that is too large was accepted");
    if (half.close_called != 0) Oddity("Send after Close was accepted");
    Say(channel, ("sent " + std::to_string(size)).c_str());
    half.sent.push_back({Digest(payload_), size, is_text, order});
    history_.bytes_sent += size;
    return true;
  }
  const ChannelHistory& both = history_.channels[channel];
  const bool closing = both.half[0].close_called != 0 || both.half[1].close_called != 0 ||
                       history_.end[0].close_all || history_.end[1].close_all;
  // The other half was made too late, and what waited for it was refused.
  const bool refused = both.options.negotiated && (both.excused || !both.half[1 - index_].exists);
  const Errc code = sent.error().code;
  const bool expected = (code == Errc::kMessageTooLarge && size > kMaxMessageSize) ||
                        code == Errc::kBufferFull ||
                        (code == Errc::kClosed && (closing || refused)) ||
                        (code == Errc::kInvalidState && !connected_);
  if (!expected) Oddity("Send refused: " + sent.error().detail);
  return false;
}

void WeatherEnd::Close(std::size_t channel) {
  HalfHistory& half = HalfOf(channel);
  if (half.close_called == 0) half.close_called = Next();
  Say(channel, "Close");
  mux_->Close(ids_.at(channel));
}

void WeatherEnd::Pause(std::size_t channel) {
  Say(channel, "pauses");
  mux_->PauseReceiving(ids_.at(channel));
}

void WeatherEnd::ResumeAll() {
  for (const auto& [channel, id] : ids_) mux_->ResumeReceiving(id);
}

void WeatherEnd::CloseAll() {
  own().close_all = true;
  Say(0, "and all: CloseAll");
  for (const auto& [channel, id] : ids_) {
    HalfHistory& half = HalfOf(channel);
    if (half.close_called == 0 && half.closes == 0) half.close_called = Next();
  }
  mux_->CloseAll();
}

void WeatherEnd::TakeStats() {
  const ChannelMuxStats stats = mux_->stats();
  own().stats = stats.association;
  for (const ChannelStats& channel : stats.channels) {
    HalfHistory* const half = Half(channel.channel);
    if (half != nullptr && channel.state == ChannelState::kOpen) half->stats = channel;
  }
}

// --- What it sees

HalfHistory* WeatherEnd::Half(ChannelId id) {
  const auto found = channels_.find(id);
  if (found != channels_.end()) return &HalfOf(found->second);
  Oddity("an event of a channel that is not known");
  return nullptr;
}

void WeatherEnd::OnMuxState(AssociationState state, const Error& error) {
  if (state == AssociationState::kConnected) {
    if (std::exchange(connected_, true)) Oddity("connected twice");
  } else if (state == AssociationState::kClosed) {
    if (std::exchange(own().closed, true)) Oddity("kClosed twice");
  } else if (state == AssociationState::kFailed) {
    own().failed = true;
    Oddity("failed: " + error.detail);
  }
}

void WeatherEnd::OnChannelIncoming(ChannelId id, const ChannelOptions& options) {
  const std::size_t channel = std::strtoul(options.label.c_str() + 1, nullptr, 10);
  if (options.label.empty() || channel >= history_.channels.size()) {
    Oddity("a channel that nobody opened: " + options.label);
    return;
  }
  HalfHistory& half = HalfOf(channel);
  if (half.exists) Oddity("announced twice, or by the wrong end");
  half.exists = true;
  Say(channel, ("comes as id " + std::to_string(id)).c_str());
  ++half.announcements;
  history_.channels[channel].announced_options = options;
  ids_[channel] = id;
  channels_[id] = channel;
  if (!reads_at_once || reads_at_once()) mux_->ResumeReceiving(id);
}

void WeatherEnd::OnChannelOpen(ChannelId id) {
  HalfHistory* const half = Half(id);
  if (half == nullptr) return;
  ++half->opens;
  Say(channels_.at(id), "is open");
  if (half->open == 0) half->open = Next();
}

void WeatherEnd::OnChannelMessage(ChannelId id, ByteSpan data, bool is_text) {
  HalfHistory* const half = Half(id);
  if (half == nullptr) return;
  Say(channels_.at(id), ("received " + std::to_string(data.size())).c_str());
  half->received.push_back({Digest(data), data.size(), is_text, Next()});
  if (on_message) on_message(channels_.at(id));
}

void WeatherEnd::OnChannelBufferedAmount(ChannelId id, std::size_t bytes) {
  // Called from inside Open for the first time at the latest, before the id is known.
  const auto found = channels_.find(id);
  if (found != channels_.end()) HalfOf(found->second).buffered = bytes;
}

void WeatherEnd::OnChannelClosed(ChannelId id, const std::optional<Error>& error) {
  HalfHistory* const half = Half(id);
  if (half == nullptr) return;
  ++half->closes;
  Say(channels_.at(id), "is closed");
  if (half->closed == 0) half->closed = Next();
  half->closed_with_error = half->closed_with_error || error.has_value();
}

}  // namespace pairwire::sctp::test
