// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Socket: one stream connection, accepted or dialled (dialer.h), plain or TLS 1.2 and later
// (RFC 5246, 8446), as plain things: say what is wanted, hear that it is ready, read and write
// without blocking. It holds no buffer of its own, which is what makes an idle connection cheap
// (48 bytes; with TLS OpenSSL's state comes on top, its record buffers only while bytes are in
// them).
//
// Loop thread only. No callback comes after Close or after the object is gone, and none from inside
// a method.
#ifndef PAIRWIRE_SIGNALING_NET_SOCKET_H_
#define PAIRWIRE_SIGNALING_NET_SOCKET_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/net/event_loop.h"

struct ssl_st;

namespace pairwire::net {

class TlsContext;

class Socket final : private FdHandler {
 public:
  class Events {
   public:
    // As long as it is wanted and so, in each turn again. Each may destroy or move the socket.
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;

   protected:
    ~Events() = default;
  };

  struct Io {
    enum class Status { kOk, kWouldBlock, kEnd, kError };
    Status status = Status::kError;
    std::size_t bytes = 0;
  };

  Socket() = default;  // not connected
  // Takes the descriptor of a connected socket (or one that is being connected) over. It must not
  // block.
  Socket(EventLoop& loop, int fd);
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  // TLS from here on, before anything was read or written. The server's handshake is done by the
  // reads and writes that follow, under the deadline of whoever waits for them. kSystem: no memory.
  Result<void> StartTlsServer(const TlsContext& context);
  // `server_name` is sent (SNI) and must be in the certificate, as a name or as an address.
  // kInvalidArgument: it can be neither. Then Handshake until it is done.
  Result<void> StartTlsClient(const TlsContext& context, const std::string& server_name);
  // kOk: done. kWouldBlock: again at the next OnReadable or OnWritable; what it waits for is
  // wanted by itself. kEnd, kError: see error().
  Io Handshake();

  // Who hears of readiness from now on; nobody when null. What is wanted stays.
  void SetEvents(Events* events) { events_ = events; }
  // Nothing is wanted at first. Do not want to read when not going to: it is told in each turn.
  void WantRead(bool on);
  void WantWrite(bool on);

  // kEnd: the other side closed its direction, with TLS by its close_notify; do not want to read
  // any more. At most `size` bytes; there may be more. A size of 0 is not allowed.
  Io Read(char* data, std::size_t size);
  // Writes what fits. After kWouldBlock the next Write must begin with the same bytes (TLS), from
  // any address. kEnd does not happen.
  Io Write(std::string_view data);

  // Says to the other side that nothing more will come; reading goes on.
  void ShutdownSend();
  void Close();
  bool IsOpen() const { return fd_ >= 0; }
  bool is_tls() const { return ssl_ != nullptr; }

  // After kError: the reason in words ("certificate verify failed: unable to get local issuer
  // certificate", "Connection reset by peer"); for logs and errors.
  std::string error() const;

  // For socket options and tests; the descriptor stays the socket's.
  int fd() const { return fd_; }

 private:
  void OnFdReadable() override;
  void OnFdWritable() override;
  void Take(Socket& other);
  // Tells the loop what is wanted, after any of the flags below changed.
  void UpdateWanted();
  // What OpenSSL's `result` means; `writing`: of which direction.
  Io FromTls(int result, bool writing);
  void FinishShutdown();
  void NudgeForPending();

  EventLoop* loop_ = nullptr;
  Events* events_ = nullptr;
  ssl_st* ssl_ = nullptr;
  int fd_ = -1;
  std::uint32_t error_ = 0;  // of errno, or OpenSSL's
  bool want_read_ : 1 = false;
  bool want_write_ : 1 = false;
  // TLS may have to write before it can read on, and the other way round (key updates, handshakes).
  bool read_needs_write_ : 1 = false;
  bool write_needs_read_ : 1 = false;
  bool handshaking_ : 1 = false;       // Handshake was called and is not done
  bool shutdown_pending_ : 1 = false;  // close_notify did not fit yet
  bool tls_failed_ : 1 = false;        // nothing may be sent any more, not even a close_notify
  bool error_is_errno_ : 1 = false;    // a TLS connection broke below TLS
  bool nudged_ : 1 = false;            // the loop will call for what OpenSSL has read ahead
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_SOCKET_H_
