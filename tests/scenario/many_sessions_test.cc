// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Many sessions through one real relay, with both ends in this process on one Network: one after
// the other (nothing may leak), all at once (nothing may block), and dropped at every step (nothing
// may crash).
#include <gtest/gtest.h>
#include <pairwire/session.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenario/programs.h"
#include "tests/support/fd_count.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

// What one end has seen. Handles are dropped by the test's thread after the loop has let go.
struct Seen {
  std::string code;
  int codes = 0;
  int paired = 0;
  int sessions = 0;
  int messages = 0;
  int closed = 0;
  std::string last_text;
  std::vector<std::string> errors;
};

DisplayOptions OnLoopback(const std::string& url) {
  DisplayOptions options;
  options.relay_url = url;
  options.name = "In-process display";
  options.peer.bind_addresses = {"127.0.0.1"};
  return options;
}

ControllerOptions Entering(const std::string& url, const std::string& code) {
  ControllerOptions options;
  options.relay_url = url;
  options.code = code;
  options.peer.bind_addresses = {"127.0.0.1"};
  return options;
}

// A display that answers each message with "echo …".
class TestDisplay {
 public:
  TestDisplay(Network& network, const std::string& url) {
    DisplayEvents on;
    on.on_code = [this](const PairingCode& code) {
      seen.Update([&](Seen& all) {
        all.code = code.code;
        ++all.codes;
      });
    };
    on.on_paired = [this](const std::string&) { seen.Update([](Seen& all) { ++all.paired; }); };
    on.on_error = [this](const Error& error) {
      seen.Update([&](Seen& all) { all.errors.push_back(ToString(error)); });
    };
    on.on_session = [this](Session session) {
      session_ = std::move(session);
      SessionEvents events;
      events.on_message = [this](const Command& message) {
        static_cast<void>(session_.Send("echo " + std::string(AsText(message.data))));
        seen.Update([](Seen& all) { ++all.messages; });
      };
      // The next session replaces this one: only the loop and, at the end, the test's thread touch
      // the handle.
      events.on_closed = [this](const ClosedReport&) {
        seen.Update([](Seen& all) { ++all.closed; });
      };
      session_.Subscribe(std::move(events));
      seen.Update([](Seen& all) { ++all.sessions; });
    };
    display_ = Display::Create(network, OnLoopback(url), std::move(on)).value();
  }
  ~TestDisplay() { display_ = Display(); }

  std::string Code(int number) {
    const bool shown = seen.WaitUntil([&](const Seen& all) { return all.codes >= number; });
    return shown ? seen.Get().code : "";
  }

  Watched<Seen> seen;

 private:
  Session session_;
  Display display_;
};

class TestController {
 public:
  TestController(Network& network, const std::string& url, const std::string& code) {
    ControllerEvents on;
    on.on_paired = [this](const std::string&) { seen.Update([](Seen& all) { ++all.paired; }); };
    on.on_error = [this](const Error& error) {
      seen.Update([&](Seen& all) { all.errors.push_back(ToString(error)); });
    };
    on.on_session = [this](Session session) {
      session_ = std::move(session);
      SessionEvents events;
      events.on_message = [this](const Command& message) {
        seen.Update([&](Seen& all) {
          ++all.messages;
          all.last_text = AsText(message.data);
        });
      };
      events.on_closed = [this](const ClosedReport&) {
        seen.Update([](Seen& all) { ++all.closed; });
      };
      session_.Subscribe(std::move(events));
      seen.Update([](Seen& all) { ++all.sessions; });
    };
    controller_ = Controller::Create(network, Entering(url, code), std::move(on)).value();
  }
  ~TestController() { controller_ = Controller(); }

  bool Connected() {
    return seen.WaitUntil([](const Seen& all) {
      return all.sessions > 0 || !all.errors.empty();
    }) && seen.Get().sessions > 0;
  }
  // Sends `text` and waits for its echo.
  bool Echoes(const std::string& text) {
    if (!session_.Send(text)) return false;
    return seen.WaitUntil([&](const Seen& all) { return all.last_text == "echo " + text; });
  }
  void Close() { session_.Close(); }
  std::string Errors() const {
    const Seen all = seen.Get();
    return all.errors.empty() ? "none" : all.errors.front();
  }

  Watched<Seen> seen;

 private:
  Session session_;
  Controller controller_;
};

TEST(ManySessionsScenario, TwoHundredPairingsOneAfterTheOtherLeakNoDescriptor) {
  Relay relay;
  auto network = Network::Create().value();
  const int pairings = Sanitized() ? 50 : 200;
  constexpr int kWarmUp = 5;
  std::size_t before = 0;
  {
    TestDisplay display(*network, relay.url());
    for (int i = 1; i <= pairings; ++i) {
      const std::string code = display.Code(i);
      ASSERT_NE(code, "") << "pairing " << i;
      TestController controller(*network, relay.url(), code);
      ASSERT_TRUE(controller.Connected()) << "pairing " << i << ": " << controller.Errors();
      ASSERT_TRUE(controller.Echoes("number " + std::to_string(i))) << "pairing " << i;
      controller.Close();
      ASSERT_TRUE(controller.seen.WaitUntil([](const Seen& all) { return all.closed == 1; }));
      ASSERT_TRUE(display.seen.WaitUntil([&](const Seen& all) { return all.closed == i; }));
      // Libraries keep some descriptors for good; what grows from here on is a leak.
      if (i == kWarmUp) before = OpenFdCount();
    }
    EXPECT_EQ(display.seen.Get().errors.size(), 0u);
    // One session may be on its way out at either count, and its replacement on its way in.
    EXPECT_LE(OpenFdCount(), before + 10);
  }
}

TEST(ManySessionsScenario, FiftyAtOnceOnOneRelay) {
  Relay relay;
  auto network = Network::Create().value();
  const int sessions = Sanitized() ? 15 : 50;
  std::vector<std::unique_ptr<TestDisplay>> displays;
  std::vector<std::unique_ptr<TestController>> controllers;
  for (int i = 0; i < sessions; ++i) {
    displays.push_back(std::make_unique<TestDisplay>(*network, relay.url()));
  }
  for (const auto& display : displays) {
    const std::string code = display->Code(1);
    ASSERT_NE(code, "");
    controllers.push_back(std::make_unique<TestController>(*network, relay.url(), code));
  }
  for (const auto& controller : controllers) {
    EXPECT_TRUE(controller->Connected()) << controller->Errors();
  }
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    EXPECT_TRUE(controllers[i]->Echoes("to display " + std::to_string(i)));
  }
  for (const auto& display : displays) EXPECT_EQ(display->seen.Get().messages, 1);
}

// Each step at which one end may vanish; the other end must come to a defined end, and the display
// must show a new code.
enum class DropAt { kCreated, kPaired, kSession, kFirstMessage };

class DropScenario : public ::testing::TestWithParam<DropAt> {};

TEST_P(DropScenario, AControllerThatGoesAtAnyStepLeavesTheDisplayUsable) {
  Relay relay;
  auto network = Network::Create().value();
  TestDisplay display(*network, relay.url());
  const std::string code = display.Code(1);
  ASSERT_NE(code, "");

  // The handles go inside the callback of the step, the hardest place.
  Watched<bool> dropped(false);
  std::optional<Controller> controller;
  std::optional<Session> session;
  const auto drop = [&](DropAt now) {
    if (now != GetParam()) return;
    session.reset();
    controller.reset();
    dropped.Set(true);
  };
  ControllerEvents on;
  on.on_paired = [&](const std::string&) { drop(DropAt::kPaired); };
  on.on_session = [&](Session connected) {
    session = std::move(connected);
    drop(DropAt::kSession);
    if (!session) return;
    SessionEvents events;
    events.on_message = [&](const Command&) { drop(DropAt::kFirstMessage); };
    session->Subscribe(std::move(events));
    static_cast<void>(session->Send("hello"));
  };
  // Made on the loop, so that no callback comes before the variable is set.
  network->Post([&] {
    controller = Controller::Create(*network, Entering(relay.url(), code), std::move(on)).value();
    drop(DropAt::kCreated);
  });
  ASSERT_TRUE(dropped.WaitFor(true));

  const int next = GetParam() == DropAt::kCreated && display.seen.Get().codes == 1 &&
                           display.seen.Get().paired == 0
                       ? 1
                       : 2;
  const std::string again = display.Code(next);
  ASSERT_NE(again, "");
  TestController second(*network, relay.url(), again);
  if (!second.Connected()) {
    // The first one's request had reached the relay after all: then there is a new code.
    TestController third(*network, relay.url(), display.Code(2));
    EXPECT_TRUE(third.Connected()) << third.Errors();
    return;
  }
  EXPECT_TRUE(second.Echoes("still here"));
}

INSTANTIATE_TEST_SUITE_P(Steps, DropScenario,
                         ::testing::Values(DropAt::kCreated, DropAt::kPaired, DropAt::kSession,
                                           DropAt::kFirstMessage));

TEST(ManySessionsScenario, ADisplayThatGoesTellsItsControllerAndItsRelay) {
  Relay relay;
  auto network = Network::Create().value();
  std::string code;
  {
    TestDisplay display(*network, relay.url());
    code = display.Code(1);
    ASSERT_NE(code, "");
  }
  // The code is void at once, not when it expires.
  TestController late(*network, relay.url(), code);
  EXPECT_FALSE(late.Connected());
  EXPECT_EQ(late.Errors().substr(0, 14), "code_not_found") << late.Errors();
}

TEST(ManySessionsScenario, ANetworkMayGoWithEverythingUnderWay) {
  Relay relay;
  for (int round = 0; round < 3; ++round) {
    auto network = Network::Create().value();
    auto display = std::make_unique<TestDisplay>(*network, relay.url());
    const std::string code = display->Code(1);
    ASSERT_NE(code, "");
    auto controller = std::make_unique<TestController>(*network, relay.url(), code);
    if (round > 0) {
      ASSERT_TRUE(controller->seen.WaitUntil([](const Seen& all) { return all.paired > 0; }));
    }
    if (round > 1) {
      ASSERT_TRUE(controller->Connected()) << controller->Errors();
    }
    network.reset();  // before the handles: they stay valid objects
    controller.reset();
    display.reset();
  }
}

}  // namespace
}  // namespace pairwire::test
