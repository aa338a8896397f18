// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two ends that remember each other, or do not, over a link that may lose what is said.
#include "peer/session/remembering.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using delivery::Remember;
using delivery::RememberKind;
using std::chrono::seconds;

std::chrono::system_clock::time_point At(int second) {
  return std::chrono::system_clock::time_point(seconds(1'000'000 + second));
}

class RememberingTest : public ::testing::Test {
 protected:
  struct End {
    std::string file;
    std::string name;
    std::unique_ptr<Remembering> remembering;
    std::deque<Remember> sent;
    std::vector<std::string> remembered;
    int revoked = 0;
  };

  RememberingTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "pairwire-remember-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    display_.file = name + "/display.json";
    controller_.file = name + "/controller.json";
    random_.Fill(secrets_.remember.writable());
  }
  ~RememberingTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Make(End& end, const std::string& pairing_id = {}) {
    Remembering::Options options;
    options.role = &end == &display_ ? auth::PairingRole::kDisplay : auth::PairingRole::kController;
    options.file = end.file;
    options.own_name = &end == &display_ ? "Hall" : "Ann";
    options.pairing_id = pairing_id;
    options.clock = [this] { return At(second_); };
    RememberingEvents on;
    on.send = [&end](const Remember& frame) { end.sent.push_back(frame); };
    on.on_remembered = [&end](const std::string& id) { end.remembered.push_back(id); };
    on.on_revoked = [&end] { ++end.revoked; };
    end.remembering =
        std::make_unique<Remembering>(loop_, random_, std::move(options), std::move(on));
  }

  void MakeBoth() {
    Make(display_);
    Make(controller_);
  }

  // A new link; what the old one had not delivered is lost.
  void Link() {
    for (End* const end : {&display_, &controller_}) {
      end->sent.clear();
      if (end->remembering) end->remembering->OnLink();
    }
  }

  void DeliverOne(End& from, End& to) {
    if (from.sent.empty()) return;
    const Remember frame = std::move(from.sent.front());
    from.sent.pop_front();
    if (!to.remembering) return;  // it keeps no file
    EXPECT_TRUE(to.remembering->OnFrame(secrets_, delivery::RememberPayload(frame)));
  }

  void DeliverAll() {
    while (!display_.sent.empty() || !controller_.sent.empty()) {
      DeliverOne(display_, controller_);
      DeliverOne(controller_, display_);
    }
  }

  static std::vector<StoredPairing> In(const End& end) {
    auto entries = PairingsFile(end.file).Read();
    EXPECT_TRUE(entries) << ToString(entries.error());
    return entries ? std::move(*entries) : std::vector<StoredPairing>();
  }

  void ExpectRemembered() {
    ASSERT_EQ(display_.remembered.size(), 1u);
    EXPECT_EQ(controller_.remembered, display_.remembered);
    const auto at_display = In(display_);
    const auto at_controller = In(controller_);
    ASSERT_EQ(at_display.size(), 1u);
    ASSERT_EQ(at_controller.size(), 1u);
    EXPECT_EQ(at_display[0].shown.id, display_.remembered[0]);
    EXPECT_EQ(at_controller[0].shown.id, display_.remembered[0]);
    EXPECT_EQ(auth::MeetName(at_display[0].key), auth::MeetName(at_controller[0].key));
    EXPECT_TRUE(at_display[0].shown.display);
    EXPECT_FALSE(at_controller[0].shown.display);
    EXPECT_EQ(at_display[0].shown.name, "Ann");
    EXPECT_EQ(at_controller[0].shown.name, "Hall");
  }

  test::ManualLoop loop_;
  test::SeededRandom random_{1};
  auth::SessionSecrets secrets_;
  int second_ = 0;
  std::string folder_;
  End display_;
  End controller_;
};

TEST_F(RememberingTest, BothEndsKeepTheSame) {
  MakeBoth();
  Link();
  DeliverAll();
  ExpectRemembered();
  // Later links have nothing to say.
  Link();
  EXPECT_TRUE(display_.sent.empty() && controller_.sent.empty());
}

TEST_F(RememberingTest, WhatALinkLostIsSaidAgain) {
  // After each number of deliveries the link breaks.
  for (int delivered = 0; delivered <= 4; ++delivered) {
    for (End* const end : {&display_, &controller_}) {
      std::filesystem::remove(end->file);
      end->remembered.clear();
    }
    MakeBoth();
    Link();
    for (int i = 0; i < delivered; ++i) {
      if (i % 2 == 0) {
        DeliverOne(display_, controller_);
      } else {
        DeliverOne(controller_, display_);
      }
    }
    Link();
    DeliverAll();
    ExpectRemembered();
  }
}

// A link is in use at one end before the other end has said so to itself.
TEST_F(RememberingTest, AnAcceptMayComeBeforeTheOffer) {
  MakeBoth();
  display_.remembering->OnLink();
  DeliverOne(display_, controller_);
  DeliverOne(controller_, display_);  // the accept
  controller_.remembering->OnLink();
  DeliverAll();
  ExpectRemembered();
}

TEST_F(RememberingTest, BothMustAgree) {
  Make(display_);  // the controller keeps no file
  Link();
  DeliverAll();
  Link();
  DeliverAll();
  EXPECT_TRUE(display_.remembered.empty());
  EXPECT_TRUE(In(display_).empty());
}

TEST_F(RememberingTest, AnEndThatCanNotStoreRefuses) {
  controller_.file = folder_ + "/nowhere/controller.json";
  MakeBoth();
  Link();
  DeliverAll();
  Link();
  DeliverAll();
  EXPECT_TRUE(display_.remembered.empty() && controller_.remembered.empty());
  EXPECT_TRUE(In(display_).empty()) << "nobody would ever come by it";
}

TEST_F(RememberingTest, OneOfferIsAnsweredALink) {
  MakeBoth();
  Link();
  const Remember offer = display_.sent.front();
  controller_.sent.clear();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(controller_.remembering->OnFrame(secrets_, delivery::RememberPayload(offer)));
  }
  EXPECT_EQ(controller_.sent.size(), 1u);
  // Another contribution makes no second pairing.
  controller_.remembering->OnLink();
  Remember other = offer;
  other.contribution[0] ^= 1;
  EXPECT_TRUE(controller_.remembering->OnFrame(secrets_, delivery::RememberPayload(other)));
  EXPECT_EQ(controller_.sent.back().kind, RememberKind::kRefuse);
  EXPECT_EQ(In(controller_).size(), 1u);
}

TEST_F(RememberingTest, WhatIsNoFrameIsRefused) {
  MakeBoth();
  Bytes payload = delivery::RememberPayload({});
  payload[0] = 9;
  EXPECT_EQ(display_.remembering->OnFrame(secrets_, payload).error().code, Errc::kParseError);
}

TEST_F(RememberingTest, NamesAreMadeFitForTheFile) {
  for (const std::string name : {"bell\x07", "\xff\xfe broken", "\xc3"}) {
    std::filesystem::remove(display_.file);
    Make(display_);
    Remember offer;
    offer.name = name;
    EXPECT_TRUE(display_.remembering->OnFrame(secrets_, delivery::RememberPayload(offer)));
    ASSERT_EQ(In(display_).size(), 1u) << name;
    EXPECT_LE(In(display_)[0].shown.name.size(), name.size());
  }
}

TEST_F(RememberingTest, RevokedIsNoticedWithinTwoSeconds) {
  MakeBoth();
  Link();
  DeliverAll();
  ExpectRemembered();
  loop_.AdvanceBy(seconds(10));
  EXPECT_EQ(display_.revoked, 0);
  EXPECT_TRUE(RevokePairing(display_.file, display_.remembered[0]));
  loop_.AdvanceBy(seconds(2));
  EXPECT_EQ(display_.revoked, 1);
  EXPECT_EQ(controller_.revoked, 0);
  // The other end is told by the session, and forgets it.
  controller_.remembering->OnRevokedByOther();
  EXPECT_TRUE(In(controller_).empty());
  loop_.AdvanceBy(seconds(10));
  EXPECT_EQ(display_.revoked, 1);
  EXPECT_EQ(controller_.revoked, 0);
}

TEST_F(RememberingTest, OtherEntriesAndATroubledFileRevokeNothing) {
  MakeBoth();
  Link();
  DeliverAll();
  StoredPairing other;
  other.shown = {std::string(32, 'a'), "Bob", true, At(0), At(0)};
  EXPECT_TRUE(PairingsFile(display_.file).Put(std::move(other)));
  EXPECT_TRUE(RevokePairing(display_.file, std::string(32, 'a')));
  loop_.AdvanceBy(seconds(3));
  EXPECT_EQ(display_.revoked, 0);
  std::string whole;
  {
    std::ifstream file(display_.file);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::ofstream(display_.file) << "{";
  loop_.AdvanceBy(seconds(3));
  EXPECT_EQ(display_.revoked, 0);
  // And once it is whole again it counts again.
  std::ofstream(display_.file) << whole;
  EXPECT_TRUE(RevokePairing(display_.file, display_.remembered[0]));
  loop_.AdvanceBy(seconds(2));
  EXPECT_EQ(display_.revoked, 1);
}

TEST_F(RememberingTest, ARememberedOneIsUsedAndWatched) {
  MakeBoth();
  Link();
  DeliverAll();
  const std::string id = display_.remembered[0];
  second_ = 500;
  Make(display_, id);
  Make(controller_, id);
  Link();
  EXPECT_TRUE(display_.sent.empty() && controller_.sent.empty()) << "nothing to agree on";
  EXPECT_EQ(In(display_)[0].shown.last_used, At(500));
  EXPECT_EQ(In(display_)[0].shown.made, At(0));
  EXPECT_TRUE(RevokePairing(controller_.file, id));
  loop_.AdvanceBy(seconds(2));
  EXPECT_EQ(controller_.revoked, 1);
  EXPECT_EQ(display_.remembered.size(), 1u) << "of the first session";
}

TEST_F(RememberingTest, NothingAfterTheSession) {
  MakeBoth();
  Link();
  DeliverAll();
  display_.remembering->Stop();
  EXPECT_TRUE(RevokePairing(display_.file, display_.remembered[0]));
  display_.remembering->OnLink();
  loop_.AdvanceBy(seconds(10));
  EXPECT_EQ(display_.revoked, 0);
}

}  // namespace
}  // namespace pairwire
