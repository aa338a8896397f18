// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/direct_pair.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace pairwire::faults {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kWord = "through-the-fault-";

// The next event of that name; null when it does not come.
Json EventOf(test::ChildProcess& process, std::string_view name) {
  Json found;
  process.WaitForLine([&](const std::string& line) {
    Json event = Json::parse(line, nullptr, false);
    if (!event.is_object() || event.value("event", "") != name) return false;
    found = std::move(event);
    return true;
  });
  return found;
}

std::vector<Json> EventsOf(const test::ChildProcess& process, std::string_view name) {
  std::vector<Json> events;
  for (const std::string& line : process.lines()) {
    Json event = Json::parse(line, nullptr, false);
    if (event.is_object() && event.value("event", "") == name) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace

DirectPair::DirectPair(const std::string& display_relay, const std::string& controller_relay) {
  display_ = std::make_unique<test::ChildProcess>(
      std::vector<std::string>{PAIRWIRE_BIN_DIR "/pairwire-display", "--relay", display_relay,
                               "--json", "--no-secret", "--bind", "127.0.0.1"});
  const Json code = EventOf(*display_, "code");
  EXPECT_TRUE(code.is_object()) << display_->errors();
  code_ = code.is_object() ? code.value("code", "") : "";
  controller_ = std::make_unique<test::ChildProcess>(std::vector<std::string>{
      PAIRWIRE_BIN_DIR "/pairwire-controller", "--relay", controller_relay, "--code", code_,
      "--json", "--no-secret", "--bind", "127.0.0.1", "chat"});
  EXPECT_TRUE(EventOf(*controller_, "connected").is_object()) << controller_->errors();
  EXPECT_TRUE(EventOf(*display_, "connected").is_object()) << display_->errors();
}

void DirectPair::Say() {
  EXPECT_TRUE(controller_->Write(std::string(kWord) + std::to_string(++said_) + "\n"));
}

void DirectPair::ExpectUntouched() {
  const std::string last = std::string(kWord) + std::to_string(said_);
  display_->WaitForLine(
      [&](const std::string& line) { return line.find(last + "\"") != std::string::npos; });
  const std::vector<Json> messages = EventsOf(*display_, "message");
  ASSERT_EQ(messages.size(), said_) << display_->errors();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].value("text", ""), std::string(kWord) + std::to_string(i + 1));
  }
  for (const auto* end : {display_.get(), controller_.get()}) {
    EXPECT_TRUE(EventsOf(*end, "disconnected").empty());
    EXPECT_TRUE(EventsOf(*end, "closed").empty());
    EXPECT_EQ(EventsOf(*end, "connected").size(), 1U);
  }
}

}  // namespace pairwire::faults
