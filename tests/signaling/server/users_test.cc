// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Users through the real server: which tokens open a socket and which do not, where they may stand,
// how long a socket lives by one, and keys that are rotated while users come.
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "signaling/server/user_keys.h"
#include "tests/signaling/net/net_harness.h"
#include "tests/signaling/server/test_client.h"
#include "tests/signaling/server/test_users.h"
#include "tests/support/child_process.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests
using auth::HmacSha256;
using auth::IssuerKey;
using auth::KeyA;
using auth::KeyB;
using auth::SigningInput;
using auth::WithSignature;

ServerConfig UserConfig(const std::string& keys) {
  ServerConfig config = TestConfig();
  config.jwt_jwks = keys;
  config.jwt_issuer = kIssuer;
  config.jwt_audience = kAudience;
  return config;
}

int StatusOf(std::uint16_t port, const std::string& token) {
  WsClient client;
  const int status = client.ConnectWithBearer(port, token);
  if (status == 101) client.Close();
  return status;
}

class UsersTest : public ::testing::Test {
 protected:
  UsersTest() { keys_.Write({&KeyA()}); }
  KeyFile keys_{"users_keys"};
};

TEST_F(UsersTest, ATokenInEachOfTheThreePlaces) {
  TestRelay relay(UserConfig(keys_.path()));
  const std::string token = UserToken(KeyA(), "ann");
  const Headers cookie = {{"Cookie", "x=y; access_token=" + token},
                          {"Origin", "http://relay.test"}};
  for (const WsClient::Options& options :
       {WsClient::Options{Bearer(token), "pairwire.v1"},
        WsClient::Options{{}, "pairwire.v1, pairwire.token." + token},
        WsClient::Options{cookie, "pairwire.v1"}}) {
    WsClient client;
    ASSERT_EQ(client.Connect(relay.port(), options), 101) << client.refusal().body;
    const auto welcome = client.ReadType("welcome");
    ASSERT_TRUE(welcome);
    EXPECT_EQ(JsonValue(*welcome, "memberId"), "ann");
    ASSERT_TRUE(client.Send(R"({"type":"join_room","room":"r","id":"j"})"));
    EXPECT_TRUE(client.ReadType("ack"));
  }
}

// A cookie is sent by whoever's page asks; what the page's origin is decides.
TEST_F(UsersTest, CookiesOfAnotherOriginsPageDoNotCount) {
  ServerConfig config = UserConfig(keys_.path());
  config.origins = {"https://app.example"};
  TestRelay relay(config);
  const std::string token = UserToken(KeyA(), "ann");
  const auto status = [&](Headers headers) {
    WsClient client;
    return client.Connect(relay.port(), {std::move(headers), "pairwire.v1"});
  };
  const std::string cookie = "access_token=" + token;
  EXPECT_EQ(status({{"Cookie", cookie}}), 101) << "no browser";
  EXPECT_EQ(status({{"Cookie", cookie}, {"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(status({{"Cookie", cookie}, {"Origin", "null"}}), 403);
  EXPECT_EQ(status({{"Cookie", cookie}, {"Origin", "https://app.example"}}), 101);
  // Two in one place: whose is it?
  const Headers own = {{"Origin", "http://relay.test"}};
  const std::string another = UserToken(KeyA(), "bob");
  EXPECT_EQ(status({own[0], {"Cookie", cookie + "; access_token=" + another}}), 401);
  EXPECT_EQ(status({own[0], {"Cookie", cookie}, {"Cookie", "access_token=" + another}}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer " + token}, {"Authorization", "Bearer " + another}}),
            401);
  WsClient client;
  EXPECT_EQ(
      client.Connect(relay.port(),
                     {{}, "pairwire.v1, pairwire.token." + token + ", pairwire.token." + another}),
      401);
  // And never where something is changed.
  const Registered display = RegisterDisplay(relay.port());
  const Headers display_cookie = {{"Cookie", "access_token=" + display.token}, own[0]};
  EXPECT_EQ(
      Request(relay.port(), "DELETE", "/api/sessions/" + display.session_id, "", display_cookie)
          .status,
      401);
}

TEST_F(UsersTest, TheNegativeCorpus) {
  TestRelay relay(UserConfig(keys_.path()));
  const std::string good = Claims().Json();
  const auto header = [](const std::string& alg, const std::string& rest = "") {
    return R"({"alg":")" + alg + R"(","typ":"JWT","kid":"key-a")" + rest + "}";
  };
  const auto with = [&](auto change) {
    Claims claims;
    change(claims);
    return KeyA().Token(claims.Json());
  };
  const std::string input = SigningInput(header("RS256"), good);
  const std::string token = KeyA().Token(good);
  const std::string hs = SigningInput(header("HS256"), good);
  const std::string ps = SigningInput(header("PS256"), good);
  const std::vector<std::pair<std::string, std::string>> corpus = {
      {"none", SigningInput(header("none"), good) + "."},
      {"NoNe", SigningInput(header("NoNe"), good) + "."},
      {"none, signed", WithSignature(SigningInput(header("none"), good), "x")},
      {"HS256 with the public key", WithSignature(hs, HmacSha256(KeyA().PublicPem(), hs))},
      {"HS256 with the key's JSON", WithSignature(hs, HmacSha256(KeyA().Jwk(), hs))},
      {"PS256", WithSignature(ps, KeyA().SignPs256(ps))},
      {"RS256 over a PS256 signature", WithSignature(input, KeyA().SignPs256(input))},
      {"RS512 signature", WithSignature(input, KeyA().SignRs512(input))},
      {"empty signature", input + "."},
      {"no signature", input},
      {"cut short", token.substr(0, token.size() - 3)},
      {"cut payload", token.substr(0, 60) + token.substr(64)},
      {"another key of that name", WithSignature(input, KeyB().SignRs256(input))},
      {"unknown kid", KeyB().Token(good)},
      {"a key of its own", KeyB().Token(header("RS256", R"(,"jwk":)" + KeyB().Jwk()), good)},
      {"jku", KeyB().Token(header("RS256", R"(,"jku":"https://evil.example/jwks")"), good)},
      {"x5u", KeyB().Token(header("RS256", R"(,"x5u":"https://evil.example/x5u")"), good)},
      {"crit", KeyA().Token(header("RS256", R"(,"crit":["exp"])"), good)},
      {"another type", KeyA().Token(R"({"alg":"RS256","typ":"at+jwt","kid":"key-a"})", good)},
      {"wrong issuer", with([](Claims& c) { c.issuer = "https://evil.example/"; })},
      {"wrong audience", with([](Claims& c) { c.audience = "\"another\""; })},
      {"an audience without us", with([](Claims& c) { c.audience = R"(["a","b"])"; })},
      {"expired", with([](Claims& c) { c.expires = "-61"; })},
      {"not yet", with([](Claims& c) { c.not_before = 120; })},
      {"lives too long", with([](Claims& c) { c.expires = "7200"; })},
      {"exp as text", with([](Claims& c) { c.expires = R"("9999999999")"; })},
      {"exp without end", with([](Claims& c) { c.expires = "1e400"; })},
      {"a subject with a break", with([](Claims& c) { c.subject = R"(a\nb)"; })},
      {"no subject", with([](Claims& c) { c.subject = ""; })},
      {"claims twice", KeyA().Token(good.substr(0, good.size() - 1) + R"(,"sub":"root"})")},
      {"no claims", KeyA().Token("[]")},
      {"nonsense", "a.b.c"},
      {"four parts", token + ".x"},
      {"large", std::string(6000, 'a') + "." + std::string(500, 'b') + ".c"},
  };
  for (const auto& [name, bad] : corpus) EXPECT_EQ(StatusOf(relay.port(), bad), 401) << name;
  EXPECT_EQ(StatusOf(relay.port(), token), 101) << "and the good one is good";
  // Those that a header ignores are ignored, not refused.
  EXPECT_EQ(
      StatusOf(relay.port(), KeyA().Token(header("RS256", R"(,"jku":"https://evil/")"), good)),
      101);
  // A megabyte is refused before it is whole.
  RawClient huge(relay.port());
  huge.Send(
      RequestText("GET", "/ws", {}, {{"Authorization", "Bearer " + std::string(1'000'000, 'a')}}));
  std::string answer;
  huge.ReadToEnd(answer);
  EXPECT_TRUE(answer.empty() || answer.find(" 431 ") != std::string::npos) << answer;
  EXPECT_GE(Metric(relay.port(), "pairwire_user_tokens_total", "result=\"signature\""), 3);
  EXPECT_GE(Metric(relay.port(), "pairwire_user_tokens_total", "result=\"algorithm\""), 5);
}

TEST_F(UsersTest, WithoutKeysThereAreNoUsersAndSessionsNeverNeedThem) {
  TestRelay plain;
  EXPECT_EQ(StatusOf(plain.port(), UserToken(KeyA(), "ann")), 401);
  TestRelay relay(UserConfig(keys_.path()));
  const Registered display = RegisterDisplay(relay.port());
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(relay.port(), display.token), 101);
  ASSERT_TRUE(socket.Send(R"({"type":"join_room","room":"r","id":"j"})"));
  EXPECT_NE(socket.ReadType("error").value_or("").find("unauthorized"), std::string::npos);
}

TEST_F(UsersTest, SocketsEndWithTheTokenUnlessANewerOneCame) {
  TestRelay relay(UserConfig(keys_.path()));
  // A minute of leeway is left after `exp`.
  WsClient ann;
  WsClient bob;
  ASSERT_EQ(ann.ConnectWithBearer(relay.port(), UserToken(KeyA(), "ann", -50)), 101);
  ASSERT_EQ(bob.ConnectWithBearer(relay.port(), UserToken(KeyA(), "bob", -57)), 101);
  const auto refresh = [](const std::string& token) {
    return R"({"type":"auth:refresh","id":"f","data":{"token":")" + token + "\"}}";
  };
  ASSERT_TRUE(ann.Send(refresh(UserToken(KeyA(), "bob"))));
  EXPECT_NE(ann.ReadType("error").value_or("").find("unauthorized"), std::string::npos);
  ASSERT_TRUE(ann.Send(refresh(UserToken(KeyB(), "ann"))));
  EXPECT_NE(ann.ReadType("error").value_or("").find("unauthorized"), std::string::npos);
  ASSERT_TRUE(ann.Send(refresh(UserToken(KeyA(), "ann"))));
  EXPECT_TRUE(ann.ReadType("ack"));
  EXPECT_EQ(bob.ReadToClose(), 4005);
  ASSERT_TRUE(ann.Send(R"({"type":"heartbeat","id":"h"})"));
  EXPECT_TRUE(ann.ReadType("ack"));
}

// Users with the old key come all the time while the new one takes over.
class Crowd {
 public:
  Crowd(std::uint16_t port, const std::string& token)
      : thread_([this, port, token] {
          for (;;) {
            const int status = StatusOf(port, token);
            const std::lock_guard lock(mutex_);
            ++(status == 101 ? let_in_ : refused_);
            changed_.notify_all();
            if (end_) return;
          }
        }) {}
  ~Crowd() { End(); }
  void End() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }
  // Two more have come: at least one of them came after this call.
  [[nodiscard]] bool GoesOn() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline,
                             [this, enough = let_in_ + 2] { return let_in_ >= enough; });
  }
  int refused() const { return refused_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool end_ = false;
  int let_in_ = 0;
  int refused_ = 0;
  std::thread thread_;
};

TEST_F(UsersTest, AFileIsRotatedUnderLoad) {
  TestRelay relay(UserConfig(keys_.path()));
  Crowd crowd(relay.port(), UserToken(KeyA(), "ann"));
  EXPECT_TRUE(crowd.GoesOn());
  keys_.Write({&KeyB()});
  EXPECT_EQ(StatusOf(relay.port(), UserToken(KeyB(), "bob")), 101) << "read anew at once";
  // Half a file, no file: what is known goes on to count.
  keys_.Write(R"({"keys":[)");
  EXPECT_EQ(StatusOf(relay.port(), UserToken(KeyB(), "bob")), 101);
  EXPECT_EQ(StatusOf(relay.port(), UserToken(KeyA(), "bob")), 101) << "it lives out its time";
  EXPECT_TRUE(crowd.GoesOn());
  crowd.End();
  EXPECT_EQ(crowd.refused(), 0);
}

// The issuer is another relay that serves a folder over HTTPS; it counts how often it is asked.
class IssuerTest : public UsersTest {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(::testing::TempDir()) / ("issuer_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    certificates_.Make("issuer", "IP:127.0.0.1");
    StartIssuer(0);
    Publish({&KeyA()});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void StartIssuer(std::uint16_t port) {
    ServerConfig config = TestConfig();
    config.listen_port = port;
    config.web_dir = folder_.string();
    config.tls_certificate_file = certificates_.Certificate("issuer");
    config.tls_key_file = certificates_.Key("issuer");
    config.internal_host = "127.0.0.1";
    issuer_ = std::make_unique<TestRelay>(config);
    port_ = issuer_->port();
  }
  void Publish(const std::vector<const IssuerKey*>& keys) const {
    keys_.Write(keys);
    const auto file = folder_ / "jwks.json";
    std::filesystem::copy_file(keys_.path(), file.string() + ".new",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(file.string() + ".new", file);
  }
  ServerConfig Config() const {
    ServerConfig config = UserConfig("https://127.0.0.1:" + std::to_string(port_) + "/jwks.json");
    config.jwt_ca = certificates_.Authority();
    return config;
  }
  static double Fetches(std::uint16_t port, const std::string& result) {
    return Metric(port, "pairwire_user_keys_fetched_total", "result=\"" + result + "\"");
  }

  net::testing::TestCertificates certificates_;
  std::filesystem::path folder_;
  std::unique_ptr<TestRelay> issuer_;
  std::uint16_t port_ = 0;
};

TEST_F(IssuerTest, KeysAreRotatedUnderLoadAndInventedNamesFetchOnce) {
  TestRelay relay(Config());
  ASSERT_EQ(StatusOf(relay.port(), UserToken(KeyA(), "ann")), 101);
  EXPECT_EQ(Fetches(relay.port(), "ok"), 1);
  Crowd crowd(relay.port(), UserToken(KeyA(), "ann"));
  EXPECT_TRUE(crowd.GoesOn());
  Publish({&KeyB()});
  EXPECT_EQ(StatusOf(relay.port(), UserToken(KeyB(), "bob")), 101);
  EXPECT_EQ(Fetches(relay.port(), "ok"), 2);
  for (int i = 0; i < 30; ++i) {
    const std::string header =
        R"({"alg":"RS256","typ":"JWT","kid":"invented-)" + std::to_string(i) + "\"}";
    ASSERT_EQ(StatusOf(relay.port(), KeyB().Token(header, Claims().Json())), 401);
  }
  EXPECT_EQ(Fetches(relay.port(), "ok"), 2) << "a flood is not passed on to the issuer";
  // The issuer goes away: nobody notices.
  issuer_.reset();
  EXPECT_EQ(StatusOf(relay.port(), UserToken(KeyB(), "bob")), 101);
  EXPECT_TRUE(crowd.GoesOn());
  crowd.End();
  EXPECT_EQ(crowd.refused(), 0);
}

TEST_F(IssuerTest, BeforeTheFirstKeysUsersAreToldToComeAgain) {
  // Its name is not in the certificate, so whatever it says does not count.
  certificates_.Make("issuer", "DNS:another.test");
  StartIssuer(0);
  TestRelay relay(Config());
  WsClient client;
  EXPECT_EQ(client.ConnectWithBearer(relay.port(), UserToken(KeyA(), "ann")), 503);
  EXPECT_EQ(JsonValue(client.refusal().body, "code"), "not_ready");
  EXPECT_GE(Fetches(relay.port(), "failed"), 1);
  EXPECT_EQ(Request(relay.port(), "GET", "/readyz").status, 200) << "sessions need no users";
}

TEST_F(UsersTest, FilesThatDoNotDoAreSaidAtTheStart) {
  const auto refused = [](const ServerConfig& config) {
    const auto server = Server::Create(config);
    EXPECT_FALSE(server);
    if (server) return std::string();
    EXPECT_EQ(server.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(server.error().detail.find('\n'), std::string::npos);
    return server.error().detail;
  };
  EXPECT_NE(refused(UserConfig("/does/not/exist.json")).find("--jwt-jwks"), std::string::npos);
  EXPECT_NE(refused(UserConfig("/dev/null")).find("not a file"), std::string::npos);
  keys_.Write("{}");
  EXPECT_NE(refused(UserConfig(keys_.path())).find("--jwt-jwks"), std::string::npos);
  keys_.Write(std::string(300'000, ' '));
  EXPECT_NE(refused(UserConfig(keys_.path())).find("256 KiB"), std::string::npos);
  ServerConfig config = UserConfig("https://127.0.0.1:1/");
  config.jwt_ca = "/does/not/exist.pem";
  EXPECT_NE(refused(config).find("--jwt-ca"), std::string::npos);
}

TEST_F(UsersTest, TheLogHoldsNoTokens) {
  test::ChildProcess program({PAIRWIRE_RELAY_PROGRAM, "--listen", "127.0.0.1:0", "--log-level",
                              "debug", "--jwt-jwks", keys_.path(), "--jwt-issuer", kIssuer,
                              "--jwt-audience", kAudience, "--drain-seconds", "0"});
  const auto line =
      program.WaitForLine([](const std::string& l) { return l.rfind("listening on", 0) == 0; });
  ASSERT_TRUE(line) << program.errors();
  const auto port = static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
  const std::string token = UserToken(KeyA(), "user-ann");
  WsClient client;
  ASSERT_EQ(client.ConnectWithBearer(port, token), 101);
  ASSERT_TRUE(client.Send(R"({"type":"join_room","room":"room-of-ann","id":"j"})"));
  const auto welcome = client.ReadType("welcome");
  ASSERT_TRUE(client.ReadType("ack"));
  const std::string bad = UserToken(KeyB(), "user-ann");
  EXPECT_EQ(StatusOf(port, bad), 401);
  ASSERT_TRUE(client.Send(R"({"type":"auth:refresh","id":"f","data":{"token":")" + bad + "\"}}"));
  ASSERT_TRUE(client.ReadType("error"));
  client.Close();
  program.Signal(SIGTERM);
  EXPECT_EQ(program.WaitForExit(), 0);
  const std::string log = program.errors();
  EXPECT_NE(log.find("ws_state"), std::string::npos) << log;
  for (const std::string& part : {token, bad}) {
    EXPECT_EQ(log.find(part.substr(part.rfind('.') + 1, 20)), std::string::npos) << log;
    EXPECT_EQ(log.find(part.substr(0, 20)), std::string::npos) << log;
  }
  EXPECT_EQ(log.find("user-ann"), std::string::npos) << log;
  EXPECT_EQ(log.find("room-of-ann"), std::string::npos) << log;
}

}  // namespace
}  // namespace pairwire::server
