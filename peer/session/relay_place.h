// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayPlace: which node of the relay an end talks to. It may be asked to go to another one, and
// keeps the one before in mind for when this one is not reached. Loop thread only; it outlives the
// calls that use its endpoint.
#ifndef PAIRWIRE_PEER_SESSION_RELAY_PLACE_H_
#define PAIRWIRE_PEER_SESSION_RELAY_PLACE_H_

#include <pairwire/error.h>

#include <chrono>
#include <optional>
#include <utility>

#include "signaling/client/relay_endpoint.h"
#include "signaling/client/relay_url.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire {

class RelayPlace {
 public:
  RelayPlace(AsioLoop& loop, RelayUrl url, std::optional<RelayUrl> other = {})
      : endpoint_(loop, std::move(url)), other_url_(std::move(other)) {}

  RelayEndpoint& endpoint() { return endpoint_; }
  const std::optional<RelayUrl>& other_url() const { return other_url_; }

  void Use(const RelayUrl& url) {
    if (url == endpoint_.url) return;
    other_url_ = std::exchange(endpoint_.url, url);
  }

  // server:draining. The node that we talk to goes: to the one that it names, if it does; how long
  // everybody has to go there. Addresses of the session that are whole URLs stay as they are: they
  // are those of a proxy, which knows where to.
  std::optional<std::chrono::milliseconds> FollowDraining(const protocol::RawJson& data) {
    const auto draining = protocol::ParseServerDraining(data);
    if (!draining || draining->url.empty()) return std::nullopt;
    const Result<RelayUrl> url = ParseRelayUrl(draining->url);
    if (!url || (endpoint_.url.tls && !url->tls)) return std::nullopt;
    Use(*url);
    leaving_ = true;
    return draining->retry_after;
  }

  // The relay was not reached here: the next try goes to where it was reached before. Unless it was
  // lost at the node that we are leaving.
  void TryOther(const Error& error) {
    if (leaving_ || error.code != Errc::kRelayUnreachable || !other_url_) return;
    std::swap(*other_url_, endpoint_.url);
  }

  // A connection is about to be made where the endpoint says.
  void Arrive() { leaving_ = false; }

 private:
  RelayEndpoint endpoint_;
  std::optional<RelayUrl> other_url_;
  bool leaving_ = false;  // what is open is still at other_url_
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_RELAY_PLACE_H_
