// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Turns what is known of a connection that does not work into the likely cause, and one sentence
// for a person (include/pairwire/diagnosis.h). Pure.
#ifndef PAIRWIRE_PEER_CONNECTION_DIAGNOSIS_H_
#define PAIRWIRE_PEER_CONNECTION_DIAGNOSIS_H_

#include <pairwire/diagnosis.h>
#include <pairwire/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pairwire {

struct IceFacts {
  bool was_connected = false;
  std::size_t local_candidates = 0;
  std::size_t remote_candidates = 0;
  std::vector<IceServerError> servers;
  std::string ice_says;  // IceTransport::failure_reason
};

// ICE is in kFailed.
Diagnosis DiagnoseIce(const IceFacts& facts);

// The connection ended for `error` (empty: we closed it, and nothing is wrong).
Diagnosis DiagnoseEnd(const std::optional<Error>& error, std::vector<IceServerError> servers);

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_DIAGNOSIS_H_
