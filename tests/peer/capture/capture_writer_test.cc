// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Captures, read back byte by byte by a reader that shares nothing with the writer.
#include "peer/capture/capture_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/log_capture.h"

namespace pairwire::capture {
namespace {

using namespace std::chrono_literals;
using pairwire::test::LogCapture;

struct Block {
  std::uint32_t type = 0;
  Bytes body;
};

std::uint32_t Little32(ByteSpan bytes, std::size_t at) {
  return bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

std::uint32_t Little16(ByteSpan bytes, std::size_t at) {
  return bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8;
}

std::uint32_t Net16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}

// Cuts the file into blocks; both lengths of each must agree and nothing may be left.
std::vector<Block> BlocksOf(ByteSpan file) {
  std::vector<Block> blocks;
  while (file.size() >= 12) {
    const std::uint32_t length = Little32(file, 4);
    EXPECT_EQ(length % 4, 0U);
    if (length < 12 || length > file.size()) break;
    EXPECT_EQ(Little32(file, length - 4), length);
    blocks.push_back({Little32(file, 0), Bytes(file.begin() + 8, file.begin() + length - 4)});
    file = file.subspan(length);
  }
  EXPECT_TRUE(file.empty()) << file.size() << " bytes are no block";
  return blocks;
}

// The one's complement sum over a whole that holds its own checksum is all ones.
std::uint32_t Sum(ByteSpan bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += Net16(bytes, i);
  if (bytes.size() % 2 == 1) sum += static_cast<std::uint32_t>(bytes.back()) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

struct Seen {
  std::uint64_t microseconds = 0;
  std::uint32_t direction = 0;
  Bytes from, to;
  std::uint32_t from_port = 0, to_port = 0;
  Bytes payload;
};

Seen Read(const Block& block) {
  Seen seen;
  EXPECT_EQ(block.type, 6U);
  const ByteSpan body = block.body;
  EXPECT_EQ(Little32(body, 0), 0U);
  seen.microseconds = static_cast<std::uint64_t>(Little32(body, 4)) << 32 | Little32(body, 8);
  const std::uint32_t size = Little32(body, 12);
  EXPECT_EQ(Little32(body, 16), size);
  const std::size_t options = 20 + (size + 3) / 4 * 4;
  EXPECT_EQ(body.size(), options + 12);
  EXPECT_EQ(Little16(body, options), 2U);
  EXPECT_EQ(Little16(body, options + 2), 4U);
  seen.direction = Little32(body, options + 4);
  EXPECT_EQ(Little32(body, options + 8), 0U);

  const ByteSpan ip = body.subspan(20, size);
  const bool six = ip[0] >> 4 == 6;
  const std::size_t header = six ? 40 : 20;
  const std::size_t address = six ? 16 : 4;
  const std::size_t addresses = six ? 8 : 12;
  if (six) {
    EXPECT_EQ(Net16(ip, 4), size - header);
    EXPECT_EQ(ip[6], 17);
  } else {
    EXPECT_EQ(ip[0], 0x45);
    EXPECT_EQ(Net16(ip, 2), size);
    EXPECT_EQ(ip[9], 17);
    EXPECT_EQ(Sum(ip.first(20)), 0xffffU);
  }
  const ByteSpan from = ip.subspan(addresses, address);
  const ByteSpan to = ip.subspan(addresses + address, address);
  const ByteSpan udp = ip.subspan(header);
  EXPECT_EQ(Net16(udp, 4), udp.size());
  EXPECT_NE(Net16(udp, 6), 0U);
  const auto pseudo = static_cast<std::uint32_t>(17 + udp.size());
  EXPECT_EQ(Sum(udp, Sum(to, Sum(from, pseudo))), 0xffffU);
  seen.from.assign(from.begin(), from.end());
  seen.to.assign(to.begin(), to.end());
  seen.from_port = Net16(udp, 0);
  seen.to_port = Net16(udp, 2);
  seen.payload.assign(udp.begin() + 8, udp.end());
  return seen;
}

// A folder of its own, and a clock that the test sets.
class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    std::string name = std::filesystem::temp_directory_path() / "capture-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~CaptureTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "a.pcapng"; }
  Options options(std::uint64_t max_bytes = 1 << 20) {
    return {.max_bytes = max_bytes, .clock = [this] { return now; }};
  }
  std::unique_ptr<CaptureWriter> Create(std::uint64_t max_bytes = 1 << 20) {
    auto writer = CaptureWriter::Create(path(), options(max_bytes));
    EXPECT_TRUE(writer.has_value());
    return writer ? std::move(*writer) : nullptr;
  }
  Bytes File() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::chrono::system_clock::time_point now{1'900'000'000'123'456us};
  std::filesystem::path folder_;
  const Address v4_ = *Address::Parse("192.0.2.1", 5000);
  const Address other_v4_ = *Address::Parse("198.51.100.7", 65535);
  const Address v6_ = *Address::Parse("2001:db8::1", 1);
  const Address other_v6_ = *Address::Parse("fd00::2", 2);
};

TEST_F(CaptureTest, BeginsAsAPcapngFile) {
  Create();
  const Bytes expected = {
      // Section Header Block: type, length 44, byte order, version 1.0, length unknown
      0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,  //
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      // shb_userappl, 8 bytes; end of options; length
      4, 0, 8, 0, 'P', 'a', 'i', 'r', 'w', 'i', 'r', 'e', 0, 0, 0, 0, 44, 0, 0, 0,
      // Interface Description Block: type, length 20, LINKTYPE_RAW, no snap length, length
      1, 0, 0, 0, 20, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0};
  EXPECT_EQ(File(), expected);
}

TEST_F(CaptureTest, EachPacketByteByByte) {
  auto writer = Create();
  writer->Packet(Direction::kSent, v4_, other_v4_, Bytes{0xaa});
  writer.reset();
  const std::vector<Block> blocks = BlocksOf(File());
  ASSERT_EQ(blocks.size(), 3U);
  const Bytes expected = {
      // Interface, microseconds (upper half first), both lengths
      0, 0, 0, 0, 0x0a, 0xc0, 0x06, 0x00, 0x40, 0xa2, 0x14, 0x39, 29, 0, 0, 0, 29, 0, 0, 0,  //
      // IPv4: 29 bytes, don't fragment, 64 hops, UDP, checksum, addresses
      0x45, 0, 0, 29, 0, 0, 0x40, 0, 64, 17, 0x4e, 0x94, 192, 0, 2, 1, 198, 51, 100, 7,  //
      // UDP: ports, 9 bytes, checksum; payload; padding
      0x13, 0x88, 0xff, 0xff, 0, 9, 0x56, 0x17, 0xaa, 0, 0, 0,  //
      // epb_flags: outbound; end of options
      2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(blocks[2].type, 6U);
  EXPECT_EQ(blocks[2].body, expected);
}

TEST_F(CaptureTest, DirectionsAndFamilies) {
  auto writer = Create();
  const Bytes odd{1, 2, 3};
  writer->Packet(Direction::kSent, v4_, other_v4_, odd);
  now += 1us;
  writer->Packet(Direction::kReceived, v4_, other_v4_, {});
  writer->Packet(Direction::kSent, v6_, other_v6_, odd);
  writer->Packet(Direction::kReceived, v6_, other_v6_, Bytes(1200, 9));
  writer->Packet(Direction::kReceived, v4_, v6_, odd);
  writer->Packet(Direction::kSent, {}, {}, odd);
  EXPECT_EQ(writer->left_out(), 0U);
  const std::uint64_t bytes = writer->bytes();
  writer.reset();
  const Bytes file = File();
  EXPECT_EQ(file.size(), bytes);
  const std::vector<Block> blocks = BlocksOf(file);
  ASSERT_EQ(blocks.size(), 8U);

  const Seen first = Read(blocks[2]);
  EXPECT_EQ(first.microseconds, 1'900'000'000'123'456U);
  EXPECT_EQ(first.direction, 2U);
  EXPECT_EQ(first.from, (Bytes{192, 0, 2, 1}));
  EXPECT_EQ(first.to, (Bytes{198, 51, 100, 7}));
  EXPECT_EQ(first.from_port, 5000U);
  EXPECT_EQ(first.to_port, 65535U);
  EXPECT_EQ(first.payload, odd);

  const Seen second = Read(blocks[3]);
  EXPECT_EQ(second.microseconds, 1'900'000'000'123'457U);
  EXPECT_EQ(second.direction, 1U);
  EXPECT_EQ(second.from, (Bytes{198, 51, 100, 7}));
  EXPECT_EQ(second.to_port, 5000U);
  EXPECT_TRUE(second.payload.empty());

  const Seen third = Read(blocks[4]);
  EXPECT_EQ(third.from, (Bytes{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(third.from_port, 1U);
  EXPECT_EQ(Read(blocks[5]).payload, Bytes(1200, 9));

  const Seen mixed = Read(blocks[6]);
  EXPECT_EQ(mixed.from.size(), 16U);
  EXPECT_EQ(mixed.to, (Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}));
  EXPECT_EQ(Read(blocks[7]).from, Bytes(4));
}

TEST_F(CaptureTest, EachPayloadSizeAndTheLargest) {
  auto writer = Create(1 << 22);
  for (std::size_t size = 0; size < 9; ++size) {
    writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(size, 7));
  }
  writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(65'507, 0xff));
  writer->Packet(Direction::kSent, v6_, other_v6_, Bytes(65'507, 0xff));
  writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(65'508));
  EXPECT_EQ(writer->left_out(), 1U);
  EXPECT_TRUE(writer->active());
  writer.reset();
  const std::vector<Block> blocks = BlocksOf(File());
  ASSERT_EQ(blocks.size(), 13U);
  for (std::size_t size = 0; size < 9; ++size) {
    EXPECT_EQ(Read(blocks[2 + size]).payload, Bytes(size, 7));
  }
  EXPECT_EQ(Read(blocks[11]).payload.size(), 65'507U);
  EXPECT_EQ(Read(blocks[12]).payload.size(), 65'507U);
}

std::string LineOf(const Block& block) {
  EXPECT_EQ(block.type, 10U);
  EXPECT_EQ(Little32(block.body, 0), 0x544c534bU);
  const std::uint32_t size = Little32(block.body, 4);
  EXPECT_EQ(block.body.size(), 8 + (size + 3) / 4 * 4);
  return std::string(AsText(ByteSpan(block.body).subspan(8, size)));
}

TEST_F(CaptureTest, SecretsGoBeforeThePacketThatMadeThem) {
  auto writer = Create();
  writer->Secrets("first");
  writer->Packet(Direction::kReceived, v4_, other_v4_, Bytes{1});
  writer->Packet(Direction::kReceived, v4_, other_v4_, Bytes{2});
  writer->Secrets("CLIENT_RANDOM 00 11");
  writer->Secrets("again");
  writer->Packet(Direction::kSent, v4_, other_v4_, Bytes{3});
  writer->Secrets("after what was sent");
  writer->Packet(Direction::kReceived, v4_, other_v4_, Bytes{4});
  writer->Flush();
  writer->Secrets("flushed");
  writer.reset();
  const std::vector<Block> blocks = BlocksOf(File());
  ASSERT_EQ(blocks.size(), 11U);
  EXPECT_EQ(LineOf(blocks[2]), "first\n");
  EXPECT_EQ(Read(blocks[3]).payload, Bytes{1});
  EXPECT_EQ(LineOf(blocks[4]), "CLIENT_RANDOM 00 11\n");
  EXPECT_EQ(LineOf(blocks[5]), "again\n");
  EXPECT_EQ(Read(blocks[6]).payload, Bytes{2});
  EXPECT_EQ(Read(blocks[7]).payload, Bytes{3});
  EXPECT_EQ(LineOf(blocks[8]), "after what was sent\n");
  EXPECT_EQ(Read(blocks[9]).payload, Bytes{4});
  EXPECT_EQ(LineOf(blocks[10]), "flushed\n");
}

TEST_F(CaptureTest, LinesThatAreNoLinesAreLeftOut) {
  auto writer = Create();
  for (const std::string& line : {std::string(), std::string("a\nb"), std::string("a\r"),
                                  std::string("a\0b", 3), std::string(1025, 'x')}) {
    writer->Secrets(line);
  }
  EXPECT_EQ(writer->left_out(), 5U);
  writer->Secrets(std::string(1024, 'x'));
  EXPECT_EQ(writer->left_out(), 5U);
  writer.reset();
  EXPECT_EQ(BlocksOf(File()).size(), 3U);
}

TEST_F(CaptureTest, StopsAtItsBoundAndSaysSo) {
  const LogCapture log(LogLevel::kInfo);
  auto writer = Create(8'192);
  for (int i = 0; i < 1'000; ++i) {
    writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(100, 1));
    ASSERT_LE(writer->bytes(), 8'192U);
  }
  writer->Secrets("too late");
  EXPECT_FALSE(writer->active());
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_TRUE(log.Contains("bound"));
  const std::uint64_t bytes = writer->bytes();
  const std::uint64_t left_out = writer->left_out();
  EXPECT_EQ(File().size(), bytes);  // all that fits is there at once
  writer.reset();
  EXPECT_EQ(File().size(), bytes);
  const std::size_t packets = BlocksOf(File()).size() - 2;
  EXPECT_GT(packets, 40U);
  EXPECT_EQ(packets + left_out, 1'001U);
  EXPECT_FALSE(log.Contains(path()));
}

TEST_F(CaptureTest, ManyBuffersFull) {
  auto writer = Create(1 << 24);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    writer->Packet(Direction::kReceived, v4_, other_v4_,
                   Bytes{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    if (i % 100 == 0) writer->Secrets("line " + std::to_string(i));
  }
  writer.reset();
  const std::vector<Block> blocks = BlocksOf(File());
  ASSERT_EQ(blocks.size(), 5'052U);
  std::uint32_t next = 0;
  for (const Block& block : blocks) {
    if (block.type != 6) continue;
    EXPECT_EQ(Net16(Read(block).payload, 0), next++);
  }
  EXPECT_EQ(next, 5'000U);
}

TEST_F(CaptureTest, OnlyItsOwnerMayReadIt) {
  const mode_t before = umask(0);
  const auto writer = Create();
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(CaptureTest, TouchesNothingThatIsThere) {
  std::ofstream(path()) << "precious";
  EXPECT_EQ(CaptureWriter::Create(path(), options()).error().code, Errc::kSystem);
  EXPECT_EQ(std::string(AsText(File())), "precious");

  const std::string link = folder_ / "link";
  for (const std::string& target : {path(), std::string(folder_ / "nothing")}) {
    std::filesystem::create_symlink(target, link);
    EXPECT_EQ(CaptureWriter::Create(link, options()).error().code, Errc::kSystem);
    std::filesystem::remove(link);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nothing"));
  EXPECT_EQ(std::string(AsText(File())), "precious");
}

TEST_F(CaptureTest, WhatCannotBeCreated) {
  EXPECT_EQ(CaptureWriter::Create("", options()).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(CaptureWriter::Create(std::string("a\0b", 3), options()).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(CaptureWriter::Create(path(), options(4'095)).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(CaptureWriter::Create(path(), {}).error().code, Errc::kInvalidArgument);
  const auto missing = CaptureWriter::Create(folder_ / "no" / "folder", options());
  EXPECT_EQ(missing.error().code, Errc::kSystem);
  EXPECT_THAT(missing.error().detail, testing::HasSubstr("No such file"));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

// A limit on the size of files stands in for a full disk.
TEST_F(CaptureTest, AFullDiskEndsTheCaptureAndNothingElse) {
  const LogCapture log(LogLevel::kInfo);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10'000, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  auto writer = Create();
  for (int i = 0; i < 200; ++i) writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(1'000));
  EXPECT_FALSE(writer->active());
  writer->Packet(Direction::kSent, v4_, other_v4_, Bytes(1'000));
  writer->Flush();
  writer.reset();
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_TRUE(log.Contains("cannot write: File too large"));
}

TEST(CaptureAddress, Parses) {
  const auto v4 = Address::Parse("127.0.0.1", 9);
  ASSERT_TRUE(v4.has_value());
  EXPECT_FALSE(v4->is_ipv6);
  EXPECT_EQ(v4->ip[3], 1);
  EXPECT_EQ(v4->port, 9);
  const auto v6 = Address::Parse("::ffff:1.2.3.4", 0);
  ASSERT_TRUE(v6.has_value());
  EXPECT_TRUE(v6->is_ipv6);
  for (const std::string& bad :
       {std::string(), std::string("localhost"), std::string("1.2.3"), std::string("[::1]"),
        std::string("fe80::1%eth0"), std::string("1.2.3.4\0", 8), std::string("1.2.3.4 ")}) {
    EXPECT_EQ(Address::Parse(bad, 1).error().code, Errc::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace pairwire::capture
