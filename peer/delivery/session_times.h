// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How long a session waits for what. Tests set their own.
#ifndef PAIRWIRE_PEER_DELIVERY_SESSION_TIMES_H_
#define PAIRWIRE_PEER_DELIVERY_SESSION_TIMES_H_

#include <chrono>

namespace pairwire::delivery {

struct SessionTimes {
  // A session without a link lives this long; 10 minutes at most.
  std::chrono::milliseconds window{120'000};
  static constexpr std::chrono::milliseconds kMaxWindow{600'000};
  // From a link to the other end's HELLO on it.
  std::chrono::milliseconds hello_deadline{10'000};
  // A PING when so long nothing was heard; after `dead` the path counts as quiet.
  std::chrono::milliseconds ping{5'000};
  std::chrono::milliseconds dead{15'000};
  // Connected so long: pauses begin short again.
  std::chrono::milliseconds healthy{30'000};
  // Close() waits so long for acknowledgements.
  std::chrono::milliseconds close{5'000};
  // Restarts of ICE with the other end at the relay, in vain: the connection is given up.
  std::chrono::milliseconds restart_gives_up{10'000};
  // News at the relay (it answers again; the other end has moved) make pauses begin short again,
  // once in so long.
  std::chrono::milliseconds news{2'000};
  // A display that waits so long for its controller shows a code again.
  std::chrono::milliseconds show_code_after{10'000};
  // Connected: the last candidates may still be under way through the relay.
  std::chrono::milliseconds relay_grace{2'000};
  // Pauses between tries to meet: full jitter below a bound that doubles from `retry_first` up to
  // `retry_max`, from an outage of `late` on up to `retry_max_late`.
  std::chrono::milliseconds retry_first{250};
  std::chrono::milliseconds retry_max{2'000};
  std::chrono::milliseconds retry_max_late{8'000};
  std::chrono::milliseconds late{120'000};
  // A pause is never shorter than what the relay asked for (Retry-After), as far as that goes.
  std::chrono::milliseconds retry_after_max{60'000};
  // Between two restarts or new connections of one meeting, plus or minus a quarter; from
  // `restart_late` on the slower one.
  std::chrono::milliseconds restart_every{1'500};
  std::chrono::milliseconds restart_every_late{4'000};
  std::chrono::milliseconds restart_late{30'000};
  // A direct path has so long from the meeting before boxes over the relay are taken instead.
  std::chrono::milliseconds fallback_after{3'000};
  // While boxes carry the session: tries of a direct path, the pause doubling between the two.
  std::chrono::milliseconds way_back_first{4'000};
  std::chrono::milliseconds way_back_max{30'000};
  // A timer that is later than this: the process or its machine stood still.
  std::chrono::milliseconds lateness{5'000};
};

}  // namespace pairwire::delivery

#endif  // PAIRWIRE_PEER_DELIVERY_SESSION_TIMES_H_
