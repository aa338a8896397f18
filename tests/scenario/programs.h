// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs as a scenario uses them: a relay on a free port, a display, controllers, each a
// process of its own, on loopback only.
#ifndef PAIRWIRE_TESTS_SCENARIO_PROGRAMS_H_
#define PAIRWIRE_TESTS_SCENARIO_PROGRAMS_H_

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace pairwire::test {

using Json = nlohmann::json;

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// A program with --json: its events.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) : process_(std::move(arguments)) {}

  // The next event of this name; other events before it are passed over. Null when none came in
  // time.
  Json Event(const std::string& name, std::chrono::milliseconds deadline = kDeadline);
  // All events of this name so far.
  std::vector<Json> Events(const std::string& name) const;

  ChildProcess& process() { return process_; }
  // For EXPECT messages.
  std::string Said() const;

 private:
  ChildProcess process_;
};

// pairwire-relay, on a free port if not told otherwise.
class Relay {
 public:
  explicit Relay(const std::string& listen = "127.0.0.1:0", std::vector<std::string> more = {});

  const std::string& url() const { return url_; }
  int port() const;
  ChildProcess& process() { return *process_; }

 private:
  std::unique_ptr<ChildProcess> process_;
  std::string url_;
};

// One of `more`: the code has letters. Without it: digits alone.
inline constexpr char kWithLetters[] = "(letters)";
std::unique_ptr<Program> StartDisplay(const std::string& relay_url,
                                      std::vector<std::string> more = {});
// --no-secret when the code has no letters.
std::unique_ptr<Program> StartController(const std::string& relay_url, const std::string& code,
                                         std::vector<std::string> command);

// The code of the display's next "code" event; empty when none came.
std::string NextCode(Program& display);

// Writes `size` bytes that look random, the same for the same seed, and returns their SHA-256.
std::string WriteTestFile(const std::filesystem::path& path, std::size_t size, unsigned seed);
std::string ReadFile(const std::filesystem::path& path);
std::string Sha256OfFile(const std::filesystem::path& path);

// The programs are slower in a sanitizer build, and need more memory than a user's.
bool Sanitized();

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SCENARIO_PROGRAMS_H_
