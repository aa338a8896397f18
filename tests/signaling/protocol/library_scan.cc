// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/protocol/library_scan.h"

#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "signaling/protocol/json_scan.h"
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
  Checker(const char* const* reached, std::vector<SeenMember>& seen)
      : reached_(reached), seen_(seen) {}

  Error TakeError() { return std::move(error_); }

  // The library's event interface; false stops it.
  bool null() { return Element(); }
  bool boolean(bool) { return Element() && Other(); }
  bool number_integer(std::int64_t) { return Element() && Other(); }
  bool number_unsigned(std::uint64_t) { return Element() && Other(); }
  bool number_float(double, const std::string&) { return Element() && Other(); }
  bool string(std::string& value) { return Element() && Saw(SeenMember::Kind::kString, value); }
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
  bool Saw(SeenMember::Kind kind, std::string value) {
    if (levels_.size() == 1) seen_.push_back({kind, top_key_, std::move(value)});
    return true;
  }
  bool Other() { return Saw(SeenMember::Kind::kOther, {}); }

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
    if (levels_.size() != 1) return true;
    if (!object) return Other();
    return Saw(SeenMember::Kind::kObject, std::string(value_begin_, *reached_));
  }

  const char* const* reached_;
  std::vector<SeenMember>& seen_;
  std::vector<Level> levels_;
  std::string top_key_;
  const char* value_begin_ = nullptr;
  Error error_{Errc::kParseError, "not valid JSON"};
};

class Recorder final : public MemberVisitor {
 public:
  explicit Recorder(std::vector<SeenMember>& seen) : seen_(seen) {}
  bool OnString(const JsonText& key, const JsonText& value) override {
    seen_.push_back({SeenMember::Kind::kString, Text(key), Text(value)});
    return true;
  }
  bool OnObject(const JsonText& key, std::string_view verbatim) override {
    seen_.push_back({SeenMember::Kind::kObject, Text(key), std::string(verbatim)});
    return true;
  }
  bool OnOther(const JsonText& key) override {
    seen_.push_back({SeenMember::Kind::kOther, Text(key), {}});
    return true;
  }
  std::string_view reason() const override { return {}; }

 private:
  static std::string Text(const JsonText& text) {
    // Escapes are never shorter than what they mean.
    std::string out(text.verbatim().size(), ' ');
    return std::string(text.Decode(out).value());
  }

  std::vector<SeenMember>& seen_;
};

}  // namespace

Result<void> LibraryScan(std::string_view text, std::size_t max_bytes,
                         std::vector<SeenMember>& seen) {
  if (text.size() > max_bytes) return Fail(Errc::kLimitExceeded, "too many bytes");
  if (text.find('\0') != std::string_view::npos) return Fail(Errc::kParseError, "has a NUL byte");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') {
    return Fail(Errc::kParseError, "not a JSON object");
  }
  const char* reached = text.data();
  Checker checker(&reached, seen);
  const CountingIterator begin(text.data(), &reached);
  const CountingIterator end(text.data() + text.size(), nullptr);
  if (!nlohmann::json::sax_parse(begin, end, &checker)) {
    return tl::unexpected<Error>(checker.TakeError());
  }
  return {};
}

Result<void> OurScan(std::string_view text, std::size_t max_bytes, std::vector<SeenMember>& seen) {
  Recorder recorder(seen);
  return ScanObject(text, max_bytes, &recorder);
}

bool ScansAgree(std::string_view text, std::size_t max_bytes) {
  std::vector<SeenMember> theirs;
  std::vector<SeenMember> ours;
  const Result<void> library = LibraryScan(text, max_bytes, theirs);
  const Result<void> scanned = OurScan(text, max_bytes, ours);
  if (library.has_value() != scanned.has_value() || theirs != ours) return false;
  return library.has_value() || (library.error().code == scanned.error().code &&
                                 library.error().detail == scanned.error().detail);
}

}  // namespace pairwire::protocol
