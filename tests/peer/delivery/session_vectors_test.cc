// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The vectors that the page's modules share (vectors.json). PAIRWIRE_WRITE_VECTORS=FILE writes what
// this code says; the keys and tags in the file were checked against Python's hmac and hashlib.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "peer/auth/hello_tag.h"
#include "peer/auth/key_ratchet.h"
#include "peer/auth/session_secrets.h"
#include "peer/delivery/control_frames.h"
#include "peer/delivery/frame.h"
#include "peer/delivery/hello.h"
#include "tests/peer/auth/auth_testing.h"

namespace pairwire::delivery {
namespace {

using auth::PairingRole;
using nlohmann::json;
using test::FingerprintOfByte;
using test::ToHex;

auth::ResumeKey CountedKey() {
  auth::ResumeKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key.writable()[i] = static_cast<std::uint8_t>(i);
  return key;
}

json Secrets() {
  const auto secrets = auth::DeriveSessionSecrets(CountedKey());
  const Bytes display(32, 0x0d);
  const Bytes controller(32, 0x0c);
  const auto remembered = auth::RememberedSecret(secrets, display, controller);
  return {{"k0", ToHex(CountedKey().bytes())},
          {"session", ToHex(secrets.id)},
          {"meet", ToHex(secrets.meet.bytes())},
          {"meetName", auth::MeetName(secrets.meet)},
          {"meetPassword", auth::MeetPassword(secrets.meet, auth::SecretKind::kUrl).text.view()},
          {"remember", ToHex(secrets.remember.bytes())},
          {"contributionDisplay", ToHex(display)},
          {"contributionController", ToHex(controller)},
          {"rememberedKey", ToHex(remembered.bytes())},
          {"rememberedName", auth::MeetName(remembered)},
          {"plainK0", ToHex(auth::PlainFirstKey(display, controller).bytes())}};
}

json Ratchet() {
  const Bytes data = {'d', 'a', 't', 'a'};
  auth::KeyRatchet ratchet(CountedKey());
  json tags = json::array();
  for (std::uint32_t generation = 0; generation < 4; ++generation) {
    tags.push_back(ToHex(*ratchet.Tag(generation, data)));
    ratchet.Agree(generation);
  }
  return {{"data", ToHex(data)}, {"tags", tags}};
}

json Hellos() {
  Hello hello;
  hello.session = auth::DeriveSessionSecrets(CountedKey()).id;
  hello.mine.fill(0x11);
  hello.yours.fill(0x22);
  hello.counter = 3;
  hello.generation = 1;
  hello.last_delivered = {{kCommandChannel, 0x0102030405060708}};
  hello.features = {"files.2", "session.1"};
  auth::KeyRatchet ratchet(CountedKey());
  ratchet.Agree(0);
  const auth::Fingerprints link{FingerprintOfByte(0xd1), FingerprintOfByte(0xc1)};
  Hello plain;
  plain.mine.fill(0x11);
  plain.counter = 1;
  plain.flags = kHelloFirst | kHelloPlain;
  plain.last_delivered = {{kCommandChannel, 0}};
  plain.plain_secret = Bytes(32, 0x0d);
  return {{"role", "display"},
          {"ownFingerprint", ToHex(link.own)},
          {"peerFingerprint", ToHex(link.peer)},
          {"covered", ToHex(EncodeHello(hello))},
          {"payload", ToHex(EncodeHelloWithTag(hello, &ratchet, PairingRole::kDisplay, link))},
          {"plainFirst", ToHex(EncodeHelloWithTag(plain, nullptr, PairingRole::kDisplay, link))}};
}

json Frames() {
  const auto control = [](FrameType type, const Bytes& payload) {
    return ToHex(MakeFrame({type, kNoChannel, 0, 0}, payload));
  };
  Bytes state;
  AppendStateValue(state, {"display:health", ValueKind::kEvent, AsBytes("{}")});
  Bytes key;
  AppendStateKey(key, "k");
  Remember remember{RememberKind::kOffer, {}, "Küche"};
  remember.contribution.fill(0x0d);
  return {{"ack", ToHex(MakeFrame({FrameType::kAck, kCommandChannel, 0, 9}, {}))},
          {"close", control(FrameType::kClose, ClosePayload(CloseReason::kReplaced))},
          {"data", ToHex(MakeFrame({FrameType::kDataText, kCommandChannel, UINT64_MAX, 258},
                                   AsBytes("hello")))},
          {"negotiate", control(FrameType::kNegotiate,
                                NegotiationPayload({NegotiationKind::kCandidate, "candidate:1"}))},
          {"ping", control(FrameType::kPing, PingPayload({1, 1'000'000}))},
          {"pong", control(FrameType::kPong, PongPayload({1, 1'000'000, 2, 3}))},
          {"remember", control(FrameType::kRemember, RememberPayload(remember))},
          {"reset", control(FrameType::kReset, ResetPayload(ResetReason::kStateLost))},
          {"stateAck", ToHex(MakeFrame({FrameType::kStateAck, kStateChannel, 0, 0},
                                       StateAckPayload({1, 0x0102030405060708})))},
          {"stateDelete", ToHex(MakeFrame({FrameType::kStateDelete, kStateChannel, 8, 0}, key))},
          {"stateSet", ToHex(MakeFrame({FrameType::kStateSet, kStateChannel, 7, 0}, state))},
          {"stream", ToHex(MakeFrame({FrameType::kStreamBinary, kStreamChannel, 5, 0}, key))}};
}

json All() {
  return {
      {"secrets", Secrets()}, {"ratchet", Ratchet()}, {"hello", Hellos()}, {"frames", Frames()}};
}

void Compare(const char* part) {
  if (const char* const path = std::getenv("PAIRWIRE_WRITE_VECTORS")) {
    std::ofstream(path) << All().dump(2) << "\n";
  }
  std::ifstream file(PAIRWIRE_DELIVERY_VECTORS);
  const json vectors = json::parse(file, nullptr, false);
  ASSERT_FALSE(vectors.is_discarded());
  EXPECT_EQ(All()[part], vectors[part]);
}

TEST(Frame, Vectors) { Compare("frames"); }
TEST(KeyRatchet, Vectors) { Compare("ratchet"); }
TEST(SessionSecrets, Vectors) { Compare("secrets"); }
TEST(Hello, Vectors) { Compare("hello"); }

}  // namespace
}  // namespace pairwire::delivery
