// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/dtls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "peer/base/timer.h"
#include "peer/dtls/bounded_queue.h"
#include "peer/dtls/certificate_impl.h"
#include "peer/dtls/datagram_bio.h"
#include "peer/dtls/peer_verifier.h"
#include "peer/dtls/record_filter.h"
#include "peer/dtls/ssl_context.h"

namespace pairwire::dtls {
namespace {

// Datagrams that came before Start: a ClientHello, perhaps in fragments, perhaps more than once.
constexpr std::size_t kMaxEarlyDatagrams = 16;
constexpr std::size_t kMaxEarlyBytes = 32 * 1024;
// Records of epoch 1 that came before the handshake was there: the other end's Finished and its
// first data.
constexpr std::size_t kMaxHeldRecords = 16;
constexpr std::size_t kMaxHeldBytes = 32 * 1024;
// What one handshake may feed to OpenSSL, all retransmissions counted; ours take about ten records
// and 2 KB. Bounds its work and what it keeps for reassembly. Beyond it records are dropped until
// the deadline.
constexpr unsigned kMaxHandshakeRecords = 200;
constexpr std::size_t kMaxHandshakeBytes = 128 * 1024;
// OpenSSL gives up after 12 retransmissions of a flight: 17 s with these.
constexpr std::chrono::seconds kLongestRetransmission{2};
// OpenSSL did not find its timer due (it goes by the wall clock): ask again this much later, at the
// earliest.
constexpr std::chrono::milliseconds kRetryTimer{5};
// An alert in the clear may be forged, so it does not end the handshake. But when nothing more of
// the handshake comes in this time, it was probably true, and there is no use in waiting for the
// deadline.
constexpr std::chrono::seconds kAlertGrace{3};

constexpr std::uint8_t kFatalAlert = 2;

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

class DtlsTransport::Impl {
 public:
  Impl(Loop& loop, SSL_CTX* context, Options options, Events& events)
      : context_(context),
        options_(options),
        events_(events),
        bio_([this](ByteSpan packet) { events_.OnDtlsPacket(packet); }),
        retransmission_(loop, [this] { OnRetransmission(); }),
        deadline_(loop, [this] { OnDeadline(); }),
        alert_grace_(loop, [this] { OnAlertGrace(); }) {}

  Result<void> Start(Role role, std::vector<Fingerprint> fingerprints);
  void ReceivePacket(ByteSpan packet);
  Result<void> Send(ByteSpan data);
  void Close();

  State state() const { return state_; }
  const Bytes& remote_certificate() const { return remote_certificate_; }

 private:
  void SetState(State state, const Error& error);
  void EnterFailed(Errc code, std::string detail);

  void ProcessDatagram(ByteSpan datagram);
  void ProcessRecord(const Record& record);
  void Feed(const Record& record);
  void ReleaseHeld();
  void NoteAlert(ByteSpan body);

  void DriveHandshake();
  void OnHandshakeDone();
  void DriveRead();

  void UpdateRetransmission();
  void OnRetransmission();
  void OnDeadline();
  void OnAlertGrace();

  bool Active() const { return state_ == State::kConnecting || state_ == State::kConnected; }
  FilterState filter_state() const;

  SSL_CTX* const context_;
  const Options options_;
  Events& events_;

  State state_ = State::kNew;
  Role role_ = Role::kClient;
  Bytes remote_certificate_;

  // Destroyed from the bottom up: the SSL before what its callbacks reach.
  DatagramBio bio_;
  std::optional<ConnectionHooks> hooks_;
  SslHandle ssl_;

  BoundedQueue early_{kMaxEarlyDatagrams, kMaxEarlyBytes};  // datagrams before Start
  BoundedQueue held_{kMaxHeldRecords, kMaxHeldBytes};       // records before their epoch
  unsigned handshake_records_ = 0;
  std::size_t handshake_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::string suspicion_;  // what may explain it if the handshake does not end

  Timer retransmission_;
  unsigned timer_starts_seen_ = 0;
  Timer deadline_;
  Timer alert_grace_;
};

// ---- Start, Send, Close

Result<void> DtlsTransport::Impl::Start(Role role, std::vector<Fingerprint> fingerprints) {
  if (state_ != State::kNew) return Fail(Errc::kInvalidState, "DTLS was started before");
  auto verifier = PeerVerifier::Create(std::move(fingerprints));
  if (!verifier) return tl::unexpected(verifier.error());
  hooks_.emplace(std::move(*verifier));
  hooks_->first_timeout = std::clamp<std::chrono::milliseconds>(
      options_.retransmission_timeout, std::chrono::milliseconds(1), kLongestRetransmission);
  hooks_->longest_timeout = kLongestRetransmission;
  auto ssl = CreateSsl(context_, role, options_.mtu, bio_.CreateBio(), *hooks_);
  if (!ssl) return tl::unexpected(ssl.error());
  ssl_ = std::move(*ssl);
  role_ = role;

  deadline_.Start(options_.handshake_timeout);
  SetState(State::kConnecting, {});
  if (state_ == State::kConnecting) DriveHandshake();
  for (const Bytes& datagram : early_.TakeAll()) {
    if (Active()) ProcessDatagram(datagram);
  }
  return {};
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
  const ErrorQueueScope errors;
  const int written = SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
  if (written <= 0) return Fail(Errc::kDtlsFailed, NewestErrorText());
  return {};
}

void DtlsTransport::Impl::Close() {
  if (state_ == State::kClosed || state_ == State::kFailed) return;
  if (state_ == State::kConnected) {
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

// ---- Packets in

void DtlsTransport::Impl::ReceivePacket(ByteSpan packet) {
  if (state_ == State::kNew) {
    dropped_ += early_.Push(packet);
  } else if (Active()) {
    ProcessDatagram(packet);
  }
}

void DtlsTransport::Impl::ProcessDatagram(ByteSpan datagram) {
  while (!datagram.empty() && Active()) {
    const auto record = TakeRecord(datagram);
    if (!record) {
      ++dropped_;
      return;
    }
    ProcessRecord(*record);
  }
}

void DtlsTransport::Impl::ProcessRecord(const Record& record) {
  switch (Judge(record, filter_state())) {
    case Verdict::kPass:
      Feed(record);
      ReleaseHeld();
      return;
    case Verdict::kHold:
      dropped_ += held_.Push(record.bytes);
      return;
    case Verdict::kAlert:
      NoteAlert(record.body);
      return;
    case Verdict::kTooLarge:
      suspicion_ = "the other end's certificate is larger than 8 KiB";
      ++dropped_;
      return;
    case Verdict::kDrop:
      ++dropped_;
      return;
  }
}

FilterState DtlsTransport::Impl::filter_state() const {
  FilterState filter{.role = role_, .connected = state_ == State::kConnected};
  const OSSL_HANDSHAKE_STATE progress = SSL_get_state(ssl_.get());
  filter.reads_protected =
      progress == TLS_ST_SR_CHANGE || progress == TLS_ST_CR_CHANGE || progress == TLS_ST_OK;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get());
  if (cipher != nullptr && SSL_CIPHER_get_cipher_nid(cipher) != NID_chacha20_poly1305) {
    filter.overhead = kGcmOverhead;
  }
  return filter;
}

void DtlsTransport::Impl::Feed(const Record& record) {
  if (state_ == State::kConnecting) {
    if (handshake_records_ == kMaxHandshakeRecords ||
        handshake_bytes_ + record.bytes.size() > kMaxHandshakeBytes) {
      suspicion_ = "the other end's handshake is too long";
      ++dropped_;
      return;
    }
    ++handshake_records_;
    handshake_bytes_ += record.bytes.size();
    if (alert_grace_.active()) alert_grace_.Start(kAlertGrace);  // the other end goes on
  }
  bio_.SetInput(record.bytes);
  if (state_ == State::kConnecting) DriveHandshake();
  if (state_ == State::kConnected) DriveRead();
  bio_.SetInput({});
}

// Each is judged again: what is still too early goes back to the end of the queue, so one round is
// enough, except that a Finished may open the way for the data that stood before it.
void DtlsTransport::Impl::ReleaseHeld() {
  for (bool progress = true; progress && !held_.empty() && Active();) {
    const FilterState before = filter_state();
    for (const Bytes& bytes : held_.TakeAll()) {
      if (!Active()) return;
      ByteSpan rest = bytes;
      const auto record = TakeRecord(rest);
      PAIRWIRE_CHECK(record.has_value());
      const Verdict verdict = Judge(*record, filter_state());
      if (verdict == Verdict::kPass) {
        Feed(*record);
      } else if (verdict == Verdict::kHold) {
        dropped_ += held_.Push(record->bytes);
      } else {
        ++dropped_;
      }
    }
    if (!Active()) return;
    const FilterState after = filter_state();
    progress =
        before.connected != after.connected || before.reads_protected != after.reads_protected;
  }
}

void DtlsTransport::Impl::NoteAlert(ByteSpan body) {
  ++dropped_;
  const char* const name = SSL_alert_desc_string_long(body[1]);
  suspicion_ = std::string("the other end says: ") + name;
  if (body[0] == kFatalAlert && !alert_grace_.active()) alert_grace_.Start(kAlertGrace);
}

// ---- Handshake

void DtlsTransport::Impl::DriveHandshake() {
  bool done = false;
  int ssl_error = SSL_ERROR_NONE;
  std::string text;
  {
    const ErrorQueueScope errors;
    const int result = SSL_do_handshake(ssl_.get());
    done = result == 1;
    if (!done) ssl_error = SSL_get_error(ssl_.get(), result);
    if (ssl_error == SSL_ERROR_SSL) text = NewestErrorText();
  }
  if (done) {
    OnHandshakeDone();
  } else if (ssl_error == SSL_ERROR_WANT_READ) {
    UpdateRetransmission();
  } else if (hooks_->verifier.verdict() == PeerVerifier::Verdict::kRefused) {
    EnterFailed(Errc::kFingerprintMismatch,
                "the other end's certificate is not the one it announced");
  } else {
    EnterFailed(Errc::kDtlsFailed, "the handshake failed: " + text);
  }
}

void DtlsTransport::Impl::OnHandshakeDone() {
  // OpenSSL cannot come here without a yes from the verify callback. If it ever does, that is an
  // attack or a bug, and neither gets data.
  if (hooks_->verifier.verdict() != PeerVerifier::Verdict::kAccepted ||
      SSL_get0_peer_certificate(ssl_.get()) == nullptr) {
    EnterFailed(Errc::kDtlsFailed, "the other end's certificate was not checked");
    return;
  }
  remote_certificate_ = hooks_->verifier.certificate();
  SetState(State::kConnected, {});
}

// ---- Data

void DtlsTransport::Impl::DriveRead() {
  std::array<std::uint8_t, kMaxPlaintext> buffer;  // not cleared: 16 KiB for each packet
  while (state_ == State::kConnected) {
    int read = 0;
    int ssl_error = SSL_ERROR_NONE;
    std::string text;
    {
      const ErrorQueueScope errors;
      read = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (read <= 0) ssl_error = SSL_get_error(ssl_.get(), read);
      if (ssl_error == SSL_ERROR_SSL) text = NewestErrorText();
      // The other end's close_notify; ours answers it.
      if (ssl_error == SSL_ERROR_ZERO_RETURN) SSL_shutdown(ssl_.get());
    }
    if (read > 0) {
      events_.OnDtlsData({buffer.data(), static_cast<std::size_t>(read)});
    } else if (ssl_error == SSL_ERROR_WANT_READ) {
      return;
    } else if (ssl_error == SSL_ERROR_ZERO_RETURN) {
      SetState(State::kClosed, {});
    } else {
      EnterFailed(Errc::kDtlsFailed, "the association failed: " + text);
    }
  }
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
    : impl_(std::make_unique<Impl>(loop, certificate.impl_->context.get(), options, events)) {}

DtlsTransport::~DtlsTransport() = default;

Result<void> DtlsTransport::Start(Role role, std::vector<Fingerprint> fingerprints) {
  return impl_->Start(role, std::move(fingerprints));
}

void DtlsTransport::ReceivePacket(ByteSpan packet) { impl_->ReceivePacket(packet); }

Result<void> DtlsTransport::Send(ByteSpan data) { return impl_->Send(data); }

void DtlsTransport::Close() { impl_->Close(); }

State DtlsTransport::state() const { return impl_->state(); }

const Bytes& DtlsTransport::remote_certificate() const { return impl_->remote_certificate(); }

}  // namespace pairwire::dtls
