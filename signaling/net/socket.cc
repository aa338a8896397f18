// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/socket.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "signaling/net/tls_context.h"

namespace pairwire::net {
namespace {

using Status = Socket::Io::Status;

// OpenSSL's sizes are ints.
int ToInt(std::size_t size) {
  return static_cast<int>(
      std::min<std::size_t>(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

bool MustWait(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// ---- How OpenSSL reaches the descriptor: as its own socket BIO, but without SIGPIPE. ----

int DescriptorOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int BioRead(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(DescriptorOf(bio), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && MustWait(errno)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

int BioWrite(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(DescriptorOf(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && MustWait(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long BioControl(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* BioMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pairwire socket");
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

ssl_st* NewSsl(const TlsContext& context, int fd) {
  ERR_clear_error();
  SSL* const ssl = SSL_new(context.native());
  BIO* const bio = BIO_new(BioMethod());
  if (ssl == nullptr || bio == nullptr) {
    SSL_free(ssl);
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

}  // namespace

Socket::Socket(EventLoop& loop, int fd) : loop_(&loop), fd_(fd) { loop.Watch(fd, *this); }

Socket::~Socket() { Close(); }

Socket::Socket(Socket&& other) noexcept { Take(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    Take(other);
  }
  return *this;
}

void Socket::Take(Socket& other) {
  loop_ = other.loop_;
  events_ = std::exchange(other.events_, nullptr);
  ssl_ = std::exchange(other.ssl_, nullptr);
  fd_ = std::exchange(other.fd_, -1);
  error_ = other.error_;
  want_read_ = other.want_read_;
  want_write_ = other.want_write_;
  read_needs_write_ = other.read_needs_write_;
  write_needs_read_ = other.write_needs_read_;
  handshaking_ = other.handshaking_;
  shutdown_pending_ = other.shutdown_pending_;
  tls_failed_ = other.tls_failed_;
  nudged_ = other.nudged_;
  error_is_errno_ = other.error_is_errno_;
  if (fd_ >= 0) loop_->Rewatch(fd_, *this);
}

Result<void> Socket::StartTlsServer(const TlsContext& context) {
  ssl_ = NewSsl(context, fd_);
  if (ssl_ == nullptr) return Fail(Errc::kSystem, "no memory for TLS");
  SSL_set_accept_state(ssl_);
  return {};
}

Result<void> Socket::StartTlsClient(const TlsContext& context, const std::string& server_name) {
  ssl_ = NewSsl(context, fd_);
  if (ssl_ == nullptr) return Fail(Errc::kSystem, "no memory for TLS");
  SSL_set_connect_state(ssl_);
  X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl_);
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // RFC 6066 section 3: an address is no server name. An empty name would switch the check off.
  const bool done = IsAddress(server_name)
                        ? X509_VERIFY_PARAM_set1_ip_asc(verify, server_name.c_str()) == 1
                        : !server_name.empty() &&
                              SSL_set_tlsext_host_name(ssl_, server_name.c_str()) == 1 &&
                              X509_VERIFY_PARAM_set1_host(verify, server_name.c_str(), 0) == 1;
  if (!done) {
    return Fail(Errc::kInvalidArgument, "'" + server_name + "' cannot be the name of a server");
  }
  return {};
}

Socket::Io Socket::Handshake() {
  ERR_clear_error();
  handshaking_ = true;
  Io io = FromTls(SSL_do_handshake(ssl_), false);
  io.bytes = 0;
  if (io.status != Status::kWouldBlock) handshaking_ = false;
  UpdateWanted();
  return io;
}

void Socket::WantRead(bool on) {
  if (want_read_ == on || fd_ < 0) return;
  want_read_ = on;
  UpdateWanted();
  NudgeForPending();
}

void Socket::WantWrite(bool on) {
  if (want_write_ == on || fd_ < 0) return;
  want_write_ = on;
  UpdateWanted();
}

void Socket::UpdateWanted() {
  const bool reading = want_read_ || handshaking_;
  const bool readable = (reading && !read_needs_write_) || (want_write_ && write_needs_read_);
  const bool writable =
      (want_write_ && !write_needs_read_) || (reading && read_needs_write_) || shutdown_pending_;
  // A kernel without memory for this is noticed by the deadlines of whoever waits.
  loop_->Want(fd_, readable, writable);
}

void Socket::NudgeForPending() {
  if (ssl_ == nullptr || !want_read_ || nudged_ || SSL_pending(ssl_) == 0) return;
  nudged_ = true;
  loop_->Nudge(fd_);
}

void Socket::OnFdReadable() {
  nudged_ = false;
  if (events_ == nullptr) return;
  if (want_read_ || handshaking_) {
    events_->OnReadable();
  } else if (want_write_ && write_needs_read_) {
    events_->OnWritable();
  }
}

void Socket::OnFdWritable() {
  if (shutdown_pending_) FinishShutdown();
  if (events_ == nullptr) return;
  if (read_needs_write_ && (want_read_ || handshaking_)) {
    events_->OnReadable();
  } else if (want_write_) {
    events_->OnWritable();
  }
}

Socket::Io Socket::Read(char* data, std::size_t size) {
  if (fd_ < 0) return {};
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const Io io = FromTls(SSL_read(ssl_, data, ToInt(size)), false);
    NudgeForPending();
    return io;
  }
  const ssize_t got = ::recv(fd_, data, size, 0);
  if (got > 0) return {Status::kOk, static_cast<std::size_t>(got)};
  if (got == 0) return {Status::kEnd, 0};
  if (MustWait(errno)) return {Status::kWouldBlock, 0};
  error_ = static_cast<std::uint32_t>(errno);
  return {Status::kError, 0};
}

Socket::Io Socket::Write(std::string_view data) {
  if (fd_ < 0) return {};
  if (data.empty()) return {Status::kOk, 0};
  if (ssl_ != nullptr) {
    ERR_clear_error();
    Io io = FromTls(SSL_write(ssl_, data.data(), ToInt(data.size())), true);
    if (io.status == Status::kEnd) io.status = Status::kError;
    return io;
  }
  const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {Status::kOk, static_cast<std::size_t>(sent)};
  if (MustWait(errno)) return {Status::kWouldBlock, 0};
  error_ = static_cast<std::uint32_t>(errno);
  return {Status::kError, 0};
}

Socket::Io Socket::FromTls(int result, bool writing) {
  const int system_error = errno;
  const int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
  const bool crossed_read = !writing && why == SSL_ERROR_WANT_WRITE;
  const bool crossed_write = writing && why == SSL_ERROR_WANT_READ;
  if (crossed_read != read_needs_write_ || crossed_write != write_needs_read_) {
    // One direction that gets on may have done what the other waited for; it finds out by trying.
    read_needs_write_ = crossed_read;
    write_needs_read_ = crossed_write;
    UpdateWanted();
  }
  switch (why) {
    case SSL_ERROR_NONE:
      return {Status::kOk, static_cast<std::size_t>(result)};
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Status::kWouldBlock, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Status::kEnd, 0};
    default:
      break;
  }
  const unsigned long tls_error = ERR_peek_error();
  error_ = static_cast<std::uint32_t>(tls_error != 0 ? tls_error
                                                     : static_cast<unsigned long>(system_error));
  error_is_errno_ = tls_error == 0;
  tls_failed_ = true;
  ERR_clear_error();
  return {Status::kError, 0};
}

void Socket::ShutdownSend() {
  if (fd_ < 0) return;
  if (ssl_ != nullptr && !tls_failed_ && SSL_is_init_finished(ssl_) == 1) {
    FinishShutdown();
    return;
  }
  ::shutdown(fd_, SHUT_WR);
}

void Socket::FinishShutdown() {
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  shutdown_pending_ = result < 0 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_WRITE;
  if (!shutdown_pending_) ::shutdown(fd_, SHUT_WR);
  UpdateWanted();
}

void Socket::Close() {
  if (fd_ < 0) return;
  events_ = nullptr;
  if (ssl_ != nullptr) {
    // As much of an orderly end as fits; nobody waits for the other side's.
    if (!tls_failed_ && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
    SSL_free(std::exchange(ssl_, nullptr));
    ERR_clear_error();
  }
  loop_->Unwatch(fd_);
  ::close(std::exchange(fd_, -1));
  want_read_ = false;
  want_write_ = false;
  handshaking_ = false;
  shutdown_pending_ = false;
}

std::string Socket::error() const {
  if (!tls_failed_ || error_is_errno_) {
    if (error_ == 0) return "the other side closed the connection";
    return std::generic_category().message(static_cast<int>(error_));
  }
  const char* const reason = ERR_reason_error_string(error_);
  std::string text = reason == nullptr ? "TLS failed" : reason;
  const long verified = ssl_ == nullptr ? X509_V_OK : SSL_get_verify_result(ssl_);
  if (verified != X509_V_OK) text += std::string(": ") + X509_verify_cert_error_string(verified);
  return text;
}

}  // namespace pairwire::net
