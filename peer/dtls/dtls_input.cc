// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DtlsTransport's way in: which records of a datagram reach OpenSSL, and what comes of it.
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "peer/base/check.h"
#include "peer/dtls/dtls_transport_impl.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {
namespace {

// What comes in the clear may be forged, so a fatal alert does not end the handshake, nor does a
// ClientHello that we cannot use. But when the handshake then stands still, it was probably true,
// and there is no use in waiting for the deadline.
//
// How long still: three of our flights unanswered (100 + 200 + 400 ms with the default timer) and a
// little more, so that a refused end knows within a second. Whoever forges an alert at an end whose
// path is silent for that long takes it down; he has one try. Once the handshake went on after an
// alert, the path has a forger (or turns packets round), and from then on it is the long time,
// which starts again with each record of the handshake.
constexpr int kAlertGraceTimers = 8;
constexpr std::chrono::milliseconds kMinAlertGrace{800};
constexpr std::chrono::milliseconds kMaxAlertGrace{3'000};

constexpr std::uint8_t kFatalAlert = 2;
constexpr std::uint8_t kCloseNotifyAlert = 0;
constexpr std::uint8_t kHelloRequestMessage = 0;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::uint8_t kFinishedMessage = 20;
constexpr std::array<std::uint8_t, 2> kNoRenegotiation{1, 100};  // a warning

}  // namespace

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
  if (records_ != nullptr) {
    filter.overhead = kGcmOverhead;
    return filter;
  }
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
  if (records_ != nullptr) return Open(record);
  if (state_ == State::kConnecting) {
    if (!budget_->Take(record.bytes.size(), loop_.Now())) {
      suspicion_ = "the other end's handshake is too long";
      ++dropped_;
      return;
    }
    NoteProgress();
  }
  // A record in the clear can carry any number, and OpenSSL's replay window would believe it: one
  // forged number near 2^48 and all that follows is too old. So they are numbered as they come;
  // that a message counts once is for the handshake to see.
  Bytes numbered;
  if (record.epoch == 0) {
    numbered.assign(record.bytes.begin(), record.bytes.end());
    SetRecordSequence(numbered, plain_records_++);
  }
  if (record.epoch != 0) last_protected_ = record.sequence();
  bio_.SetInput(record.epoch == 0 ? ByteSpan(numbered) : record.bytes);
  if (state_ == State::kConnecting) DriveHandshake();
  if (state_ == State::kConnected && ssl_ != nullptr) DriveRead();
  bio_.SetInput({});
}

// ---- Established: epoch 1 without OpenSSL's connection

void DtlsTransport::Impl::Open(const Record& record) {
  std::array<std::uint8_t, kMaxPlaintext + kGcmOverhead> buffer;  // not cleared, for each packet
  const auto data = records_->Open(record, buffer);
  if (!data) {
    ++dropped_;
    return;
  }
  // The events below may close, and then records_ is gone.
  switch (record.type) {
    case kApplicationDataType:
      if (!data->empty()) events_.OnDtlsData(*data);
      return;
    case kAlertType:
      OnAlert(*data);
      return;
    default:
      OnLateHandshake(*data);
  }
}

// One answer for each record, and each record counts once, so nobody is made to talk.
void DtlsTransport::Impl::OnLateHandshake(ByteSpan message) {
  if (message.empty()) return;
  const std::uint8_t type = message.front();
  if (type == kFinishedMessage && !last_flight_.empty()) {
    // RFC 6347 section 4.2.4: whoever sent the last flight repeats it when the other end does. It
    // goes out as it was: the same records, which the other end has not seen or drops.
    events_.OnDtlsPacket(last_flight_);
  } else if (type == kHelloRequestMessage || type == kClientHelloMessage) {
    static_cast<void>(SealAndSend(kAlertType, kNoRenegotiation));
  }
}

// RFC 5246 section 7.2. Warnings other than close_notify ask for nothing.
void DtlsTransport::Impl::OnAlert(ByteSpan alert) {
  if (alert.size() != 2) {
    ++dropped_;
  } else if (alert[1] == kCloseNotifyAlert) {
    Close();  // ours answers it
  } else if (alert[0] == kFatalAlert) {
    EnterFailed(Errc::kDtlsFailed, std::string("the association failed: the other end says: ") +
                                       SSL_alert_desc_string_long(alert[1]));
  }
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
  if (!flight_sent_) return;  // we said nothing yet that anyone could refuse
  const char* const name = SSL_alert_desc_string_long(body[1]);
  suspicion_ = std::string("the other end says: ") + name;
  if (body[0] != kFatalAlert || alert_grace_.active()) return;
  alert_grace_.Start(std::clamp(options_.retransmission_timeout * kAlertGraceTimers, kMinAlertGrace,
                                kMaxAlertGrace));
}

// Whoever sent a fatal alert goes on with nothing.
void DtlsTransport::Impl::NoteProgress() {
  if (!flight_sent_ || !alert_grace_.active()) return;
  alert_grace_.Start(kMaxAlertGrace);
}

// ---- Handshake

void DtlsTransport::Impl::DriveHandshake() {
  bool done = false;
  int ssl_error = SSL_ERROR_NONE;
  std::string text;
  {
    const ErrorQueueScope errors;
    const GatherOutput gather(*this);
    last_flight_.clear();
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
    FailHandshake(Errc::kFingerprintMismatch,
                  "the other end's certificate is not the one it announced");
  } else {
    OnHandshakeError(text);
  }
}

// A server that has not answered yet has nothing to lose: it starts anew, and the ClientHello of
// the right client is still welcome. Afterwards what was exchanged cannot be taken back.
void DtlsTransport::Impl::OnHandshakeError(const std::string& text) {
  if (role_ == Role::kClient || flight_sent_ || !CreateConnection()) {
    FailHandshake(Errc::kDtlsFailed, "the handshake failed: " + text);
    return;
  }
  last_alert_.clear();
  suspicion_ = "the other end's first message was refused: " + text;
  UpdateRetransmission();
  if (!alert_grace_.active()) alert_grace_.Start(kMaxAlertGrace);
}

void DtlsTransport::Impl::OnHandshakeDone() {
  // OpenSSL cannot come here without a yes from the verify callback. If it ever does, that is an
  // attack or a bug, and neither gets data.
  if (hooks_->verifier.verdict() != PeerVerifier::Verdict::kAccepted ||
      SSL_get0_peer_certificate(ssl_.get()) == nullptr) {
    EnterFailed(Errc::kDtlsFailed, "the other end's certificate was not checked");
    return;
  }
  const Bytes& leaf = hooks_->verifier.certificate();
  {
    const ErrorQueueScope errors;
    remote_certificates_ = RemoteChainOf(ssl_, leaf);
    info_ = InfoOf(ssl_, role_, leaf);
  }
  TakeOver();
  SetState(State::kConnected, {});
}

// What only the handshake needed goes: 70 KiB of it are OpenSSL's.
void DtlsTransport::Impl::TakeOver() {
  {
    const ErrorQueueScope errors;
    records_ = RecordLayer::TakeOver(ssl_, written_, last_protected_);
  }
  if (records_ == nullptr) return;
  ssl_.reset();
  hooks_.reset();
  budget_.reset();
  last_flight_.shrink_to_fit();
  gathered_.shrink_to_fit();
  last_alert_ = {};
}

// ---- Data, with ChaCha20-Poly1305

void DtlsTransport::Impl::DriveRead() {
  std::array<std::uint8_t, kMaxPlaintext> buffer;  // not cleared: 16 KiB for each packet
  while (state_ == State::kConnected) {
    int read = 0;
    int ssl_error = SSL_ERROR_NONE;
    std::string text;
    {
      const ErrorQueueScope errors;
      const GatherOutput gather(*this);  // the last flight, once more
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

}  // namespace pairwire::dtls
