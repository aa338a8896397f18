// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs and a real relay: ends that have paired by a code once and connect without one
// from then on, until one of them forgets the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pairwire/network.h>
#include <pairwire/pairings.h>
#include <pairwire/session.h>
#include <signal.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenario/programs.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Remember : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  std::string DisplayFile() const { return folder_ / "display.json"; }
  std::string FileOf(const std::string& name) const { return folder_ / (name + ".json"); }

  std::unique_ptr<Program> Display(const std::string& url) const {
    return StartDisplay(url, {kWithLetters, "--pairings", DisplayFile()});
  }

  // Pairs by the code on the screen and leaves again; both remember it.
  void PairByCode(Program& display, const std::string& url, const std::string& name) {
    const auto controller = StartController(
        url, NextCode(display), {"--name", name, "--pairings", FileOf(name), "send", "by code"});
    EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
    const Json there = controller->Event("remembered");
    const Json here = display.Event("remembered");
    EXPECT_THAT(here.value("pairingId", ""), MatchesRegex("[0-9a-f]{32}")) << display.Said();
    EXPECT_EQ(there.value("pairingId", "x"), here.value("pairingId", "")) << controller->Said();
  }

  std::unique_ptr<Program> Return(const std::string& url, const std::string& name,
                                  const Words& command, const std::string& to = "Test display") {
    Words arguments = {std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller",
                       "--relay",
                       url,
                       "--json",
                       "--bind",
                       "127.0.0.1",
                       "--pairings",
                       FileOf(name),
                       "--to",
                       to};
    arguments.insert(arguments.end(), command.begin(), command.end());
    return std::make_unique<Program>(std::move(arguments));
  }

  std::vector<RememberedPairing> In(const std::string& file) const {
    auto entries = ListPairings(file);
    EXPECT_TRUE(entries) << ToString(entries.error());
    return entries ? std::move(*entries) : std::vector<RememberedPairing>();
  }

  static int RunPairings(const std::string& program, const Words& rest) {
    Words arguments = {std::string(PAIRWIRE_BIN_DIR) + "/" + program, "pairings"};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return ChildProcess(std::move(arguments)).WaitForExit();
  }

  TemporaryFolder folder_;
};

TEST_F(Remember, ReconnectsWithoutACode) {
  Relay relay;
  auto display = Display(relay.url());
  PairByCode(*display, relay.url(), "Ann");
  const std::string id = In(DisplayFile()).at(0).id;
  EXPECT_EQ(In(DisplayFile()).at(0).name, "Ann");
  EXPECT_EQ(In(FileOf("Ann")).at(0).name, "Test display");
  for (const std::string& to : {std::string("Test display"), id}) {
    const auto controller = Return(relay.url(), "Ann", {"send", "by " + to}, to);
    const Json connected = controller->Event("connected");
    EXPECT_TRUE(connected.value("authenticated", false)) << controller->Said();
    EXPECT_EQ(connected.value("pairingId", ""), id);
    EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
    while (true) {
      const Json message = display->Event("message");
      ASSERT_TRUE(message.is_object()) << display->Said();
      if (message.value("text", "") == "by " + to) break;
    }
  }
  EXPECT_EQ(display->Events("connected").back().value("pairingId", ""), id);
  EXPECT_EQ(display->Events("remembered").size(), 1u) << "once for all";

  // A display that starts anew knows it, too, and a controller that waits for it finds it.
  display->process().Signal(SIGTERM);
  EXPECT_EQ(display->process().WaitForExit(), 0);
  const auto early = Return(relay.url(), "Ann", {"send", "early"});
  display = Display(relay.url());
  EXPECT_EQ(early->process().WaitForExit(), 0) << early->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "early") << display->Said();
  EXPECT_EQ(In(DisplayFile()).size(), 1u);
  EXPECT_EQ(In(FileOf("Ann")).size(), 1u);
}

TEST_F(Remember, BothMustAgree) {
  Relay relay;
  {
    const auto display = StartDisplay(relay.url(), {kWithLetters});
    const auto controller = StartController(relay.url(), NextCode(*display),
                                            {"--pairings", FileOf("Ann"), "send", "x"});
    EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
    EXPECT_TRUE(controller->Events("remembered").empty()) << controller->Said();
    EXPECT_TRUE(In(FileOf("Ann")).empty());
  }
  const auto display = Display(relay.url());
  const auto controller = StartController(relay.url(), NextCode(*display), {"send", "x"});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_TRUE(display->Event("closed").is_object()) << display->Said();
  EXPECT_TRUE(display->Events("remembered").empty()) << display->Said();
  EXPECT_TRUE(In(DisplayFile()).empty());
}

TEST_F(Remember, BookSurvivesKill) {
  Relay relay;
  for (int i = 0; i < 3; ++i) {
    const auto display = Display(relay.url());
    const std::string name = "Ann" + std::to_string(i);
    const auto controller = StartController(relay.url(), NextCode(*display),
                                            {"--name", name, "--pairings", FileOf(name), "watch"});
    // As soon as both have said so.
    EXPECT_TRUE(controller->Event("remembered").is_object()) << controller->Said();
    EXPECT_TRUE(display->Event("remembered").is_object()) << display->Said();
    display->process().Signal(SIGKILL);
    controller->process().Signal(SIGKILL);
    display->process().WaitForExit();
    controller->process().WaitForExit();
    EXPECT_EQ(In(DisplayFile()).size(), static_cast<std::size_t>(i) + 1);
  }
  const auto display = Display(relay.url());
  for (int i = 0; i < 3; ++i) {
    const auto controller =
        Return(relay.url(), "Ann" + std::to_string(i), {"send", std::to_string(i)});
    EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
    EXPECT_EQ(display->Event("message").value("text", ""), std::to_string(i)) << display->Said();
  }
}

TEST_F(Remember, RevokedIsRefused) {
  Relay relay;
  const auto display = Display(relay.url());
  PairByCode(*display, relay.url(), "Ann");
  ASSERT_TRUE(display->Event("code").is_object()) << display->Said();
  const std::string id = In(DisplayFile()).at(0).id;
  // While the display has it registered, and again when it has not any more.
  EXPECT_EQ(RunPairings("pairwire-display", {"revoke", id, "--pairings", DisplayFile()}), 0);
  EXPECT_TRUE(In(DisplayFile()).empty());
  EXPECT_EQ(RunPairings("pairwire-display", {"revoke", id, "--pairings", DisplayFile()}), 1);

  auto network = Network::Create();
  ASSERT_TRUE(network);
  ControllerOptions options;
  options.relay_url = relay.url();
  options.pairings_file = FileOf("Ann");
  options.pairing_id = id;
  options.connect_timeout = std::chrono::seconds(4);
  options.peer.bind_addresses = {"127.0.0.1"};
  Watched<std::optional<Errc>> failed;
  Watched<bool> connected(false);
  ControllerEvents on;
  on.on_session = [&](Session) { connected.Set(true); };
  on.on_error = [&](const Error& error) { failed.Set(error.code); };
  auto controller = Controller::Create(**network, std::move(options), std::move(on));
  ASSERT_TRUE(controller) << ToString(controller.error());
  ASSERT_TRUE(failed.WaitUntil([](const auto& code) { return code.has_value(); }));
  EXPECT_EQ(failed.Get(), Errc::kTimedOut);
  EXPECT_FALSE(connected.Get());
  EXPECT_EQ(display->Events("paired").size(), 1u) << display->Said();
}

TEST_F(Remember, RevokeEndsTheSession) {
  Relay relay;
  const auto display = Display(relay.url());
  PairByCode(*display, relay.url(), "Ann");
  // One that began without a code, revoked at the display.
  {
    const auto controller = Return(relay.url(), "Ann", {"watch"});
    const std::string id = controller->Event("connected").value("pairingId", "");
    ASSERT_NE(id, "") << controller->Said();
    EXPECT_EQ(RunPairings("pairwire-display", {"revoke", id, "--pairings", DisplayFile()}), 0);
    EXPECT_EQ(controller->Event("disconnected").value("code", ""), "revoked") << controller->Said();
    EXPECT_EQ(display->Event("disconnected").value("code", ""), "revoked") << display->Said();
    EXPECT_TRUE(In(FileOf("Ann")).empty()) << "it was told";
  }
  // One that began with a code, revoked at the controller.
  const auto controller = StartController(relay.url(), NextCode(*display),
                                          {"--name", "Bob", "--pairings", FileOf("Bob"), "watch"});
  const std::string id = controller->Event("remembered").value("pairingId", "");
  ASSERT_NE(id, "") << controller->Said();
  EXPECT_EQ(RunPairings("pairwire-controller", {"revoke", id, "--pairings", FileOf("Bob")}), 0);
  EXPECT_EQ(display->Event("disconnected").value("code", ""), "revoked") << display->Said();
  EXPECT_EQ(controller->Event("disconnected").value("code", ""), "revoked") << controller->Said();
  EXPECT_TRUE(In(DisplayFile()).empty());
}

TEST_F(Remember, EvilRelayMixesMeetsUp) {
  Relay relay;
  {
    const auto display = Display(relay.url());
    PairByCode(*display, relay.url(), "Ann");
    PairByCode(*display, relay.url(), "Bob");
    display->process().Signal(SIGTERM);
    EXPECT_EQ(display->process().WaitForExit(), 0);
  }
  for (const std::string variant : {"swap-meets", "meet-as-code"}) {
    ChildProcess evil({std::string(PAIRWIRE_BIN_DIR) + "/pairwire-evil-relay",
                       std::to_string(relay.port()), variant});
    constexpr std::string_view kPrefix = "listening on ";
    const auto line =
        evil.WaitForLine([&](const std::string& text) { return text.starts_with(kPrefix); });
    ASSERT_TRUE(line) << evil.errors();
    const std::string url = line->substr(kPrefix.size());
    const auto display = Display(url);
    ASSERT_TRUE(display->Event("code").is_object()) << display->Said();
    const auto controller = Return(url, "Ann", {"send", "for the display only"});
    EXPECT_EQ(controller->Event("error").value("code", ""), "auth_failed") << controller->Said();
    EXPECT_EQ(display->Event("error").value("code", ""), "auth_failed") << display->Said();
    EXPECT_EQ(controller->process().WaitForExit(), 1) << controller->Said();
    EXPECT_TRUE(evil.WaitForLine([&](const std::string& text) { return text == "did " + variant; }))
        << "it did nothing";
    for (const char* event : {"connected", "message", "paired"}) {
      EXPECT_TRUE(display->Events(event).empty()) << display->Said();
      EXPECT_TRUE(controller->Events(event).empty()) << controller->Said();
    }
    display->process().Signal(SIGTERM);
    EXPECT_EQ(display->process().WaitForExit(), 0);
  }
  const auto display = Display(relay.url());
  for (const std::string name : {"Ann", "Bob"}) {
    const auto controller = Return(relay.url(), name, {"send", name});
    EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
    EXPECT_EQ(display->Event("message").value("text", ""), name) << display->Said();
  }
}

TEST_F(Remember, ListSaysWho) {
  Relay relay;
  const auto display = Display(relay.url());
  PairByCode(*display, relay.url(), "Ann");
  const std::string id = In(DisplayFile()).at(0).id;
  const std::string program = std::string(PAIRWIRE_BIN_DIR) + "/pairwire-display";
  Program json({program, "pairings", "list", "--pairings", DisplayFile(), "--json"});
  const Json pairing = json.Event("pairing");
  EXPECT_EQ(pairing.value("pairingId", ""), id) << json.Said();
  EXPECT_EQ(pairing.value("name", ""), "Ann");
  EXPECT_EQ(pairing.value("peer", ""), "controller");
  EXPECT_FALSE(pairing.contains("key"));
  EXPECT_EQ(json.process().WaitForExit(), 0);
  ChildProcess text({program, "pairings", "list", "--pairings", DisplayFile()});
  EXPECT_TRUE(text.WaitForLine(
      [&](const std::string& line) { return line.starts_with(id) && line.ends_with("Ann"); }));
}

TEST_F(Remember, WrongUsageIsSaidInOneLine) {
  const std::string program = std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller";
  const struct {
    Words arguments;
    int exit_code;
    std::string says;
  } cases[] = {
      {{"send", "x"}, 2, "--code CODE is required, or --to NAME"},
      {{"--to", "Hall", "send", "x"}, 2, "--pairings"},
      {{"--to", "Hall", "--code", "1234-BCDFG", "--pairings", FileOf("Ann"), "send", "x"},
       2,
       "--code"},
      {{"--to", "Hall", "--pairings", FileOf("Ann"), "send", "x"}, 1, "no display of this name"},
      {{"--no-secret", "--code", "1234", "--pairings", FileOf("Ann"), "send", "x"},
       2,
       "--no-secret"},
  };
  for (const auto& wrong : cases) {
    Words arguments = {program, "--relay", "http://127.0.0.1:1"};
    arguments.insert(arguments.end(), wrong.arguments.begin(), wrong.arguments.end());
    ChildProcess controller(std::move(arguments));
    EXPECT_EQ(controller.WaitForExit(), wrong.exit_code) << wrong.says;
    EXPECT_THAT(controller.errors(), HasSubstr(wrong.says));
  }
}

// The proof that a session keeps must not need what the display had.
TEST_F(Remember, ASessionOutlivesItsDisplayAndController) {
  Relay relay;
  auto network = Network::Create();
  ASSERT_TRUE(network);
  struct End {
    Watched<std::optional<std::string>> code;
    Watched<bool> here{false};
    Watched<std::vector<std::string>> messages;
    Watched<bool> closed{false};
    std::optional<Session> session;  // before `here`
  };
  End ends[2];
  const auto take = [](End& end, Session session) {
    end.session = std::move(session);
    SessionEvents on;
    on.on_message = [&end](const Command& command) {
      end.messages.Update(
          [&](std::vector<std::string>& all) { all.emplace_back(AsText(command.data)); });
    };
    on.on_closed = [&end](const ClosedReport&) { end.closed.Set(true); };
    end.session->Subscribe(std::move(on));
    end.here.Set(true);
  };
  DisplayOptions display_options;
  display_options.relay_url = relay.url();
  display_options.peer.bind_addresses = {"127.0.0.1"};
  DisplayEvents on_display;
  on_display.on_code = [&](const PairingCode& code) { ends[0].code.Set(code.code); };
  on_display.on_session = [&](Session session) { take(ends[0], std::move(session)); };
  auto display = pairwire::Display::Create(**network, std::move(display_options), on_display);
  ASSERT_TRUE(display) << ToString(display.error());
  ASSERT_TRUE(ends[0].code.WaitUntil([](const auto& code) { return code.has_value(); }));
  ControllerOptions options;
  options.relay_url = relay.url();
  options.code = *ends[0].code.Get();
  options.peer.bind_addresses = {"127.0.0.1"};
  ControllerEvents on;
  on.on_session = [&](Session session) { take(ends[1], std::move(session)); };
  auto controller = Controller::Create(**network, std::move(options), std::move(on));
  ASSERT_TRUE(controller) << ToString(controller.error());
  for (End& end : ends) ASSERT_TRUE(end.here.WaitFor(true));

  *display = pairwire::Display();
  *controller = Controller();
  for (End& end : ends) EXPECT_TRUE(end.session->Send("still here"));
  for (End& end : ends) {
    EXPECT_TRUE(end.messages.WaitUntil([](const auto& all) { return all.size() == 1; }));
  }
  ends[0].session->Close();
  for (End& end : ends) EXPECT_TRUE(end.closed.WaitFor(true));
  for (End& end : ends) end.session.reset();
}

}  // namespace
}  // namespace pairwire::test
