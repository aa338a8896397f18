// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What nearly every test includes, compiled once for all of them: a third of the time that building
// the tests takes. Tests include what they use all the same; this header is never named in a source
// file.
#ifndef PAIRWIRE_TESTS_SUPPORT_PRECOMPILED_H_
#define PAIRWIRE_TESTS_SUPPORT_PRECOMPILED_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#endif  // PAIRWIRE_TESTS_SUPPORT_PRECOMPILED_H_
