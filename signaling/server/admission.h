// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Admission: who may connect. Counts connections in all, per client address and those that have not
// sent a whole request yet, and refuses new ones before old ones suffer.
//
// Not here: how often a client may ask (rates), which signaling/core decides.
#ifndef PAIRWIRE_SIGNALING_SERVER_ADMISSION_H_
#define PAIRWIRE_SIGNALING_SERVER_ADMISSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "signaling/server/config.h"

namespace pairwire::server {

// A client address as bytes; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
struct ClientAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool IsIpv4() const;
  bool IsLoopback() const;
  // What limits count by: an IPv4 address, or the /64 of an IPv6 one, because a household has a
  // whole /64.
  std::array<std::uint8_t, 16> LimitKey() const;
  // "192.0.2.1", "2001:db8::1" without any port.
  std::string ToText() const;
};

// Why a connection was refused, as the label of its metric.
enum class Refusal { kConnections, kAddress, kHalfOpen, kDraining };
const char* ToString(Refusal refusal);

class Admission;

// One admitted connection's place; gives it back when it goes. Moves along when a connection
// changes kind. The Admission must outlive it.
class AdmissionTicket {
 public:
  AdmissionTicket() = default;
  AdmissionTicket(AdmissionTicket&& other) noexcept;
  AdmissionTicket& operator=(AdmissionTicket&& other) noexcept;
  ~AdmissionTicket();

  // The client sent its first whole request.
  void SetEstablished();
  const ClientAddress& address() const { return address_; }

 private:
  friend class Admission;
  AdmissionTicket(Admission* admission, const ClientAddress& address);
  void Return();

  Admission* admission_ = nullptr;
  ClientAddress address_;
  bool established_ = false;
};

class Admission {
 public:
  // `limits.connections` 0 is replaced by DescriptorBound().
  Admission(const Limits& limits, bool limit_loopback);

  // A place, or the reason why there is none.
  std::optional<AdmissionTicket> Admit(const ClientAddress& address, Refusal& why);

  std::size_t connections() const { return connections_; }
  std::size_t half_open() const { return half_open_; }
  std::size_t addresses() const { return by_address_.size(); }
  std::size_t max_connections() const { return max_connections_; }

 private:
  friend class AdmissionTicket;

  struct KeyHash {
    std::size_t operator()(const std::array<std::uint8_t, 16>& key) const;
  };

  bool Counted(const ClientAddress& address) const;
  void Release(const ClientAddress& address, bool established);

  const std::size_t max_connections_;
  const std::size_t max_per_address_;
  const std::size_t max_half_open_;
  const bool limit_loopback_;
  std::size_t connections_ = 0;
  std::size_t half_open_ = 0;
  // No more entries than connections; an address without one has none.
  std::unordered_map<std::array<std::uint8_t, 16>, std::size_t, KeyHash> by_address_;
};

// The process's descriptor limit minus 20 %, which is kept for files, logs and whatever a library
// opens.
std::size_t DescriptorBound();

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_ADMISSION_H_
