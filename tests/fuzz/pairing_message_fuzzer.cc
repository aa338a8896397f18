// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The messages of an authenticated pairing from any bytes; the first byte says which. What is
// accepted must print back to the same text; the two machines must take any bytes in any state.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "peer/auth/base64url.h"
#include "peer/auth/pairing_code.h"
#include "peer/auth/pairing_exchange.h"
#include "peer/auth/pairing_messages.h"
#include "peer/base/check.h"
#include "tests/support/seeded_random.h"

namespace {

using namespace pairwire;        // NOLINT: one file
using namespace pairwire::auth;  // NOLINT: one file

void Codes(std::string_view text) {
  if (const auto code = ParsePairingCode(text)) {
    const auto again = ParsePairingCode(FormatPairingCode(code->lookup, code->secret));
    PAIRWIRE_CHECK(again && again->lookup == code->lookup);
    PAIRWIRE_CHECK(code->lookup.find_first_not_of("0123456789") == std::string::npos);
  }
  if (const auto code = ParsePairingUrl(text)) {
    const auto url = MakePairingUrl("https://example.org/", code->lookup, code->secret);
    PAIRWIRE_CHECK(url && ParsePairingUrl(*url)->lookup == code->lookup);
  }
  (void)OnlyFingerprint(text);
}

void Messages(ByteSpan bytes) {
  const std::string text = ToBase64Url(bytes);
  if (const auto hello = DecodeHello(text)) PAIRWIRE_CHECK(EncodeHello(*hello) == text);
  if (const auto reply = DecodeReply(text)) PAIRWIRE_CHECK(EncodeReply(*reply) == text);
  if (const auto tag = DecodeConfirmation(text)) PAIRWIRE_CHECK(EncodeConfirmation(*tag) == text);
  if (const auto data = DecodeAssociatedData(bytes)) {
    PAIRWIRE_CHECK(EncodeAssociatedData(*data) == Bytes(bytes.begin(), bytes.end()));
  }
  for (const PairingRole role : {PairingRole::kController, PairingRole::kDisplay}) {
    if (const auto description = DecodeDescription(role, bytes)) {
      PAIRWIRE_CHECK(EncodeDescription(role, *description) == Bytes(bytes.begin(), bytes.end()));
    }
  }
}

// Inputs of a machine one behind the other: how many bytes an input has, then these.
template <typename Input>
void ForEach(ByteSpan bytes, const Input& input) {
  for (int i = 0; i < 8 && bytes.size() > 1; ++i) {
    const std::size_t size = std::min<std::size_t>(bytes[0], bytes.size() - 1);
    input(ToBase64Url(bytes.subspan(1, size)));
    bytes = bytes.subspan(1 + size);
  }
}

std::string SdpWith(std::string_view byte) {
  std::string text = "a=fingerprint:sha-256 ";
  for (int i = 0; i < 32; ++i) text.append(i > 0 ? ":" : "").append(byte);
  return text;
}

void AtTheDisplay(ByteSpan bytes) {
  test::SeededRandom random(1);
  CodeGuard guard({}, random);
  const CodeGuard::TimePoint now{};
  guard.NewCode(now, "4821");
  DisplayExchange display(guard, {"a"}, random);
  Fingerprint256 own{};
  ForEach(bytes, [&](const std::string& text) {
    if (display.state() == DisplayExchangeState::kWaiting) {
      (void)display.HandleHello(now, text);
      (void)display.Offer("room", SdpWith("00"), own);
    } else {
      (void)display.HandleAnswer(now, {text, text});
    }
    (void)display.Seal(BoxKind::kCandidate, {});
  });
  PAIRWIRE_CHECK(display.state() != DisplayExchangeState::kEstablished);
}

void AtTheController(ByteSpan bytes) {
  test::SeededRandom random(2);
  ControllerExchange controller({"4821", DrawLetters(SecretLength::kFive, random)}, {}, random);
  PAIRWIRE_CHECK(controller.Hello().has_value());
  std::string before;
  ForEach(bytes, [&](const std::string& text) {
    (void)controller.HandleOffer("room", {text, before});
    before = text;
  });
  PAIRWIRE_CHECK(controller.state() != ControllerExchangeState::kAnswering);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      Codes(AsText(bytes));
      break;
    case 1:
      Messages(bytes);
      break;
    case 2:
      AtTheDisplay(bytes);
      break;
    default:
      AtTheController(bytes);
      break;
  }
  return 0;
}
