// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The relay's version, as --version and GET /version show it. CMake hands it in from
// project(VERSION).
#ifndef PAIRWIRE_SIGNALING_SERVER_VERSION_H_
#define PAIRWIRE_SIGNALING_SERVER_VERSION_H_

#include <string_view>

namespace pairwire::server {

#ifndef PAIRWIRE_VERSION
#define PAIRWIRE_VERSION "0.0.0"
#endif
inline constexpr std::string_view kVersion = PAIRWIRE_VERSION;

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_VERSION_H_
