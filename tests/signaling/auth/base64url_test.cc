// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/base64url.h"

#include <gtest/gtest.h>

namespace pairwire::auth {
namespace {

TEST(Base64Url, VectorsOfRfc4648) {
  const std::pair<const char*, const char*> kVectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(EncodeBase64Url(std::string_view(bytes)), text);
    EXPECT_EQ(DecodeBase64Url(text), bytes);
  }
}

TEST(Base64Url, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    EXPECT_EQ(DecodeBase64Url(EncodeBase64Url(std::string_view(bytes))), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64Url, OneTextForEachValue) {
  for (const std::string_view text : {"Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "+_8", "-/8", " Zg",
                                      "Zg ", "Z\ng", "Zm9v.", "Zé"}) {
    EXPECT_FALSE(DecodeBase64Url(text)) << text;
  }
  EXPECT_FALSE(DecodeBase64Url(std::string_view("Z\0g", 3)));
}

}  // namespace
}  // namespace pairwire::auth
