// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/group/presentation_lead.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pairwire::group {
namespace {

std::int64_t LeadOf(const std::vector<MemberPath>& members) { return PresentationLeadUs(members); }

TEST(PresentationLead, IsThatOfTheSlowest) {
  EXPECT_EQ(LeadOf({}), kLeadMarginUs);
  EXPECT_EQ(LeadOf({{10'000, 1'000}, {100'000, 500}, {40'000, 20'000}}), 100'500 + kLeadMarginUs);
}

TEST(PresentationLead, OneFarDisplayDoesNotHoldUpTheOthers) {
  EXPECT_EQ(LeadOf({{10'000, 1'000}, {3'000'000, 0}}), kMaxLeadUs);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(LeadOf({{kMost, kMost}}), kMaxLeadUs);
  EXPECT_EQ(LeadOf({{-kMost, -kMost}}), kLeadMarginUs);
}

}  // namespace
}  // namespace pairwire::group
