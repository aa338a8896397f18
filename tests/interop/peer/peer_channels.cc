// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/interop/peer/peer_channels.h"

#include <algorithm>
#include <utility>

#include "peer/bulk/sha256.h"

namespace pairwire::interop {
namespace {

// Longer texts are told by their digest alone.
constexpr std::size_t kMaxTextShown = 1024;

Bytes ToBytes(std::string_view text) {
  const ByteSpan bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

Json IdOf(const DataChannel& channel) {
  const auto id = channel.id();
  return id ? Json(*id) : Json();
}

void ReportMessage(const std::string& label, const Message& message) {
  Json event{{"event", "message"},
             {"label", label},
             {"kind", message.is_text ? "text" : "binary"},
             {"size", message.data.size()},
             {"sha256", bulk::Sha256Hex(message.data)}};
  if (message.is_text && message.data.size() <= kMaxTextShown) {
    event["text"] = AsText(message.data);
  }
  PrintEvent(event);
}

}  // namespace

void PeerChannels::Add(DataChannel channel, bool opened_here) {
  const std::string label = channel.label();
  if (!opened_here) {
    PrintEvent(
        {{"event", "channel"},
         {"label", label},
         {"id", IdOf(channel)},
         {"ordered", channel.ordered()},
         {"maxRetransmits", channel.max_retransmits() ? Json(*channel.max_retransmits()) : Json()},
         {"maxPacketLifeTime",
          channel.max_packet_life_time() ? Json(channel.max_packet_life_time()->count()) : Json()},
         {"protocol", channel.protocol()},
         {"negotiated", false}});
  }
  Drop(label);
  DataChannel& kept = channels_.emplace(label, Entry{std::move(channel)}).first->second.channel;
  kept.Subscribe({
      .on_open = [this, label] { OnOpen(label); },
      .on_message = [label](const Message& message) { ReportMessage(label, message); },
      .on_buffered_amount_low = [this] { Pump(); },
      .on_closed = [this, label](std::optional<Error>) { OnClosed(label); },
  });
}

void PeerChannels::OnOpen(const std::string& label) {
  const auto found = channels_.find(label);
  if (found == channels_.end()) return;
  PrintEvent({{"event", "open"}, {"label", label}, {"id", IdOf(found->second.channel)}});
  Pump();
}

void PeerChannels::OnClosed(const std::string& label) {
  PrintEvent({{"event", "channel-closed"}, {"label", label}});
  Drop(std::string(label));  // `label` may live in the handler that goes
}

void PeerChannels::Drop(const std::string& label) {
  const auto found = channels_.find(label);
  if (found == channels_.end()) return;
  EndStream(found->second);
  channels_.erase(found);
}

void PeerChannels::Clear() {
  channels_.clear();
  streams_ = 0;
}

void PeerChannels::Close(const std::string& label) {
  const auto found = channels_.find(label);
  if (found != channels_.end()) found->second.channel.Close();
}

PeerChannels::Refusal PeerChannels::Send(const Json& command) {
  const auto found = channels_.find(command.at("label").get<std::string>());
  if (found == channels_.end()) return "no such channel";
  Waiting message;
  if (const auto text = command.find("text"); text != command.end()) {
    message = {ToBytes(text->get<std::string>()), true};
  } else {
    const auto size = command.at("size").get<std::size_t>();
    const auto seed = command.value("seed", std::size_t{0});
    message.is_text = command.value("kind", "binary") == "text";
    message.data = message.is_text ? ToBytes(TextPattern(size, seed)) : BinaryPattern(size, seed);
  }
  found->second.waiting.push_back(std::move(message));
  Pump();
  return std::nullopt;
}

PeerChannels::Refusal PeerChannels::StartStream(const Json& command) {
  const auto found = channels_.find(command.at("label").get<std::string>());
  if (found == channels_.end()) return "no such channel";
  if (found->second.stream) return "it streams already";
  Stream stream;
  stream.count = command.at("count").get<std::size_t>();
  stream.size = command.value("size", std::size_t{0});
  stream.interval = std::chrono::milliseconds(command.value("intervalMs", 0));
  stream.start = std::chrono::steady_clock::now();
  found->second.stream = stream;
  ++streams_;
  Pump();
  return std::nullopt;
}

PeerChannels::Outcome PeerChannels::TrySend(const std::string& label, Entry& entry, ByteSpan data,
                                            bool is_text) {
  const Result<void> sent = is_text ? entry.channel.Send(AsText(data)) : entry.channel.Send(data);
  if (sent) return Outcome::kSent;
  // kInvalidState: the channel is not open yet.
  if (sent.error().code == Errc::kBufferFull || sent.error().code == Errc::kInvalidState) {
    return Outcome::kNoRoomNow;
  }
  PrintEvent(
      {{"event", "error"}, {"cmd", "send"}, {"label", label}, {"message", ToString(sent.error())}});
  return Outcome::kRefused;
}

void PeerChannels::EndStream(Entry& entry) {
  if (entry.stream) --streams_;
  entry.stream.reset();
}

void PeerChannels::Pump() {
  // The buffer is the connection's: room that one channel made may be another one's.
  for (auto& [label, entry] : channels_) {
    while (!entry.waiting.empty()) {
      const Waiting& next = entry.waiting.front();
      if (TrySend(label, entry, next.data, next.is_text) == Outcome::kNoRoomNow) break;
      entry.waiting.pop_front();
    }
    if (entry.stream && entry.waiting.empty()) PumpStream(label, entry);
  }
}

void PeerChannels::PumpStream(const std::string& label, Entry& entry) {
  Stream& stream = *entry.stream;
  std::size_t due = stream.count;
  if (stream.interval.count() > 0) {
    const auto passed = std::chrono::steady_clock::now() - stream.start;
    due = std::min(due, static_cast<std::size_t>(passed / stream.interval) + 1);
  }
  for (; stream.sent < due; ++stream.sent) {
    const std::string text = NumberedText(stream.sent, stream.size);
    const Outcome outcome = TrySend(label, entry, AsBytes(text), true);
    if (outcome == Outcome::kNoRoomNow) return;
    if (outcome == Outcome::kRefused) return EndStream(entry);
  }
  if (stream.sent < stream.count) return;
  PrintEvent({{"event", "streamed"}, {"label", label}, {"count", stream.count}});
  EndStream(entry);
}

}  // namespace pairwire::interop
