// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The JSON library's event interface (SAX) with our limits on top. Traps avoided here: the library
// ends at a NUL byte as if the text ended there, skips a byte order mark, keeps the last of
// duplicate keys, and recurses as deep as its input in later steps.
#include "signaling/protocol/json_scan.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

// Walks a text and tells how far the parser has read.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    if (reached_ != nullptr) *reached_ = at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

class Checker {
 public:
  Checker(const char* const* reached, MemberVisitor* visitor)
      : reached_(reached), visitor_(visitor) {}

  Error TakeError() { return std::move(error_); }

  // The library's event interface; false stops it.
  bool null() { return Element(); }
  bool boolean(bool) { return Element() && Other(); }
  bool number_integer(std::int64_t) { return Element() && Other(); }
  bool number_unsigned(std::uint64_t) { return Element() && Other(); }
  bool number_float(double, const std::string&) { return Element() && Other(); }
  bool string(std::string& value) {
    if (!Element()) return false;
    return !AtTop() || Asked(visitor_->OnString(top_key_, value));
  }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Element() && Open(true); }
  bool key(std::string& name) {
    Level& level = levels_.back();
    if (++level.members > kMaxJsonMembers) return Limit("too many members in one object");
    if (levels_.size() == 1) top_key_ = name;
    if (!level.keys.insert(std::move(name)).second) return Stop("a key is there twice");
    return true;
  }
  bool end_object() { return Close(true); }
  bool start_array(std::size_t) { return Element() && Open(false); }
  bool end_array() { return Close(false); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) {
    return Stop("not valid JSON");
  }

 private:
  struct Level {
    bool object = false;
    std::size_t members = 0;
    std::set<std::string, std::less<>> keys;
  };

  bool Stop(std::string_view why) {
    error_ = Error{Errc::kParseError, std::string(why)};
    return false;
  }
  bool Limit(std::string_view why) {
    error_ = Error{Errc::kLimitExceeded, std::string(why)};
    return false;
  }
  bool Asked(bool go_on) { return go_on || Stop(visitor_->reason()); }
  bool AtTop() const { return levels_.size() == 1 && visitor_ != nullptr; }
  bool Other() { return !AtTop() || Asked(visitor_->OnOther(top_key_)); }

  // Counts a value; the members of objects are counted by their keys.
  bool Element() {
    if (levels_.empty() || levels_.back().object) return true;
    if (++levels_.back().members > kMaxJsonMembers) return Limit("too many elements in one array");
    return true;
  }
  bool Open(bool object) {
    if (levels_.size() >= static_cast<std::size_t>(kMaxJsonDepth))
      return Limit("nested too deeply");
    // Brackets and braces are read one character at a time, so the last one read is this one.
    if (levels_.size() == 1) value_begin_ = *reached_ - 1;
    levels_.push_back(Level{object, 0, {}});
    return true;
  }
  bool Close(bool object) {
    levels_.pop_back();
    if (!AtTop()) return true;
    if (!object) return Asked(visitor_->OnOther(top_key_));
    const auto size = static_cast<std::size_t>(*reached_ - value_begin_);
    return Asked(visitor_->OnObject(top_key_, std::string_view(value_begin_, size)));
  }

  const char* const* reached_;
  MemberVisitor* visitor_;
  std::vector<Level> levels_;
  std::string top_key_;
  const char* value_begin_ = nullptr;
  Error error_{Errc::kParseError, "not valid JSON"};
};

}  // namespace

Result<void> ScanObject(std::string_view text, std::size_t max_bytes, MemberVisitor* visitor) {
  if (text.size() > max_bytes) return Fail(Errc::kLimitExceeded, "too many bytes");
  if (text.find('\0') != std::string_view::npos) return Fail(Errc::kParseError, "has a NUL byte");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') {
    return Fail(Errc::kParseError, "not a JSON object");
  }
  const char* reached = text.data();
  Checker checker(&reached, visitor);
  const CountingIterator begin(text.data(), &reached);
  const CountingIterator end(text.data() + text.size(), nullptr);
  if (!nlohmann::json::sax_parse(begin, end, &checker)) {
    return tl::unexpected<Error>(checker.TakeError());
  }
  return {};
}

bool IsPlainText(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    if (byte == 0xC2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xA0) {
      return false;
    }
  }
  return true;
}

Result<void> CheckJsonObject(std::string_view text, std::size_t max_bytes) {
  return ScanObject(text, max_bytes, nullptr);
}

}  // namespace pairwire::protocol
