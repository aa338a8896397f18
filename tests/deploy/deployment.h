// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of signaling/deploy share: the relay as a process, an example file with other
// addresses in it, and programs that may not be installed.
#ifndef PAIRWIRE_TESTS_DEPLOY_DEPLOYMENT_H_
#define PAIRWIRE_TESTS_DEPLOY_DEPLOYMENT_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.h"

namespace pairwire::deploy {

// Of the tree that was built.
std::string ProgramPath(const std::string& name);
std::filesystem::path ExamplePath(const std::string& name);  // below signaling/deploy
std::string ReadText(const std::filesystem::path& path);

// The program's path; empty when the machine does not have it.
std::string FindInstalled(const std::string& name);

// pairwire-relay on a port of its own, in memory, without rate limits: what comes through a proxy
// comes from one address.
class Relay {
 public:
  Relay();
  std::uint16_t port() const { return port_; }

 private:
  std::unique_ptr<test::ChildProcess> process_;
  std::uint16_t port_ = 0;
};

// A folder that goes with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Each `from` must be there, so that an example cannot drift away from its test.
  std::string Write(const std::string& name, std::string text,
                    const std::vector<std::pair<std::string, std::string>>& replacements);

 private:
  std::filesystem::path path_;
};

// True once somebody listens there; false when the deadline passed or `process` ended.
bool WaitForListener(std::uint16_t port);

// The PAIRWIRE_… variables that the program's help names.
std::set<std::string> VariablesOfTheRelay();

struct Outcome {
  int exit_code = -1;
  std::string output;  // stdout and stderr
};
Outcome RunToEnd(std::vector<std::string> command);

}  // namespace pairwire::deploy

#endif  // PAIRWIRE_TESTS_DEPLOY_DEPLOYMENT_H_
