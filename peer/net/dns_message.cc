// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/dns_message.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "peer/base/byte_reader.h"
#include "peer/base/check.h"

namespace pairwire::net {
namespace {

constexpr std::size_t kMaxLabel = 63;
// RFC 1035 section 3.1: length bytes and the root's included.
constexpr std::size_t kMaxName = 255;
constexpr std::uint16_t kTopBit = 0x8000;

class Parser {
 public:
  explicit Parser(ByteSpan message) : message_(message), reader_(message) {}

  Result<DnsMessage> Parse();

 private:
  // False: malformed. The reader is then anywhere.
  bool ReadName(DnsName& name);
  bool ReadQuestion(DnsQuestion& question);
  bool ReadRecord(DnsRecord& record);
  bool ReadRecords(std::size_t count, std::vector<DnsRecord>& records);

  const ByteSpan message_;
  ByteReader reader_;
};

// A pointer may only lead to before the place where the piece that holds it began, so each jump
// goes further down and there is an end.
bool Parser::ReadName(DnsName& name) {
  std::size_t piece = message_.size() - reader_.remaining();
  std::size_t size = 1;
  ByteReader far(ByteSpan{});
  ByteReader* reader = &reader_;
  while (true) {
    std::uint8_t length = 0;
    if (!reader->ReadU8(length)) return false;
    if (length == 0) return true;
    if ((length & 0xc0) == 0xc0) {
      std::uint8_t low = 0;
      if (!reader->ReadU8(low)) return false;
      const auto target = static_cast<std::size_t>((length & 0x3f) << 8 | low);
      if (target >= piece) return false;
      piece = target;
      far = ByteReader(message_.subspan(target));
      reader = &far;
      continue;
    }
    if (length > kMaxLabel) return false;
    ByteSpan label;
    if (!reader->ReadBytes(length, label)) return false;
    size += length + 1U;
    if (size > kMaxName) return false;
    name.emplace_back(AsText(label));
  }
}

bool Parser::ReadQuestion(DnsQuestion& question) {
  std::uint16_t dns_class = 0;
  if (!ReadName(question.name) || !reader_.ReadU16(question.type) || !reader_.ReadU16(dns_class)) {
    return false;
  }
  question.unicast_reply = (dns_class & kTopBit) != 0;
  question.dns_class = static_cast<std::uint16_t>(dns_class & ~kTopBit);
  return true;
}

bool Parser::ReadRecord(DnsRecord& record) {
  std::uint16_t dns_class = 0;
  std::uint16_t size = 0;
  ByteSpan data;
  if (!ReadName(record.name) || !reader_.ReadU16(record.type) || !reader_.ReadU16(dns_class) ||
      !reader_.ReadU32(record.ttl) || !reader_.ReadU16(size) || !reader_.ReadBytes(size, data)) {
    return false;
  }
  record.cache_flush = (dns_class & kTopBit) != 0;
  record.dns_class = static_cast<std::uint16_t>(dns_class & ~kTopBit);
  record.data.assign(data.begin(), data.end());
  return true;
}

bool Parser::ReadRecords(std::size_t count, std::vector<DnsRecord>& records) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!ReadRecord(records.emplace_back())) return false;
  }
  return true;
}

Result<DnsMessage> Parser::Parse() {
  DnsMessage message;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;
  if (!reader_.ReadU16(message.id) || !reader_.ReadU16(message.flags) ||
      !reader_.ReadU16(questions) || !reader_.ReadU16(answers) || !reader_.ReadU16(authorities) ||
      !reader_.ReadU16(additionals)) {
    return Fail(Errc::kParseError, "a DNS message has 12 bytes at least");
  }
  const std::size_t entries = std::size_t{questions} + answers + authorities + additionals;
  if (entries > kMaxDnsEntries) return Fail(Errc::kLimitExceeded, "too many DNS records");
  for (std::size_t i = 0; i < questions; ++i) {
    if (!ReadQuestion(message.questions.emplace_back())) {
      return Fail(Errc::kParseError, "a DNS question is malformed");
    }
  }
  if (!ReadRecords(answers, message.answers) || !ReadRecords(authorities, message.authorities) ||
      !ReadRecords(additionals, message.additionals)) {
    return Fail(Errc::kParseError, "a DNS record is malformed");
  }
  return message;
}

void WriteName(ByteWriter& writer, const DnsName& name) {
  std::size_t size = 1;
  for (const std::string& label : name) {
    PAIRWIRE_CHECK(!label.empty() && label.size() <= kMaxLabel);
    size += label.size() + 1;
    writer.WriteU8(static_cast<std::uint8_t>(label.size()));
    writer.WriteText(label);
  }
  PAIRWIRE_CHECK(size <= kMaxName);
  writer.WriteU8(0);
}

std::uint16_t ClassWithBit(std::uint16_t dns_class, bool bit) {
  return static_cast<std::uint16_t>(bit ? dns_class | kTopBit : dns_class);
}

void WriteRecords(ByteWriter& writer, const std::vector<DnsRecord>& records) {
  for (const DnsRecord& record : records) {
    PAIRWIRE_CHECK(record.data.size() <= std::numeric_limits<std::uint16_t>::max());
    WriteName(writer, record.name);
    writer.WriteU16(record.type);
    writer.WriteU16(ClassWithBit(record.dns_class, record.cache_flush));
    writer.WriteU32(record.ttl);
    writer.WriteU16(static_cast<std::uint16_t>(record.data.size()));
    writer.WriteBytes(record.data);
  }
}

std::uint16_t Count(std::size_t size) {
  PAIRWIRE_CHECK(size <= std::numeric_limits<std::uint16_t>::max());
  return static_cast<std::uint16_t>(size);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<DnsMessage> ParseDnsMessage(ByteSpan bytes) {
  if (bytes.size() > kMaxDnsMessage) return Fail(Errc::kLimitExceeded, "a DNS message is too long");
  return Parser(bytes).Parse();
}

Bytes SerializeDnsMessage(const DnsMessage& message) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.WriteU16(message.id);
  writer.WriteU16(message.flags);
  writer.WriteU16(Count(message.questions.size()));
  writer.WriteU16(Count(message.answers.size()));
  writer.WriteU16(Count(message.authorities.size()));
  writer.WriteU16(Count(message.additionals.size()));
  for (const DnsQuestion& question : message.questions) {
    WriteName(writer, question.name);
    writer.WriteU16(question.type);
    writer.WriteU16(ClassWithBit(question.dns_class, question.unicast_reply));
  }
  WriteRecords(writer, message.answers);
  WriteRecords(writer, message.authorities);
  WriteRecords(writer, message.additionals);
  return bytes;
}

DnsName ToDnsName(std::string_view text) {
  DnsName name;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    name.emplace_back(text.substr(0, dot));
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  }
  return name;
}

Bytes SerializeDnsName(const DnsName& name) {
  Bytes bytes;
  ByteWriter writer(bytes);
  WriteName(writer, name);
  return bytes;
}

bool SameDnsName(const DnsName& a, const DnsName& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::string& left, const std::string& right) {
                      return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                                        [](char x, char y) { return Lower(x) == Lower(y); });
                    });
}

}  // namespace pairwire::net
