// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/admission.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace pairwire::server {
namespace {

constexpr std::array<std::uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool ClientAddress::IsIpv4() const {
  return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), bytes.begin());
}

bool ClientAddress::IsLoopback() const {
  if (IsIpv4()) return bytes[12] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         bytes[15] == 1;
}

std::array<std::uint8_t, 16> ClientAddress::LimitKey() const {
  std::array<std::uint8_t, 16> key = bytes;
  if (!IsIpv4()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
  return key;
}

std::string ClientAddress::ToText() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv4 = IsIpv4();
  inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes.data() + (ipv4 ? 12 : 0), text.data(), text.size());
  return text.data();
}

const char* ToString(Refusal refusal) {
  switch (refusal) {
    case Refusal::kConnections:
      return "connections";
    case Refusal::kAddress:
      return "address";
    case Refusal::kHalfOpen:
      return "half_open";
    case Refusal::kDraining:
      return "draining";
  }
  return "";
}

AdmissionTicket::AdmissionTicket(Admission* admission, const ClientAddress& address)
    : admission_(admission), address_(address) {}

AdmissionTicket::AdmissionTicket(AdmissionTicket&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      address_(other.address_),
      established_(other.established_) {}

AdmissionTicket& AdmissionTicket::operator=(AdmissionTicket&& other) noexcept {
  if (this != &other) {
    Return();
    admission_ = std::exchange(other.admission_, nullptr);
    address_ = other.address_;
    established_ = other.established_;
  }
  return *this;
}

AdmissionTicket::~AdmissionTicket() { Return(); }

void AdmissionTicket::Return() {
  if (admission_ != nullptr) std::exchange(admission_, nullptr)->Release(address_, established_);
}

void AdmissionTicket::SetEstablished() {
  if (established_ || admission_ == nullptr) return;
  established_ = true;
  --admission_->half_open_;
}

std::size_t Admission::KeyHash::operator()(const std::array<std::uint8_t, 16>& key) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(key.data()), key.size()});
}

Admission::Admission(const Limits& limits, bool limit_loopback)
    : max_connections_(limits.connections != 0 ? limits.connections : DescriptorBound()),
      max_per_address_(limits.connections_per_ip),
      max_half_open_(limits.half_open),
      limit_loopback_(limit_loopback) {}

bool Admission::Counted(const ClientAddress& address) const {
  return limit_loopback_ || !address.IsLoopback();
}

std::optional<AdmissionTicket> Admission::Admit(const ClientAddress& address, Refusal& why) {
  if (connections_ >= max_connections_) {
    why = Refusal::kConnections;
    return std::nullopt;
  }
  if (half_open_ >= max_half_open_) {
    why = Refusal::kHalfOpen;
    return std::nullopt;
  }
  if (Counted(address)) {
    const auto found = by_address_.find(address.LimitKey());
    const std::size_t held = found == by_address_.end() ? 0 : found->second;
    if (max_per_address_ != 0 && held >= max_per_address_) {
      why = Refusal::kAddress;
      return std::nullopt;
    }
    ++by_address_[address.LimitKey()];
  }
  ++connections_;
  ++half_open_;
  return AdmissionTicket(this, address);
}

void Admission::Release(const ClientAddress& address, bool established) {
  --connections_;
  if (!established) --half_open_;
  if (!Counted(address)) return;
  const auto found = by_address_.find(address.LimitKey());
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

std::size_t DescriptorBound() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 100'000;
  return std::max<std::size_t>(16, static_cast<std::size_t>(limit.rlim_cur) / 5 * 4);
}

}  // namespace pairwire::server
