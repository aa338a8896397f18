// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/user_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "signaling/net/http_fetch.h"
#include "signaling/server/log.h"
#include "signaling/server/metrics.h"

namespace pairwire::server {
namespace {

constexpr std::chrono::seconds kFileRefresh{10};
constexpr std::chrono::seconds kFetchDeadline{10};
// What waits for the first keys is told to come again.
constexpr std::chrono::seconds kRetry{2};

auth::TimePoint WallTime() { return std::chrono::system_clock::now(); }

auth::JwtOptions JwtOptionsOf(const ServerConfig& config) {
  auth::JwtOptions options;
  options.issuer = config.jwt_issuer;
  options.audience = config.jwt_audience;
  return options;
}

auth::JwksKeeper::Options KeeperOptionsOf(const ServerConfig& config) {
  auth::JwksKeeper::Options options;
  if (!IsJwksUrl(config.jwt_jwks)) options.refresh = kFileRefresh;
  return options;
}

}  // namespace

bool IsJwksUrl(const std::string& text) { return text.find("://") != std::string::npos; }

Result<std::string> ReadJwksFile(const std::string& path) {
  const auto wrong = [&path](const std::string& why) {
    return Fail(Errc::kInvalidArgument, "--jwt-jwks: " + path + ": " + why);
  };
  // A pipe must not hold the loop up.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return wrong(std::generic_category().message(errno));
  struct stat status {};
  std::string text;
  std::string why;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    why = "it is not a file";
  } else {
    text.resize(auth::KeySet::kMaxBytes + 1);
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < text.size();) {
      got = ::read(fd, text.data() + size, text.size() - size);
      if (got > 0) size += static_cast<std::size_t>(got);
      if (got < 0) why = std::generic_category().message(errno);
    }
    if (size > auth::KeySet::kMaxBytes) why = "it is larger than 256 KiB";
    text.resize(size);
  }
  ::close(fd);
  if (!why.empty()) return wrong(why);
  return text;
}

// A file or a URL.
class UserKeys::Source final : public auth::JwksSource {
 public:
  Source(net::EventLoop& loop, net::Resolver& resolver) : fetch_(loop, resolver) {}

  Result<void> Configure(const ServerConfig& config) {
    path_ = config.jwt_jwks;
    if (!IsJwksUrl(path_)) {
      const auto text = ReadJwksFile(path_);
      if (!text) return tl::unexpected(text.error());
      const auto keys = auth::KeySet::Parse(*text);
      if (keys) return {};
      return Fail(Errc::kInvalidArgument, "--jwt-jwks: " + path_ + ": " + keys.error().detail);
    }
    auto url = net::HttpsUrl::Parse(path_);
    if (!url) return Fail(Errc::kInvalidArgument, "--jwt-jwks: " + url.error().detail);
    auto tls = net::TlsContext::Client({config.jwt_ca, {}, {}});
    if (!tls) return Fail(Errc::kInvalidArgument, "--jwt-ca: " + tls.error().detail);
    url_ = std::move(*url);
    tls_ = std::move(*tls);
    return {};
  }

  void Fetch(Done done) override {
    if (!url_) return done(ReadJwksFile(path_), WallTime());
    fetch_.Get(*url_, *tls_, auth::KeySet::kMaxBytes, kFetchDeadline,
               [this, done = std::move(done)](Result<std::string> body) {
                 done(std::move(body), WallTime());
                 if (fetched) fetched();
               });
  }

  // After a fetch that did not end inside its call.
  std::function<void()> fetched;

 private:
  std::string path_;
  std::optional<net::HttpsUrl> url_;
  std::unique_ptr<net::TlsContext> tls_;
  net::HttpFetch fetch_;
};

Result<std::unique_ptr<UserKeys>> UserKeys::Make(const ServerConfig& config,
                                                 Surroundings surroundings) {
  auto source = std::make_unique<Source>(surroundings.loop, surroundings.resolver);
  if (const auto configured = source->Configure(config); !configured) {
    return tl::unexpected(configured.error());
  }
  return std::unique_ptr<UserKeys>(
      new UserKeys(config, std::move(surroundings), std::move(source)));
}

UserKeys::UserKeys(const ServerConfig& config, Surroundings surroundings,
                   std::unique_ptr<Source> source)
    : around_(std::move(surroundings)),
      source_(std::move(source)),
      keeper_(JwtOptionsOf(config), KeeperOptionsOf(config), *source_),
      alarm_(around_.loop, [this] {
        keeper_.Tick(WallTime());
        OnKeeperMoved();
      }) {
  source_->fetched = [this] { OnKeeperMoved(); };
  keeper_.Start(WallTime());
  OnKeeperMoved();
}

UserKeys::~UserKeys() = default;

void UserKeys::OnKeeperMoved() {
  const auth::JwksKeeper::Counters now = keeper_.counters();
  const bool fetching = keeper_.NextDeadline() == auth::TimePoint::max();
  const std::uint64_t ended = now.fetches - (fetching ? 1 : 0);
  const std::uint64_t told = told_.fetches;
  for (std::uint64_t i = told; i < ended; ++i) {
    const bool failed = told_.failures < now.failures;
    if (failed) ++told_.failures;
    around_.metrics.OnKeysFetched(!failed);
    if (failed) around_.log.Warning("user_keys_kept", {{"reason", keeper_.last_error()}});
  }
  told_.fetches = ended;
  if (fetching) return alarm_.Cancel();
  const auto left = std::max<auth::TimePoint::duration>(keeper_.NextDeadline() - WallTime(),
                                                        std::chrono::milliseconds(10));
  alarm_.SetAt(around_.loop.Now() +
               std::chrono::duration_cast<net::EventLoop::TimePoint::duration>(left));
}

void UserKeys::Check(std::string_view token, Reply reply) {
  keeper_.Check(token, WallTime(), [this, reply = std::move(reply)](auth::JwtResult result) {
    Answer(reply, std::move(result));
  });
  OnKeeperMoved();
}

void UserKeys::Answer(const Reply& reply, auth::JwtResult result) {
  around_.metrics.OnUserToken(result ? "ok" : ToString(result.error()));
  protocol::Outcome<relay::User> outcome;
  if (result) {
    outcome->user_id = std::move(result->user_id);
    outcome->name = std::move(result->name);
    outcome->expires = around_.core_time() + (result->expires - WallTime());
  } else if (result.error() == auth::JwtRefusal::kUnknownKey && !keeper_.ready()) {
    outcome = protocol::Refuse(protocol::ProblemCode::kNotReady,
                               "the keys of the users' issuer are not there yet", kRetry);
  } else {
    // Why is for the operator (metrics): it would help with the next try.
    outcome = protocol::Refuse(protocol::ProblemCode::kUnauthorized, "the token does not count");
  }
  around_.run([reply, outcome = std::move(outcome)] { reply(outcome); });
}

}  // namespace pairwire::server
