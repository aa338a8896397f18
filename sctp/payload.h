// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Payload: the bytes of a message that waits to be sent: our own, or shared with others that send
// the same. Move-only, so that nothing is copied by accident. A value; no wire format.
#ifndef PAIRWIRE_SCTP_PAYLOAD_H_
#define PAIRWIRE_SCTP_PAYLOAD_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <utility>

namespace pairwire::sctp {

class Payload {
 public:
  Payload() = default;
  explicit Payload(Bytes bytes) : own_(std::move(bytes)) {}
  explicit Payload(SharedBytes bytes) : shared_(std::move(bytes)) {}

  Payload(Payload&&) = default;
  Payload& operator=(Payload&&) = default;

  ByteSpan view() const { return shared_ ? ByteSpan(*shared_) : ByteSpan(own_); }
  // The bytes back, if they were our own.
  Bytes TakeOwn() { return std::move(own_); }
  std::size_t size() const { return shared_ ? shared_->size() : own_.size(); }

 private:
  Bytes own_;
  SharedBytes shared_;  // wins when it is there
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PAYLOAD_H_
