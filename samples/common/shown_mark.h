// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What pairwire-display answers to a frame with a moment: sync:mark with the mark "shown N", and
// when it showed it by the controller's clock.
#ifndef PAIRWIRE_SAMPLES_COMMON_SHOWN_MARK_H_
#define PAIRWIRE_SAMPLES_COMMON_SHOWN_MARK_H_

#include <string>

namespace pairwire::samples {

inline const std::string kShownMark = "shown ";

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_SHOWN_MARK_H_
