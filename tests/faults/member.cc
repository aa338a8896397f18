// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/member.h"

#include <charconv>
#include <optional>

#include "signaling/protocol/events.h"
#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

constexpr auto kJoinPatience = 5s;
constexpr auto kHeartbeat = 2s;
constexpr std::string_view kResumeId = "resume";
constexpr int kUnauthorizedStatus = 401;

std::optional<std::uint64_t> ReadNumber(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || last != end) return std::nullopt;
  return value;
}

}  // namespace

Member::Member(RunContext& context, std::string name, std::string token, std::size_t relay)
    : context_(context),
      name_(std::move(name)),
      token_(std::move(token)),
      socket_(context.stage->reactor(), *this, 0),
      relay_(relay) {}

void Member::Write(What what, std::uint64_t number, std::string detail) {
  context_.write({0, name_, what, number, sockets_, std::move(detail)});
}

void Member::ComeBack(std::chrono::milliseconds after) {
  state_ = State::kAway;
  next_step_ = load::Clock::now() + after;
}

void Member::Tick(load::TimePoint now) {
  if (state_ == State::kOver || now < next_step_) return;
  if (state_ == State::kLive) {
    next_step_ = now + kHeartbeat;
    const std::string data = last_id_.empty() ? "" : R"(,"data":{"lastId":")" + last_id_ + "\"}";
    socket_.SendText(R"({"type":"heartbeat")" + data + "}");
    return;
  }
  if (state_ != State::kAway) {
    // It does not answer.
    socket_.Break();
    if (state_ == State::kGreeting) Write(What::kLost, 0, "silent");
    relay_ = (relay_ + 1) % context_.stage->relay_count();
  }
  state_ = State::kJoining;
  next_step_ = now + kJoinPatience;
  if (!socket_.Join(context_.stage->target(relay_), 0, token_)) ComeBack(100ms);
}

void Member::Send() {
  if (state_ != State::kLive) return;
  const std::string number = std::to_string(++sent_);
  // Written down first: the answer can not be faster.
  Write(What::kSent, sent_);
  socket_.SendText(R"({"type":"webrtc:ice-candidate","id":")" + number +
                   R"(","data":{"candidate":")" + name_ + R"(","sdpMid":")" + number +
                   R"(","usernameFragment":")" + std::string(kSecretWord) + "\"}}");
}

void Member::Break(std::optional<std::size_t> to) {
  if (state_ != State::kLive && state_ != State::kGreeting) return;
  socket_.Break();
  Write(What::kLost, 0, "broken");
  relay_ = to.value_or((relay_ + 1) % context_.stage->relay_count());
  ComeBack(std::chrono::milliseconds(20 + context_.random(300)));
}

void Member::OnJoined(load::MemberSocket& /*socket*/, int status) {
  if (state_ != State::kJoining) return;
  if (status == 101) {
    state_ = State::kGreeting;
    next_step_ = load::Clock::now() + kJoinPatience;
    ++sockets_;
    return;
  }
  if (status == kUnauthorizedStatus) {
    state_ = State::kOver;
    return Write(What::kUnauthorized, 0, std::to_string(status));
  }
  Write(What::kNote, static_cast<std::uint64_t>(status), "refused");
  relay_ = (relay_ + 1) % context_.stage->relay_count();
  ComeBack(std::chrono::milliseconds(100 + context_.random(100)));
}

void Member::OnLeft(load::MemberSocket& /*socket*/, int code) {
  if (state_ == State::kOver) return;
  Write(What::kLost, 0, std::to_string(code));
  const std::size_t next = (relay_ + 1) % context_.stage->relay_count();
  relay_ = std::exchange(sent_to_, std::nullopt).value_or(next);
  ComeBack(std::chrono::milliseconds(20 + context_.random(200)));
}

void Member::OnText(load::MemberSocket& /*socket*/, std::string_view text) {
  const auto envelope = protocol::ParseEnvelope(text);
  if (!envelope) return Write(What::kNote, 0, "unreadable");
  const std::string& type = envelope->type;
  if (type == protocol::kWelcome) return OnWelcome(*envelope);
  if (type == protocol::kAck) return OnAnswer(*envelope, true);
  if (type == protocol::kError) return OnAnswer(*envelope, false);
  if (type == protocol::kServerDraining) {
    const auto draining = protocol::ParseServerDraining(envelope->data);
    if (draining) sent_to_ = context_.relay_at(draining->url);
    return Write(What::kDraining, 0, draining ? draining->url : "unreadable");
  }
  if (type == protocol::kSessionTerminated) {
    const auto terminated = protocol::ParseSessionTerminated(envelope->data);
    state_ = State::kOver;
    return Write(What::kTerminated, 0, terminated ? terminated->reason : "unreadable");
  }
  const bool fresh = TakeNumber(envelope->id);
  if (type == protocol::kWebrtcIceCandidate) return OnTextOfOther(*envelope, fresh);
  if (fresh && type == protocol::kUserLeft) Write(What::kUserLeft);
}

void Member::OnWelcome(const protocol::Envelope& envelope) {
  const auto welcome = protocol::ParseWelcome(envelope.data);
  if (!welcome) return Write(What::kNote, 0, "unreadable");
  state_ = State::kLive;
  next_step_ = load::Clock::now() + kHeartbeat;
  Write(What::kOpened, 0, welcome->node_id);
  context_.keep_secret(welcome->resume_token);
  const std::string token = std::exchange(resume_token_, welcome->resume_token);
  if (token.empty()) return;
  protocol::Envelope resume;
  resume.type = protocol::kResume;
  resume.id = kResumeId;
  resume.data = protocol::ToData(protocol::Resume{token, last_id_});
  socket_.SendText(protocol::ToJson(resume));
}

void Member::OnAnswer(const protocol::Envelope& envelope, bool good) {
  std::string code;
  if (!good) {
    const auto problem = protocol::ParseErrorData(envelope.data);
    code = problem ? std::string(protocol::ToString(problem->code)) : "unreadable";
  }
  if (envelope.id == kResumeId) {
    return Write(good ? What::kResumed : What::kResumeFailed, 0, code);
  }
  const auto number = ReadNumber(envelope.id);
  // Of what has no number: the join, which failed; a close follows.
  if (!number) return Write(What::kNote, 0, "error:" + code);
  Write(good ? What::kAcked : What::kFailed, *number, code);
}

bool Member::TakeNumber(const std::string& id) {
  const std::size_t dot = id.find('.');
  if (dot == std::string::npos) return false;
  const auto epoch = ReadNumber(std::string_view(id).substr(0, dot));
  const auto count = ReadNumber(std::string_view(id).substr(dot + 1));
  if (!epoch || !count || DeliveryNumber(*epoch, *count) <= last_) return false;
  last_ = {*epoch, *count};
  last_id_ = id;
  return true;
}

void Member::OnTextOfOther(const protocol::Envelope& envelope, bool fresh) {
  const auto data = protocol::JsonObject::Parse(envelope.data.text, protocol::kMaxDataBytes);
  // Number 0 is never sent, so that the checker objects.
  std::uint64_t number = 0;
  if (data) {
    const auto from = data->String("candidate", 16);
    const auto text = data->String("sdpMid", 32);
    if (from && text && *from == OtherEnd(name_)) number = ReadNumber(*text).value_or(0);
  }
  Write(fresh ? What::kGot : What::kAgain, number, envelope.id);
}

}  // namespace pairwire::faults
