// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Clients that mean harm, while others talk: they neither slow those down for good, nor make the
// relay hold more than its bounds. That each is answered as it should be is tested elsewhere
// (tests/signaling/server/abuse_test.cc).
#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <vector>

#include "signaling/load/ws_frame.h"
#include "tests/faults/abuse_run.h"

namespace pairwire::faults {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::uint32_t kMask = 0x37fa213d;

// Gives the processor away for a moment: what these attacks cost the relay is meant, not what they
// cost this machine.
void Pause(int milliseconds) { poll(nullptr, 0, milliseconds); }

struct Ends {
  std::vector<load::Display> displays;
  std::vector<load::Controller> controllers;
};

Ends MakeEnds(AbuseRun& run, std::size_t count) {
  load::Stage& stage = run.stage();
  Ends ends;
  auto displays = stage.Register(count);
  EXPECT_TRUE(displays) << displays.error().detail;
  if (!displays) return ends;
  auto controllers = stage.Pair(*displays);
  EXPECT_TRUE(controllers) << controllers.error().detail;
  if (!controllers) return ends;
  for (const load::Display& display : *displays) run.KeepSecret(display.token);
  for (const load::Controller& controller : *controllers) run.KeepSecret(controller.token);
  ends.displays = std::move(*displays);
  ends.controllers = std::move(*controllers);
  return ends;
}

std::string Text(const std::string& text) {
  return load::ClientFrame(load::Opcode::kText, text, kMask);
}

// They are sent 8 KiB messages and read none.
TEST(AbuseTest, SlowReaders) {
  constexpr std::size_t kReaders = 40;
  AbuseRun run({"--rate-limits", "off"});
  const Ends ends = MakeEnds(run, kReaders);
  ASSERT_EQ(ends.controllers.size(), kReaders);
  const std::string message = Text(R"({"type":"webrtc:ice-candidate","data":{"candidate":")" +
                                   std::string(8 * 1024, 'x') + "\"}}");
  const auto attack = [&](const std::atomic<bool>& stop) {
    std::vector<RawPeer> readers, senders;
    for (std::size_t i = 0; i < kReaders; ++i) {
      readers.emplace_back(run.target(), 4096);
      readers.back().Send(UpgradeText(run.target(), ends.displays[i].token));
      readers.back().ReadHead();
      senders.emplace_back(run.target());
      senders.back().Send(UpgradeText(run.target(), ends.controllers[i].token));
      senders.back().ReadHead();
    }
    while (!stop) {
      for (const RawPeer& sender : senders) {
        sender.Send(message);
        sender.Skim();
      }
      Pause(5);
    }
  };
  // For each: what waits for its socket, what is kept after it was closed, and what the sender may
  // have under way.
  run.Under(attack, kReaders * kMiB);
}

// A byte of a request now and then.
TEST(AbuseTest, Slowloris) {
  constexpr std::size_t kConnections = 900;  // below --max-half-open
  AbuseRun run;
  const auto attack = [&](const std::atomic<bool>& stop) {
    std::vector<RawPeer> peers;
    for (std::size_t i = 0; i < kConnections && !stop; ++i) {
      peers.emplace_back(run.target());
      if (!peers.back().connected()) peers.pop_back();
    }
    const std::string request =
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " + std::string(4'000, 's');
    for (std::size_t at = 0; !stop; at = (at + 1) % request.size()) {
      for (const RawPeer& peer : peers) peer.Send(request.substr(at, 1));
      Pause(20);
    }
  };
  run.Under(attack, kConnections * 16 * 1024);
}

// Connections that say nothing: beyond the bound they are refused.
TEST(AbuseTest, HalfOpen10k) {
  constexpr std::size_t kConnections = 10'000;
  AbuseRun run;
  std::atomic<std::size_t> opened{0};
  const auto attack = [&](const std::atomic<bool>& stop) {
    std::vector<RawPeer> peers;
    peers.reserve(kConnections);
    // Stage raised the limit; where it is lower still, as many as there can be.
    while (peers.size() < kConnections && !stop) {
      peers.emplace_back(run.target());
      if (!peers.back().connected()) break;
      ++opened;
      if (peers.size() % 100 == 0) Pause(1);
    }
    while (!stop) Pause(10);
  };
  run.Under(attack, 64 * kMiB);
  RecordProperty("opened", std::to_string(opened));
  EXPECT_GT(opened, 1'024U) << "more than --max-half-open";
}

// Texts that are made to cost: deep, wide, the same key again and again, cut off.
TEST(AbuseTest, JsonBombs) {
  constexpr std::size_t kMembers = 8;
  AbuseRun run;
  const Ends ends = MakeEnds(run, kMembers);
  ASSERT_EQ(ends.controllers.size(), kMembers);
  constexpr std::size_t kSize = 60 * 1024;
  std::string keys;
  while (keys.size() < kSize) keys += R"("type":"x",)";
  std::string numbers;
  while (numbers.size() < kSize) numbers += "[1e308],";
  const std::vector<std::string> bombs = {
      Text(std::string(kSize, '[')),
      Text(R"({"type":"webrtc:offer","data":)" + std::string(kSize, '{')),
      Text("{" + keys + R"("type":"x"})"),
      Text(R"({"type":"webrtc:offer","data":{"sdp":[)" + numbers + "0]}}"),
      Text(R"({"type":")" + std::string(kSize, '\\') + "\"}"),
  };
  const auto attack = [&](const std::atomic<bool>& stop) {
    for (std::size_t round = 0; !stop; ++round) {
      RawPeer peer(run.target());
      if (!peer.connected()) continue;
      peer.Send(UpgradeText(run.target(), ends.controllers[round % kMembers].token));
      peer.ReadHead();
      // Until it is closed for what it sends.
      for (std::size_t i = 0; !stop && peer.Skim(); ++i) {
        if (!peer.Send(bombs[i % bombs.size()])) break;
        Pause(1);
      }
    }
  };
  run.Under(attack, 16 * kMiB);
}

// As many requests and texts as they can.
TEST(AbuseTest, Flood) {
  constexpr std::size_t kMembers = 8;
  AbuseRun run;
  const Ends ends = MakeEnds(run, kMembers);
  ASSERT_EQ(ends.controllers.size(), kMembers);
  const std::string text = Text(R"({"type":"webrtc:ice-candidate","data":{"candidate":"x"}})");
  std::string texts;
  for (int i = 0; i < 50; ++i) texts += text;
  const std::string body = R"({"code":"0000"})";
  const std::string request =
      "POST /api/sessions/pair HTTP/1.1\r\nHost: x\r\nContent-Type: "
      "application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  const auto attack = [&](const std::atomic<bool>& stop) {
    for (std::size_t round = 0; !stop; ++round) {
      std::vector<RawPeer> sockets, callers;
      for (const load::Controller& controller : ends.controllers) {
        sockets.emplace_back(run.target());
        sockets.back().Send(UpgradeText(run.target(), controller.token));
        sockets.back().ReadHead();
        callers.emplace_back(run.target());
      }
      for (int i = 0; i < 200 && !stop; ++i) {
        for (const RawPeer& socket : sockets) {
          socket.Send(texts);
          socket.Skim();
        }
        for (const RawPeer& caller : callers) {
          caller.Send(request);
          caller.Skim();
        }
        Pause(1);
      }
    }
  };
  run.Under(attack, 16 * kMiB);
}

}  // namespace
}  // namespace pairwire::faults
