// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Group handle: brings each call to the loop.
#include <pairwire/group.h>

#include <utility>

#include "peer/connection/network_access.h"
#include "peer/session/group_core.h"

namespace pairwire {
namespace {

constexpr std::size_t kMaxOutbox = 4 * 1024 * 1024;

tl::unexpected<Error> Closed() { return Fail(Errc::kClosed, "an empty handle, or no network"); }

}  // namespace

class Group::Impl {
 public:
  Impl(std::shared_ptr<LoopLink> to_loop, AsioLoop& loop)
      : to_loop_(std::move(to_loop)), loop_(loop) {}

  ~Impl() {
    to_loop_->RunAndWait([this](NetworkCore&) {
      if (!core_) return;
      core_->Stop();
      loop_.Post([kept = std::move(core_)] {});
    });
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool Start(GroupOptions options, GroupEvents events) {
    return to_loop_->RunAndWait([&](NetworkCore&) {
      core_ = GroupCore::Make(loop_, options, std::move(events));
    }) && core_;
  }

  // On the loop; what `work` answers, or kClosed.
  template <typename F>
  auto Call(F work) -> decltype(work(std::declval<GroupCore&>())) {
    decltype(work(std::declval<GroupCore&>())) result = Closed();
    to_loop_->RunAndWait([&](NetworkCore&) { result = work(*core_); });
    return result;
  }
  template <typename F>
  void Run(F work) {
    to_loop_->RunAndWait([&](NetworkCore&) { work(*core_); });
  }
  bool IsOn(const LoopLink* to_loop) const { return to_loop_.get() == to_loop; }

 private:
  const std::shared_ptr<LoopLink> to_loop_;
  AsioLoop& loop_;
  std::shared_ptr<GroupCore> core_;  // loop only
};

Group::Group() = default;
Group::Group(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

Result<Group> Group::Create(Network& network, GroupOptions options, GroupEvents events) {
  if (options.outbox_bytes == 0 || options.outbox_bytes > kMaxOutbox) {
    return Fail(Errc::kInvalidArgument, "GroupOptions::outbox_bytes is 1 byte to 4 MiB");
  }
  auto impl =
      std::make_shared<Impl>(NetworkAccess::LinkOf(network), NetworkAccess::LoopOf(network));
  if (!impl->Start(options, std::move(events))) return Closed();
  return Group(std::move(impl));
}

Result<MemberId> Group::Add(Session session) {
  if (!impl_) return Closed();
  const auto behind = SessionFactory::ImplOf(session);
  if (!behind || !impl_->IsOn(behind->to_loop.get())) {
    return Fail(Errc::kInvalidArgument, "an empty session, or one of another network");
  }
  return impl_->Call([&](GroupCore& core) { return core.Add(std::move(session)); });
}

Session Group::Remove(MemberId member) {
  Session session;
  if (impl_) impl_->Run([&](GroupCore& core) { session = core.Remove(member); });
  return session;
}

Result<MessageId> Group::Send(std::string_view text) {
  if (!impl_) return Closed();
  return impl_->Call(
      [&](GroupCore& core) { return core.Send(group::MessageKind::kText, AsBytes(text)); });
}

Result<MessageId> Group::Send(ByteSpan data) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.Send(group::MessageKind::kBinary, data); });
}

Result<MessageId> Group::Send(const Event& event) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.Send(event); });
}

Result<void> Group::SetState(std::string_view key, ByteSpan value) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.SetState(key, false, value); });
}

Result<void> Group::SetState(std::string_view key, std::string_view text) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.SetState(key, true, AsBytes(text)); });
}

Result<void> Group::ClearState(std::string_view key) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.ClearState(key); });
}

Result<void> Group::SendStream(ByteSpan frame) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.SendStream(frame); });
}

Result<std::uint64_t> Group::Present(events::AnimationFrame frame) {
  if (!impl_) return Closed();
  return impl_->Call([&](GroupCore& core) { return core.Present(std::move(frame)); });
}

std::vector<GroupMember> Group::Members() const {
  std::vector<GroupMember> members;
  if (impl_) impl_->Run([&](GroupCore& core) { members = core.Members(); });
  return members;
}

}  // namespace pairwire
