// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UsrsctpLibrary: the functions of one usrsctp. All of usrsctp's state is global, and it may be
// called from one thread only (usrsctp_runtime.h), so one copy of it serves one loop. The build
// links it several times, each copy under names of its own (.cmake/PairwireUsrsctp.cmake); a
// runtime takes a free one. They share no memory and no lock.
#ifndef PAIRWIRE_SCTP_USRSCTP_LIBRARY_H_
#define PAIRWIRE_SCTP_USRSCTP_LIBRARY_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

struct socket;  // usrsctp's, of its own global namespace

namespace pairwire::sctp {

struct UsrsctpLibrary {
  using Output = int (*)(void* address, void* buffer, std::size_t length, std::uint8_t tos,
                         std::uint8_t set_df);
  using DebugPrintf = void (*)(const char* format, ...);
  using ReceiveCallback = int (*)(struct ::socket*, void*);
  using Upcall = void (*)(struct ::socket*, void*, int);
  using Setter = int (*)(std::uint32_t);

  void (*init_nothreads)(std::uint16_t, Output, DebugPrintf);
  int (*finish)();
  void (*enable_crc32c_offload)();
  void (*handle_timers)(std::uint32_t elapsed_milliseconds);
  void (*register_address)(void*);
  void (*deregister_address)(void*);
  void (*conninput)(void*, const void*, std::size_t, std::uint8_t ecn_bits);

  struct ::socket* (*open)(int domain, int type, int protocol);
  void (*close)(struct ::socket*);
  int (*bind)(struct ::socket*, sockaddr*, socklen_t);
  int (*connect)(struct ::socket*, sockaddr*, socklen_t);
  int (*shutdown)(struct ::socket*, int how);
  int (*set_non_blocking)(struct ::socket*, int);
  int (*set_upcall)(struct ::socket*, Upcall, void*);
  int (*setsockopt)(struct ::socket*, int level, int name, const void*, socklen_t);
  int (*getsockopt)(struct ::socket*, int level, int name, void*, socklen_t*);
  ssize_t (*sendv)(struct ::socket*, const void* data, std::size_t size, sockaddr* addresses,
                   int address_count, void* info, socklen_t info_size, unsigned int info_type,
                   int flags);
  ssize_t (*recvv)(struct ::socket*, void* data, std::size_t size, sockaddr* from, socklen_t*,
                   void* info, socklen_t* info_size, unsigned int* info_type, int* flags);

  struct Settings {
    Setter ecn_enable;
    Setter asconf_enable;
    Setter auto_asconf;
    Setter auth_enable;
    Setter pktdrop_enable;
    Setter nrsack_enable;
    Setter reconfig_enable;
    Setter pr_enable;
    Setter max_burst_default;
    Setter fr_max_burst_default;
    Setter initial_cwnd;
    Setter l2_abc_variable;
    Setter max_chunks_on_queue;
    Setter sendspace;
    Setter recvspace;
    Setter sack_freq_default;
    Setter delayed_sack_time_default;
    Setter rto_initial_default;
    Setter rto_min_default;
    Setter rto_max_default;
    Setter init_rto_max_default;
    Setter init_rtx_max_default;
    Setter assoc_rtx_max_default;
    Setter path_rtx_max_default;
    Setter max_retran_chunk;
    Setter shutdown_guard_time_default;
    Setter blackhole;
  };
  Settings set;
};

// All that were linked, at least one; at most kMaxUsrsctpLibraries.
std::span<const UsrsctpLibrary* const> UsrsctpLibraries();

inline constexpr std::size_t kMaxUsrsctpLibraries = 16;

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_USRSCTP_LIBRARY_H_
