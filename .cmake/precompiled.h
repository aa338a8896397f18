// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What nearly every file includes, compiled once in the sanitizers' builds (PairwireTargets.cmake).
// Files include what they use all the same; this header is never named in a source file.
#ifndef PAIRWIRE_CMAKE_PRECOMPILED_H_
#define PAIRWIRE_CMAKE_PRECOMPILED_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#endif  // PAIRWIRE_CMAKE_PRECOMPILED_H_
