// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The image and the compose file, checked against what they talk about. Nothing here runs a
// container: a fault that only a container runtime would find is not found.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "tests/deploy/deployment.h"

namespace pairwire::deploy {
namespace {

// The file's instructions, continued lines joined, comments left out.
std::vector<std::string> Instructions(const std::string& text) {
  std::vector<std::string> instructions;
  std::istringstream lines(text);
  std::string joined;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const bool goes_on = line.back() == '\\';
    if (goes_on) line.pop_back();
    joined += line + " ";
    if (goes_on) continue;
    instructions.push_back(joined);
    joined.clear();
  }
  return instructions;
}

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

TEST(ContainerTest, TheImageCopiesWhatIsThere) {
  int copies = 0;
  for (const std::string& instruction :
       Instructions(ReadText(ExamplePath("container/Dockerfile")))) {
    const auto words = WordsOf(instruction);
    if (words[0] != "COPY" || words[1].rfind("--from=", 0) == 0) continue;
    ++copies;
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(PAIRWIRE_SOURCE_DIR) / words[1]))
        << instruction;
  }
  EXPECT_GE(copies, 3);
}

TEST(ContainerTest, TheImageRunsWithoutPrivilegesAndSaysWhetherItIsHealthy) {
  const auto instructions = Instructions(ReadText(ExamplePath("container/Dockerfile")));
  std::set<std::string> names;
  for (const std::string& instruction : instructions) names.insert(WordsOf(instruction)[0]);
  for (const char* wanted : {"USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"}) {
    EXPECT_TRUE(names.contains(wanted)) << wanted;
  }
  for (const std::string& instruction : instructions) {
    if (WordsOf(instruction)[0] == "USER") {
      EXPECT_NE(WordsOf(instruction)[1].substr(0, 1), "0");
    }
  }
}

// Each library that the program loads is in the image: by a package that is installed there, or
// because every Debian has it.
TEST(ContainerTest, TheImageHasTheLibrariesOfTheProgram) {
  if (FindInstalled("dpkg-query").empty()) GTEST_SKIP() << "this is no Debian";
  const std::string dockerfile = ReadText(ExamplePath("container/Dockerfile"));
  const Outcome loaded = RunToEnd({"/usr/bin/ldd", ProgramPath("pairwire-relay")});
  ASSERT_EQ(loaded.exit_code, 0) << loaded.output;
  static const std::regex kPath("=> (/[^ ]+)");
  int checked = 0;
  for (std::sregex_iterator it(loaded.output.begin(), loaded.output.end(), kPath), end; it != end;
       ++it) {
    // The package knows the file below /usr/lib, the loader may name it below /lib; other
    // architectures' are not meant.
    const std::filesystem::path file = (*it)[1].str();
    const std::string pattern =
        "*/" + file.parent_path().filename().string() + "/" + file.filename().string();
    const Outcome owner = RunToEnd({FindInstalled("dpkg-query"), "-S", pattern});
    const std::string package = owner.output.substr(0, owner.output.find(':'));
    // libgcc-s1 comes with libstdc++6, libc6 with the base; sanitizers are not for the image.
    if (package == "libc6" || package == "libgcc-s1" || package.rfind("lib", 0) != 0) continue;
    if (package.find("asan") != std::string::npos || package.find("ubsan") != std::string::npos ||
        package.find("tsan") != std::string::npos) {
      continue;
    }
    ++checked;
    EXPECT_NE(dockerfile.find(" " + package + " "), std::string::npos) << file << " of " << package;
  }
  EXPECT_GE(checked, 4) << loaded.output;
}

TEST(ContainerTest, TheFilesNameOptionsThatTheRelayHas) {
  const std::set<std::string> known = VariablesOfTheRelay();
  static const std::regex kVariable("PAIRWIRE_[A-Z_]+");
  int found = 0;
  for (const char* name : {"container/Dockerfile", "container/compose.yaml"}) {
    const std::string text = ReadText(ExamplePath(name));
    for (std::sregex_iterator it(text.begin(), text.end(), kVariable), end; it != end; ++it) {
      // Build options have the same prefix.
      if (it->str() == "PAIRWIRE_BUILD_TESTS") continue;
      ++found;
      EXPECT_TRUE(known.contains(it->str())) << name << ": " << it->str();
    }
  }
  EXPECT_GE(found, 4);
}

TEST(ContainerTest, TheComposeFileAgreesWithTheProxyAndTheImage) {
  const std::string compose = ReadText(ExamplePath("container/compose.yaml"));
  const std::string proxy = ReadText(ExamplePath("haproxy/haproxy.cfg"));
  EXPECT_NE(compose.find("10.0.0.11"), std::string::npos);
  EXPECT_NE(proxy.find("10.0.0.11:8080"), std::string::npos);
  EXPECT_NE(compose.find("PAIRWIRE_LISTEN: \"0.0.0.0:8080\""), std::string::npos);
  const auto folder = ExamplePath("container");
  for (const char* path : {"../../..", "../haproxy/haproxy.cfg"}) {
    EXPECT_NE(compose.find(path), std::string::npos) << path;
    EXPECT_TRUE(std::filesystem::exists(folder / path)) << path;
  }
  // A drain takes --drain-seconds (10); the runtime must wait longer before it kills.
  EXPECT_NE(compose.find("stop_grace_period: 30s"), std::string::npos);
}

}  // namespace
}  // namespace pairwire::deploy
