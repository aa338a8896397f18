// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Makes an offer with nothing but pairwire::peer; exits 0 when it has one.
#include <pairwire/network.h>

#include <future>
#include <iostream>

int main() {
  auto network = pairwire::Network::Create();
  if (!network) return 1;
  auto peer = (*network)->CreatePeerConnection({}, {});
  if (!peer) return 1;
  auto channel = peer->CreateDataChannel("x");
  std::promise<bool> done;
  peer->SetLocalDescription([&](pairwire::Result<pairwire::SessionDescription> offer) {
    if (offer) std::cout << offer->sdp;
    done.set_value(offer.has_value());
  });
  return done.get_future().get() ? 0 : 1;
}
