// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/tcp_socket.h"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include "signaling/server/tcp_socket_impl.h"

namespace pairwire::server {
namespace {

using boost::system::error_code;

TcpSocket::Io ToIo(const error_code& error, std::size_t bytes) {
  using Status = TcpSocket::Io::Status;
  if (!error) return {Status::kOk, bytes};
  if (error == boost::asio::error::would_block || error == boost::asio::error::try_again ||
      error == boost::asio::error::interrupted) {
    return {Status::kWouldBlock, 0};
  }
  if (error == boost::asio::error::eof) return {Status::kEnd, 0};
  return {Status::kError, 0};
}

}  // namespace

TcpSocket::TcpSocket() = default;
TcpSocket::TcpSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpSocket::TcpSocket(TcpSocket&& other) noexcept = default;

TcpSocket& TcpSocket::operator=(TcpSocket&& other) noexcept {
  if (this != &other) {
    Close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

TcpSocket::~TcpSocket() { Close(); }

void TcpSocket::SetEvents(Events* events) {
  if (impl_) impl_->events = events;
}

void TcpSocket::WaitReadable() {
  if (!impl_ || impl_->waiting_readable) return;
  impl_->waiting_readable = true;
  impl_->socket.async_wait(AsioSocket::wait_read, [impl = impl_](const error_code& error) {
    impl->waiting_readable = false;
    // An error of the wait itself shows again, with its meaning, in the Read that follows.
    if (error == boost::asio::error::operation_aborted || impl->events == nullptr) return;
    impl->events->OnReadable();
  });
}

void TcpSocket::WaitWritable() {
  if (!impl_ || impl_->waiting_writable) return;
  impl_->waiting_writable = true;
  impl_->socket.async_wait(AsioSocket::wait_write, [impl = impl_](const error_code& error) {
    impl->waiting_writable = false;
    if (error == boost::asio::error::operation_aborted || impl->events == nullptr) return;
    impl->events->OnWritable();
  });
}

TcpSocket::Io TcpSocket::Read(char* data, std::size_t size) {
  if (!impl_) return {};
  error_code error;
  const std::size_t bytes = impl_->socket.read_some(boost::asio::buffer(data, size), error);
  return ToIo(error, bytes);
}

TcpSocket::Io TcpSocket::Write(std::string_view data) {
  if (!impl_) return {};
  error_code error;
  const std::size_t bytes =
      impl_->socket.write_some(boost::asio::buffer(data.data(), data.size()), error);
  return ToIo(error, bytes);
}

void TcpSocket::ShutdownSend() {
  if (!impl_) return;
  error_code ignored;
  impl_->socket.shutdown(AsioSocket::shutdown_send, ignored);
}

void TcpSocket::Close() {
  if (!impl_) return;
  impl_->events = nullptr;
  error_code ignored;
  impl_->socket.close(ignored);
  impl_.reset();
}

bool TcpSocket::IsOpen() const { return impl_ != nullptr; }

std::shared_ptr<TcpSocket::Impl> TcpSocket::Release() {
  if (!impl_) return nullptr;
  impl_->events = nullptr;
  error_code ignored;
  impl_->socket.cancel(ignored);
  return std::move(impl_);
}

}  // namespace pairwire::server
