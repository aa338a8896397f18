// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/virtual_entropy.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <optional>

#include "tests/support/seeded_random.h"

namespace pairwire::sctp::test {
namespace {

thread_local std::optional<pairwire::test::SeededRandom> t_source;

}  // namespace

VirtualEntropy::VirtualEntropy(std::uint64_t seed) { t_source.emplace(seed); }
VirtualEntropy::~VirtualEntropy() { t_source.reset(); }

}  // namespace pairwire::sctp::test

extern "C" long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (auto& source = pairwire::sctp::test::t_source; number == SYS_getrandom && source) {
    const auto size = static_cast<std::size_t>(arguments[1]);
    source->Fill({reinterpret_cast<std::uint8_t*>(arguments[0]), size});
    return static_cast<long>(size);
  }
  using Function = long (*)(long, ...);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "syscall"));
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5]);
}
