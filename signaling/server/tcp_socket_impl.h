// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Asio side of TcpSocket. Only for tcp_socket.cc, listener.cc and web_socket_stream.cc: all
// others are spared Asio's headers.
#ifndef PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_IMPL_H_
#define PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_IMPL_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "signaling/server/tcp_socket.h"

namespace pairwire::server {

// The executor by its type: the type-erased one costs 40 bytes more a socket and an indirection a
// call.
using AsioSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// Shared by the TcpSocket and the waits under way: a wait that was cancelled ends later, and then
// finds `events` empty.
struct TcpSocket::Impl {
  explicit Impl(AsioSocket s) : socket(std::move(s)) {}

  AsioSocket socket;
  Events* events = nullptr;
  bool waiting_readable = false;
  bool waiting_writable = false;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_IMPL_H_
