// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How a failed read from the relay is told upward. Internal to signaling/client.
#ifndef PAIRWIRE_SIGNALING_CLIENT_BEAST_ERRORS_H_
#define PAIRWIRE_SIGNALING_CLIENT_BEAST_ERRORS_H_

#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/system/error_code.hpp>

#include "signaling/client/dialer.h"

namespace pairwire {

// What came is not the protocol: kRelayProtocol. Nothing came, or no more: kRelayUnreachable.
inline Error ReadFailed(const RelayUrl& url, const boost::system::error_code& ec) {
  const auto& http =
      boost::beast::http::make_error_code(boost::beast::http::error::bad_version).category();
  const auto& web_socket =
      boost::beast::websocket::make_error_code(boost::beast::websocket::error::closed).category();
  const bool lost = ec == boost::beast::http::error::end_of_stream ||
                    ec == boost::beast::websocket::error::closed;
  if (!lost && (ec.category() == http || ec.category() == web_socket)) {
    return {Errc::kRelayProtocol,
            "the relay at " + url.Authority() + " sent something unexpected: " + ec.message()};
  }
  return Unreachable(url, ec.message());
}

inline Error DeadlinePassed(const RelayUrl& url) { return Unreachable(url, "no answer in time"); }

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_BEAST_ERRORS_H_
