// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The small parts of the relay's server without a network: deadlines, admission, files, origins,
// log lines.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <vector>

#include "signaling/net/deadline_wheel.h"
#include "signaling/server/admission.h"
#include "signaling/server/log.h"
#include "signaling/server/origin_policy.h"
#include "signaling/server/static_files.h"

namespace pairwire::server {
namespace {

using net::Deadline;
using net::DeadlineWheel;
using net::EventLoop;
using std::chrono::milliseconds;

class Probe final : public Deadline {
 public:
  explicit Probe(std::function<void()> on_due) : on_due_(std::move(on_due)) {}
  void OnDeadline() override { on_due_(); }

 private:
  std::function<void()> on_due_;
};

TEST(DeadlineWheelTest, FiresInOrderAndNeverEarly) {
  EventLoop loop;
  DeadlineWheel wheel(loop);
  std::vector<int> fired;
  const auto start = loop.Now();
  Probe late([&] {
    fired.push_back(2);
    EXPECT_GE(loop.Now() - start, milliseconds(350));
    loop.Stop();
  });
  Probe early([&] {
    fired.push_back(1);
    EXPECT_GE(loop.Now() - start, milliseconds(150));
  });
  Probe cancelled([&] { fired.push_back(3); });
  wheel.Set(late, milliseconds(350));
  wheel.Set(early, milliseconds(150));
  wheel.Set(cancelled, milliseconds(200));
  EXPECT_EQ(wheel.size(), 3U);
  wheel.Cancel(cancelled);
  loop.Run();
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(DeadlineWheelTest, ADeadlineMayDestroyItsNeighboursAndSetItselfAgain) {
  EventLoop loop;
  DeadlineWheel wheel(loop);
  std::vector<std::unique_ptr<Probe>> others;
  int again = 0;
  Probe* self = nullptr;
  Probe destroyer([&] {
    others.clear();
    if (++again == 3) {
      loop.Stop();
    } else {
      wheel.Set(*self, milliseconds(0));
    }
  });
  self = &destroyer;
  // The slot runs newest first, so the destroyer comes first and its neighbours are still linked.
  for (int i = 0; i < 10; ++i) {
    others.push_back(std::make_unique<Probe>([] { FAIL() << "was destroyed"; }));
    wheel.Set(*others.back(), milliseconds(120));
  }
  wheel.Set(destroyer, milliseconds(120));
  loop.Run();
  EXPECT_EQ(again, 3);
}

TEST(DeadlineWheelTest, WhatIsMoreThanATurnAwayWaitsItsTime) {
  EventLoop loop;
  DeadlineWheel wheel(loop);
  // One turn has 512 ticks; this one shares the slot of the near one.
  Probe far([] { FAIL() << "a whole turn early"; });
  wheel.Set(far, DeadlineWheel::kTick * 512 + milliseconds(100));
  Probe near([&] { loop.Stop(); });
  wheel.Set(near, milliseconds(300));
  loop.Run();
  EXPECT_EQ(wheel.size(), 1U);
}

ClientAddress Ipv4(std::uint8_t last, std::uint8_t first = 192) {
  ClientAddress address;
  address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, first, 0, 2, last};
  return address;
}

ClientAddress Ipv6(std::uint8_t network, std::uint8_t host) {
  ClientAddress address;
  address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host};
  return address;
}

TEST(AdmissionTest, BoundsConnectionsAddressesAndHalfOpen) {
  Limits limits;
  limits.connections = 5;
  limits.connections_per_ip = 2;
  limits.half_open = 3;
  Admission admission(limits, false);
  Refusal why{};
  std::vector<AdmissionTicket> tickets;
  const auto admit = [&](const ClientAddress& address) {
    auto ticket = admission.Admit(address, why);
    if (!ticket) return false;
    tickets.push_back(std::move(*ticket));
    return true;
  };
  ASSERT_TRUE(admit(Ipv4(1)));
  ASSERT_TRUE(admit(Ipv4(1)));
  EXPECT_FALSE(admit(Ipv4(1)));
  EXPECT_EQ(why, Refusal::kAddress);
  ASSERT_TRUE(admit(Ipv6(1, 1)));
  EXPECT_FALSE(admit(Ipv4(9)));
  EXPECT_EQ(why, Refusal::kHalfOpen);
  for (AdmissionTicket& ticket : tickets) ticket.SetEstablished();
  EXPECT_EQ(admission.half_open(), 0U);
  ASSERT_TRUE(admit(Ipv6(1, 2)));
  EXPECT_FALSE(admit(Ipv6(1, 3))) << "one /64 is one client";
  ASSERT_TRUE(admit(Ipv6(2, 1)));
  EXPECT_FALSE(admit(Ipv4(7)));
  EXPECT_EQ(why, Refusal::kConnections);
  EXPECT_EQ(admission.addresses(), 3U);
  tickets.clear();
  EXPECT_EQ(admission.connections(), 0U);
  EXPECT_EQ(admission.half_open(), 0U);
  EXPECT_EQ(admission.addresses(), 0U);
}

TEST(AdmissionTest, LoopbackIsExemptUnlessAskedFor) {
  Limits limits;
  limits.connections_per_ip = 1;
  Refusal why{};
  Admission open(limits, false);
  const auto first = open.Admit(Ipv4(1, 127), why);
  EXPECT_TRUE(open.Admit(Ipv4(1, 127), why));
  Admission strict(limits, true);
  const auto held = strict.Admit(Ipv4(1, 127), why);
  EXPECT_FALSE(strict.Admit(Ipv4(1, 127), why));
}

TEST(AdmissionTest, AddressesReadAsTheyAreWritten) {
  EXPECT_EQ(Ipv4(1).ToText(), "192.0.2.1");
  EXPECT_EQ(Ipv6(1, 2).ToText(), "2001:db8:0:1::2");
}

class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest()
      : base_(std::filesystem::path(::testing::TempDir()) /
              ("relay_web_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(base_ / "web" / "sub");
    std::filesystem::create_directories(base_ / "web" / ".hidden");
    Write("web/index.html", "<!doctype html>");
    Write("web/app.js", "export {};");
    Write("web/sub/index.html", "sub");
    Write("web/.hidden/file.txt", "hidden");
    Write("web/big.bin", std::string(2000, 'x'));
    Write("secret.txt", "secret");
    std::filesystem::create_symlink(base_ / "secret.txt", base_ / "web" / "outside.txt");
    std::filesystem::create_symlink("app.js", base_ / "web" / "inside.js");
    std::filesystem::create_directory_symlink(base_, base_ / "web" / "up");
    std::filesystem::create_directories(base_ / "web-other");
    Write("web-other/file.txt", "neighbour");
  }
  ~StaticFilesTest() override { std::filesystem::remove_all(base_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(base_ / name) << text;
  }

  const std::filesystem::path base_;
};

TEST_F(StaticFilesTest, ServesFilesWithTypeAndTag) {
  StaticFiles files((base_ / "web").string(), 1000);
  HttpRequest request;
  request.path = "/";
  const HttpResponse index = files.Get(request);
  ASSERT_EQ(index.status, 200);
  EXPECT_EQ(*index.shared_body, "<!doctype html>");
  EXPECT_EQ(FindHeader(index.headers, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(FindHeader(index.headers, "Cache-Control"), "no-cache");
  const std::string tag(FindHeader(index.headers, "ETag"));
  request.headers = {{"If-None-Match", tag}};
  EXPECT_EQ(files.Get(request).status, 304);
  request.headers.clear();
  request.path = "/sub/";
  EXPECT_EQ(*files.Get(request).shared_body, "sub");
  request.path = "/inside.js";
  EXPECT_EQ(*files.Get(request).shared_body, "export {};");
}

TEST_F(StaticFilesTest, PathsThatLeaveTheFolderAreNotFound) {
  StaticFiles files((base_ / "web").string(), 1000);
  for (const char* path : {"/../secret.txt",
                           "/sub/../../secret.txt",
                           "/..",
                           "/.",
                           "/./index.html",
                           "//etc/passwd",
                           "/etc/passwd",
                           "/outside.txt",
                           "/up/secret.txt",
                           "/up/web-other/file.txt",
                           "/../web-other/file.txt",
                           "/.hidden/file.txt",
                           "/sub",
                           "/missing.html",
                           "/..\\secret.txt",
                           "/sub/..",
                           "/big.bin",
                           "",
                           "index.html",
                           "/index.html/",
                           "/a\nb",
                           "/../web/index.html",
                           "/...//secret.txt"}) {
    HttpRequest request;
    request.path = path;
    EXPECT_EQ(files.Get(request).status, 404) << path;
  }
}

TEST_F(StaticFilesTest, PageMayTalkToItsOwnHostOnly) {
  StaticFiles files((base_ / "web").string(), 1000);
  HttpRequest request;
  request.path = "/";
  request.headers = {{"Host", "relay.example:8443"}};
  const HttpResponse page = files.Get(request);
  const std::string policy(FindHeader(page.headers, "Content-Security-Policy"));
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("connect-src 'self' ws://relay.example:8443 wss://relay.example:8443;"),
            std::string::npos);
  request.headers = {{"Host", "evil.example; script-src *"}};
  const HttpResponse forged = files.Get(request);
  EXPECT_EQ(FindHeader(forged.headers, "Content-Security-Policy").find("evil"), std::string::npos);
}

TEST_F(StaticFilesTest, WithoutAFolderNothingIsServed) {
  StaticFiles none("", 1000);
  HttpRequest request;
  request.path = "/";
  EXPECT_EQ(none.Get(request).status, 404);
  EXPECT_FALSE(StaticFiles((base_ / "missing").string(), 1000).enabled());
}

TEST(OriginPolicyTest, OwnHostAndTheListOnly) {
  const OriginPolicy policy({"https://a.example"});
  const auto allows = [&](const std::string& origin, const std::string& host) {
    HttpRequest request;
    request.headers = {{"Origin", origin}, {"Host", host}};
    return policy.Allows(request);
  };
  EXPECT_TRUE(policy.Allows({}));
  EXPECT_TRUE(allows("http://relay:8080", "relay:8080"));
  EXPECT_TRUE(allows("https://A.example", "relay"));
  EXPECT_FALSE(allows("http://relay:8081", "relay:8080"));
  EXPECT_FALSE(allows("https://a.example.evil", "relay"));
  EXPECT_FALSE(allows("http://a.example", "relay"));
  EXPECT_FALSE(allows("null", "relay"));
  EXPECT_FALSE(allows("http://", ""));
}

TEST(LogTest, AFieldStaysOnOneLine) {
  EXPECT_EQ(FormatLogField("k", "plain-1"), "k=plain-1");
  EXPECT_EQ(FormatLogField("k", ""), "k=\"\"");
  EXPECT_EQ(FormatLogField("k", "two words"), "k=\"two words\"");
  EXPECT_EQ(FormatLogField("k", "a\"b\nc"), "k=\"a\\\"b?c\"");
  const Log log(LogLevel::kOff);
  EXPECT_EQ(log.ClientTag("192.0.2.1").size(), 8U);
  EXPECT_EQ(log.ClientTag("192.0.2.1"), log.ClientTag("192.0.2.1"));
  EXPECT_NE(log.ClientTag("192.0.2.1"), Log(LogLevel::kOff).ClientTag("192.0.2.1"));
}

}  // namespace
}  // namespace pairwire::server
