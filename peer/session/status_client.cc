// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusClient: the handle of a StatusCore.
#include <pairwire/status.h>

#include <memory>
#include <utility>

#include "peer/session/loop_kept.h"
#include "peer/session/status_core.h"

namespace pairwire {
namespace {

class ClientCore {
 public:
  ClientCore(AsioLoop& loop, CheckedStatus checked, StatusEvents events)
      : core_(loop, std::move(checked), std::move(events)) {}

  void Begin() {
    // The events of the file may have ended it all.
    core_.Begin();
    if (!stopped_) core_.Poll(true);
  }
  std::unique_ptr<FileReplacer> Stop() {
    stopped_ = true;
    return core_.Stop();
  }
  StatusCore& core() { return core_; }

 private:
  bool stopped_ = false;
  StatusCore core_;
};

}  // namespace

struct StatusClient::Impl {
  LoopKept<ClientCore> kept;
};

Result<StatusClient> StatusClient::Create(Network& network, StatusOptions options,
                                          StatusEvents events) {
  Result<CheckedStatus> checked = CheckStatusOptions(std::move(options));
  if (!checked) return tl::unexpected(std::move(checked.error()));
  auto impl = std::make_shared<Impl>();
  const bool ran = impl->kept.Start(network, [&](AsioLoop& loop) {
    return std::make_shared<ClientCore>(loop, std::move(*checked), std::move(events));
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  return StatusClient(std::move(impl));
}

StatusClient::StatusClient() = default;
StatusClient::StatusClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
StatusClient::StatusClient(StatusClient&&) noexcept = default;

StatusClient& StatusClient::operator=(StatusClient&& other) noexcept {
  StatusClient old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

StatusClient::~StatusClient() {
  if (!impl_) return;
  // Joined here, and not by the loop.
  std::unique_ptr<FileReplacer> file;
  impl_->kept.Release([&](ClientCore& core) { file = core.Stop(); });
}

std::optional<DisplayReport> StatusClient::Last(std::string_view display_id) const {
  std::optional<DisplayReport> report;
  if (impl_) impl_->kept.Run([&](ClientCore& core) { report = core.core().Last(display_id); });
  return report;
}

std::vector<DisplayReport> StatusClient::All() const {
  std::vector<DisplayReport> all;
  if (impl_) impl_->kept.Run([&](ClientCore& core) { all = core.core().All(); });
  return all;
}

void StatusClient::Refresh() {
  if (impl_) impl_->kept.Post([](ClientCore& core) { core.core().Refresh(); });
}

}  // namespace pairwire
