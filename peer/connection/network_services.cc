// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/network_services.h"

#include <algorithm>
#include <utility>

#include "peer/base/log.h"

namespace pairwire {

NetworkServices::NetworkServices(IoLoop& loop, RandomSource& random,
                                 std::function<void()> on_change)
    : on_change_(std::move(on_change)), resolver_(loop), publisher_(loop, random) {
  auto monitor = net::NetworkMonitor::Create(loop, static_cast<net::NetworkEvents&>(*this));
  if (monitor) {
    monitor_ = std::move(*monitor);
  } else {
    Log(LogLevel::kWarning,
        "changes of this machine's network are not seen: " + ToString(monitor.error()));
  }
}

bool NetworkServices::HasAddress(const std::string& address) const {
  if (monitor_ == nullptr) return true;
  return std::ranges::any_of(monitor_->now(), [&](const net::NetworkAddress& known) {
    return known.up && known.address == address;
  });
}

bool NetworkServices::HasIpv4() const {
  if (monitor_ == nullptr) return true;
  return std::ranges::any_of(monitor_->now(), [](const net::NetworkAddress& known) {
    return known.up && known.address.find(':') == std::string::npos &&
           !known.address.starts_with("127.");
  });
}

void NetworkServices::Resolve(const std::string& name,
                              std::function<void(std::optional<std::string> address)> done) {
  resolver_.Resolve(name, std::move(done));
}

std::optional<std::string> NetworkServices::Publish(const std::string& address) {
  if (const auto known = names_.find(address); known != names_.end()) return known->second;
  auto name = publisher_.Publish(address);
  if (!name) {
    Log(LogLevel::kWarning, "no .local name for a candidate: " + ToString(name.error()));
    return std::nullopt;
  }
  return names_.emplace(address, std::move(*name)).first->second;
}

void NetworkServices::OnNetworkChange(const net::NetworkSnapshot&,
                                      const net::NetworkSnapshot& now) {
  // Names of addresses that are gone make room for those to come.
  std::erase_if(names_, [&](const auto& entry) {
    const auto& address = entry.first;
    const bool gone = std::ranges::none_of(
        now, [&](const net::NetworkAddress& known) { return known.address == address; });
    if (gone) publisher_.Unpublish(entry.second);
    return gone;
  });
  if (!names_.empty()) publisher_.Refresh();
  on_change_();
}

}  // namespace pairwire
