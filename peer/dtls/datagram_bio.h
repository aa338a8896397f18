// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DatagramBio: OpenSSL's way to the network, with the borders of datagrams kept: one write is one
// datagram out, one read is one datagram in or "try again". A memory BIO is a stream of bytes and
// loses them.
//
// It also takes OpenSSL's retransmission timer away from the wall clock (see ExpireTimer).
#ifndef PAIRWIRE_PEER_DTLS_DATAGRAM_BIO_H_
#define PAIRWIRE_PEER_DTLS_DATAGRAM_BIO_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <functional>

#include "peer/dtls/openssl_handles.h"

struct timeval;

namespace pairwire::dtls {

class DatagramBio {
 public:
  // `output` gets each datagram that OpenSSL writes, from inside the OpenSSL call.
  explicit DatagramBio(std::function<void(ByteSpan)> output);

  DatagramBio(const DatagramBio&) = delete;
  DatagramBio& operator=(const DatagramBio&) = delete;

  // The BIO to give to an SSL; null when memory is short. This object outlives it, and it is gone
  // before there is another.
  BioHandle CreateBio();

  // What the next read returns; the bytes must stay until it is read or replaced.
  void SetInput(ByteSpan datagram) { input_ = datagram; }

  // True while OpenSSL wants its retransmission timer to run. `timer_starts` counts how often it
  // started it: a changed number means that the waiting begins anew.
  bool timer_wanted() const { return timer_wanted_; }
  unsigned timer_starts() const { return timer_starts_; }

  // Makes OpenSSL's retransmission timer be due now, so that DTLSv1_handle_timeout retransmits.
  //
  // OpenSSL compares its timer with gettimeofday. That would tie retransmission to a clock that
  // jumps (NTP, suspend) and that a test cannot turn. But OpenSSL 3.0 and 3.1 give the BIO, with
  // BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT, the address of the timer itself. So we push it an hour away
  // when it is started and pull it into the past when our own loop's timer fires. Later versions
  // give the address of a copy: `ssl`'s remaining time then is not the hour that we wrote, we leave
  // the address alone, and OpenSSL goes by the wall clock as it always did.
  void ExpireTimer(SSL* ssl);

 private:
  static int OnCreate(BIO* bio) noexcept;
  static int OnWrite(BIO* bio, const char* data, int size) noexcept;
  static int OnRead(BIO* bio, char* buffer, int size) noexcept;
  static long OnControl(BIO* bio, int command, long number, void* pointer) noexcept;
  void OnTimer(timeval* next);

  std::function<void(ByteSpan)> output_;
  BioMethodHandle method_;
  ByteSpan input_;
  timeval* timer_ = nullptr;
  bool timer_wanted_ = false;
  unsigned timer_starts_ = 0;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_DATAGRAM_BIO_H_
