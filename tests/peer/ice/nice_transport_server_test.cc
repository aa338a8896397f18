// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NiceTransport with STUN and TURN servers: a real coturn over UDP and TCP, IPv4 and IPv6; what
// refuses us and why; servers that are dead.
#include <glib.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include "peer/ice/nice_transport.h"
#include "tests/peer/ice/ice_fixture.h"
#include "tests/peer/ice/turn_server.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class NiceTransportServerTest : public IceTest {
 protected:
  static TurnServer Turn(std::uint16_t port, ServerTransport transport = ServerTransport::kUdp,
                         const std::string& host = "127.0.0.1") {
    const std::string name = transport == ServerTransport::kTcp ? "tcp" : "udp";
    return {"turn:the-server?transport=" + name, host, port, transport, "user", "secret"};
  }

  // It goes after the ends, which give their allocations back.
  const CoturnProcess& StartCoturn(std::vector<std::string> arguments = {"--user=user:secret"}) {
    coturn_ = std::make_unique<CoturnProcess>(std::move(arguments));
    return *coturn_;
  }

  static NiceTransportOptions WithTurn(TurnServer server) {
    NiceTransportOptions options = LoopbackOptions();
    options.turn_servers = {std::move(server)};
    return options;
  }

  static bool HasRelayed(const End::Seen& seen) {
    return std::any_of(seen.candidates.begin(), seen.candidates.end(), [](const std::string& line) {
      return line.find(" typ relay") != std::string::npos;
    });
  }

  void Gather(End& end) {
    On([&] { EXPECT_TRUE(end.Call([](auto& t) { return t.Gather(); })); });
  }

  static bool WaitForGathered(End& end) {
    return end.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; });
  }

  // The only error that comes; 0: none, and the server gave a relayed candidate.
  void ExpectError(End& end, int code, const std::string& reason = {}) {
    Gather(end);
    ASSERT_TRUE(WaitForGathered(end));
    if (code == 0) {
      Let(milliseconds(300));
      EXPECT_TRUE(end.seen.Get().server_errors.empty());
      return;
    }
    ASSERT_TRUE(end.seen.WaitUntil([](const End::Seen& s) { return !s.server_errors.empty(); }));
    const auto errors = end.seen.Get().server_errors;
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].code, code) << errors[0].reason;
    if (!reason.empty()) {
      EXPECT_EQ(errors[0].reason, reason);
    }
  }

  void ExpectTalk(End& a, End& b) {
    EXPECT_TRUE(Send(a, Packet(100, 1)));
    EXPECT_TRUE(Send(b, Packet(200, 2)));
    EXPECT_TRUE(WaitForPackets(a, 1));
    EXPECT_TRUE(WaitForPackets(b, 1));
  }

 private:
  std::unique_ptr<CoturnProcess> coturn_;
};

#define PAIRWIRE_NEED_COTURN() \
  if (!CoturnProcess::Available()) GTEST_SKIP() << "no turnserver: install Debian's coturn"

TEST_F(NiceTransportServerTest, RelayedBothWaysOverUdpAndTcp) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  for (const char* host : {"127.0.0.1", "::1"}) {
    for (const ServerTransport transport : {ServerTransport::kUdp, ServerTransport::kTcp}) {
      NiceTransportOptions options = WithTurn(Turn(coturn.port(), transport, host));
      options.bind_addresses = {host};
      options.relay_only = true;
      End& a = Make(options);
      End& b = Make(options);
      Wire(a, b);
      Start(a, b);
      ASSERT_TRUE(WaitForCompleted(a, b));
      ExpectTalk(a, b);
      for (End* end : {&a, &b}) {
        const auto seen = end->seen.Get();
        EXPECT_TRUE(seen.pairs.back().relayed);
        for (const std::string& line : seen.candidates) {
          EXPECT_NE(line.find(" typ relay"), std::string::npos) << line;
        }
        EXPECT_TRUE(seen.server_errors.empty());
      }
      // Consent crosses both relays.
      for (End* end : {&a, &b}) {
        EXPECT_TRUE(WaitForLoop([&] { return end->transport->stats().responses_received >= 1; }));
        EXPECT_FALSE(end->seen.Get().Has(State::kDisconnected));
      }
      On([&] {
        a.Destroy();
        b.Destroy();
      });
    }
  }
}

TEST_F(NiceTransportServerTest, RelayedWithHost) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  NiceTransportOptions options = WithTurn(Turn(coturn.port()));
  options.relay_only = true;
  End& a = Make(options);
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  ExpectTalk(a, b);
  EXPECT_TRUE(a.seen.Get().pairs.back().relayed);
}

TEST_F(NiceTransportServerTest, NamesAreResolved) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  NiceTransportOptions options = WithTurn(Turn(coturn.port(), ServerTransport::kUdp, "localhost"));
  options.stun = StunServer{"stun:localhost", "localhost", coturn.port()};
  End& end = Make(options);
  ExpectError(end, 0);
  EXPECT_TRUE(HasRelayed(end.seen.Get()));
}

TEST_F(NiceTransportServerTest, OneServerForStunAndTurn) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  NiceTransportOptions options = WithTurn(Turn(coturn.port()));
  options.stun = StunServer{"stun:127.0.0.1", "127.0.0.1", coturn.port()};
  const auto started = std::chrono::steady_clock::now();
  End& end = Make(options);
  ExpectError(end, 0);
  EXPECT_TRUE(HasRelayed(end.seen.Get()));
  EXPECT_LT(std::chrono::steady_clock::now() - started, seconds(5)) << "no deadline was waited for";
}

TEST_F(NiceTransportServerTest, WrongCredentialIsNamed) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  for (const ServerTransport transport : {ServerTransport::kUdp, ServerTransport::kTcp}) {
    NiceTransportOptions options = WithTurn(Turn(coturn.port(), transport));
    options.turn_servers[0].credential = "wrong";
    options.relay_only = true;
    options.patience = milliseconds(100);
    options.connecting_idle_timeout = milliseconds(50);
    End& end = Make(options);
    ExpectError(end, 401, "wrong username or credential");
    EXPECT_EQ(end.seen.Get().server_errors[0].url, options.turn_servers[0].url);
    On([&] {
      EXPECT_TRUE(end.Call([](auto& t) {
        return t.SetRemoteCredentials({"abcd", "aPassword+of/22+chars++"});
      }));
      end.Call([](auto& t) { t.SetRemoteCandidatesDone(); });
    });
    ASSERT_TRUE(WaitForState(end, State::kFailed));
    On([&] {
      EXPECT_EQ(end.transport->failure_reason(),
                "only relayed candidates may be used and no TURN server gave one (TURN server " +
                    options.turn_servers[0].url + ": refused, 401 wrong username or credential)");
    });
  }
}

TEST_F(NiceTransportServerTest, QuotaIsNamed) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn({"--user=user:secret", "--user-quota=1"});
  ASSERT_TRUE(coturn.running());
  End& first = Make(WithTurn(Turn(coturn.port())));
  ExpectError(first, 0);
  End& second = Make(WithTurn(Turn(coturn.port())));
  ExpectError(second, 486);
}

TEST_F(NiceTransportServerTest, TimeLimitedCredentials) {
  PAIRWIRE_NEED_COTURN();
  const std::string secret = "shared";
  const CoturnProcess& coturn =
      StartCoturn({"--use-auth-secret", "--static-auth-secret=" + secret});
  ASSERT_TRUE(coturn.running());
  for (const int lifetime : {3600, -3600}) {
    TurnServer server = Turn(coturn.port());
    server.username = std::to_string(std::time(nullptr) + lifetime) + ":someone";
    GHmac* const hmac =
        g_hmac_new(G_CHECKSUM_SHA1, reinterpret_cast<const guchar*>(secret.data()), secret.size());
    g_hmac_update(hmac, reinterpret_cast<const guchar*>(server.username.data()),
                  static_cast<gssize>(server.username.size()));
    std::array<guint8, 20> digest{};
    gsize size = digest.size();
    g_hmac_get_digest(hmac, digest.data(), &size);
    g_hmac_unref(hmac);
    gchar* const text = g_base64_encode(digest.data(), size);
    server.credential = text;
    g_free(text);
    End& end = Make(WithTurn(server));
    ExpectError(end, lifetime > 0 ? 0 : 401);
    EXPECT_EQ(HasRelayed(end.seen.Get()), lifetime > 0);
  }
}

// libnice shows no srflx candidate that equals a host candidate; such a server is not in error.
TEST_F(NiceTransportServerTest, StunServerWithNothingToAddIsNoError) {
  PAIRWIRE_NEED_COTURN();
  const CoturnProcess& coturn = StartCoturn();
  ASSERT_TRUE(coturn.running());
  NiceTransportOptions options = LoopbackOptions();
  options.stun = StunServer{"stun:127.0.0.1", "127.0.0.1", coturn.port()};
  End& end = Make(options);
  ExpectError(end, 0);
}

TEST_F(NiceTransportServerTest, DeadServersDelayNothing) {
  SilentPort silent;
  NiceTransportOptions options = LoopbackOptions();
  options.stun = StunServer{"stun:dead", "127.0.0.1", silent.port()};
  options.turn_servers = {Turn(silent.port()), Turn(1, ServerTransport::kTcp)};
  options.turn_servers[0].url = "turn:silent";
  options.turn_servers[1].url = "turn:closed";
  const auto started = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - started; };
  End& a = Make(options);
  End& b = Make();
  Wire(a, b);
  Start(a, b);
  ASSERT_TRUE(WaitForCompleted(a, b));
  EXPECT_LT(elapsed(), seconds(3));
  EXPECT_FALSE(a.seen.Get().gathering_done);
  ASSERT_TRUE(WaitForGathered(a));
  EXPECT_LT(elapsed(), seconds(10));
  EXPECT_EQ(a.seen.Get().server_errors.size(), 3U) << "errors come before the end of gathering";
  auto errors = a.seen.Get().server_errors;
  std::sort(errors.begin(), errors.end(),
            [](const ServerError& x, const ServerError& y) { return x.url < y.url; });
  for (const ServerError& error : errors) EXPECT_EQ(error.code, 701);
  EXPECT_EQ(errors[0].url, "stun:dead");
  EXPECT_EQ(errors[0].reason, "no answer");
  EXPECT_EQ(errors[1].url, "turn:closed");
  EXPECT_NE(errors[1].reason.find("refused"), std::string::npos) << errors[1].reason;
  EXPECT_EQ(errors[2].url, "turn:silent");
}

TEST_F(NiceTransportServerTest, NameThatDoesNotResolve) {
  NiceTransportOptions options = WithTurn(Turn(3478, ServerTransport::kUdp, "nowhere.invalid"));
  options.stun = StunServer{"stun:nowhere.invalid", "nowhere.invalid", 3478};
  End& end = Make(options);
  Gather(end);
  EXPECT_TRUE(end.seen.WaitUntil([](const End::Seen& s) { return !s.candidates.empty(); },
                                 milliseconds(2'000)));
  ASSERT_TRUE(WaitForGathered(end));
  EXPECT_TRUE(end.seen.WaitUntil([](const End::Seen& s) { return s.server_errors.size() == 2; }));
  for (const ServerError& error : end.seen.Get().server_errors) EXPECT_EQ(error.code, 701);
}

TEST_F(NiceTransportServerTest, DestroyedWhileServersAreAsked) {
  SilentPort silent;
  for (const int wait_ms : {0, 20, 600}) {
    NiceTransportOptions options = LoopbackOptions();
    options.stun = StunServer{"stun:x", "localhost", silent.port()};
    options.turn_servers = {Turn(silent.port(), ServerTransport::kUdp, "localhost"),
                            Turn(1, ServerTransport::kTcp)};
    End& end = Make(options);
    Gather(end);
    Let(milliseconds(wait_ms));
    On([&] { end.Destroy(); });
  }
  EXPECT_TRUE(WaitForLoop([this] { return runtime_->dying() == 0; }));
}

TEST_F(NiceTransportServerTest, DestroyedWhileAServerIsProbed) {
  // Nothing listens: libnice gives up at once, so that the probe is under way soon.
  NiceTransportOptions options = WithTurn(Turn(1, ServerTransport::kTcp, "localhost"));
  End& end = Make(options);
  On([&] { end.on_gathering_done = [&] { loop_.Post([&] { end.Destroy(); }); }; });
  Gather(end);
  EXPECT_TRUE(WaitForLoop([&] { return end.transport == nullptr && runtime_->dying() == 0; }));
}

TEST_F(NiceTransportServerTest, RefusesServersThatMakeNoSense) {
  const auto code_with = [this](const NiceTransportOptions& options) {
    Errc code{};
    End& end = Make(options);
    On([&] {
      const auto gathered = end.Call([](auto& t) { return t.Gather(); });
      ASSERT_FALSE(gathered);
      code = gathered.error().code;
    });
    return code;
  };
  NiceTransportOptions options = WithTurn(Turn(3478));
  options.turn_servers.resize(9, options.turn_servers[0]);
  EXPECT_EQ(code_with(options), Errc::kLimitExceeded);
  EXPECT_EQ(code_with(WithTurn(Turn(0))), Errc::kInvalidArgument);
  EXPECT_EQ(code_with(WithTurn(Turn(3478, ServerTransport::kUdp, ""))), Errc::kInvalidArgument);
  TurnServer server = Turn(3478);
  server.credential = std::string(513, 'x');
  EXPECT_EQ(code_with(WithTurn(server)), Errc::kInvalidArgument);
}

}  // namespace
}  // namespace pairwire::ice
