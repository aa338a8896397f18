// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TcpSocket: one accepted connection as three plain things: wait until it can be read, wait until
// it can be written, and read or write without blocking. Waiting holds no buffer, which is what
// makes an idle connection cheap. HTTP and event streams use it as it is; a WebSocket takes the
// Asio socket out of it.
//
// Loop thread only. No callback comes after Close or after the object is gone.
#ifndef PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_H_
#define PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_H_

#include <cstddef>
#include <memory>
#include <string_view>

namespace pairwire::server {

class TcpSocket {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // One call for one Wait...able. May destroy the socket.
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;
  };

  struct Io {
    enum class Status { kOk, kWouldBlock, kEnd, kError };
    Status status = Status::kError;
    std::size_t bytes = 0;
  };

  // The Asio side, known to tcp_socket.cc, listener.cc and web_socket_stream.cc only.
  struct Impl;

  TcpSocket();  // not connected
  explicit TcpSocket(std::shared_ptr<Impl> impl);
  ~TcpSocket();
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&& other) noexcept;

  // Who hears of readiness from now on; waits that are under way carry over to the new one.
  void SetEvents(Events* events);

  void WaitReadable();  // nothing happens when this wait is under way already
  void WaitWritable();

  // kEnd: the other side closed its direction.
  Io Read(char* data, std::size_t size);
  Io Write(std::string_view data);

  // Says to the other side that nothing more will come; reading goes on.
  void ShutdownSend();
  void Close();
  bool IsOpen() const;

  // Hands the Asio socket out; this one is closed afterwards without closing the connection.
  std::shared_ptr<Impl> Release();

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_TCP_SOCKET_H_
