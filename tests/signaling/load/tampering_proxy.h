// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TamperingProxy: stands between pairwire-load and a relay and does to one message what a faulty
// relay would. With it the tests show that the load's book-keeping finds each kind of fault.
#ifndef PAIRWIRE_TESTS_SIGNALING_LOAD_TAMPERING_PROXY_H_
#define PAIRWIRE_TESTS_SIGNALING_LOAD_TAMPERING_PROXY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pairwire::load {

class TamperingProxy {
 public:
  // What becomes of the tenth numbered message that a relay delivers.
  enum class Fault { kNone, kDrop, kDouble, kSwap };

  // To 127.0.0.1:`relay_port`. Ends its thread when it goes.
  TamperingProxy(int relay_port, Fault fault);
  ~TamperingProxy();
  TamperingProxy(const TamperingProxy&) = delete;
  TamperingProxy& operator=(const TamperingProxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  struct Link;

  void Run();
  void Accept();
  // False when the link is over.
  bool FromClient(Link& link);
  bool FromRelay(Link& link);
  std::string Tamper(Link& link, std::string_view bytes);

  const int relay_port_;
  const Fault fault_;
  int listener_ = -1;
  int port_ = 0;
  std::array<int, 2> stop_{};  // a pipe: closed to end the thread
  std::uint64_t delivered_ = 0;
  std::vector<std::unique_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_TESTS_SIGNALING_LOAD_TAMPERING_PROXY_H_
