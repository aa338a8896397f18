// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/programs.h"

#include <stdlib.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>

#include "peer/bulk/sha256.h"
#include "tests/support/sanitizers.h"

namespace pairwire::test {
namespace {

std::string Binary(const char* name) { return std::string(PAIRWIRE_BIN_DIR) + "/" + name; }

}  // namespace

bool Sanitized() { return kAddressSanitizer || kThreadSanitizer; }

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "pairwire-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Json Program::Event(const std::string& name, std::chrono::milliseconds deadline) {
  Json found;
  process_.WaitForLine(
      [&](const std::string& line) {
        Json event = Json::parse(line, nullptr, false);
        if (!event.is_object() || event.value("event", "") != name) return false;
        found = std::move(event);
        return true;
      },
      deadline);
  return found;
}

std::vector<Json> Program::Events(const std::string& name) const {
  std::vector<Json> events;
  for (const std::string& line : process_.lines()) {
    Json event = Json::parse(line, nullptr, false);
    if (event.is_object() && event.value("event", "") == name) events.push_back(std::move(event));
  }
  return events;
}

std::string Program::Said() const {
  std::string said;
  const auto lines = process_.lines();
  const std::size_t first = lines.size() > 20 ? lines.size() - 20 : 0;
  for (std::size_t i = first; i < lines.size(); ++i) said += lines[i] + "\n";
  return said + process_.errors();
}

Relay::Relay(const std::string& listen, std::vector<std::string> more) {
  std::vector<std::string> arguments = {Binary("pairwire-relay"), "--listen", listen};
  arguments.insert(arguments.end(), more.begin(), more.end());
  process_ = std::make_unique<ChildProcess>(std::move(arguments));
  constexpr std::string_view kPrefix = "listening on ";
  const auto line =
      process_->WaitForLine([&](const std::string& text) { return text.starts_with(kPrefix); });
  if (line) url_ = line->substr(kPrefix.size());
}

int Relay::port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }

std::unique_ptr<Program> StartDisplay(const std::string& relay_url, std::vector<std::string> more) {
  std::vector<std::string> arguments = {Binary("pairwire-display"),
                                        "--relay",
                                        relay_url,
                                        "--json",
                                        "--name",
                                        "Test display",
                                        "--bind",
                                        "127.0.0.1"};
  // Asked for by name; else in the open, as what these tests are about is the same there.
  const auto asked = std::find(more.begin(), more.end(), kWithLetters);
  if (asked == more.end()) {
    arguments.emplace_back("--no-secret");
  } else {
    more.erase(asked);
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return std::make_unique<Program>(std::move(arguments));
}

std::unique_ptr<Program> StartController(const std::string& relay_url, const std::string& code,
                                         std::vector<std::string> command) {
  std::vector<std::string> arguments = {Binary("pairwire-controller"),
                                        "--relay",
                                        relay_url,
                                        "--code",
                                        code,
                                        "--json",
                                        "--bind",
                                        "127.0.0.1"};
  const bool digits =
      std::none_of(code.begin(), code.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  if (digits) arguments.emplace_back("--no-secret");
  arguments.insert(arguments.end(), command.begin(), command.end());
  return std::make_unique<Program>(std::move(arguments));
}

std::string NextCode(Program& display) {
  const Json event = display.Event("code");
  return event.is_object() ? event.value("code", "") : "";
}

std::string WriteTestFile(const std::filesystem::path& path, std::size_t size, unsigned seed) {
  std::ofstream file(path, std::ios::binary);
  bulk::Sha256 digest;
  std::uint64_t state = seed;
  std::vector<std::uint8_t> block(64 * 1024);
  while (size > 0) {
    for (std::size_t i = 0; i + 8 <= block.size(); i += 8) {
      state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&state), 8,
                  block.begin() + static_cast<long>(i));
    }
    const std::size_t part = std::min(size, block.size());
    file.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(part));
    digest.Update({block.data(), part});
    size -= part;
  }
  return digest.Hex();
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Sha256OfFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  bulk::Sha256 digest;
  std::vector<char> block(64 * 1024);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    digest.Update({reinterpret_cast<const std::uint8_t*>(block.data()),
                   static_cast<std::size_t>(file.gcount())});
  }
  return digest.Hex();
}

}  // namespace pairwire::test
