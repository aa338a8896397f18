// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayRejoin at a relay that refuses.
#include "peer/session/relay_rejoin.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "tests/signaling/client/fake_relay.h"

namespace pairwire {
namespace {

using std::chrono::seconds;
using test::FakeConnection;

struct Told {
  std::optional<Errc> code;
  std::optional<seconds> retry_after;
};

// What a session of this role is told when its first call is answered so.
Told AnsweredWith(auth::PairingRole role, const std::string& answer) {
  test::FakeRelay relay([&](FakeConnection& connection) {
    if (!connection.ReadRequest().empty()) connection.Write(answer);
  });
  test::ClientLoop client(relay.url());
  test::Watched<Told> told;
  std::unique_ptr<RelayRejoin> rejoin;
  client.Do([&] {
    rejoin = std::make_unique<RelayRejoin>(
        client.loop(), RelayRejoin::Options{role, relay.url(), {}, "end", false});
    RejoinEvents on;
    on.on_failed = [&](const Error& error, std::optional<seconds> retry_after) {
      told.Set({error.code, retry_after});
    };
    rejoin->SetEvents(std::move(on));
    rejoin->Start(auth::SessionSecrets(), false);
  });
  EXPECT_TRUE(told.WaitUntil([](const Told& t) { return t.code.has_value(); }));
  client.Do([&] { rejoin.reset(); });
  return told.Get();
}

TEST(RelayRejoin, TellsWhatTheRelayAskedFor) {
  for (const auto role : {auth::PairingRole::kDisplay, auth::PairingRole::kController}) {
    const Told limited =
        AnsweredWith(role, test::HttpAnswer("429 Too Many Requests", "", "Retry-After: 7\r\n"));
    EXPECT_EQ(limited.code, Errc::kRateLimited);
    EXPECT_EQ(limited.retry_after, seconds(7));
    const Told busy =
        AnsweredWith(role, test::HttpAnswer("503 Service Unavailable", "", "Retry-After: 9\r\n"));
    EXPECT_EQ(busy.code, Errc::kRelayUnreachable);
    EXPECT_EQ(busy.retry_after, seconds(9));
    const Told away = AnsweredWith(role, test::HttpAnswer("503 Service Unavailable", ""));
    EXPECT_FALSE(away.retry_after);
  }
}

}  // namespace
}  // namespace pairwire
