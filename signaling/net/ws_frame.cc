// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/ws_frame.h"

#include <algorithm>
#include <cstring>

namespace pairwire::net {
namespace {

std::uint8_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

// RFC 6455 7.4: what may stand in a close frame.
bool IsCloseCode(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

bool Utf8Checker::Add(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    if (missing_ == 0) {
      // Text is ASCII nearly always: eight at a time.
      std::uint64_t word = 0;
      while (at + sizeof word <= piece.size()) {
        std::memcpy(&word, piece.data() + at, sizeof word);
        if ((word & 0x8080808080808080U) != 0) break;
        at += sizeof word;
      }
      if (at == piece.size()) return true;
    }
    const std::uint8_t byte = ByteAt(piece, at++);
    if (missing_ != 0) {
      if (byte < lowest_ || byte > highest_) {
        lowest_ = 0xFF;  // nothing is valid any more
        highest_ = 0;
        return false;
      }
      --missing_;
      lowest_ = 0x80;
      highest_ = 0xBF;
      continue;
    }
    if (byte < 0x80) continue;
    // The table of RFC 3629 section 4.
    if (byte >= 0xC2 && byte <= 0xDF) {
      missing_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
      missing_ = 2;
      if (byte == 0xE0) lowest_ = 0xA0;
      if (byte == 0xED) highest_ = 0x9F;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
      missing_ = 3;
      if (byte == 0xF0) lowest_ = 0x90;
      if (byte == 0xF4) highest_ = 0x8F;
    } else {
      missing_ = 1;
      lowest_ = 0xFF;
      highest_ = 0;
      return false;
    }
  }
  return true;
}

void UnmaskWsPayload(std::span<char> data, const std::array<char, 4>& mask, std::size_t offset) {
  std::array<char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(offset + i) % 4];
  std::uint64_t key = 0;
  std::memcpy(&key, turned.data(), sizeof key);
  std::size_t at = 0;
  for (; at + sizeof key <= data.size(); at += sizeof key) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + at, sizeof word);
    word ^= key;
    std::memcpy(data.data() + at, &word, sizeof word);
  }
  for (; at < data.size(); ++at) data[at] = static_cast<char>(data[at] ^ turned[at % 4]);
}

void AppendFrame(std::string& out, WsOpcode opcode, std::string_view payload) {
  std::array<char, 10> header{};
  std::size_t size = 2;
  header[0] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  if (payload.size() <= 125) {
    header[1] = static_cast<char>(payload.size());
  } else {
    const std::size_t wide = payload.size() <= 0xFFFF ? 2 : 8;
    header[1] = wide == 2 ? 126 : 127;
    for (std::size_t i = 0; i < wide; ++i) {
      header[2 + i] = static_cast<char>(payload.size() >> (8 * (wide - 1 - i)) & 0xFF);
    }
    size += wide;
  }
  out.append(header.data(), size);
  out.append(payload);
}

void AppendCloseFrame(std::string& out, std::uint16_t code, std::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload.append(reason.substr(0, kMaxWsControlBytes - payload.size()));
  AppendFrame(out, WsOpcode::kClose, payload);
}

WsDecoder::HeaderState WsDecoder::ReadHeader(std::string_view bytes, Header& header,
                                             std::size_t& used) const {
  if (bytes.size() < 2) return HeaderState::kNeedMore;
  const std::uint8_t first = ByteAt(bytes, 0);
  const std::uint8_t second = ByteAt(bytes, 1);
  header.opcode = static_cast<WsOpcode>(first & 0x0F);
  header.fin = (first & 0x80) != 0;
  // Reserved bits belong to extensions, of which none was agreed; a client's frame is masked (5.1).
  if ((first & 0x70) != 0 || (second & 0x80) == 0) return HeaderState::kBroken;
  std::uint64_t length = second & 0x7F;
  // What can be said already is said before the rest of the header is there.
  if (const HeaderState early = CheckHeader(header, std::min<std::uint64_t>(length, 126));
      early != HeaderState::kWhole) {
    return early;
  }
  const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (bytes.size() < 2 + wide) return HeaderState::kNeedMore;
  if (wide != 0) {
    length = 0;
    for (std::size_t i = 0; i < wide; ++i) length = length << 8 | ByteAt(bytes, 2 + i);
    // In its shortest form, and below 2^63 (5.2).
    if (length < (wide == 2 ? 126U : 0x10000U) || length >> 63 != 0) return HeaderState::kBroken;
    if (const HeaderState state = CheckHeader(header, length); state != HeaderState::kWhole) {
      return state;
    }
  }
  used = 2 + wide + header.mask.size();
  if (bytes.size() < used) return HeaderState::kNeedMore;
  header.length = static_cast<std::uint32_t>(length);
  std::memcpy(header.mask.data(), bytes.data() + 2 + wide, header.mask.size());
  return HeaderState::kWhole;
}

// `length` may be 126 for "at least 126".
WsDecoder::HeaderState WsDecoder::CheckHeader(const Header& header, std::uint64_t length) const {
  const bool in_message = partial_ && partial_->in_message;
  switch (header.opcode) {
    case WsOpcode::kContinuation:
      if (!in_message) return HeaderState::kBroken;
      break;
    case WsOpcode::kText:
      if (in_message) return HeaderState::kBroken;
      break;
    case WsOpcode::kBinary:
      return in_message ? HeaderState::kBroken : HeaderState::kBinary;
    case WsOpcode::kClose:
    case WsOpcode::kPing:
    case WsOpcode::kPong:
      return header.fin && length <= kMaxWsControlBytes ? HeaderState::kWhole
                                                        : HeaderState::kBroken;
    default:
      return HeaderState::kBroken;
  }
  const std::size_t before = in_message ? partial_->message.size() : 0;
  return length > max_message_bytes_ - before ? HeaderState::kTooLarge : HeaderState::kWhole;
}

WsDecoder::Partial& WsDecoder::partial() {
  if (!partial_) partial_ = std::make_unique<Partial>();
  return *partial_;
}

void WsDecoder::DropEmptyPartial() {
  if (partial_ && !partial_->in_frame && !partial_->in_message && partial_->header_size == 0) {
    partial_.reset();
  }
}

WsDecoder::Event WsDecoder::End(Event::Kind kind, std::uint16_t code) {
  ended_ = true;
  return {kind, code, {}};
}

WsDecoder::Event WsDecoder::Next(std::span<char>& bytes) {
  if (release_) {
    release_ = false;
    partial_->control = std::string();
    if (!partial_->in_message) partial_->message = std::string();
    DropEmptyPartial();
  }
  while (!ended_) {
    if (partial_ && partial_->in_frame) {
      if (const std::optional<Event> event = TakePayload(bytes)) return *event;
      continue;  // a fragment: the next frame goes on with the message
    }
    if (bytes.empty()) return {};
    Header header;
    Event event;
    if (!TakeHeader(bytes, header, event)) return event;
    const bool whole = bytes.size() >= header.length;
    const bool in_message = partial_ && partial_->in_message;
    if (whole && (header.IsControl() || (header.fin && !in_message))) {
      const std::span<char> payload = bytes.first(header.length);
      bytes = bytes.subspan(header.length);
      UnmaskWsPayload(payload, header.mask, 0);
      return Whole(header, {payload.data(), payload.size()});
    }
    Partial& kept = partial();
    kept.in_frame = true;
    kept.header = header;
    kept.taken = 0;
  }
  partial_.reset();
  bytes = {};
  return {};
}

bool WsDecoder::TakeHeader(std::span<char>& bytes, Header& header, Event& event) {
  HeaderState state = HeaderState::kNeedMore;
  std::size_t used = 0;
  if (!partial_ || partial_->header_size == 0) {
    state = ReadHeader({bytes.data(), bytes.size()}, header, used);
    if (state == HeaderState::kNeedMore) {  // fewer bytes than a header has
      Partial& kept = partial();
      std::copy(bytes.begin(), bytes.end(), kept.header_bytes.begin());
      kept.header_size = static_cast<std::uint8_t>(bytes.size());
      bytes = {};
      return false;
    }
    bytes = bytes.subspan(std::min(used, bytes.size()));
  } else {
    // Byte by byte: it is at most fourteen, and rare.
    Partial& kept = *partial_;
    while (state == HeaderState::kNeedMore && !bytes.empty()) {
      kept.header_bytes[kept.header_size++] = bytes.front();
      bytes = bytes.subspan(1);
      state = ReadHeader({kept.header_bytes.data(), kept.header_size}, header, used);
    }
    if (state == HeaderState::kNeedMore) return false;
    kept.header_size = 0;
  }
  switch (state) {
    case HeaderState::kBroken:
      event = End(Event::Kind::kBroken, kWsProtocolError);
      return false;
    case HeaderState::kBinary:
      event = End(Event::Kind::kBinary, kWsUnsupportedData);
      return false;
    case HeaderState::kTooLarge:
      event = End(Event::Kind::kTooLarge, kWsMessageTooBig);
      return false;
    default:
      return true;
  }
}

std::optional<WsDecoder::Event> WsDecoder::TakePayload(std::span<char>& bytes) {
  Partial& kept = *partial_;
  const Header& header = kept.header;
  const std::size_t take = std::min<std::size_t>(bytes.size(), header.length - kept.taken);
  const std::span<char> piece = bytes.first(take);
  bytes = bytes.subspan(take);
  UnmaskWsPayload(piece, header.mask, kept.taken);
  kept.taken += static_cast<std::uint32_t>(take);
  std::string& into = header.IsControl() ? kept.control : kept.message;
  into.append(piece.data(), piece.size());
  if (!header.IsControl() && !kept.utf8.Add({piece.data(), piece.size()})) {
    return End(Event::Kind::kBroken, kWsInvalidPayload);
  }
  if (kept.taken < header.length) return Event{};
  kept.in_frame = false;
  if (header.IsControl()) {
    release_ = true;
    return FinishControl(header.opcode, kept.control);
  }
  kept.in_message = !header.fin;
  if (!header.fin) return std::nullopt;
  release_ = true;
  const bool whole = kept.utf8.IsWhole();
  kept.utf8.Reset();
  if (!whole) return End(Event::Kind::kBroken, kWsInvalidPayload);
  return Event{Event::Kind::kText, 0, kept.message};
}

WsDecoder::Event WsDecoder::Whole(const Header& header, std::string_view payload) {
  release_ = partial_ != nullptr;  // a header that was cut may have left it empty
  if (header.IsControl()) return FinishControl(header.opcode, payload);
  Utf8Checker utf8;
  if (!utf8.Add(payload) || !utf8.IsWhole()) return End(Event::Kind::kBroken, kWsInvalidPayload);
  return {Event::Kind::kText, 0, payload};
}

WsDecoder::Event WsDecoder::FinishControl(WsOpcode opcode, std::string_view payload) {
  if (opcode == WsOpcode::kPing) return {Event::Kind::kPing, 0, payload};
  if (opcode == WsOpcode::kPong) return {Event::Kind::kPong, 0, payload};
  // RFC 6455 5.5.1: nothing, or a code and a reason.
  if (payload.empty()) {
    ended_ = true;
    return {Event::Kind::kClose, kWsNoStatus, {}};
  }
  if (payload.size() == 1) return End(Event::Kind::kBroken, kWsProtocolError);
  const auto code = static_cast<std::uint16_t>(ByteAt(payload, 0) << 8 | ByteAt(payload, 1));
  if (!IsCloseCode(code)) return End(Event::Kind::kBroken, kWsProtocolError);
  const std::string_view reason = payload.substr(2);
  Utf8Checker utf8;
  if (!utf8.Add(reason) || !utf8.IsWhole()) return End(Event::Kind::kBroken, kWsInvalidPayload);
  ended_ = true;
  return {Event::Kind::kClose, code, reason};
}

std::size_t WsDecoder::held_bytes() const {
  if (!partial_) return 0;
  return sizeof(Partial) + partial_->message.capacity() + partial_->control.capacity();
}

}  // namespace pairwire::net
