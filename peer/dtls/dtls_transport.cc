// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/dtls_transport.h"

#include <array>
#include <utility>

#include "peer/base/log.h"
#include "peer/dtls/dtls_transport_impl.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {
namespace {

// OpenSSL gives up after 12 retransmissions of a flight: 17 s with these.
// How often more we send the alert with which a handshake of ours fails. It is not acknowledged,
// and without it the other end waits for its deadline. Receivers drop what they had already.
constexpr int kAlertCopies = 2;
// OpenSSL did not find its timer due (it goes by the wall clock): ask again this much later.
constexpr std::chrono::milliseconds kRetryTimer{5};

// RFC 5246 section 7.2: warning, close_notify.
constexpr std::array<std::uint8_t, 2> kCloseNotify{1, 0};

}  // namespace

std::string_view ToString(State state) {
  switch (state) {
    case State::kNew:
      return "new";
    case State::kConnecting:
      return "connecting";
    case State::kConnected:
      return "connected";
    case State::kClosed:
      return "closed";
    case State::kFailed:
      return "failed";
  }
  return "?";
}

// ---- Start, Send, Close

Result<void> DtlsTransport::Impl::Start(Role role, std::vector<Fingerprint> fingerprints) {
  if (state_ != State::kNew) return Fail(Errc::kInvalidState, "DTLS was started before");
  if (auto checked = CheckOptions(options_); !checked) return checked;
  auto verifier = PeerVerifier::Create(std::move(fingerprints));
  if (!verifier) return tl::unexpected(verifier.error());
  hooks_.emplace(std::move(*verifier));
  hooks_->first_timeout = options_.retransmission_timeout;
  hooks_->on_key_log = options_.on_key_log;
  role_ = role;
  if (auto created = CreateConnection(); !created) return created;

  budget_.emplace(loop_.Now());
  deadline_.Start(options_.handshake_timeout);
  SetState(State::kConnecting, {});
  if (state_ == State::kConnecting) DriveHandshake();
  for (const Bytes& datagram : early_.TakeAll()) {
    if (Active()) ProcessDatagram(datagram);
  }
  return {};
}

Result<void> DtlsTransport::Impl::CreateConnection() {
  ssl_.reset();  // before the BIO that it uses
  plain_records_ = 0;
  written_ = {};
  const Certificate::Impl& ours = *certificate_.impl_;
  auto ssl = CreateSsl(ours.x509.get(), ours.key.get(), role_, options_, bio_.CreateBio(), *hooks_);
  if (!ssl) return tl::unexpected(ssl.error());
  ssl_ = std::move(*ssl);
  return {};
}

void DtlsTransport::Impl::OnOutput(ByteSpan packet) {
  if (state_ == State::kConnecting) {
    written_.Note(packet);
    if (role_ == Role::kServer) {
      last_flight_.insert(last_flight_.end(), packet.begin(), packet.end());
    }
  }
  if (state_ == State::kConnecting && !packet.empty()) {
    if (packet[0] == kHandshakeType && !flight_sent_) {
      flight_sent_ = true;
      alert_grace_.Stop();  // a good ClientHello came after a bad one
      suspicion_.clear();
    }
    if (packet[0] == kAlertType) last_alert_.assign(packet.begin(), packet.end());
  }
  if (!gathering_) {
    events_.OnDtlsPacket(packet);
    return;
  }
  if (gathered_.size() + packet.size() > options_.mtu) SendGathered();
  gathered_.insert(gathered_.end(), packet.begin(), packet.end());
}

void DtlsTransport::Impl::SendGathered() {
  if (gathered_.empty()) return;
  const Bytes datagram = std::exchange(gathered_, {});
  events_.OnDtlsPacket(datagram);
}

Result<void> DtlsTransport::Impl::Send(ByteSpan data) {
  switch (state_) {
    case State::kNew:
    case State::kConnecting:
      return Fail(Errc::kInvalidState, "DTLS is not connected yet");
    case State::kClosed:
    case State::kFailed:
      return Fail(Errc::kClosed, "DTLS is closed");
    case State::kConnected:
      break;
  }
  if (data.size() > kMaxPlaintext) {
    return Fail(Errc::kMessageTooLarge, "a DTLS record holds at most 16384 bytes");
  }
  if (data.empty()) return Fail(Errc::kInvalidArgument, "an empty record says nothing");
  if (records_ != nullptr) return SealAndSend(kApplicationDataType, data);
  const ErrorQueueScope errors;
  const int written = SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
  if (written <= 0) return Fail(Errc::kDtlsFailed, NewestErrorText());
  return {};
}

Result<void> DtlsTransport::Impl::SealAndSend(std::uint8_t type, ByteSpan data) {
  std::array<std::uint8_t, kMaxPlaintext + RecordLayer::kOverhead> buffer;  // not cleared
  const ByteSpan record = records_->Seal(type, data, buffer);
  if (record.empty()) return Fail(Errc::kDtlsFailed, "OpenSSL does not encrypt");
  events_.OnDtlsPacket(record);
  return {};
}

void DtlsTransport::Impl::Close() {
  if (state_ == State::kClosed || state_ == State::kFailed) return;
  if (state_ == State::kConnected && records_ != nullptr) {
    // A lost one is noticed by ICE; whoever closes does not wait for the answer.
    static_cast<void>(SealAndSend(kAlertType, kCloseNotify));
  } else if (state_ == State::kConnected) {
    const ErrorQueueScope errors;
    SSL_shutdown(ssl_.get());
  }
  SetState(State::kClosed, {});
}

// ---- States

void DtlsTransport::Impl::SetState(State state, const Error& error) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "dtls[" + std::string(ToString(state_)) +
                              "]: " + std::string(ToString(state)) +
                              (error.detail.empty() ? "" : ", " + error.detail) + ", " +
                              std::to_string(dropped_) + " records dropped so far");
  }
  state_ = state;
  if (!Active()) {
    // Nothing may use this connection any more, neither by mistake nor by a late packet.
    ssl_.reset();
    records_.reset();
    early_.TakeAll();
    held_.TakeAll();
  }
  if (state != State::kConnecting) {
    retransmission_.Stop();
    deadline_.Stop();
    alert_grace_.Stop();
  }
  events_.OnDtlsState(state, error);
}

void DtlsTransport::Impl::EnterFailed(Errc code, std::string detail) {
  SetState(State::kFailed, Error{code, std::move(detail)});
}

void DtlsTransport::Impl::FailHandshake(Errc code, std::string detail) {
  if (!last_alert_.empty()) {
    for (int i = 0; i < kAlertCopies; ++i) events_.OnDtlsPacket(last_alert_);
  }
  EnterFailed(code, std::move(detail));
}

// ---- Timers

void DtlsTransport::Impl::UpdateRetransmission() {
  if (!bio_.timer_wanted()) {
    retransmission_.Stop();
  } else if (bio_.timer_starts() != timer_starts_seen_ || !retransmission_.active()) {
    timer_starts_seen_ = bio_.timer_starts();
    retransmission_.Start(hooks_->timeout);
  }
}

void DtlsTransport::Impl::OnRetransmission() {
  if (state_ != State::kConnecting) return;
  long result = 0;
  {
    const ErrorQueueScope errors;
    const GatherOutput gather(*this);
    bio_.ExpireTimer(ssl_.get());
    result = DTLSv1_handle_timeout(ssl_.get());
  }
  if (result < 0) {
    EnterFailed(Errc::kTimedOut, "the other end does not answer the DTLS handshake");
  } else if (result == 0 && bio_.timer_wanted()) {
    retransmission_.Start(kRetryTimer);
  } else {
    UpdateRetransmission();
  }
}

void DtlsTransport::Impl::OnDeadline() {
  EnterFailed(Errc::kTimedOut, "the DTLS handshake took too long" +
                                   (suspicion_.empty() ? std::string() : ": " + suspicion_));
}

void DtlsTransport::Impl::OnAlertGrace() {
  EnterFailed(Errc::kDtlsFailed, "the handshake stopped; " + suspicion_);
}

// ---- The public face

DtlsTransport::DtlsTransport(Loop& loop, const Certificate& certificate, Options options,
                             Events& events)
    : impl_(std::make_unique<Impl>(loop, certificate, std::move(options), events)) {}

DtlsTransport::~DtlsTransport() = default;

Result<void> DtlsTransport::Start(Role role, std::vector<Fingerprint> fingerprints) {
  return impl_->Start(role, std::move(fingerprints));
}

void DtlsTransport::ReceivePacket(ByteSpan packet) { impl_->ReceivePacket(packet); }

Result<void> DtlsTransport::Send(ByteSpan data) { return impl_->Send(data); }

void DtlsTransport::Close() { impl_->Close(); }

State DtlsTransport::state() const { return impl_->state(); }

const Bytes& DtlsTransport::remote_certificate() const {
  static const Bytes none;
  const auto& all = impl_->remote_certificates();
  return all.empty() ? none : all.front();
}

const std::vector<Bytes>& DtlsTransport::remote_certificates() const {
  return impl_->remote_certificates();
}

const std::optional<TransportInfo>& DtlsTransport::info() const { return impl_->info(); }

}  // namespace pairwire::dtls
