// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `Result<T>`: a value or an `Error`. C++20 has no std::expected, so this is tl::expected, the one
// third-party header that Pairwire's public headers show.
#ifndef PAIRWIRE_RESULT_H_
#define PAIRWIRE_RESULT_H_

#include <pairwire/error.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace pairwire {

template <typename T>
using Result = tl::expected<T, Error>;

// `return Fail(Errc::kClosed, "the channel is closing");`
[[nodiscard]] inline tl::unexpected<Error> Fail(Errc code, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

}  // namespace pairwire

#endif  // PAIRWIRE_RESULT_H_
