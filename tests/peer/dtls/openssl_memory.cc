// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/dtls/openssl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>

namespace pairwire::dtls::test {
namespace {

std::atomic<std::size_t> live_bytes{0};

void* Allocate(std::size_t size, const char*, int) {
  void* const memory = std::malloc(size);
  live_bytes += malloc_usable_size(memory);
  return memory;
}

void Free(void* memory, const char*, int) {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

void* Reallocate(void* memory, std::size_t size, const char* file, int line) {
  if (memory == nullptr) return Allocate(size, file, line);
  if (size == 0) {
    Free(memory, file, line);
    return nullptr;
  }
  const std::size_t before = malloc_usable_size(memory);
  void* const moved = std::realloc(memory, size);
  if (moved != nullptr) live_bytes += malloc_usable_size(moved) - before;
  return moved;
}

// Before main, because OpenSSL takes such functions only before its first allocation.
const bool kCounted = CRYPTO_set_mem_functions(Allocate, Reallocate, Free) == 1;

}  // namespace

bool OpenSslMemory::counted() { return kCounted; }
std::size_t OpenSslMemory::live() { return live_bytes; }

}  // namespace pairwire::dtls::test
