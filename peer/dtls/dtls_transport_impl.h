// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The inside of DtlsTransport: OpenSSL's connection and what stands around it. In two files:
// dtls_transport.cc starts, sends, closes and keeps the timers; dtls_input.cc takes what arrives.
//
//   datagram -> records -> filter -> OpenSSL -> handshake done -> RecordLayer -> data, alerts
//                             |
//                             +-> held until their epoch begins
//
// With the handshake OpenSSL's connection goes (record_layer.h says why). Only ChaCha20-Poly1305,
// which no browser prefers, stays with it.
#ifndef PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_IMPL_H_
#define PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/timer.h"
#include "peer/dtls/bounded_queue.h"
#include "peer/dtls/certificate_impl.h"
#include "peer/dtls/datagram_bio.h"
#include "peer/dtls/dtls_transport.h"
#include "peer/dtls/handshake_budget.h"
#include "peer/dtls/record_filter.h"
#include "peer/dtls/record_layer.h"
#include "peer/dtls/ssl_context.h"

namespace pairwire::dtls {

class DtlsTransport::Impl {
 public:
  Impl(Loop& loop, Certificate certificate, Options options, Events& events)
      : loop_(loop),
        certificate_(std::move(certificate)),
        options_(std::move(options)),
        events_(events),
        bio_([this](ByteSpan packet) { OnOutput(packet); }),
        retransmission_(loop, [this] { OnRetransmission(); }),
        deadline_(loop, [this] { OnDeadline(); }),
        alert_grace_(loop, [this] { OnAlertGrace(); }) {}

  Result<void> Start(Role role, std::vector<Fingerprint> fingerprints);
  void ReceivePacket(ByteSpan packet);
  Result<void> Send(ByteSpan data);
  void Close();

  State state() const { return state_; }
  const std::vector<Bytes>& remote_certificates() const { return remote_certificates_; }
  const std::optional<TransportInfo>& info() const { return info_; }

 private:
  // dtls_transport.cc
  Result<void> CreateConnection();
  void OnOutput(ByteSpan packet);
  void SendGathered();
  Result<void> SealAndSend(std::uint8_t type, ByteSpan data);
  void SetState(State state, const Error& error);
  void EnterFailed(Errc code, std::string detail);
  void FailHandshake(Errc code, std::string detail);
  void UpdateRetransmission();
  void OnRetransmission();
  void OnDeadline();
  void OnAlertGrace();

  // dtls_input.cc: a datagram, its records, what they bring forward
  void ProcessDatagram(ByteSpan datagram);
  void ProcessRecord(const Record& record);
  void Feed(const Record& record);
  void Open(const Record& record);
  void OnAlert(ByteSpan alert);
  void OnLateHandshake(ByteSpan message);
  void ReleaseHeld();
  void NoteAlert(ByteSpan body);
  void NoteProgress();

  void DriveHandshake();
  void OnHandshakeError(const std::string& text);
  void OnHandshakeDone();
  void TakeOver();
  void DriveRead();

  // While it stands, what OpenSSL writes goes out in as few datagrams as the mtu allows. It repeats
  // a flight one message at a time, and of five datagrams one is lost much sooner than of one.
  class GatherOutput {
   public:
    explicit GatherOutput(Impl& impl) : impl_(impl) { impl_.gathering_ = true; }
    ~GatherOutput() {
      impl_.gathering_ = false;
      impl_.SendGathered();
    }
    GatherOutput(const GatherOutput&) = delete;
    GatherOutput& operator=(const GatherOutput&) = delete;

   private:
    Impl& impl_;
  };

  bool Active() const { return state_ == State::kConnecting || state_ == State::kConnected; }
  FilterState filter_state() const;

  Loop& loop_;
  const Certificate certificate_;
  const Options options_;
  Events& events_;

  State state_ = State::kNew;
  Role role_ = Role::kClient;
  std::vector<Bytes> remote_certificates_;
  std::optional<TransportInfo> info_;

  // Destroyed from the bottom up: the SSL before what its callbacks reach.
  DatagramBio bio_;
  std::optional<ConnectionHooks> hooks_;
  SslHandle ssl_;                         // goes when records_ comes
  std::unique_ptr<RecordLayer> records_;  // the established association; null with ChaCha20

  // Datagrams that came before Start: a ClientHello, perhaps in fragments, perhaps more than once.
  static constexpr std::size_t kMaxEarlyDatagrams = 16;
  static constexpr std::size_t kMaxEarlyBytes = 32 * 1024;
  BoundedQueue early_{kMaxEarlyDatagrams, kMaxEarlyBytes};

  // Records that came before their epoch: the other end's Finished and its first data, when they
  // overtook what goes before them.
  static constexpr std::size_t kMaxHeldRecords = 16;
  static constexpr std::size_t kMaxHeldBytes = 32 * 1024;
  BoundedQueue held_{kMaxHeldRecords, kMaxHeldBytes};

  bool gathering_ = false;
  Bytes gathered_;  // at most one mtu

  WrittenRecords written_;            // until kConnected
  std::uint64_t last_protected_ = 0;  // the number of the last record of epoch 1 that OpenSSL got
  // A server's ChangeCipherSpec and Finished: when they are lost, the client repeats its Finished.
  // Bounded by what OpenSSL writes in one call; these two are about 90 bytes.
  Bytes last_flight_;

  std::optional<HandshakeBudget> budget_;  // since Start
  std::uint64_t plain_records_ = 0;        // that reached the present SSL
  std::uint64_t dropped_ = 0;
  std::string suspicion_;     // what may explain it if the handshake does not end
  bool flight_sent_ = false;  // a handshake message of ours went out: the other end may answer
  Bytes last_alert_;          // as we sent it during the handshake

  Timer retransmission_;
  unsigned timer_starts_seen_ = 0;
  Timer deadline_;
  Timer alert_grace_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_IMPL_H_
