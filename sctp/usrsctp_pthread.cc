// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the copies of usrsctp that the build links have in place of pthread_mutex_lock,
// pthread_create and their like (.cmake/PairwireUsrsctp.cmake). One thread only calls a copy
// (usrsctp_runtime.h), so no lock is ever waited for; what is left of one is whether it is taken,
// which trylock asks. usrsctp locks some forty times a packet: 5 % of the processor time of a bulk
// transfer, 8 % of that of a round trip.
//
// usrsctp_init_nothreads still starts one thread, the iterator. It walks associations when the
// machine's addresses change (ASCONF, which is off) or for a message to all of a socket's
// associations (which nobody sends); so it is not started.
#include <pthread.h>

#include <cerrno>

namespace {

// pthread_mutex_init, which stays as it is, clears all of it.
int& Taken(pthread_mutex_t* mutex) { return *reinterpret_cast<int*>(mutex); }

}  // namespace

extern "C" {

int pairwire_usrsctp_mutex_lock(pthread_mutex_t* mutex) noexcept {
  Taken(mutex) = 1;
  return 0;
}

int pairwire_usrsctp_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (Taken(mutex) != 0) return EBUSY;
  Taken(mutex) = 1;
  return 0;
}

int pairwire_usrsctp_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  Taken(mutex) = 0;
  return 0;
}

int pairwire_usrsctp_create(pthread_t* thread, const pthread_attr_t* /*attributes*/,
                            void* (* /*start*/)(void*), void* /*argument*/) noexcept {
  *thread = {};
  return 0;
}

int pairwire_usrsctp_join(pthread_t /*thread*/, void** /*result*/) noexcept { return 0; }

}  // extern "C"
