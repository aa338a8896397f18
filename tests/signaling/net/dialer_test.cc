// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// From a name to a connection: the resolver's thread, addresses in order, deadlines, TLS, and what
// is said when it does not work.
#include "signaling/net/dialer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "tests/signaling/net/net_harness.h"

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AcceptOne;
using testing::End;
using testing::ListenOnLoopback;
using testing::RunUntil;
using testing::RunUntilIdle;
using testing::TestCertificates;

Endpoint Address(const std::string& text) { return *Endpoint::FromLiteral(text, 0); }

// A port of 127.0.0.1 on which nobody listens: bound, so that nobody else gets it meanwhile.
class ClosedPort {
 public:
  ClosedPort() : listener_(ListenOnLoopback()) { ::shutdown(listener_.first, SHUT_RDWR); }
  ~ClosedPort() { ::close(listener_.first); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  std::uint16_t number() const { return listener_.second; }

 private:
  std::pair<int, std::uint16_t> listener_;
};

class DialerTest : public ::testing::Test {
 protected:
  DialerTest() : listener_(ListenOnLoopback()) {}
  ~DialerTest() override { ::close(listener_.first); }

  std::uint16_t port() const { return listener_.second; }

  Result<Socket> Dial(Resolver& resolver, const DialTarget& target,
                      milliseconds deadline = seconds(20)) {
    Dialer dialer(loop_, resolver);
    std::optional<Result<Socket>> result;
    bool inside = true;
    dialer.Dial(target, deadline, [&](Result<Socket> got) {
      EXPECT_FALSE(inside) << "from inside Dial";
      EXPECT_FALSE(result) << "twice";
      EXPECT_FALSE(dialer.busy());
      result = std::move(got);
    });
    inside = false;
    EXPECT_TRUE(dialer.busy());
    if (!RunUntil(loop_, [&] { return result.has_value(); })) return Fail(Errc::kTimedOut, "hung");
    return std::move(*result);
  }

  std::string Why(Resolver& resolver, const DialTarget& target,
                  milliseconds deadline = seconds(20)) {
    const Result<Socket> result = Dial(resolver, target, deadline);
    return result ? "it worked" : result.error().detail;
  }

  EventLoop loop_;
  std::pair<int, std::uint16_t> listener_;
};

TEST_F(DialerTest, AnAddressNeedsNoLookUp) {
  Resolver resolver(loop_, [](const std::string&) -> Result<Resolver::Addresses> {
    ADD_FAILURE() << "looked up";
    return Fail(Errc::kSystem);
  });
  Result<Socket> socket = Dial(resolver, {"127.0.0.1", port()});
  ASSERT_TRUE(socket) << socket.error().detail;
  const int accepted = AcceptOne(listener_.first);
  ASSERT_GE(accepted, 0);
  End client(std::move(*socket));
  client.Send("hello");
  End server(Socket(loop_, accepted));
  ASSERT_TRUE(RunUntil(loop_, [&] { return server.received == "hello"; }));
}

TEST_F(DialerTest, LocalhostByTheSystem) {
  Resolver resolver(loop_);
  EXPECT_TRUE(Dial(resolver, {"localhost", port()}));
}

TEST_F(DialerTest, TheNextAddressIsTriedWhenOneRefuses) {
  const ClosedPort closed;
  Resolver resolver(loop_, [](const std::string&) -> Result<Resolver::Addresses> {
    // Nobody listens on the first; the port is one of 127.0.0.1.
    return Resolver::Addresses{Address("127.0.0.9"), Address("127.0.0.1")};
  });
  EXPECT_TRUE(Dial(resolver, {"two.test", port()}));
  EXPECT_EQ(
      Why(resolver, {"two.test", closed.number()}),
      "cannot connect to two.test:" + std::to_string(closed.number()) + ": Connection refused");
}

TEST_F(DialerTest, NameThatDoesNotResolve) {
  Resolver resolver(loop_);
  const std::string why = Why(resolver, {"no-such-host.invalid", port()});
  EXPECT_EQ(why.rfind("cannot find no-such-host.invalid: ", 0), 0U) << why;
}

// A look-up that answers when it is told to.
class SlowLookup {
 public:
  ~SlowLookup() { Release(); }
  Resolver::Lookup Function() {
    return [this](const std::string&) -> Result<Resolver::Addresses> {
      std::unique_lock lock(mutex_);
      released_.wait(lock, [this] { return done_; });
      return Resolver::Addresses{Address("127.0.0.1")};
    };
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    done_ = true;
    released_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  bool done_ = false;
};

TEST_F(DialerTest, ALookUpThatHangsEndsWithTheDeadline) {
  SlowLookup lookup;
  Resolver resolver(loop_, lookup.Function());
  const Result<Socket> result = Dial(resolver, {"slow.test", port()}, milliseconds(30));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kTimedOut);
  EXPECT_EQ(result.error().detail, "cannot find slow.test: no answer in time");
  lookup.Release();
  EXPECT_TRUE(Dial(resolver, {"slow.test", port()})) << "the thread goes on";
}

TEST_F(DialerTest, NamesBeyondTheBoundAreRefused) {
  SlowLookup lookup;
  Resolver resolver(loop_, lookup.Function());
  int answered = 0;
  int refused = 0;
  // One may be with the thread already.
  for (std::size_t i = 0; i < Resolver::kMaxWaiting + 2; ++i) {
    resolver.Resolve("name.test", [&](const Result<Resolver::Addresses>& result) {
      ++answered;
      if (!result) {
        EXPECT_EQ(result.error().code, Errc::kLimitExceeded);
        ++refused;
      }
    });
  }
  ASSERT_TRUE(RunUntil(loop_, [&] { return refused > 0; }));
  lookup.Release();
  ASSERT_TRUE(
      RunUntil(loop_, [&] { return answered == static_cast<int>(Resolver::kMaxWaiting) + 2; }));
  EXPECT_LE(refused, 2);
}

TEST_F(DialerTest, CancelledMeansSilence) {
  SlowLookup lookup;
  Resolver resolver(loop_, lookup.Function());
  {
    Dialer dialer(loop_, resolver);
    dialer.Dial({"slow.test", port()}, seconds(20), [](const Result<Socket>&) { FAIL(); });
    dialer.Cancel();
    EXPECT_FALSE(dialer.busy());
    dialer.Dial({"127.0.0.1", port()}, seconds(20), [](const Result<Socket>&) { FAIL(); });
  }
  lookup.Release();
  RunUntilIdle(loop_);
}

TEST_F(DialerTest, TheCallbackMayDestroyTheDialer) {
  Resolver resolver(loop_);
  auto dialer = std::make_unique<Dialer>(loop_, resolver);
  bool done = false;
  const auto kept = std::make_shared<int>(1);
  dialer->Dial({"127.0.0.1", port()}, seconds(20), [&, kept](const Result<Socket>& result) {
    EXPECT_TRUE(result);
    dialer.reset();
    done = *kept == 1;
  });
  ASSERT_TRUE(RunUntil(loop_, [&] { return done; }));
}

TEST_F(DialerTest, AServerThatDoesNotShakeHandsIsGivenUp) {
  const TestCertificates certificates;
  const auto tls = TlsContext::Client({certificates.Authority(), {}, {}});
  ASSERT_TRUE(tls);
  Resolver resolver(loop_);
  // Connected by the kernel's queue; nobody ever reads.
  const Result<Socket> result =
      Dial(resolver, {"127.0.0.1", port(), tls->get(), "relay.test"}, milliseconds(50));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kTimedOut);
}

TEST_F(DialerTest, TlsVerifiesTheNameThatWasDialled) {
  TestCertificates certificates;
  certificates.Make("server", "DNS:relay.test");
  const auto server_tls =
      TlsContext::Server({certificates.Certificate("server"), certificates.Key("server")});
  const auto client_tls = TlsContext::Client({certificates.Authority(), {}, {}});
  ASSERT_TRUE(server_tls && client_tls);
  Resolver resolver(loop_, [](const std::string&) -> Result<Resolver::Addresses> {
    return Resolver::Addresses{Address("127.0.0.1")};
  });
  for (const std::string& name : {std::string("relay.test"), std::string("other.test")}) {
    Dialer dialer(loop_, resolver);
    std::optional<Result<Socket>> result;
    dialer.Dial({name, port(), client_tls->get(), {}}, seconds(20),
                [&](Result<Socket> got) { result = std::move(got); });
    std::unique_ptr<End> server;
    ASSERT_TRUE(RunUntil(loop_, [&] {
      if (!server) {
        const int accepted = ::accept4(listener_.first, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) return false;
        Socket socket(loop_, accepted);
        EXPECT_TRUE(socket.StartTlsServer(**server_tls));
        server = std::make_unique<End>(std::move(socket));
      }
      return result.has_value();
    }));
    if (name == "relay.test") {
      ASSERT_TRUE(*result) << result->error().detail;
      EXPECT_TRUE((*result)->is_tls());
    } else {
      ASSERT_FALSE(*result);
      EXPECT_NE(result->error().detail.find("TLS: certificate verify failed"), std::string::npos)
          << result->error().detail;
    }
  }
}

}  // namespace
}  // namespace pairwire::net
