// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-delivery-peer: one SessionEnd on stdin and stdout, for the simulation of the page's
// modules (tests/samples/web/native-session.mjs). A JSON object a line. A command goes in; what the
// end asks of its owner comes out as {"call": …}, and calls that have an answer wait for a line
// {"ret": …}; at last {"done": …} with the end's figures. Bytes are hex, times whole microseconds.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "peer/delivery/session_end.h"
#include "tests/peer/auth/auth_testing.h"
#include "tests/support/seeded_random.h"

namespace pairwire::delivery {
namespace {

using nlohmann::json;
using std::chrono::microseconds;
using test::FromHex;
using test::ToHex;
using TimePoint = SessionEnd::TimePoint;

void Say(const json& line) { std::cout << line.dump() << "\n" << std::flush; }

json Hear() {
  std::string line;
  if (!std::getline(std::cin, line)) std::exit(0);
  return json::parse(line);
}

json Ask(const json& call) {
  Say(call);
  return Hear().at("ret");
}

// Actions by the names that samples/web/session/session-machine.js gives them.
struct Words {
  json operator()(const EndLink& a) const { return {{"type", "endLink"}, {"link", a.link}}; }
  json operator()(const UseLink& a) const { return {{"type", "useLink"}, {"link", a.link}}; }
  json operator()(const StartRejoin&) const { return {{"type", "startRejoin"}}; }
  json operator()(const StopRejoin&) const { return {{"type", "stopRejoin"}}; }
  json operator()(const LeaveRelay&) const { return {{"type", "leaveRelay"}}; }
  json operator()(const RestartIce& a) const {
    return {{"type", "restartIce"}, {"inBand", a.in_band}};
  }
  json operator()(const NewConnection&) const { return {{"type", "newConnection"}}; }
  json operator()(const TellState& a) const {
    return {{"type", "tellState"}, {"state", ToString(a.state)}, {"why", a.why}};
  }
  template <typename Other>
  json operator()(const Other&) const {
    return {{"type", "other"}};
  }
};

SessionMachine::Input InputOf(const json& in) {
  const std::string type = in.at("type");
  const LinkId link = in.value("link", std::uint64_t{0});
  if (type == "linkUp") return LinkUp{link};
  if (type == "fallbackUp") return FallbackUp{link};
  if (type == "linkEnded") return LinkEnded{link};
  if (type == "pathQuiet") return PathQuiet{link};
  if (type == "pathBack") return PathBack{link};
  if (type == "relayMet") return RelayMet{};
  if (type == "rejoinFailed") return RejoinFailed{};
  if (type == "networkChanged") return NetworkChanged{};
  throw json::other_error::create(501, "no such input", &in);
}

class Peer final : public SessionOwner {
 public:
  explicit Peer(const json& in) : random_(in.at("seed").get<std::uint64_t>()) {
    const auto role =
        in.at("role") == "display" ? auth::PairingRole::kDisplay : auth::PairingRole::kController;
    const auth::Features features = in.at("features");
    std::optional<HelloKeeper> keeper;
    if (in.contains("first")) {
      const Bytes bytes = FromHex(in.at("first").get<std::string>());
      auth::ResumeKey first;
      std::copy(bytes.begin(), bytes.end(), first.writable().begin());
      keeper.emplace(role, std::move(first), features, random_);
    } else {
      keeper.emplace(role, features, random_);
    }
    SessionEndOptions options;
    options.times.window = std::chrono::milliseconds(in.at("windowMs").get<std::int64_t>());
    options.outbox = {in.at("outboxBytes"), in.at("outboxMessages")};
    options.manual_ack = in.at("manualAck");
    options.first_seq = in.at("firstSeq");
    end_ = std::make_unique<SessionEnd>(role, std::move(*keeper), options, random_, *this);
  }

  json Answer(const json& in) {
    const std::string cmd = in.at("cmd");
    const TimePoint now{microseconds(in.value("now", std::int64_t{0}))};
    json answer = json::object();
    const auto type = static_cast<FrameType>(in.value("type", 0));
    const Bytes bytes = FromHex(in.value("bytes", std::string()));
    if (cmd == "send") {
      const auto seq = end_->Send(now, type, bytes);
      answer = seq ? json{{"seq", *seq}} : json{{"error", ToString(seq.error().code)}};
    } else if (cmd == "setState") {
      const auto set = end_->SetState(now, in.at("key").get<std::string>(),
                                      static_cast<ValueKind>(in.at("kind").get<int>()), bytes);
      if (!set) answer["error"] = ToString(set.error().code);
    } else if (cmd == "sendStream") {
      const auto sent = end_->SendStream(now, type, bytes);
      if (!sent) answer["error"] = ToString(sent.error().code);
    } else if (cmd == "acknowledge") {
      end_->Acknowledge(now, in.at("seq"));
    } else if (cmd == "close") {
      end_->Close(now);
    } else if (cmd == "onFrame") {
      end_->OnFrame(now, in.at("link"), static_cast<Lane>(in.at("lane").get<int>()), bytes);
    } else if (cmd == "onRoom") {
      end_->OnRoom(now);
    } else if (cmd == "onTimer") {
      end_->OnTimer(now);
    } else if (cmd == "give") {
      end_->Give(now, InputOf(in.at("input")));
    }
    const auto deadline = end_->deadline();
    answer["deadline"] = nullptr;
    if (deadline) {
      // Up, so that it is due when it is due here.
      answer["deadline"] = std::chrono::ceil<microseconds>(*deadline).time_since_epoch().count();
    }
    answer["state"] = ToString(end_->state());
    answer["link"] = end_->link();
    answer["outbox"] = {end_->outbox().bytes(), end_->outbox().messages()};
    answer["stateBytes"] = end_->states().bytes();
    answer["unacked"] = {end_->outbox().unacked().first, end_->outbox().unacked().last};
    return {{"done", answer}};
  }

  void SendFrame(LinkId link, Lane lane, SharedBytes frame) override {
    Say({{"call", "sendFrame"},
         {"link", link},
         {"lane", static_cast<int>(lane)},
         {"bytes", ToHex(*frame)}});
  }
  std::size_t Room(LinkId link, Lane lane) const override {
    return Ask({{"call", "room"}, {"link", link}, {"lane", static_cast<int>(lane)}});
  }
  auth::Fingerprints FingerprintsOf(LinkId link) const override {
    const json prints = Ask({{"call", "fingerprintsOf"}, {"link", link}});
    return {FingerprintOf(prints.at("own")), FingerprintOf(prints.at("peer"))};
  }
  std::optional<auth::BindTag> OwnBindTag(LinkId link) override {
    const json tag = Ask({{"call", "ownBindTag"}, {"link", link}});
    if (tag.is_null()) return std::nullopt;
    auth::BindTag out{};
    const Bytes bytes = FromHex(tag.get<std::string>());
    std::copy_n(bytes.begin(), out.size(), out.begin());
    return out;
  }
  bool CheckBindTag(LinkId link, ByteSpan tag) override {
    return Ask({{"call", "checkBindTag"}, {"link", link}, {"bytes", ToHex(tag)}});
  }
  void Do(const SessionMachine::Action& action) override {
    Say({{"call", "do"}, {"action", std::visit(Words(), action)}});
  }
  void OnMessage(std::uint64_t seq, FrameType type, ByteSpan message) override {
    Say({{"call", "onMessage"},
         {"seq", seq},
         {"type", static_cast<int>(type)},
         {"bytes", ToHex(message)}});
  }
  void OnStateValue(const StateValue& state) override {
    Say({{"call", "onStateValue"},
         {"key", state.key},
         {"kind", static_cast<int>(state.kind)},
         {"bytes", ToHex(state.value)}});
  }
  void OnStateCleared(std::string_view key) override {
    Say({{"call", "onStateCleared"}, {"key", key}});
  }
  void OnStream(FrameType type, ByteSpan frame) override {
    Say({{"call", "onStream"}, {"type", static_cast<int>(type)}, {"bytes", ToHex(frame)}});
  }
  void OnAcked(std::uint64_t up_to) override { Say({{"call", "onAcked"}, {"upTo", up_to}}); }
  void OnControl(const Frame& frame) override {
    Say({{"call", "onControl"}, {"type", static_cast<int>(frame.header.type)}});
  }
  void OnClosed(const ClosedReport& report) override {
    Say({{"call", "onClosed"},
         {"reason", ToString(report.reason)},
         {"unacknowledged", {report.unacknowledged.first, report.unacknowledged.last}},
         {"lastDelivered", report.last_delivered}});
  }

 private:
  static auth::Fingerprint256 FingerprintOf(const std::string& hex) {
    auth::Fingerprint256 print{};
    const Bytes bytes = FromHex(hex);
    std::copy_n(bytes.begin(), print.size(), print.begin());
    return print;
  }

  test::SeededRandom random_;
  std::unique_ptr<SessionEnd> end_;
};

}  // namespace
}  // namespace pairwire::delivery

int main() {
  using pairwire::delivery::Hear;
  using pairwire::delivery::Say;
  try {
    pairwire::delivery::Peer peer(Hear());
    Say({{"done", {}}});
    for (;;) Say(peer.Answer(Hear()));
  } catch (const nlohmann::json::exception& error) {
    std::fprintf(stderr, "pairwire-delivery-peer: %s\n", error.what());
    return 2;
  }
}
