// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which sanitizer this test program was built with, for the few tests whose bound means nothing
// under one. g++ says so in macros, clang through __has_feature.
#ifndef PAIRWIRE_TESTS_SUPPORT_SANITIZERS_H_
#define PAIRWIRE_TESTS_SUPPORT_SANITIZERS_H_

#if defined(__SANITIZE_ADDRESS__)
#define PAIRWIRE_TEST_ADDRESS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAIRWIRE_TEST_ADDRESS_SANITIZER true
#endif
#endif
#ifndef PAIRWIRE_TEST_ADDRESS_SANITIZER
#define PAIRWIRE_TEST_ADDRESS_SANITIZER false
#endif

#if defined(__SANITIZE_THREAD__)
#define PAIRWIRE_TEST_THREAD_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAIRWIRE_TEST_THREAD_SANITIZER true
#endif
#endif
#ifndef PAIRWIRE_TEST_THREAD_SANITIZER
#define PAIRWIRE_TEST_THREAD_SANITIZER false
#endif

namespace pairwire::test {

// Freed memory stays in its quarantine, so resident memory grows all the same; LeakSanitizer judges
// instead.
inline constexpr bool kAddressSanitizer = PAIRWIRE_TEST_ADDRESS_SANITIZER;
inline constexpr bool kThreadSanitizer = PAIRWIRE_TEST_THREAD_SANITIZER;

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_SANITIZERS_H_
