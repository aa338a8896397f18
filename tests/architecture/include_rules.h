// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The rules between folders, as a table and a small engine that reads source text: which box may
// include which, where each third-party library may show, the licence line, the length of a file.
// It reads lines, not C++: an #include inside a raw string counts. docs/architecture.md says why
// the rules are what they are.
#ifndef PAIRWIRE_TESTS_ARCHITECTURE_INCLUDE_RULES_H_
#define PAIRWIRE_TESTS_ARCHITECTURE_INCLUDE_RULES_H_

#include <filesystem>
#include <string>
#include <vector>

namespace pairwire::test {

struct SourceFile {
  std::string path;  // from the repository's root, with slashes
  std::string text;
};

// All .h, .cc, .js (and stray .c, .cpp, .hpp, .mjs) below `root`, without build output, hidden
// folders and node_modules.
std::vector<SourceFile> ReadTree(const std::filesystem::path& root);

// Each breach as "path:line: what is wrong"; empty when the file keeps all rules.
std::vector<std::string> FindBreaches(const SourceFile& file);

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_ARCHITECTURE_INCLUDE_RULES_H_
