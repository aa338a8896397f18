// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/datagram_bio.h"

#include <openssl/err.h>
#include <sys/time.h>

#include <cstddef>
#include <cstring>
#include <utility>

namespace pairwire::dtls {
namespace {

// A number for OpenSSL's table of kinds. Fixed, because BIO_get_new_index has only 127 of them to
// give in the life of a process, and nothing ever looks for a BIO by its kind.
constexpr int kBioType = BIO_TYPE_SOURCE_SINK | 126;
constexpr time_t kFarAway = 3600;

DatagramBio* Self(BIO* bio) { return static_cast<DatagramBio*>(BIO_get_data(bio)); }

}  // namespace

DatagramBio::DatagramBio(std::function<void(ByteSpan)> output) : output_(std::move(output)) {}

BioHandle DatagramBio::CreateBio() {
  timer_ = nullptr;  // of a connection that is gone
  timer_wanted_ = false;
  method_.reset(BIO_meth_new(kBioType, "datagram"));
  if (method_ == nullptr) return nullptr;
  BIO_meth_set_create(method_.get(), OnCreate);
  BIO_meth_set_write(method_.get(), OnWrite);
  BIO_meth_set_read(method_.get(), OnRead);
  BIO_meth_set_ctrl(method_.get(), OnControl);
  BioHandle bio(BIO_new(method_.get()));
  if (bio != nullptr) BIO_set_data(bio.get(), this);
  return bio;
}

void DatagramBio::ExpireTimer(SSL* ssl) {
  timeval left{};
  if (timer_ == nullptr || DTLSv1_get_timeout(ssl, &left) != 1) return;
  if (left.tv_sec < kFarAway / 2)
    return;            // OpenSSL did not see what we wrote: `timer_` is not its timer
  timer_->tv_sec = 1;  // 0.0 would mean that the timer is off
  timer_->tv_usec = 0;
}

int DatagramBio::OnCreate(BIO* bio) noexcept {
  BIO_set_init(bio, 1);
  return 1;
}

int DatagramBio::OnWrite(BIO* bio, const char* data, int size) noexcept {
  BIO_clear_retry_flags(bio);
  if (data == nullptr || size <= 0) return 0;
  // What the receiver of the packet leaves in this thread's error queue (it may use OpenSSL as
  // well) is not our error.
  ERR_set_mark();
  Self(bio)->output_({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
  ERR_pop_to_mark();
  return size;
}

int DatagramBio::OnRead(BIO* bio, char* buffer, int size) noexcept {
  BIO_clear_retry_flags(bio);
  const ByteSpan datagram = std::exchange(Self(bio)->input_, {});
  // A datagram larger than OpenSSL's buffer is lost, as it would be on a socket.
  if (datagram.empty() || size < 0 || datagram.size() > static_cast<std::size_t>(size)) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(buffer, datagram.data(), datagram.size());
  return static_cast<int>(datagram.size());
}

long DatagramBio::OnControl(BIO* bio, int command, long, void* pointer) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH:  // nothing is held back, but a 0 would count as a failed flush
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      Self(bio)->OnTimer(static_cast<timeval*>(pointer));
      return 1;
    // BIO_CTRL_WPENDING and BIO_CTRL_PENDING: nothing. BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: our mtu is
    // that of the UDP payload. BIO_CTRL_DGRAM_QUERY_MTU: not asked (SSL_OP_NO_QUERY_MTU). Push, pop
    // and the kernel TLS questions that come with each read and write: no.
    default:
      return 0;
  }
}

void DatagramBio::OnTimer(timeval* next) {
  timer_ = next;
  timer_wanted_ = next != nullptr && (next->tv_sec != 0 || next->tv_usec != 0);
  if (!timer_wanted_) return;
  ++timer_starts_;
  next->tv_sec += kFarAway;
}

}  // namespace pairwire::dtls
