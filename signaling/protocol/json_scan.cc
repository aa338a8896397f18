// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Nothing recurses: the open objects and arrays stand in a small array, as their depth is bounded.
#include "signaling/protocol/json_scan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

// Whether any of eight bytes ends a run of plain characters in a string: a quote, a backslash, a
// control, or one beyond ASCII.
bool HasSpecial(std::uint64_t word) {
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  // A byte below what is taken away from it borrows into its highest bit.
  return ((word | (word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes)) & kHighBits) != 0;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The value of four hexadecimal digits, or -1.
int HexValue(const char* digits) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = digits[i];
    const int digit = IsDigit(c)               ? c - '0'
                      : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                      : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                               : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool IsHighSurrogate(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLowSurrogate(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// The bytes that a valid string means, one by one.
class DecodedBytes {
 public:
  explicit DecodedBytes(std::string_view verbatim)
      : at_(verbatim.data()), end_(verbatim.data() + verbatim.size()) {}

  // -1: there are no more.
  int Next() {
    if (pending_next_ < pending_size_) return pending_[pending_next_++];
    if (at_ == end_) return -1;
    const char c = *at_++;
    return c == '\\' ? Escape() : static_cast<unsigned char>(c);
  }

 private:
  int Escape() {
    const char c = *at_++;
    switch (c) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        return Character();
      default:
        return static_cast<unsigned char>(c);  // a quote, a slash, a backslash
    }
  }

  int Character() {
    auto code = static_cast<std::uint32_t>(HexValue(at_));
    at_ += 4;
    if (IsHighSurrogate(static_cast<int>(code))) {
      const auto low = static_cast<std::uint32_t>(HexValue(at_ + 2));
      at_ += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code < 0x80) return static_cast<int>(code);
    // UTF-8 (RFC 3629): the tails wait for the next calls.
    const std::size_t tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (std::size_t i = 0; i < tails; ++i) {
      pending_[i] = static_cast<std::uint8_t>(0x80 | ((code >> (6 * (tails - 1 - i))) & 0x3F));
    }
    pending_next_ = 0;
    pending_size_ = tails;
    constexpr std::array<std::uint32_t, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
    return static_cast<int>(kLead[tails] | (code >> (6 * tails)));
  }

  const char* at_;
  const char* end_;
  std::array<std::uint8_t, 3> pending_{};
  std::size_t pending_next_ = 0;
  std::size_t pending_size_ = 0;
};

// FNV-1a of what the string means.
std::uint32_t HashOf(const JsonText& text) {
  std::uint32_t hash = 2166136261U;
  DecodedBytes bytes(text.verbatim());
  for (int byte = bytes.Next(); byte >= 0; byte = bytes.Next()) {
    hash = (hash ^ static_cast<std::uint32_t>(byte)) * 16777619U;
  }
  return hash;
}

// Whether a number, valid as JSON, is finite as a double.
bool IsFinite(std::string_view number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc()) return std::isfinite(value);
  // Out of range is what is too large, and what is so small that it is zero.
  if (number.front() == '-') number.remove_prefix(1);
  const std::size_t mark = number.find_first_of("eE");
  const std::string_view digits = number.substr(0, mark);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t leading = digits.find_first_of("123456789");
  if (leading == std::string_view::npos || mark == std::string_view::npos) {
    return leading == std::string_view::npos || leading > point;
  }
  // Far beyond any text's length, so that sums do not overflow.
  constexpr std::int64_t kFar = 1'000'000'000;
  std::string_view power = number.substr(mark + 1);
  const bool negative = power.front() == '-';
  if (negative || power.front() == '+') power.remove_prefix(1);
  std::int64_t exponent = 0;
  for (const char c : power) exponent = std::min(kFar, exponent * 10 + (c - '0'));
  const auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(leading);
  return magnitude + (negative ? -exponent : exponent) < 0;
}

class Scanner {
 public:
  Scanner(std::string_view text, MemberVisitor* visitor)
      : at_(text.data()), end_(text.data() + text.size()), visitor_(visitor) {}

  bool Run();
  tl::unexpected<Error> TakeError() const { return Fail(code_, std::string(why_)); }

 private:
  // What is to come next, blanks aside.
  enum class Step : std::uint8_t { kFirstKey, kKey, kFirstElement, kValue, kAfterValue };

  struct Level {
    bool object = false;
    std::uint32_t members = 0;
    std::uint32_t first_key = 0;
  };

  static constexpr std::size_t kMaxDepth = kMaxJsonDepth;
  // Up to so many keys are compared one by one; beyond, by their hashes first.
  static constexpr std::size_t kFewKeys = 16;

  bool Stop(std::string_view why, Errc code = Errc::kParseError) {
    why_ = why;
    code_ = code;
    return false;
  }
  bool Invalid() { return Stop("not valid JSON"); }
  bool Limit(std::string_view why) { return Stop(why, Errc::kLimitExceeded); }
  bool Asked(bool go_on) { return go_on || Stop(visitor_->reason()); }
  bool AtTop() const { return depth_ == 1 && visitor_ != nullptr; }
  bool Other() { return !AtTop() || Asked(visitor_->OnOther(top_key_)); }

  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool Element();
  bool Open(bool object);
  bool Close();
  bool Key();
  bool IsNew(const Level& level, const JsonText& key);
  bool Value(Step& step);
  bool String(JsonText& text);
  bool Escape();
  bool Multibyte();
  bool Word(std::string_view word);
  bool Number();

  const char* at_;
  const char* const end_;
  MemberVisitor* const visitor_;
  JsonText top_key_;
  const char* value_begin_ = nullptr;
  std::size_t depth_ = 0;
  std::size_t keys_used_ = 0;
  std::string_view why_ = "not valid JSON";
  Errc code_ = Errc::kParseError;
  std::array<Level, kMaxDepth> levels_{};
  // The keys of all open objects, and hashes of those that stand in large ones. Not cleared: only
  // what was written is read, and clearing would cost more than most texts take.
  struct OpenKey {
    const char* data;
    std::uint32_t size;
    bool escaped;
    JsonText text() const { return {{data, size}, escaped}; }
  };
  std::array<OpenKey, kMaxDepth * kMaxJsonMembers> keys_;
  std::array<std::uint32_t, kMaxDepth * kMaxJsonMembers> hashes_;
};

bool Scanner::Run() {
  Step step = Step::kValue;
  for (;;) {
    SkipBlanks();
    switch (step) {
      case Step::kFirstKey:
        if (Take('}')) {
          if (!Close()) return false;
          step = Step::kAfterValue;
          break;
        }
        [[fallthrough]];
      case Step::kKey:
        if (!Key()) return false;
        step = Step::kValue;
        break;
      case Step::kFirstElement:
        if (Take(']')) {
          if (!Close()) return false;
          step = Step::kAfterValue;
          break;
        }
        [[fallthrough]];
      case Step::kValue:
        if (!Value(step)) return false;
        break;
      case Step::kAfterValue: {
        if (depth_ == 0) return at_ == end_ || Invalid();
        const bool object = levels_[depth_ - 1].object;
        if (Take(',')) {
          step = object ? Step::kKey : Step::kValue;
        } else if (!Take(object ? '}' : ']')) {
          return Invalid();
        } else if (!Close()) {
          return false;
        }
        break;
      }
    }
  }
}

bool Scanner::Value(Step& step) {
  if (Take('{')) {
    step = Step::kFirstKey;
    return Element() && Open(true);
  }
  if (Take('[')) {
    step = Step::kFirstElement;
    return Element() && Open(false);
  }
  step = Step::kAfterValue;
  if (Take('"')) {
    JsonText text;
    if (!String(text) || !Element()) return false;
    return !AtTop() || Asked(visitor_->OnString(top_key_, text));
  }
  if (Take('n')) return Word("ull") && Element();
  const bool known = Take('t') ? Word("rue") : Take('f') ? Word("alse") : Number();
  return known && Element() && Other();
}

// Counts a value; the members of objects are counted by their keys.
bool Scanner::Element() {
  if (depth_ == 0 || levels_[depth_ - 1].object) return true;
  if (++levels_[depth_ - 1].members > kMaxJsonMembers) {
    return Limit("too many elements in one array");
  }
  return true;
}

bool Scanner::Open(bool object) {
  if (depth_ == kMaxDepth) return Limit("nested too deeply");
  if (depth_ == 1) value_begin_ = at_ - 1;
  levels_[depth_++] = {object, 0, static_cast<std::uint32_t>(keys_used_)};
  return true;
}

bool Scanner::Close() {
  const Level& level = levels_[--depth_];
  keys_used_ = level.first_key;
  if (!AtTop()) return true;
  if (!level.object) return Asked(visitor_->OnOther(top_key_));
  const auto size = static_cast<std::size_t>(at_ - value_begin_);
  return Asked(visitor_->OnObject(top_key_, std::string_view(value_begin_, size)));
}

bool Scanner::Key() {
  JsonText key;
  if (!Take('"')) return Invalid();
  if (!String(key)) return false;
  Level& level = levels_[depth_ - 1];
  if (++level.members > kMaxJsonMembers) return Limit("too many members in one object");
  if (depth_ == 1) top_key_ = key;
  if (!IsNew(level, key)) return Stop("a key is there twice");
  const std::string_view verbatim = key.verbatim();
  keys_[keys_used_++] = {verbatim.data(), static_cast<std::uint32_t>(verbatim.size()),
                         key.escaped()};
  SkipBlanks();
  return Take(':') || Invalid();
}

bool Scanner::IsNew(const Level& level, const JsonText& key) {
  const std::size_t first = level.first_key;
  const std::size_t count = keys_used_ - first;
  if (count < kFewKeys) {
    for (std::size_t i = first; i < keys_used_; ++i) {
      if (keys_[i].text().Means(key)) return false;
    }
    return true;
  }
  if (count == kFewKeys) {
    for (std::size_t i = first; i < keys_used_; ++i) hashes_[i] = HashOf(keys_[i].text());
  }
  const std::uint32_t hash = HashOf(key);
  for (std::size_t i = first; i < keys_used_; ++i) {
    if (hashes_[i] == hash && keys_[i].text().Means(key)) return false;
  }
  hashes_[keys_used_] = hash;
  return true;
}

bool Scanner::String(JsonText& text) {
  const char* const begin = at_;
  bool escaped = false;
  for (;;) {
    std::uint64_t word = 0;
    while (static_cast<std::size_t>(end_ - at_) >= sizeof word) {
      std::memcpy(&word, at_, sizeof word);
      if (HasSpecial(word)) break;
      at_ += sizeof word;
    }
    if (at_ == end_) return Invalid();
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"') {
      text = {{begin, static_cast<std::size_t>(at_ - begin)}, escaped};
      ++at_;
      return true;
    }
    if (byte == '\\') {
      escaped = true;
      if (!Escape()) return Invalid();
    } else if (byte >= 0x80) {
      if (!Multibyte()) return Invalid();
    } else if (byte < 0x20) {
      return Invalid();
    } else {
      ++at_;
    }
  }
}

bool Scanner::Escape() {
  if (end_ - at_ < 2) return false;
  constexpr std::string_view kSimple = "\"\\/bfnrt";
  if (kSimple.find(at_[1]) != std::string_view::npos) {
    at_ += 2;
    return true;
  }
  constexpr std::ptrdiff_t kSize = 6;  // "\u" and four digits
  if (at_[1] != 'u' || end_ - at_ < kSize) return false;
  const int unit = HexValue(at_ + 2);
  if (unit < 0 || IsLowSurrogate(unit)) return false;
  at_ += kSize;
  if (!IsHighSurrogate(unit)) return true;
  if (end_ - at_ < kSize || at_[0] != '\\' || at_[1] != 'u') return false;
  if (!IsLowSurrogate(HexValue(at_ + 2))) return false;
  at_ += kSize;
  return true;
}

// One character beyond ASCII (the table of RFC 3629, section 4).
bool Scanner::Multibyte() {
  const auto byte = [this](std::ptrdiff_t i) -> unsigned {
    return i < end_ - at_ ? static_cast<unsigned char>(at_[i]) : 0U;  // 0 is no tail
  };
  const auto tail = [&](std::ptrdiff_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  std::ptrdiff_t size = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = tail(1) ? 2 : 0;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && tail(2) ? 3 : 0;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    size = second && tail(2) && tail(3) ? 4 : 0;
  }
  at_ += size;
  return size != 0;
}

bool Scanner::Word(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() ||
      std::memcmp(at_, word.data(), word.size()) != 0) {
    return Invalid();
  }
  at_ += word.size();
  return true;
}

bool Scanner::Number() {
  const char* const begin = at_;
  const auto digits = [this] {
    const char* const from = at_;
    while (at_ < end_ && IsDigit(*at_)) ++at_;
    return at_ > from;
  };
  Take('-');
  // No zero in front of other digits.
  if (!Take('0') && !digits()) return Invalid();
  if (Take('.') && !digits()) return Invalid();
  bool exponent = false;
  if (Take('e') || Take('E')) {
    exponent = true;
    if (!Take('+')) Take('-');
    if (!digits()) return Invalid();
  }
  // Whoever reads it as a double must not find infinity there. 10^308 is below the greatest one.
  constexpr std::ptrdiff_t kAlwaysFinite = 300;
  if (!exponent && at_ - begin <= kAlwaysFinite) return true;
  return IsFinite({begin, static_cast<std::size_t>(at_ - begin)}) || Invalid();
}

}  // namespace

bool JsonText::Means(std::string_view text) const {
  if (!escaped_) return verbatim() == text;
  DecodedBytes bytes(verbatim());
  for (const char c : text) {
    if (bytes.Next() != static_cast<unsigned char>(c)) return false;
  }
  return bytes.Next() < 0;
}

bool JsonText::Means(const JsonText& other) const {
  if (!escaped_) return other.Means(verbatim());
  if (!other.escaped_) return Means(other.verbatim());
  DecodedBytes bytes(verbatim());
  DecodedBytes others(other.verbatim());
  for (;;) {
    const int byte = bytes.Next();
    if (byte != others.Next()) return false;
    if (byte < 0) return true;
  }
}

std::optional<std::string_view> JsonText::Decode(std::span<char> out) const {
  if (!escaped_) {
    if (size_ > out.size()) return std::nullopt;
    return verbatim();
  }
  std::size_t size = 0;
  DecodedBytes bytes(verbatim());
  for (int byte = bytes.Next(); byte >= 0; byte = bytes.Next()) {
    if (size == out.size()) return std::nullopt;
    out[size++] = static_cast<char>(byte);
  }
  return std::string_view(out.data(), size);
}

Result<void> ScanObject(std::string_view text, std::size_t max_bytes, MemberVisitor* visitor) {
  if (text.size() > max_bytes) return Fail(Errc::kLimitExceeded, "too many bytes");
  if (text.find('\0') != std::string_view::npos) return Fail(Errc::kParseError, "has a NUL byte");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') {
    return Fail(Errc::kParseError, "not a JSON object");
  }
  Scanner scanner(text.substr(first), visitor);
  if (!scanner.Run()) return scanner.TakeError();
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
