// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what comes to port 5353: whatever parses is written and read back as the same, nothing
// that a lookup takes for an answer is other than an address, and no query gets an answer without
// bound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "peer/net/dns_message.h"
#include "peer/net/mdns_lookups.h"
#include "peer/net/mdns_records.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace {

using namespace pairwire;       // NOLINT(google-build-using-namespace)
using namespace pairwire::net;  // NOLINT(google-build-using-namespace)

class Nowhere final : public MdnsLookups::Sender {
  void SendQuery(ByteSpan) override {}
  void SendUnicastQuery(ByteSpan) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(data, size);
  if (const auto message = ParseDnsMessage(bytes)) {
    const Bytes written = SerializeDnsMessage(*message);
    // Without compression it may have become too long.
    if (written.size() <= kMaxDnsMessage && ParseDnsMessage(written) != message) std::abort();
  }

  test::ManualLoop loop;
  Nowhere nowhere;
  MdnsLookups lookups(loop, nowhere);
  lookups.Resolve("a.local", [](const std::optional<std::string>& address) {
    if (!address || address->empty() || *address == "0.0.0.0" || *address == "::") std::abort();
  });
  lookups.OnMessage(bytes, [] { return true; });

  // The first name that this seed makes is in the corpus.
  test::SeededRandom random(1);
  MdnsRecords records(random);
  static_cast<void>(records.Add("192.0.2.7"));
  for (const bool legacy : {false, true}) {
    const auto answers = records.Answer(bytes, legacy, 0, loop.Now());
    for (const auto& answer : {answers.unicast, answers.multicast}) {
      if (answer && !ParseDnsMessage(*answer)) std::abort();
    }
  }
  return 0;
}
