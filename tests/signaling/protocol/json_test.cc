// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The JSON bounds: what is refused, exactly at which limit, and that writing escapes what reading
// needs.
#include "signaling/protocol/json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

using namespace std::string_view_literals;

Errc CodeOf(std::string_view text, std::size_t max_bytes = kMaxMessageBytes) {
  const auto checked = CheckJsonObject(text, max_bytes);
  EXPECT_FALSE(checked) << text;
  return checked ? Errc::kClosed : checked.error().code;
}

std::string Nested(int depth) {
  // The object counts as the first level.
  return "{\"a\":" + std::string(static_cast<std::size_t>(depth - 1), '[') +
         std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
}

std::string Members(std::size_t count) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) {
    text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":0";
  }
  return text + "}";
}

TEST(CheckJsonObject, AcceptsObjects) {
  for (const std::string_view text :
       {"{}"sv, " \n{ } \t"sv, R"({"a":[1,2.5,-3e2,true,false,null,"x",{}]})"sv,
        R"({"a":"\u00e9\ud83d\ude00 é 😀"})"sv, R"({"a":{"x":1},"b":{"x":1}})"sv, R"({"":1})"sv}) {
    EXPECT_TRUE(CheckJsonObject(text, kMaxMessageBytes)) << text;
  }
}

TEST(CheckJsonObject, RefusesWhatIsNotAnObject) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "null"sv,
                                      "1"sv,
                                      "\"a\""sv,
                                      "[]"sv,
                                      "{"sv,
                                      "}"sv,
                                      "{}{}"sv,
                                      "{} x"sv,
                                      "{\"a\"}"sv,
                                      "{\"a\":}"sv,
                                      "{\"a\":1,}"sv,
                                      "{a:1}"sv,
                                      "{'a':1}"sv,
                                      "{\"a\":01}"sv,
                                      "{\"a\":+1}"sv,
                                      "{\"a\":.5}"sv,
                                      "{\"a\":1e999}"sv,
                                      "{\"a\":NaN}"sv,
                                      "{\"a\":1}//c"sv,
                                      "{/*c*/\"a\":1}"sv,
                                      "{\"a\":[1,]}"sv,
                                      "{\"a\":tru}"sv,
                                      "\xEF\xBB\xBF{}"sv,
                                      R"({"a":"\x"})"sv,
                                      R"({"a":"\ud800"})"sv,
                                      "{\"a\":\"\t\"}"sv}) {
    EXPECT_EQ(CodeOf(text), Errc::kParseError) << text;
  }
}

TEST(CheckJsonObject, RefusesEveryCutShortText) {
  const std::string text = R"( {"type":"x","data":{"a":[1,{"b":"\u00e9"}],"c":-1.5e3},"n":null})";
  ASSERT_TRUE(CheckJsonObject(text, kMaxMessageBytes));
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(CheckJsonObject(std::string_view(text).substr(0, cut), kMaxMessageBytes)) << cut;
  }
}

TEST(CheckJsonObject, RefusesNulBytesAnywhere) {
  // The library takes a NUL byte for the end of the text and would accept these.
  EXPECT_EQ(CodeOf("{}\0"sv), Errc::kParseError);
  EXPECT_EQ(CodeOf("{}\0garbage"sv), Errc::kParseError);
  EXPECT_EQ(CodeOf("{\"a\":\"\0\"}"sv), Errc::kParseError);
}

TEST(CheckJsonObject, RefusesInvalidUtf8) {
  for (const std::string_view bytes :
       {"\x80"sv, "\xC0\xAF"sv, "\xC3"sv, "\xE0\x80\x80"sv, "\xED\xA0\x80"sv, "\xF5\x80\x80\x80"sv,
        "\xF4\x90\x80\x80"sv, "\xFF"sv}) {
    EXPECT_EQ(CodeOf("{\"a\":\"" + std::string(bytes) + "\"}"), Errc::kParseError);
    EXPECT_EQ(CodeOf("{\"" + std::string(bytes) + "\":1}"), Errc::kParseError);
  }
}

TEST(CheckJsonObject, RefusesDuplicateKeysAtEveryDepth) {
  EXPECT_EQ(CodeOf(R"({"a":1,"a":2})"), Errc::kParseError);
  EXPECT_EQ(CodeOf(R"({"a":1,"\u0061":2})"), Errc::kParseError);
  EXPECT_EQ(CodeOf(R"({"d":{"a":1,"b":2,"a":3}})"), Errc::kParseError);
  EXPECT_EQ(CodeOf(R"({"d":[{"a":1,"a":3}]})"), Errc::kParseError);
}

TEST(CheckJsonObject, HoldsTheDepth) {
  EXPECT_TRUE(CheckJsonObject(Nested(kMaxJsonDepth), kMaxMessageBytes));
  EXPECT_EQ(CodeOf(Nested(kMaxJsonDepth + 1)), Errc::kLimitExceeded);
  EXPECT_EQ(CodeOf(Nested(20'000)), Errc::kLimitExceeded);
}

TEST(CheckJsonObject, HoldsTheMemberCount) {
  EXPECT_TRUE(CheckJsonObject(Members(kMaxJsonMembers), kMaxMessageBytes));
  EXPECT_EQ(CodeOf(Members(kMaxJsonMembers + 1)), Errc::kLimitExceeded);
  std::string array = "{\"a\":[0";
  for (std::size_t i = 1; i < kMaxJsonMembers; ++i) array += ",0";
  EXPECT_TRUE(CheckJsonObject(array + "]}", kMaxMessageBytes));
  EXPECT_EQ(CodeOf(array + ",0]}"), Errc::kLimitExceeded);
}

TEST(CheckJsonObject, HoldsTheSize) {
  const std::string text = "{\"a\":\"" + std::string(100, 'x') + "\"}";
  EXPECT_TRUE(CheckJsonObject(text, text.size()));
  EXPECT_EQ(CodeOf(text, text.size() - 1), Errc::kLimitExceeded);
}

TEST(JsonObject, ReadsMembers) {
  auto object = JsonObject::Parse(
      R"({"s":"hé","i":-5,"b":true,"o":{"x":[1,2]},"a":[{"n":1},{"n":2}],"z":null,"e":""})", 1000);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->String("s", 10).value(), "hé");
  EXPECT_EQ(object->OptionalInteger("i", -10, 10).value(), -5);
  EXPECT_EQ(object->OptionalBool("b").value(), true);
  EXPECT_EQ(object->Raw("o", 100).value().text, R"({"x":[1,2]})");
  EXPECT_EQ(object->Object("o").value().Raw("x", 100).value().text, "[1,2]");
  EXPECT_EQ(object->Objects("a").value().size(), 2u);
  EXPECT_FALSE(object->OptionalString("z", 10).value().has_value());
  EXPECT_FALSE(object->OptionalString("absent", 10).value().has_value());
  EXPECT_TRUE(object->Raw("absent", 10).value().empty());
  EXPECT_EQ(object->String("e", 10).error().code, Errc::kParseError);
  EXPECT_EQ(object->String("absent", 10).error().code, Errc::kParseError);
}

TEST(JsonObject, RefusesWrongTypesAndRanges) {
  auto object = JsonObject::Parse(
      R"({"s":"hello","i":7,"f":1.5,"h":18446744073709551615,"c":"a\u001b[2J","c1":"\u0085","a":[1]})",
      1000);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->String("i", 10).error().code, Errc::kParseError);
  EXPECT_EQ(object->String("s", 4).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(object->OptionalInteger("s", 0, 9).error().code, Errc::kParseError);
  EXPECT_EQ(object->OptionalInteger("f", 0, 9).error().code, Errc::kParseError);
  EXPECT_EQ(object->OptionalInteger("i", 0, 6).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(object->OptionalInteger("h", INT64_MIN, INT64_MAX).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(object->OptionalBool("i").error().code, Errc::kParseError);
  // Names are shown on terminals: no escape sequences.
  EXPECT_EQ(object->String("c", 100).error().code, Errc::kParseError);
  EXPECT_EQ(object->String("c1", 100).error().code, Errc::kParseError);
  EXPECT_EQ(object->Object("a").error().code, Errc::kParseError);
  EXPECT_EQ(object->Objects("a").error().code, Errc::kParseError);
  EXPECT_EQ(object->Objects("s").error().code, Errc::kParseError);
  EXPECT_EQ(object->Raw("s", 3).error().code, Errc::kLimitExceeded);
}

TEST(JsonWriter, WritesWhatTheReaderReads) {
  const std::string odd = "quote \" back \\ line \n tab \t bell \x07 é 😀";
  const std::string text = JsonWriter()
                               .Add("s", odd)
                               .Add("literal", "text")
                               .Add("i", 42)
                               .Add("b", false)
                               .AddRaw("r", "{\"x\":1}")
                               .AddRaw("none", "")
                               .AddIfSet("empty", "")
                               .Take();
  EXPECT_EQ(text,
            "{\"s\":\"quote \\\" back \\\\ line \\u000a tab \\u0009 bell \\u0007 é 😀\","
            "\"literal\":\"text\",\"i\":42,\"b\":false,\"r\":{\"x\":1}}");
  EXPECT_TRUE(CheckJsonObject(text, 1000));
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  const std::string text = JsonWriter().Add("s", "a\xFF\xC3z\xED\xA0\x80").Take();
  EXPECT_TRUE(CheckJsonObject(text, 1000)) << text;
}

TEST(JsonWriter, StartsAgainAfterTake) {
  JsonWriter writer;
  EXPECT_EQ(writer.Take(), "{}");
  EXPECT_EQ(writer.Add("a", 1).Take(), "{\"a\":1}");
  EXPECT_EQ(writer.Add("b", 2).Take(), "{\"b\":2}");
}

TEST(JsonObject, Numbers) {
  const auto parsed = JsonObject::Parse(
      R"({"whole":3,"part":2.5,"least":-1,"null":null,"text":"1","bool":true,"huge":1e300})", 1024);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->OptionalNumber("whole", 0, 3).value(), 3.0);
  EXPECT_EQ(parsed->OptionalNumber("part", 0, 3).value(), 2.5);
  EXPECT_FALSE(parsed->OptionalNumber("null", 0, 3)->has_value());
  EXPECT_FALSE(parsed->OptionalNumber("missing", 0, 3)->has_value());
  for (const char* key : {"least", "huge"}) {
    EXPECT_EQ(parsed->OptionalNumber(key, 0, 3).error().code, Errc::kLimitExceeded) << key;
  }
  for (const char* key : {"text", "bool"}) {
    EXPECT_EQ(parsed->OptionalNumber(key, 0, 3).error().code, Errc::kParseError) << key;
  }
}

TEST(JsonObject, StringsOrOneString) {
  const auto parsed = JsonObject::Parse(
      R"({"one":"a","two":["a","b"],"none":[],"null":null,"mixed":["a",1],"number":1,"bad":["\u0001"]})",
      1024);
  ASSERT_TRUE(parsed);
  using Strings = std::vector<std::string>;
  EXPECT_EQ(parsed->OptionalStrings("one", 2, 1).value(), Strings({"a"}));
  EXPECT_EQ(parsed->OptionalStrings("two", 2, 1).value(), Strings({"a", "b"}));
  EXPECT_EQ(parsed->OptionalStrings("none", 2, 1).value(), Strings());
  EXPECT_FALSE(parsed->OptionalStrings("null", 2, 1)->has_value());
  EXPECT_FALSE(parsed->OptionalStrings("missing", 2, 1)->has_value());
  EXPECT_EQ(parsed->OptionalStrings("two", 1, 1).error().code, Errc::kLimitExceeded);
  EXPECT_EQ(parsed->OptionalStrings("one", 1, 0).error().code, Errc::kLimitExceeded);
  for (const char* key : {"mixed", "number", "bad"}) {
    EXPECT_EQ(parsed->OptionalStrings(key, 2, 8).error().code, Errc::kParseError) << key;
  }
}

}  // namespace
}  // namespace pairwire::protocol
