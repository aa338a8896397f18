// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusCore: what a StatusClient is on its loop: joins the poller, the book and the file. Loop
// thread only. Begin, and once more Poll(true), start it.
#ifndef PAIRWIRE_PEER_SESSION_STATUS_CORE_H_
#define PAIRWIRE_PEER_SESSION_STATUS_CORE_H_

#include <pairwire/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/random.h"
#include "peer/base/task_safety.h"
#include "signaling/client/relay_endpoint.h"
#include "signaling/client/status_book.h"
#include "signaling/client/status_call.h"
#include "signaling/client/status_file.h"
#include "signaling/client/status_poller.h"

namespace pairwire {

// Options that were checked.
struct CheckedStatus {
  RelayUrl relay;
  StatusOptions options;
  StatusBook book;                  // as the file had it
  std::optional<Error> file_error;  // why it is empty
};
// As StatusClient::Create; reads the file.
Result<CheckedStatus> CheckStatusOptions(StatusOptions options);

// Milliseconds since 1970.
std::int64_t SystemMilliseconds();

class StatusCore {
 public:
  StatusCore(AsioLoop& loop, CheckedStatus checked, StatusEvents events);

  // Tells what the file had.
  void Begin();
  // Rounds from now on, the first at once; or none.
  void Poll(bool on);
  void Refresh();
  // No event any more. What is left to do may take as long as the disk does.
  std::unique_ptr<FileReplacer> Stop();

  std::optional<DisplayReport> Last(std::string_view display_id) const;
  std::vector<DisplayReport> All() const;

 private:
  void OnAnswer(const StatusTarget& target, const std::vector<StatusRecord>& records);
  void OnRound(const StatusPoller::Round& round);
  void Tell(const std::string& display_id);
  std::vector<std::string> Ids() const;

  AsioLoop& loop_;
  const StatusOptions options_;
  StatusEvents events_;
  std::optional<Error> file_error_;
  SystemRandom random_;
  RelayEndpoint endpoint_;
  HttpStatusAsker asker_;
  StatusBook book_;
  std::size_t learnt_ = 0;  // in this round
  std::unique_ptr<FileReplacer> file_;
  std::optional<StatusPoller> poller_;
  bool polling_ = false;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_STATUS_CORE_H_
