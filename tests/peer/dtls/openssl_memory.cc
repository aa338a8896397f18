// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/dtls/openssl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace pairwire::dtls::test {
namespace {

std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> allocation_count{0};
std::atomic<std::size_t> new_count{0};

void* Allocate(std::size_t size, const char*, int) {
  void* const memory = std::malloc(size);
  ++allocation_count;
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
std::size_t OpenSslMemory::allocations() { return allocation_count; }
std::size_t OpenSslMemory::news() { return new_count; }

}  // namespace pairwire::dtls::test

// Counted for the whole program; the array forms and the nothrow ones end here too.
void* operator new(std::size_t size) {
  ++pairwire::dtls::test::new_count;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
