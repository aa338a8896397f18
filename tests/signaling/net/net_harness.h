// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of signaling/net share: a loop that is run until something holds, connected pairs,
// an end that remembers what it hears, and certificates made on the spot.
#ifndef PAIRWIRE_TESTS_SIGNALING_NET_NET_HARNESS_H_
#define PAIRWIRE_TESTS_SIGNALING_NET_NET_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "signaling/net/event_loop.h"
#include "signaling/net/socket.h"

struct evp_pkey_st;
struct x509_st;

namespace pairwire::net::testing {

// Runs the loop until `condition` holds; false after 30 s.
[[nodiscard]] bool RunUntil(EventLoop& loop, const std::function<bool()>& condition);
// Runs it for so long that everything that is ready was handled.
void RunUntilIdle(EventLoop& loop);

// Two connected descriptors that do not block; `buffer` bytes each way, or the system's own when 0.
std::pair<int, int> ConnectedPair(int buffer = 0);

// A listening descriptor on 127.0.0.1, which does not block, and its port.
std::pair<int, std::uint16_t> ListenOnLoopback();
// The next connection of it; it waits up to 10 s. Does not block afterwards.
int AcceptOne(int listener);

// One end of a connection: collects what comes, sends what it is given, as far as it goes.
class End final : public Socket::Events {
 public:
  // Reads `chunk` bytes at a time.
  explicit End(Socket socket, std::size_t chunk = 4096);

  void Send(const std::string& bytes);
  // After what was sent.
  void FinishSending();

  Socket socket;
  std::string received;
  bool ended = false;  // the other side closed its direction
  bool failed = false;
  std::string pending;  // not written yet

 private:
  void OnReadable() override;
  void OnWritable() override;
  void Flush();

  const std::size_t chunk_;
  bool finish_ = false;
};

// A folder with a certificate authority, gone with the object.
class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // Makes NAME.pem and NAME.key in the folder: signed by the authority for `alternative_name`
  // ("DNS:relay.test", "IP:127.0.0.1").
  void Make(const std::string& name, const std::string& alternative_name);
  std::string Certificate(const std::string& name) const { return folder_ + "/" + name + ".pem"; }
  std::string Key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  // The authority's own certificate.
  std::string Authority() const { return Certificate("authority"); }

 private:
  std::string folder_;
  evp_pkey_st* key_ = nullptr;
  x509_st* authority_ = nullptr;
  long serial_ = 1;
};

}  // namespace pairwire::net::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_NET_NET_HARNESS_H_
