// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Holds the tree to its include rules, licence lines and file lengths; and holds the engine to its
// job on planted breaches, so that a green result means something.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/architecture/include_rules.h"

namespace pairwire::test {
namespace {

const std::string kLicence =
    "// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0\n";

TEST(Architecture, TheTreeKeepsItsRules) {
  const std::vector<SourceFile> files = ReadTree(PAIRWIRE_SOURCE_DIR);
  for (const SourceFile& file : files) {
    for (const std::string& breach : FindBreaches(file)) ADD_FAILURE() << breach;
  }
}

TEST(Architecture, TheTreeIsReallyRead) {
  const std::vector<SourceFile> files = ReadTree(PAIRWIRE_SOURCE_DIR);
  const auto holds = [&](const std::string& path) {
    return std::any_of(files.begin(), files.end(),
                       [&](const SourceFile& file) { return file.path == path; });
  };
  EXPECT_GT(files.size(), 30U);
  EXPECT_TRUE(holds("include/pairwire/result.h"));
  EXPECT_TRUE(holds("peer/base/asio_loop.cc"));
  EXPECT_TRUE(holds("tests/architecture/include_rules_test.cc"));
  for (const SourceFile& file : files) EXPECT_FALSE(file.path.starts_with("build/")) << file.path;
}

struct Planted {
  const char* path;
  const char* include;
  bool allowed;
};

// Each rule from both sides.
constexpr Planted kPlanted[] = {
    // Itself, peer/base, include/pairwire.
    {"peer/ice/x.cc", "\"peer/ice/agent.h\"", true},
    {"peer/ice/x.cc", "\"peer/base/loop.h\"", true},
    {"peer/ice/x.cc", "<pairwire/result.h>", true},
    {"peer/ice/x.cc", "<vector>", true},
    {"peer/ice/x.cc", "<sys/socket.h>", true},
    {"peer/ice/x.cc", "<unistd.h>", true},
    {"peer/base/x.cc", "\"peer/ice/agent.h\"", false},
    {"peer/base/x.cc", "\"sctp/types.h\"", false},
    {"peer/ice/x.cc", "\"peer/dtls/certificate.h\"", false},
    {"peer/dtls/x.cc", "\"peer/ice/ice_transport.h\"", false},
    {"peer/sdp/x.cc", "\"peer/dtls/certificate.h\"", false},
    {"sctp/x.cc", "\"peer/base/loop.h\"", true},
    {"sctp/x.cc", "\"peer/dtls/dtls_transport.h\"", false},
    {"peer/ice/x.cc", "\"signaling/protocol/limits.h\"", false},
    {"peer/ice/x.cc", "\"tests/support/manual_loop.h\"", false},
    // Only peer/connection joins boxes.
    {"peer/connection/x.cc", "\"peer/ice/ice_transport.h\"", true},
    {"peer/connection/x.cc", "\"peer/dtls/dtls_transport.h\"", true},
    {"peer/connection/x.cc", "\"peer/sdp/description.h\"", true},
    {"peer/connection/x.cc", "\"sctp/channel_mux.h\"", true},
    {"peer/connection/x.cc", "\"signaling/protocol/limits.h\"", false},
    {"peer/connection/x.cc", "\"peer/session/session.h\"", false},
    {"peer/connection/x.cc", "<openssl/ssl.h>", false},
    // Sessions and the signaling client.
    {"peer/session/x.cc", "\"peer/connection/network_access.h\"", true},
    {"peer/session/x.cc", "\"signaling/client/relay_api.h\"", true},
    {"peer/session/x.cc", "\"signaling/protocol/limits.h\"", true},
    {"peer/session/x.cc", "\"signaling/core/relay.h\"", false},
    {"peer/session/x.cc", "\"peer/ice/ice_transport.h\"", false},
    {"peer/connection/x.cc", "\"signaling/client/relay_api.h\"", false},
    {"signaling/server/x.cc", "\"signaling/client/relay_api.h\"", false},
    {"samples/display/x.cc", "\"signaling/client/relay_api.h\"", false},
    {"bench/x.cc", "\"signaling/client/relay_api.h\"", false},
    {"signaling/client/x.cc", "\"peer/base/asio_loop.h\"", true},
    {"signaling/client/x.cc", "\"signaling/protocol/limits.h\"", true},
    {"signaling/client/x.cc", "\"peer/connection/network_access.h\"", false},
    {"signaling/client/x.cc", "\"signaling/core/relay.h\"", false},
    // The relay never includes peer/.
    {"signaling/protocol/x.cc", "\"peer/base/loop.h\"", false},
    {"signaling/core/x.cc", "\"peer/base/loop.h\"", false},
    {"signaling/store/x.cc", "\"peer/base/loop.h\"", false},
    {"signaling/services/x.cc", "\"peer/base/loop.h\"", false},
    {"signaling/server/x.cc", "\"peer/base/loop.h\"", false},
    {"signaling/server/x.cc", "\"sctp/types.h\"", false},
    {"signaling/core/x.cc", "<pairwire/result.h>", true},
    {"signaling/core/x.cc", "<tl/expected.hpp>", true},
    {"signaling/core/x.cc", "\"signaling/protocol/limits.h\"", true},
    {"signaling/core/x.cc", "\"signaling/store/store.h\"", true},
    {"signaling/core/x.cc", "\"signaling/server/config.h\"", false},
    {"signaling/store/x.cc", "\"signaling/core/relay.h\"", false},
    {"signaling/protocol/x.cc", "\"signaling/core/relay.h\"", false},
    {"signaling/server/x.cc", "\"signaling/core/relay.h\"", true},
    // include/ shows the standard library, itself and tl::expected.
    {"include/pairwire/x.h", "<pairwire/error.h>", true},
    {"include/pairwire/x.h", "<vector>", true},
    {"include/pairwire/x.h", "<tl/expected.hpp>", true},
    {"include/pairwire/x.h", "<tl/optional.hpp>", false},
    {"include/pairwire/x.h", "<boost/asio/io_context.hpp>", false},
    {"include/pairwire/x.h", "<openssl/ssl.h>", false},
    {"include/pairwire/x.h", "<unistd.h>", false},
    {"include/pairwire/x.h", "<sys/types.h>", false},
    {"include/pairwire/x.h", "\"peer/base/loop.h\"", false},
    {"include/pairwire/x.h", "\"error.h\"", false},
    // Third-party headers where they are wrapped.
    {"peer/ice/x.cc", "<nice/agent.h>", true},
    {"peer/ice/x.cc", "<glib.h>", true},
    {"peer/ice/x.cc", "<gio/gio.h>", true},
    {"peer/base/x.cc", "<glib.h>", false},
    {"peer/connection/x.cc", "<nice/agent.h>", false},
    {"peer/dtls/x.cc", "<openssl/ssl.h>", true},
    {"sctp/x.cc", "<openssl/ssl.h>", false},
    {"signaling/core/x.cc", "<openssl/evp.h>", true},
    {"signaling/server/x.cc", "<openssl/evp.h>", true},
    {"signaling/store/x.cc", "<openssl/evp.h>", true},
    {"signaling/client/x.cc", "<openssl/ssl.h>", true},
    {"signaling/protocol/x.cc", "<openssl/evp.h>", false},
    {"sctp/x.cc", "<usrsctp.h>", true},
    {"peer/connection/x.cc", "<usrsctp.h>", false},
    {"peer/base/asio_loop.cc", "<boost/asio/io_context.hpp>", true},
    {"peer/base/asio_loop.cc", "\"peer/base/check.h\"", true},
    {"peer/base/asio_loop.h", "<boost/asio/io_context.hpp>", false},
    {"peer/base/loop.h", "<boost/asio/io_context.hpp>", false},
    {"peer/ice/x.cc", "<boost/asio/io_context.hpp>", false},
    {"signaling/server/x.cc", "<boost/beast.hpp>", true},
    {"signaling/client/x.cc", "<boost/beast.hpp>", true},
    {"signaling/core/x.cc", "<boost/asio/io_context.hpp>", false},
    {"signaling/protocol/x.cc", "<nlohmann/json.hpp>", true},
    {"peer/session/x.cc", "<nlohmann/json.hpp>", false},
    {"samples/display/x.cc", "<nlohmann/json.hpp>", true},
    {"signaling/server/x.cc", "<CLI/CLI.hpp>", true},
    {"samples/display/x.cc", "<CLI/CLI.hpp>", true},
    {"signaling/client/x.cc", "<CLI/CLI.hpp>", false},
    {"signaling/server/x.cc", "<spdlog/spdlog.h>", true},
    {"samples/display/x.cc", "<spdlog/spdlog.h>", true},
    {"peer/base/log.cc", "<spdlog/spdlog.h>", false},
    {"signaling/server/x.cc", "<prometheus/counter.h>", true},
    {"signaling/core/x.cc", "<prometheus/counter.h>", false},
    {"peer/base/x.cc", "<gtest/gtest.h>", false},
    {"peer/base/x.cc", "<somebody/else.h>", false},
    // Samples see what an application sees.
    {"samples/display/x.cc", "<pairwire/session.h>", true},
    {"samples/display/x.cc", "\"samples/display/options.h\"", true},
    {"samples/display/x.cc", "\"samples/common/json_out.h\"", true},
    {"samples/display/x.cc", "\"samples/controller/options.h\"", false},
    {"samples/common/x.cc", "\"samples/common/json_out.h\"", true},
    {"samples/common/x.cc", "<openssl/evp.h>", false},
    {"samples/display/x.cc", "<openssl/evp.h>", false},
    {"samples/common/x.cc", "\"samples/display/options.h\"", false},
    {"samples/display/x.cc", "\"peer/base/loop.h\"", false},
    // How an include is written.
    {"peer/ice/x.cc", "\"agent.h\"", false},
    {"peer/ice/x.cc", "\"../base/loop.h\"", false},
    {"peer/ice/x.cc", "\"include/pairwire/error.h\"", false},
    {"peer/ice/x.cc", "AGENT_HEADER", false},
    {"peer/ice/x.cc", "", false},
    {"sctp2/x.cc", "<vector>", false},
    {"elsewhere/x.cc", "<vector>", false},
    // Tests see everything.
    {"tests/peer/ice/x.cc", "\"peer/dtls/certificate.h\"", true},
    {"tests/peer/ice/x.cc", "<gtest/gtest.h>", true},
};

TEST(ArchitectureRules, PlantedIncludesAreJudgedRight) {
  for (const Planted& planted : kPlanted) {
    const SourceFile file{planted.path, kLicence + "\n#include " + planted.include + "\nint x;\n"};
    EXPECT_EQ(FindBreaches(file).empty(), planted.allowed)
        << planted.path << " includes " << planted.include;
  }
}

TEST(ArchitectureRules, IncludesAreFoundHoweverTheyAreSpaced) {
  for (const char* const line :
       {"#include <glib.h>", "  #  include <glib.h>", "#\tinclude\t<glib.h>", "#include<glib.h>",
        "#include <glib.h>  // why", "#import <glib.h>", "#include_next <glib.h>"}) {
    EXPECT_EQ(FindBreaches({"sctp/x.cc", kLicence + line}).size(), 1U) << line;
  }
  for (const char* const line : {"// #include <glib.h>", "#if 0", "#define include"}) {
    EXPECT_TRUE(FindBreaches({"sctp/x.cc", kLicence + line}).empty()) << line;
  }
}

TEST(ArchitectureRules, ABreachNamesFileAndLine) {
  const auto breaches = FindBreaches({"sctp/x.cc", kLicence + "\n\n#include <glib.h>\n"});
  ASSERT_EQ(breaches.size(), 1U);
  EXPECT_EQ(breaches[0], "sctp/x.cc:4: <glib.h> (glib) does not belong in sctp");
}

TEST(ArchitectureRules, TheLicenceLineComesFirst) {
  EXPECT_EQ(FindBreaches({"sctp/x.cc", ""}).size(), 1U);
  EXPECT_EQ(FindBreaches({"sctp/x.cc", "int x;\n" + kLicence}).size(), 1U);
  EXPECT_EQ(FindBreaches({"sctp/x.cc", "// Copyright 2025 Somebody\n"}).size(), 1U);
  EXPECT_EQ(FindBreaches({"tests/x_test.cc", "int x;\n"}).size(), 1U);
  EXPECT_EQ(FindBreaches({"samples/web/x.js", "let x;\n"}).size(), 1U);
  EXPECT_TRUE(FindBreaches({"samples/web/x.js", kLicence + "let x;\n"}).empty());
  EXPECT_TRUE(FindBreaches({"tests/x.js", "#!/usr/bin/env node\n" + kLicence}).empty());
}

TEST(ArchitectureRules, LongFilesSayWhy) {
  const auto lines = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "int x;\n";
    return text;
  };
  EXPECT_TRUE(FindBreaches({"sctp/x.cc", kLicence + lines(599)}).empty());
  EXPECT_EQ(FindBreaches({"sctp/x.cc", kLicence + lines(600)}).size(), 1U);
  EXPECT_TRUE(
      FindBreaches({"sctp/x.cc", kLicence + "// Length: one table of the RFC.\n" + lines(700)})
          .empty());
  EXPECT_EQ(FindBreaches({"sctp/x.cc", kLicence + lines(650) + "// Length: too late.\n"}).size(),
            1U);
}

TEST(ArchitectureRules, OtherEndingsAreABreach) {
  for (const char* const path : {"sctp/x.cpp", "sctp/x.hpp", "sctp/x.c"}) {
    EXPECT_EQ(FindBreaches({path, kLicence}).size(), 1U) << path;
  }
}

TEST(ArchitectureRules, TheReaderSkipsWhatIsNotOurs) {
  const std::filesystem::path root =
      std::filesystem::path(testing::TempDir()) / "pairwire_architecture_tree";
  std::filesystem::remove_all(root);
  for (const char* const path :
       {"peer/a.h", "build/b.h", ".cache/c.h", "samples/node_modules/d.js", "samples/web/e.js",
        "docs/f.md", "peer/build/g.cc", "samples/web/vendor/h.js"}) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << "text";
  }
  std::vector<std::string> paths;
  for (const SourceFile& file : ReadTree(root)) {
    EXPECT_EQ(file.text, "text");
    paths.push_back(file.path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"peer/a.h", "peer/build/g.cc", "samples/web/e.js"}));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace pairwire::test
