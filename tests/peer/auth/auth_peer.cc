// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-auth-peer: one end of an authenticated pairing on stdin and stdout, for the tests of the
// page's modules (tests/samples/web). A JSON object a line goes in, one comes out: {"ok":true,…} or
// {"error":"auth_failed"}. Bytes are hex, times are milliseconds. Commands are those of Answer
// below.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "peer/auth/pairing_exchange.h"
#include "tests/peer/auth/auth_testing.h"

namespace pairwire::auth {
namespace {

using nlohmann::json;

class Peer {
 public:
  json Answer(const json& in) {
    const std::string cmd = in.at("cmd");
    const auto now = CodeGuard::TimePoint(std::chrono::milliseconds(in.value("now", 0)));
    if (cmd == "display") {
      guard_.NewCode(now, in.at("lookup"));
      display_ =
          std::make_unique<DisplayExchange>(guard_, in.at("features").get<Features>(), random_);
      end_ = display_.get();
      return {
          {"code", FormatPairingCode(guard_.lookup(), guard_.letters())},
          {"url", *MakePairingUrl("https://example.org/", guard_.lookup(), guard_.url_secret())}};
    }
    if (cmd == "controller") {
      const std::string typed = in.at("code");
      auto code =
          typed.find('#') == std::string::npos ? ParsePairingCode(typed) : ParsePairingUrl(typed);
      if (!code) return Failed(code.error());
      controller_ = std::make_unique<ControllerExchange>(
          std::move(*code), in.at("features").get<Features>(), random_);
      end_ = controller_.get();
      return {{"lookup", controller_->lookup()}};
    }
    if (cmd == "hello") {
      const auto hello = controller_->Hello();
      return hello ? json{{"hello", *hello}} : Failed(hello.error());
    }
    if (cmd == "handleHello")
      return Plain(display_->HandleHello(now, in.at("hello").get<std::string>()));
    if (cmd == "handleOffer")
      return Described(controller_->HandleOffer(in.at("room").get<std::string>(), MessageOf(in)));
    if (cmd == "handleAnswer") return Described(display_->HandleAnswer(now, MessageOf(in)));
    if (cmd == "offer" || cmd == "answer") {
      const std::string sdp = in.at("sdp");
      const auto own = FingerprintOf(in.at("fingerprint"));
      const auto message = cmd == "offer"
                               ? display_->Offer(in.at("room").get<std::string>(), sdp, own)
                               : controller_->Answer(sdp, own);
      return message ? json{{"pake", message->pake}, {"box", message->box}}
                     : Failed(message.error());
    }
    return AnswerAsEitherEnd(cmd, in);
  }

 private:
  json AnswerAsEitherEnd(const std::string& cmd, const json& in) {
    if (cmd == "seal") {
      const auto box =
          end_->Seal(KindOf(in.at("kind")), AsBytes(in.at("text").get_ref<const std::string&>()));
      return box ? json{{"box", *box}} : Failed(box.error());
    }
    if (cmd == "open") {
      const auto text = end_->Open(KindOf(in.at("kind")), in.at("box").get<std::string>());
      return text ? json{{"text", std::string(AsText(*text))}} : Failed(text.error());
    }
    if (cmd == "ownBindTag") {
      const auto tag = end_->OwnBindTag(FingerprintOf(in.at("peer")));
      return tag ? json{{"tag", test::ToHex(*tag)}} : Failed(tag.error());
    }
    if (cmd == "checkBindTag") {
      return Plain(end_->CheckBindTag(test::FromHex(in.at("tag").get<std::string>()),
                                      FingerprintOf(in.at("peer"))));
    }
    if (cmd == "takeResumeKey") {
      const auto key = end_->TakeResumeKey();
      return key ? json{{"key", test::ToHex(key->bytes())}} : Failed(key.error());
    }
    if (cmd == "features") return {{"features", end_->features()}};
    return {{"error", "no such command"}};
  }

  static json Failed(const Error& error) { return {{"error", std::string(ToString(error.code))}}; }
  static json Plain(const Result<void>& result) {
    return result ? json{{"ok", true}} : Failed(result.error());
  }
  static json Described(const Result<PairingDescription>& d) {
    if (!d) return Failed(d.error());
    return {{"sdp", d->sdp}, {"room", d->room}, {"fingerprint", test::ToHex(d->fingerprint)}};
  }
  static PakeMessage MessageOf(const json& in) { return {in.at("pake"), in.at("box")}; }
  static Fingerprint256 FingerprintOf(const std::string& hex) {
    const Bytes bytes = test::FromHex(hex);
    Fingerprint256 fingerprint{};
    std::copy_n(bytes.begin(), fingerprint.size(), fingerprint.begin());
    return fingerprint;
  }
  static BoxKind KindOf(const std::string& name) {
    for (const BoxKind kind : {BoxKind::kOffer, BoxKind::kAnswer, BoxKind::kCandidate}) {
      if (name == ToString(kind)) return kind;
    }
    return BoxKind::kBye;
  }

  SystemRandom random_;
  CodeGuard guard_{{}, random_};
  std::unique_ptr<DisplayExchange> display_;
  std::unique_ptr<ControllerExchange> controller_;
  PairingEnd* end_ = nullptr;
};

}  // namespace
}  // namespace pairwire::auth

int main() {
  pairwire::auth::Peer peer;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << peer.Answer(nlohmann::json::parse(line)).dump() << std::endl;
  }
  return 0;
}
