// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DtlsTransport: one DTLS 1.2 association (RFC 6347) over datagrams that somebody else carries.
// Both ends present self-signed certificates; ours is accepted when its fingerprint is the one
// signalled (RFC 8122, RFC 8827 section 6.5), and that is decided inside OpenSSL's verify callback
// in both roles, so a mismatch fails the handshake itself.
//
// Once it is up, an association holds 3 KB: what the handshake needed is gone (record_layer.h).
//
// Packets in, packets out; it knows nothing of ICE or SCTP. Loop thread only.
#ifndef PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_H_
#define PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/base/loop.h"
#include "peer/dtls/certificate.h"

namespace pairwire::dtls {

// RFC 5763 section 5: a=setup:active is the client.
enum class Role { kClient, kServer };

// W3C RTCDtlsTransportState.
//
//   kNew -> kConnecting -> kConnected -> kClosed
//              |               |
//              +-> kFailed <---+
enum class State { kNew, kConnecting, kConnected, kClosed, kFailed };
std::string_view ToString(State state);

// The lowest version that a connection takes. OpenSSL 3.0 has none above 1.2, and RFC 8827 section
// 6.5 forbids those below, so there is one to name; it stands here so that a floor can be raised
// when there is another.
enum class Version { kDtls12 };

struct Options {
  // Largest UDP payload; handshake flights are fragmented to it. Application records are the
  // caller's to size: payload + kRecordOverhead must fit.
  std::size_t mtu = 1200;
  // First retransmission of a flight, 20..1000 ms; each is half as long again, up to 3 s. OpenSSL's
  // own default of 1 s costs a second for each lost flight, and after ICE the round trip is known
  // to be short.
  std::chrono::milliseconds retransmission_timeout{100};
  // From Start to kConnected; then kFailed with kTimedOut. More than 0.
  std::chrono::milliseconds handshake_timeout{15'000};

  Version min_version = Version::kDtls12;
  // By OpenSSL's names ("ECDHE-ECDSA-AES128-GCM-SHA256"), best first: only ECDHE with AEAD. Empty:
  // the default list of ssl_context.cc.
  std::vector<std::string> ciphers = {};
  // For the key agreement, best first: "X25519", "P-256", "P-384". Empty: these three. A peer whose
  // certificate is on P-384 can only be talked to when P-384 is among them.
  std::vector<std::string> groups = {};

  // For whoever wants to decrypt a packet capture: gets each line of the NSS key log format
  // ("CLIENT_RANDOM …"), from inside ReceivePacket or Start; must not call back. Whoever has the
  // line reads all that this connection ever carries. Nothing is derived or kept when it is empty.
  std::function<void(std::string_view line)> on_key_log = {};
};

// Whether Start would take these options. kInvalidArgument otherwise; the detail names what is
// wrong: the cipher, the group or the number.
Result<void> CheckOptions(const Options& options);

// What was negotiated, for statistics (W3C RTCTransportStats).
struct TransportInfo {
  std::string tls_version;  // "FEFD" is DTLS 1.2
  std::string cipher;  // dtlsCipher, by its IANA name: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
  std::string group;   // "X25519", "P-256"; empty when OpenSSL does not tell
  std::string srtp_cipher;  // always empty: no media runs over this transport
  Role role = Role::kClient;
  Fingerprint remote_fingerprint;  // sha-256 of the certificate that the peer presented
};

// Bytes that a DTLS 1.2 AES-GCM record adds: header 13, explicit nonce 8, tag 16.
inline constexpr std::size_t kRecordOverhead = 37;

// Called from inside ReceivePacket, Start, Send, Close or a timer. OnDtlsPacket must not call back
// into the transport; the other two may call Send and Close, but must not destroy the transport.
class Events {
 public:
  // A datagram to send to the other end.
  virtual void OnDtlsPacket(ByteSpan packet) = 0;
  // Each state once; `error` is set for kFailed (kFingerprintMismatch, kTimedOut, kDtlsFailed) and
  // empty otherwise. kClosed without our Close means that the other end sent close_notify.
  virtual void OnDtlsState(State state, const Error& error) = 0;
  // Decrypted application data, one record; valid during the call only. Only ever in kConnected.
  virtual void OnDtlsData(ByteSpan data) = 0;

 protected:
  ~Events() = default;
};

class DtlsTransport {
 public:
  // `loop` and `events` outlive the transport.
  DtlsTransport(Loop& loop, const Certificate& certificate, Options options, Events& events);
  ~DtlsTransport();  // Silent: no close_notify, no events.

  DtlsTransport(const DtlsTransport&) = delete;
  DtlsTransport& operator=(const DtlsTransport&) = delete;

  // Starts the handshake; once. The peer's certificate must match one of `fingerprints` (at least
  // one; the strongest hash that we know is the one that counts). kInvalidArgument otherwise, and
  // for options that CheckOptions refuses.
  Result<void> Start(Role role, std::vector<Fingerprint> fingerprints);

  // A datagram whose first byte is 20..63 (RFC 7983). Before Start up to 16 datagrams (a
  // ClientHello that came before its answer) are kept, then the oldest is dropped. Rubbish is
  // dropped and counted; it never ends an established association. A fatal alert in the clear ends
  // a handshake only when that then stands still for 8 retransmission timeouts (0.8 s at least, 3 s
  // at most), as it may be forged.
  void ReceivePacket(ByteSpan packet);

  // Encrypts and sends one record; allocates nothing. kInvalidState before kConnected, kClosed
  // after, kMessageTooLarge above 16 KiB.
  Result<void> Send(ByteSpan data);

  // Sends close_notify and goes to kClosed. Does nothing in kClosed and kFailed.
  void Close();

  State state() const;
  // The certificate that the peer presented, as DER; empty before kConnected.
  const Bytes& remote_certificate() const;
  // W3C getRemoteCertificates: the same with what the peer sent along behind it, as DER, at most
  // 8 KiB in all. Only the first was checked. Empty before kConnected; kept after the end.
  const std::vector<Bytes>& remote_certificates() const;
  // Empty before kConnected; kept after the end.
  const std::optional<TransportInfo>& info() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_DTLS_TRANSPORT_H_
