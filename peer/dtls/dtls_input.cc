// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DtlsTransport's way in: which records of a datagram reach OpenSSL, and what comes of it.
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "peer/base/check.h"
#include "peer/dtls/dtls_transport_impl.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {
namespace {

// What one handshake may feed to OpenSSL, all retransmissions counted; ours take about ten records
// and 2 KB. Bounds its work and what it keeps for reassembly. Beyond it records are dropped until
// the deadline.
constexpr unsigned kMaxHandshakeRecords = 200;
constexpr std::size_t kMaxHandshakeBytes = 128 * 1024;
// An alert in the clear may be forged, so it does not end the handshake. But when nothing more of
// the handshake comes in this time, it was probably true, and there is no use in waiting for the
// deadline.
constexpr std::chrono::seconds kAlertGrace{3};

constexpr std::uint8_t kFatalAlert = 2;

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

}  // namespace pairwire::dtls
