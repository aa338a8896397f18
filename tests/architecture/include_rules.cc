// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/architecture/include_rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace pairwire::test {
namespace {

constexpr std::string_view kLicence =
    "// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0";
constexpr std::size_t kMaxLines = 600;
// How far down "Length:" with the reason may stand.
constexpr std::size_t kHeadLines = 30;

using Names = std::vector<std::string_view>;

// One box: the files below `folder` (the longest match counts), the folders of which it may include
// "folder/…" besides its own, and the third-party libraries that it wraps. <pairwire/…>, the
// standard library and the system's headers are open to all.
struct Box {
  std::string_view folder;
  Names boxes;
  Names libraries;
};

const std::vector<Box>& Boxes() {
  static const std::vector<Box> boxes = {
      {"include/pairwire", {}, {}},

      {"peer/base", {}, {}},
      {"peer/base/asio_loop.cc", {"peer/base"}, {"boost"}},
      {"peer/udp", {"peer/base"}, {}},
      {"peer/ice", {"peer/base", "peer/udp"}, {"nice", "glib"}},
      {"peer/dtls", {"peer/base"}, {"openssl"}},
      {"peer/sdp", {"peer/base"}, {}},
      {"peer/auth", {"peer/base"}, {"openssl", "sodium"}},
      {"peer/delivery", {"peer/base", "peer/auth"}, {}},
      {"peer/bulk", {"peer/base"}, {"openssl", "json"}},
      {"peer/sync", {"peer/base"}, {}},
      {"peer/group", {"peer/base", "peer/sync"}, {}},
      {"peer/capture", {"peer/base"}, {}},
      {"peer/net", {"peer/base"}, {}},
      {"peer/net/tls_tunnel.cc", {"peer/net", "peer/base"}, {"boost", "openssl"}},
      {"sctp", {"peer/base"}, {"usrsctp"}},
      // Joins the transports, as peer/session joins the rest.
      {"peer/connection",
       {"peer/base", "peer/net", "peer/ice", "peer/capture", "peer/dtls", "peer/sdp", "sctp"},
       {}},
      {"peer/connection/stats_json.cc", {"peer/connection"}, {"json"}},
      {"peer/session",
       {"peer/base", "peer/auth", "peer/bulk", "peer/delivery", "peer/sync", "peer/group",
        "peer/dtls", "peer/connection", "signaling/protocol", "signaling/client"},
       {}},
      {"peer/session/pairings_file.cc", {"peer/session", "peer/auth"}, {"json"}},

      // Shared by the peer and the relay.
      {"signaling/protocol", {}, {"json"}},
      {"signaling/client", {"signaling/protocol", "peer/base"}, {"boost", "openssl", "json"}},
      // The relay: never peer/.
      {"signaling/net", {}, {"openssl"}},
      {"signaling/net/http_response.cc", {"signaling/net"}, {"boost"}},
      {"signaling/auth", {"signaling/protocol"}, {"openssl"}},
      {"signaling/core",
       {"signaling/protocol", "signaling/auth", "signaling/store"},
       {"openssl", "json"}},
      {"signaling/store", {"signaling/protocol"}, {"openssl", "json"}},
      {"signaling/redis",
       {"signaling/protocol", "signaling/store", "signaling/net"},
       {"hiredis", "openssl"}},
      {"signaling/services", {"signaling/protocol", "signaling/core", "signaling/store"}, {"json"}},
      {"signaling/server",
       {"signaling/protocol", "signaling/auth", "signaling/net", "signaling/core",
        "signaling/store", "signaling/redis", "signaling/services"},
       {"boost", "openssl", "json", "cli11", "spdlog", "prometheus"}},
      // Measures the relay from outside: it shares the wire with it, and no code.
      {"signaling/load", {"signaling/protocol"}, {"json", "cli11"}},

      // Programs see what an application sees.
      {"samples", {"samples/common"}, {"json", "cli11", "spdlog"}},
      {"samples/display/qr_code.cc", {"samples/display"}, {"qrencode"}},
      // peer/bulk for the hash of a binary message, to print.
      {"samples/common", {"peer/bulk"}, {"json", "cli11", "spdlog"}},
      {"bench", {"peer/base", "signaling/protocol"}, {"boost", "json", "cli11"}},
      // Pairs two ends without a relay.
      {"bench/session_peer.cc", {"bench", "peer/connection", "peer/session"}, {}},
      // Measures boxes one by one, so it sees their insides.
      {"bench/micro",
       {"peer/base", "peer/bulk", "peer/connection", "peer/delivery", "peer/dtls", "peer/sdp",
        "peer/session", "sctp"},
       {"benchmark"}},
      // A study of usrsctp over simulated weather: it stands on what tests have.
      {"bench/lossy_paths.cc",
       {"bench", "peer/base", "sctp", "tests/sctp", "tests/support"},
       {"usrsctp"}},
  };
  return boxes;
}

// Tests may look into everything; only licence and length bind them.
constexpr std::string_view kTests = "tests/";

// Which library a header in angle brackets belongs to: the first match of its beginning.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kLibraries = {{
    {"boost/", "boost"},    {"nice/", "nice"},
    {"agent.h", "nice"},    {"glib", "glib"},
    {"gio/", "glib"},       {"gobject/", "glib"},
    {"gmodule", "glib"},    {"openssl/", "openssl"},
    {"usrsctp", "usrsctp"}, {"nlohmann/", "json"},
    {"CLI/", "cli11"},      {"spdlog/", "spdlog"},
    {"fmt/", "spdlog"},     {"prometheus/", "prometheus"},
    {"tl/", "tl"},          {"hiredis", "hiredis"},
    {"srtp", "srtp"},       {"gtest/", "gtest"},
    {"gmock/", "gmock"},    {"zlib", "zlib"},
    {"unicode/", "icu"},    {"benchmark/", "benchmark"},
    {"sodium", "sodium"},   {"qrencode", "qrencode"},
}};

// Folders of system headers. Headers without a folder are the system's as well, unless listed
// above.
constexpr std::array<std::string_view, 7> kSystemFolders = {"sys/",   "net/", "netinet/", "arpa/",
                                                            "linux/", "asm/", "bits/"};

bool StartsWith(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Whether `path` is `folder` itself or below it: "sctp" holds "sctp/x.h" but not "sctp2/x.h".
bool IsIn(std::string_view path, std::string_view folder) {
  return StartsWith(path, folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool IsInAny(std::string_view path, const Names& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](std::string_view folder) { return IsIn(path, folder); });
}

const Box* BoxOf(std::string_view path) {
  const Box* best = nullptr;
  for (const Box& box : Boxes()) {
    if (IsIn(path, box.folder) && (best == nullptr || box.folder.size() > best->folder.size())) {
      best = &box;
    }
  }
  return best;
}

// The folder that counts as a file's own. Each sample is a program of its own: samples/display sees
// nothing of samples/controller.
std::string_view OwnFolder(const Box& box, std::string_view path) {
  if (box.folder != "samples") return box.folder;
  const std::size_t end = path.find('/', box.folder.size() + 1);
  return end == std::string_view::npos ? box.folder : path.substr(0, end);
}

std::optional<std::string_view> LibraryOf(std::string_view header) {
  for (const auto& [beginning, library] : kLibraries) {
    if (StartsWith(header, beginning)) return library;
  }
  return std::nullopt;
}

bool IsSystemHeader(std::string_view header) {
  return header.find('/') == std::string_view::npos ||
         std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view folder) { return StartsWith(header, folder); });
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

// What follows "#include" on this line; none when the line is something else.
std::optional<std::string_view> IncludeOf(std::string_view line) {
  line = Trim(line);
  if (!StartsWith(line, "#")) return std::nullopt;
  line = Trim(line.substr(1));
  for (const std::string_view word : {"include_next", "include", "import"}) {
    if (StartsWith(line, word)) return Trim(line.substr(word.size()));
  }
  return std::nullopt;
}

std::string CheckQuoted(const Box& box, std::string_view path, std::string_view header) {
  // tests/ is no box; the one file that may look into it names its folders.
  if (BoxOf(header) == nullptr && !IsInAny(header, box.boxes)) {
    return "\"" + std::string(header) + "\" is not written from the repository's root";
  }
  if (IsIn(header, "include")) return "public headers are included as <pairwire/...>";
  if (IsIn(header, OwnFolder(box, path)) || IsInAny(header, box.boxes)) return {};
  return std::string(OwnFolder(box, path)) + " may not include \"" + std::string(header) + "\"";
}

std::string CheckAngled(const Box& box, std::string_view header) {
  // tl::expected stands in for the standard library's own, which C++20 does not have yet.
  if (StartsWith(header, "pairwire/") || header == "tl/expected.hpp") return {};
  if (const auto library = LibraryOf(header)) {
    const auto& allowed = box.libraries;
    if (std::find(allowed.begin(), allowed.end(), *library) != allowed.end()) return {};
    return "<" + std::string(header) + "> (" + std::string(*library) + ") does not belong in " +
           std::string(box.folder);
  }
  if (!IsSystemHeader(header)) return "<" + std::string(header) + "> is of no library that we know";
  // POSIX names would tie the interface to one system.
  if (box.folder == "include/pairwire" && EndsWith(header, ".h")) {
    return "include/ shows only the C++ standard library, not <" + std::string(header) + ">";
  }
  return {};
}

std::string CheckInclude(const Box& box, std::string_view path, std::string_view rest) {
  const char close = rest.empty() ? '\0' : rest[0] == '<' ? '>' : rest[0] == '"' ? '"' : '\0';
  const std::size_t end = close == '\0' ? std::string_view::npos : rest.find(close, 1);
  if (end == std::string_view::npos) return "an include names a file";
  const std::string_view header = rest.substr(1, end - 1);
  return close == '"' ? CheckQuoted(box, path, header) : CheckAngled(box, header);
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

bool IsScript(std::string_view path) { return EndsWith(path, ".js") || EndsWith(path, ".mjs"); }

bool HasLicence(const std::vector<std::string_view>& lines) {
  // A script that can be run by name begins with its interpreter.
  const std::size_t at = !lines.empty() && StartsWith(lines[0], "#!") ? 1 : 0;
  return lines.size() > at && lines[at] == kLicence;
}

bool SaysWhyItIsLong(const std::vector<std::string_view>& lines) {
  const auto head_end =
      lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), kHeadLines));
  return std::any_of(lines.begin(), head_end, [](std::string_view line) {
    return StartsWith(Trim(line), "//") && line.find("Length: ") != std::string_view::npos;
  });
}

}  // namespace

std::vector<SourceFile> ReadTree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  auto entry = std::filesystem::recursive_directory_iterator(root);
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      const bool output = entry.depth() == 0 && name == "build";
      // vendor: what a script of ours bundles out of other people's packages.
      if (output || name[0] == '.' || name == "node_modules" || name == "vendor") {
        entry.disable_recursion_pending();
      }
      continue;
    }
    static constexpr std::array<std::string_view, 7> kEndings = {".h",   ".cc", ".js", ".mjs",
                                                                 ".cpp", ".c",  ".hpp"};
    const std::string ending = entry->path().extension().string();
    if (std::find(kEndings.begin(), kEndings.end(), ending) == kEndings.end()) continue;
    std::ifstream in(entry->path(), std::ios::binary);
    files.push_back({entry->path().lexically_relative(root).generic_string(),
                     {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> FindBreaches(const SourceFile& file) {
  std::vector<std::string> breaches;
  const auto add = [&](std::size_t line, const std::string& what) {
    breaches.push_back(file.path + ":" + std::to_string(line) + ": " + what);
  };
  const std::vector<std::string_view> lines = SplitLines(file.text);
  if (!HasLicence(lines)) add(1, "does not begin with the licence line");
  if (lines.size() > kMaxLines && !SaysWhyItIsLong(lines)) {
    add(lines.size(), "more than 600 lines and no \"Length: reason\" in its head");
  }
  if (IsScript(file.path)) return breaches;
  if (!EndsWith(file.path, ".h") && !EndsWith(file.path, ".cc")) {
    add(1, "C++ files end in .h or .cc");
  }
  if (StartsWith(file.path, kTests)) return breaches;
  const Box* const box = BoxOf(file.path);
  if (box == nullptr) {
    add(1, "is in no box of tests/architecture/include_rules.cc");
    return breaches;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto rest = IncludeOf(lines[i]);
    if (!rest) continue;
    const std::string breach = CheckInclude(*box, file.path, *rest);
    if (!breach.empty()) add(i + 1, breach);
  }
  return breaches;
}

}  // namespace pairwire::test
