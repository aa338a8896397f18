// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One end in a simulated session: the SessionEnd, its application, which records what it sees, and
// the process, which can freeze and die. Not here: links and the relay (session_sim.cc).
#ifndef PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_END_H_
#define PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_END_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/timer.h"
#include "peer/delivery/session_end.h"
#include "tests/peer/delivery/session_case.h"
#include "tests/peer/delivery/session_history.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {

// What an end needs of the world.
class SimWorld {
 public:
  virtual void Carry(int end, delivery::LinkId link, delivery::Lane lane, SharedBytes frame) = 0;
  virtual std::size_t RoomOf(int end, delivery::LinkId link, delivery::Lane lane) const = 0;
  virtual auth::Fingerprints Certificates(int end, delivery::LinkId link) const = 0;
  virtual void Act(int end, const delivery::SessionMachine::Action& action) = 0;

 protected:
  ~SimWorld() = default;
};

class SimEnd final : public delivery::SessionOwner {
 public:
  SimEnd(int which, const SessionCase& drawn, ManualLoop& loop, SeededRandom& random,
         History& history, SimWorld& world);

  // A new process. `restored`: it has the keys of the one before, and not its memory.
  void Start(bool restored);
  void Kill();
  // Nothing runs until then; what comes waits.
  void Freeze(Loop::Duration duration);
  // Runs `work` in the process: now, when it thaws, or never if it dies before.
  void Run(std::function<void(delivery::SessionEnd&)> work);
  bool alive() const { return session_ != nullptr; }
  bool connected() const;
  bool frozen() const { return frozen_; }
  delivery::SessionEnd* session() { return session_.get(); }
  // Which link the next frame is from, whatever the session thinks.
  void Carrying(delivery::LinkId link) { carrying_ = link; }

  // What an application does in one turn.
  void SendSome(int messages);
  void ChangeState();
  void AcknowledgeAll();
  void CloseByApplication();
  void RecordPending();

  void SendFrame(delivery::LinkId link, delivery::Lane lane, SharedBytes frame) override;
  std::size_t Room(delivery::LinkId link, delivery::Lane lane) const override;
  auth::Fingerprints FingerprintsOf(delivery::LinkId link) const override;
  std::optional<auth::BindTag> OwnBindTag(delivery::LinkId link) override;
  bool CheckBindTag(delivery::LinkId link, ByteSpan tag) override;
  void Do(const delivery::SessionMachine::Action& action) override;
  void OnMessage(std::uint64_t seq, delivery::FrameType type, ByteSpan message) override;
  void OnStateValue(const delivery::StateValue& state) override;
  void OnStateCleared(std::string_view key) override;
  void OnStream(delivery::FrameType type, ByteSpan frame) override;
  void OnAcked(std::uint64_t up_to) override;
  void OnControl(const delivery::Frame& frame) override;
  void OnClosed(const delivery::ClosedReport& report) override;

 private:
  struct Taken {
    std::uint64_t seq;
    std::uint64_t hash;
    delivery::LinkId link;
  };

  void Record(What what, std::uint64_t number = 0, std::uint64_t last = 0, std::uint64_t hash = 0,
              delivery::LinkId link = 0);
  void RecordBytes();
  void Thaw();
  void Rearm();
  void OnTimer();

  const int which_;
  const SessionCase& case_;
  ManualLoop& loop_;
  SeededRandom& random_;
  History& history_;
  SimWorld& world_;
  std::unique_ptr<delivery::SessionEnd> session_;
  Timer timer_;
  Timer thaw_;
  bool frozen_ = false;
  bool timer_was_due_ = false;
  std::vector<std::function<void(delivery::SessionEnd&)>> backlog_;
  std::vector<Taken> taken_;  // manual_ack: not acknowledged yet
  std::uint64_t messages_ = 0;
  std::uint64_t values_ = 0;
  delivery::LinkId carrying_ = 0;
  delivery::LinkId open_link_ = 0;
  bool over_ = false;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_DELIVERY_SESSION_SIM_END_H_
