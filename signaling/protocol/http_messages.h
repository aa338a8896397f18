// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Requests and answers of the HTTP interface as plain structs, with their JSON both ways: the relay
// parses what the client writes and the other way round. Parsing enforces limits.h. Unknown members
// are ignored, so that either side may be newer.
#ifndef PAIRWIRE_SIGNALING_PROTOCOL_HTTP_MESSAGES_H_
#define PAIRWIRE_SIGNALING_PROTOCOL_HTTP_MESSAGES_H_

#include <pairwire/result.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/protocol/json.h"

namespace pairwire::protocol {

// POST /api/sessions/register
struct RegisterRequest {
  std::string display_id;  // Empty: the relay makes one.
  std::string name;        // May be empty.
  std::string design_id;   // May be empty.
  int max_controllers = 1;
  bool plain = false;  // No secret guards the session: a 9-digit code is asked for.
  // Names under which it can be paired with besides (IsMeet), at most kMaxMeets, no two the same. A
  // session that had one of them before ends (kReasonReplaced).
  std::vector<std::string> meets = {};
  // No code is wanted. Without meets as well nobody can pair with it: then it is there for its
  // token, which reports the display's status.
  bool codeless = false;

  bool operator==(const RegisterRequest&) const = default;
};
std::string ToJson(const RegisterRequest& request);
[[nodiscard]] Result<RegisterRequest> ParseRegisterRequest(std::string_view body);

// 201. URLs are absolute, or start with "/" and are appended to the relay's own URL.
struct RegisterResponse {
  std::string session_id;
  std::string code;  // Digits only; empty when it was asked for without.
  std::string display_id;
  std::string display_token;  // Secret.
  std::chrono::seconds expires_in{0};
  std::string expires_at;  // RFC 3339.
  std::string events_url;  // SSE.
  std::string poll_url;    // Long-poll.
  std::string ws_url;
  std::chrono::seconds heartbeat_interval{0};
  // How the display should wait: kConnectImmediate, on a WebSocket from the start; empty: on the
  // event stream.
  std::string connection = {};

  bool operator==(const RegisterResponse&) const = default;
};
inline constexpr std::string_view kConnectImmediate = "immediate";
std::string ToJson(const RegisterResponse& response);
[[nodiscard]] Result<RegisterResponse> ParseRegisterResponse(std::string_view body);

// The answer to a ProofChallenge (problem.h).
struct Proof {
  std::string challenge;  // Empty: there is none.
  std::string answer;

  bool operator==(const Proof&) const = default;
};

// POST /api/sessions/pair
struct PairRequest {
  std::string code;  // As typed; NormalizeCode is for the receiver.
  std::string name;  // May be empty.
  RawJson hello;     // Opaque, at most kMaxHelloBytes; empty when absent.
  Proof proof = {};  // When an earlier try was answered with a challenge.
  // Instead of the code: a name of the display's registration (IsMeet). One of both is empty.
  std::string meet = {};

  bool operator==(const PairRequest&) const = default;
};
std::string ToJson(const PairRequest& request);
[[nodiscard]] Result<PairRequest> ParsePairRequest(std::string_view body);

// 200
struct PairResponse {
  std::string session_id;
  std::string controller_id;
  std::string controller_token;  // Secret.
  std::string ws_url;
  std::string display_id;
  std::string display_name;  // As the display gave it; may be empty.

  bool operator==(const PairResponse&) const = default;
};
std::string ToJson(const PairResponse& response);
[[nodiscard]] Result<PairResponse> ParsePairResponse(std::string_view body);

// GET /api/nodes: where else this relay can be reached; any node serves anyone.
struct NodeEntry {
  std::string node_id;
  std::string url;     // http or https
  std::string region;  // May be empty.
  int load_percent = 0;

  bool operator==(const NodeEntry&) const = default;
};
struct NodesResponse {
  std::vector<NodeEntry> nodes;

  bool operator==(const NodesResponse&) const = default;
};
std::string ToJson(const NodesResponse& response);
[[nodiscard]] Result<NodesResponse> ParseNodesResponse(std::string_view body);

// POST /broadcast, on the operators' listener.
struct BroadcastRequest {
  std::string room;
  std::string event;  // The type of the message that subscribers get.
  RawJson data;       // An object, or absent.

  bool operator==(const BroadcastRequest&) const = default;
};
[[nodiscard]] Result<BroadcastRequest> ParseBroadcastRequest(std::string_view body);

// One event of a session's log, as SSE and long-poll carry it. Ids are positive decimal numbers
// that grow within a session; to a client they are opaque.
struct SessionEvent {
  std::string id;
  std::string type;
  RawJson data;

  bool operator==(const SessionEvent&) const = default;
};

// 200 of the long-poll.
struct PollResponse {
  std::vector<SessionEvent> events;

  bool operator==(const PollResponse&) const = default;
};
std::string ToJson(const PollResponse& response);
[[nodiscard]] Result<PollResponse> ParsePollResponse(std::string_view body);

// "id: 3\nevent: pairing:ready\ndata: {…}\n\n" (WHATWG HTML 9.2); without the id line when id is
// empty.
std::string ToServerSentEvent(const SessionEvent& event);

}  // namespace pairwire::protocol

#endif  // PAIRWIRE_SIGNALING_PROTOCOL_HTTP_MESSAGES_H_
