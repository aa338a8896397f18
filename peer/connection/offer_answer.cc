// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/offer_answer.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace pairwire {
namespace {

// RFC 8839 section 5.4.
constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPassword = 22;
constexpr std::size_t kMaxCredential = 256;

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

bool IsIceChar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

bool IsCredential(std::string_view text, std::size_t shortest) {
  return text.size() >= shortest && text.size() <= kMaxCredential &&
         std::all_of(text.begin(), text.end(), IsIceChar);
}

bool IsAcceptedHash(std::string_view algorithm) {
  return algorithm == "sha-256" || algorithm == "sha-384" || algorithm == "sha-512";
}

// One spelling and order, so that the same set compares equal in a later description.
std::vector<sdp::Fingerprint> UsableFingerprints(const std::vector<sdp::Fingerprint>& all) {
  std::vector<sdp::Fingerprint> usable;
  for (sdp::Fingerprint fingerprint : all) {
    auto& [algorithm, value] = fingerprint;
    std::transform(algorithm.begin(), algorithm.end(), algorithm.begin(), ToLower);
    if (!IsAcceptedHash(algorithm)) continue;
    std::transform(value.begin(), value.end(), value.begin(), ToUpper);
    usable.push_back(std::move(fingerprint));
  }
  const auto less = [](const sdp::Fingerprint& a, const sdp::Fingerprint& b) {
    return std::tie(a.algorithm, a.value) < std::tie(b.algorithm, b.value);
  };
  std::sort(usable.begin(), usable.end(), less);
  usable.erase(std::unique(usable.begin(), usable.end()), usable.end());
  return usable;
}

void SetTransport(sdp::MediaSection& section, const LocalParameters& local,
                  const IceParameters& ice, sdp::Setup setup) {
  section.ice_ufrag = ice.ufrag;
  section.ice_pwd = ice.pwd;
  section.ice_options = {"trickle"};
  section.fingerprints = {local.fingerprint};
  section.setup = setup;
}

sdp::MediaSection DataSection(const LocalParameters& local, const IceParameters& ice,
                              std::string mid, sdp::Setup setup) {
  sdp::MediaSection section;
  section.kind = "application";
  section.protocol = "UDP/DTLS/SCTP";
  section.format = "webrtc-datachannel";
  section.mid = std::move(mid);
  SetTransport(section, local, ice, setup);
  section.sctp_port = local.sctp_port;
  section.max_message_size = local.max_message_size;
  section.pairwire_ufrag = ice.ufrag;
  section.pairwire_burst = local.sctp_burst;
  return section;
}

// An audio or video section that carries the bundle's transport and nothing else: its first format,
// since a section must have one, and never a packet.
sdp::MediaSection UnusedSection(const sdp::MediaSection& like, const LocalParameters& local,
                                const IceParameters& ice, sdp::Setup setup) {
  sdp::MediaSection section;
  section.kind = like.kind;
  section.protocol = like.protocol;
  section.format = like.format.substr(0, like.format.find(' '));
  section.mid = like.mid;
  section.rtpmap = like.rtpmap;
  section.inactive = true;
  section.rtcp_mux = true;
  SetTransport(section, local, ice, setup);
  return section;
}

sdp::Description Session(const LocalParameters& local, std::uint64_t version) {
  sdp::Description description;
  description.session_id = local.session_id;
  description.session_version = version;
  description.ice_lite = local.ice_lite;
  return description;
}

// RFC 8829 section 5.3.1: port zero and the offer's own formats; the rest may be left out.
sdp::MediaSection RejectedSection(const sdp::MediaSection& offered) {
  sdp::MediaSection section;
  section.kind = offered.kind;
  section.protocol = offered.protocol;
  section.format = offered.format;
  section.port = 0;
  section.mid = offered.mid;
  return section;
}

// A place that is used again needs a mid that was not used there (RFC 8829 section 5.2.2).
std::string FreshMid(const sdp::Description* previous) {
  for (std::size_t number = 0;; ++number) {
    std::string mid = std::to_string(number);
    const auto same = [&](const sdp::MediaSection& section) { return section.mid == mid; };
    if (previous == nullptr || std::none_of(previous->media.begin(), previous->media.end(), same)) {
      return mid;
    }
  }
}

}  // namespace

std::optional<std::size_t> FindData(const sdp::Description& description,
                                    std::optional<std::size_t> preferred) {
  const auto& media = description.media;
  const auto usable = [&](std::size_t i) { return media[i].IsData() && !media[i].IsRejected(); };
  if (preferred && *preferred < media.size() && usable(*preferred)) return preferred;
  for (std::size_t i = 0; i < media.size(); ++i) {
    if (usable(i)) return i;
  }
  return std::nullopt;
}

Result<RemoteData> ReadData(const sdp::Description& description, std::size_t index) {
  RemoteData data;
  data.index = index;
  data.transport_index = TransportOf(description, index);
  const auto& section = description.media[index];
  const auto& transport = description.media[data.transport_index];
  if (!IsCredential(transport.ice_ufrag, kMinUfrag)) {
    return Fail(Errc::kParseError,
                "a=ice-ufrag of the data section is not 4 to 256 ICE characters");
  }
  if (!IsCredential(transport.ice_pwd, kMinPassword)) {
    return Fail(Errc::kParseError, "a=ice-pwd of the data section is not 22 to 256 ICE characters");
  }
  if (transport.fingerprints.empty()) {
    return Fail(Errc::kParseError, "the data section has no a=fingerprint");
  }
  if (transport.setup == sdp::Setup::kHoldconn) {
    return Fail(Errc::kUnsupported, "a=setup:holdconn is not supported");
  }
  if (section.sctp_port == 0) {
    return Fail(Errc::kUnsupported, "a=sctp-port:0 asks for no SCTP association");
  }
  auto& parameters = data.parameters;
  parameters.fingerprints = UsableFingerprints(transport.fingerprints);
  if (parameters.fingerprints.empty()) {
    return Fail(Errc::kUnsupported,
                "no a=fingerprint with a hash function that we accept (sha-256, sha-384, sha-512)");
  }
  parameters.ice_lite = description.ice_lite;
  parameters.ice_ufrag = transport.ice_ufrag;
  parameters.ice_pwd = transport.ice_pwd;
  parameters.sctp_port = section.sctp_port.value_or(parameters.sctp_port);
  parameters.max_message_size = section.max_message_size.value_or(parameters.max_message_size);
  // Only what the other end says of itself: answers may hold copies of what the offer said.
  if (section.pairwire_ufrag == transport.ice_ufrag) {
    parameters.sctp_burst = section.pairwire_burst;
  }
  data.setup = transport.setup;
  return data;
}

std::size_t TransportOf(const sdp::Description& description, std::size_t index) {
  const auto& section = description.media[index];
  const auto& group = description.bundle_group;
  if (std::find(group.begin(), group.end(), section.mid) == group.end()) return index;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& tagged = description.media[i];
    if (tagged.mid != group.front()) continue;
    return tagged.IsRtp() && !tagged.IsRejected() && !tagged.ice_ufrag.empty() ? i : index;
  }
  return index;
}

sdp::Description MakeOffer(const LocalParameters& local, const IceParameters& ice,
                           std::uint64_t version, const sdp::Description* previous,
                           std::optional<std::size_t> data_index) {
  sdp::Description offer = Session(local, version);
  if (previous != nullptr) {
    for (const auto& section : previous->media) offer.media.push_back(RejectedSection(section));
  }
  if (offer.media.empty()) offer.media.emplace_back();
  const std::size_t index = data_index.value_or(0);
  std::string mid = data_index ? offer.media[index].mid : FreshMid(previous);
  if (data_index && previous != nullptr) {
    const std::size_t tagged = TransportOf(*previous, index);
    if (tagged != index) {
      offer.media[tagged] =
          UnusedSection(previous->media[tagged], local, ice, sdp::Setup::kActpass);
      offer.bundle_group = {offer.media[tagged].mid};
    }
  }
  // A role taken before is kept by the answerer; the offer says actpass all the same (RFC 8842
  // section 5.5).
  auto& section = offer.media[index];
  section = DataSection(local, ice, std::move(mid), sdp::Setup::kActpass);
  if (!section.mid.empty()) offer.bundle_group.push_back(section.mid);
  return offer;
}

sdp::Description MakeAnswer(const LocalParameters& local, const IceParameters& ice,
                            std::uint64_t version, const sdp::Description& offer,
                            std::optional<std::size_t> data_index, sdp::Setup setup) {
  sdp::Description answer = Session(local, version);
  const std::size_t tagged = data_index ? TransportOf(offer, *data_index) : 0;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const auto& offered = offer.media[i];
    if (i == data_index) {
      auto section = DataSection(local, ice, offered.mid, setup);
      section.protocol = offered.protocol;
      answer.media.push_back(std::move(section));
    } else if (data_index && i == tagged) {
      answer.media.push_back(UnusedSection(offered, local, ice, setup));
    } else {
      answer.media.push_back(RejectedSection(offered));
    }
  }
  const auto& group = offer.bundle_group;
  if (data_index) {
    const std::string& mid = offer.media[*data_index].mid;
    if (tagged != *data_index) answer.bundle_group.push_back(offer.media[tagged].mid);
    if (std::find(group.begin(), group.end(), mid) != group.end()) {
      answer.bundle_group.push_back(mid);
    }
  }
  return answer;
}

Result<void> CheckAnswerFits(const sdp::Description& offer, std::size_t data_index,
                             const sdp::Description& answer) {
  if (answer.media.size() != offer.media.size()) {
    return Fail(Errc::kInvalidArgument, "the answer has " + std::to_string(answer.media.size()) +
                                            " media sections, our offer has " +
                                            std::to_string(offer.media.size()));
  }
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const auto& ours = offer.media[i];
    const auto& theirs = answer.media[i];
    const std::string which = "media section " + std::to_string(i) + " of the answer ";
    if (theirs.kind != ours.kind) {
      return Fail(Errc::kInvalidArgument, which + "is of another kind than in our offer");
    }
    // Ends from before RFC 5888 leave the mid out.
    if (!theirs.mid.empty() && theirs.mid != ours.mid) {
      return Fail(Errc::kInvalidArgument, which + "has another mid than in our offer");
    }
    if (theirs.IsRejected()) continue;
    if (ours.IsRejected()) {
      return Fail(Errc::kInvalidArgument, which + "accepts what our offer did not offer");
    }
    if (i == data_index && !theirs.IsData()) {
      return Fail(Errc::kInvalidArgument, which + "does not answer the data section offered");
    }
  }
  return {};
}

Result<void> CheckOfferFollows(const sdp::Description& previous,
                               std::optional<std::size_t> data_index,
                               const sdp::Description& offer) {
  if (offer.media.size() < previous.media.size()) {
    return Fail(Errc::kInvalidArgument, "the offer has fewer media sections than before");
  }
  if (!data_index) return {};
  const auto& before = previous.media[*data_index];
  const auto& now = offer.media[*data_index];
  // Rejected sections may be put to another use (RFC 8829 section 5.2.2); the data section is not
  // one.
  const bool other_mid = !now.mid.empty() && !before.mid.empty() && now.mid != before.mid;
  if (now.kind != before.kind || other_mid) {
    return Fail(Errc::kInvalidArgument, "the offer changes the data section's place, mid or kind");
  }
  return {};
}

bool AnswerAsClient(std::optional<sdp::Setup> offered, std::optional<bool> was_client) {
  if (offered == sdp::Setup::kActive) return false;
  if (offered == sdp::Setup::kPassive) return true;
  // actpass, or nothing, which browsers take for actpass. Active answers save a round trip (RFC
  // 8842).
  return was_client.value_or(true);
}

Result<bool> ClientByAnswer(std::optional<sdp::Setup> answered) {
  if (answered == sdp::Setup::kActive) return false;
  if (answered == sdp::Setup::kPassive) return true;
  return Fail(Errc::kParseError, answered ? "a=setup of an answer must be active or passive"
                                          : "the data section of the answer has no a=setup");
}

}  // namespace pairwire
