// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What goes into our offers and answers, and what the other end's mean (RFC 8829 sections 5.2, 5.3
// and 5.9 to 5.11, RFC 8841, RFC 8842, RFC 8843). Pure functions over descriptions.
//
// Which of them may come when is negotiation.h.
#ifndef PAIRWIRE_PEER_CONNECTION_OFFER_ANSWER_H_
#define PAIRWIRE_PEER_CONNECTION_OFFER_ANSWER_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/sdp/description.h"

namespace pairwire {

// RFC 8839 section 5.4: what tells one ICE generation from another.
struct IceParameters {
  std::string ufrag;
  std::string pwd;

  bool operator==(const IceParameters&) const = default;
};

// What our descriptions say about us and that never changes; the ICE parameters do, by generation.
struct LocalParameters {
  std::string session_id;  // o= line, decimal digits
  sdp::Fingerprint fingerprint;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 256 * 1024;
  std::uint16_t sctp_burst = 0;  // told to ends of our kind; 0: nothing is said
  bool ice_lite = false;         // writes a=ice-lite (RFC 8445 section 2.5)
};

// What the other end's description says, checked for sense.
struct RemoteParameters {
  bool ice_lite = false;
  std::string ice_ufrag;
  std::string ice_pwd;
  // Those of hash functions that we accept, in one spelling: "sha-256", "AB:CD:…".
  std::vector<sdp::Fingerprint> fingerprints;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size =
      65536;                     // RFC 8841 section 6.1: absent means 64 KiB; 0 means no limit
  std::uint16_t sctp_burst = 0;  // 0: not one of ours

  bool operator==(const RemoteParameters&) const = default;
};

// The data section of a remote description.
struct RemoteData {
  std::size_t index = 0;
  // The section whose transport it shares (TransportOf).
  std::size_t transport_index = 0;
  RemoteParameters parameters;
  std::optional<sdp::Setup> setup;
};

// The data section to accept: the one at `preferred` if it can be used, else the first. Others we
// reject.
std::optional<std::size_t> FindData(const sdp::Description& description,
                                    std::optional<std::size_t> preferred);

// Reads the data section at `index`. kParseError: credentials or fingerprint are missing or
// malformed; kUnsupported: no hash function that we accept, a=setup:holdconn, SCTP port 0.
Result<RemoteData> ReadData(const sdp::Description& description, std::size_t index);

// The section whose transport the one at `index` has: the first of its bundle (RFC 8843 section
// 7.1: the tagged one), when that is one that we keep alive; else itself.
std::size_t TransportOf(const sdp::Description& description, std::size_t index);

// An offer with one section for data. `previous`: our last description, whose sections keep their
// places; data stays at `data_index` or, without one, takes the first place. An unused audio or
// video section that carries the transport stays as it is.
sdp::Description MakeOffer(const LocalParameters& local, const IceParameters& ice,
                           std::uint64_t version, const sdp::Description* previous,
                           std::optional<std::size_t> data_index);

// Accepts the section at `data_index` with `setup` and rejects all others, but for the audio or
// video section that is tagged in data's bundle: rejecting it would mean to reject the whole bundle
// (RFC 8829 section 5.3.1, RFC 8843 section 7.3.3; browsers that made one transport for the bundle
// do refuse the answer). That one is accepted as inactive.
sdp::Description MakeAnswer(const LocalParameters& local, const IceParameters& ice,
                            std::uint64_t version, const sdp::Description& offer,
                            std::optional<std::size_t> data_index, sdp::Setup setup);

// kInvalidArgument: the sections of `answer` are not those of `offer`, whose data is at
// `data_index`.
Result<void> CheckAnswerFits(const sdp::Description& offer, std::size_t data_index,
                             const sdp::Description& answer);

// kInvalidArgument: `offer` drops sections of `previous`, or changes the one at `data_index`.
Result<void> CheckOfferFollows(const sdp::Description& previous,
                               std::optional<std::size_t> data_index,
                               const sdp::Description& offer);

// Our DTLS role when we answer `offered` (RFC 8842 section 5.3): client unless the offerer wants to
// be. A role taken before is kept when the offer allows it.
bool AnswerAsClient(std::optional<sdp::Setup> offered, std::optional<bool> was_client);

// Our DTLS role by the setup of the other end's answer. kParseError: missing or actpass.
Result<bool> ClientByAnswer(std::optional<sdp::Setup> answered);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_OFFER_ANSWER_H_
