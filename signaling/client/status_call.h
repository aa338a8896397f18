// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's status calls over HTTP: asking (readers), telling (displays). Each call has a
// connection of its own. Loop thread only.
#ifndef PAIRWIRE_SIGNALING_CLIENT_STATUS_CALL_H_
#define PAIRWIRE_SIGNALING_CLIENT_STATUS_CALL_H_

#include <pairwire/events.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "signaling/client/http_client.h"
#include "signaling/client/relay_api.h"
#include "signaling/client/status_poller.h"

namespace pairwire {

class HttpStatusAsker final : public StatusAsker {
 public:
  // The endpoint outlives the asker.
  explicit HttpStatusAsker(RelayEndpoint& endpoint) : endpoint_(endpoint) {}

  void Ask(const StatusTarget& target, Done done) override;
  void Cancel() override { calls_.clear(); }

 private:
  RelayEndpoint& endpoint_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::unique_ptr<HttpCall>> calls_;  // bounded by who asks
};

// kUnsupported: the relay keeps no status (404). kUnauthorized: the token is over.
using Told = std::function<void(RelayResult<void>)>;
std::unique_ptr<HttpCall> TellStatus(RelayEndpoint& endpoint, const std::string& display_id,
                                     const std::string& token, const events::DisplayStatus& status,
                                     Told done);
std::unique_ptr<HttpCall> TellHeartbeat(RelayEndpoint& endpoint, const std::string& display_id,
                                        const std::string& token, Told done);

// {"status","metrics"?,"designId"?}; what is not finite or below 0 is left out.
std::string StatusBody(const events::DisplayStatus& status);

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_STATUS_CALL_H_
