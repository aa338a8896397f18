// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-session-peer display RELAY-URL | controller RELAY-URL CODE
//
// One end of a session as a process of its own, for schedules of faults: it does what its stdin
// says and prints a line for each thing that happens, as session_checker.h needs it: WHAT, the
// machine's monotonic clock in nanoseconds, and numbers; its log goes to stderr. Beside the public
// API it uses one thing: it watches the frames of its own links, and cuts these or their path.
//
//   in:   send COUNT SEED     so many commands, and states between them
//         cut [silent]        its links go, without a word to the session, or to the other end
//         cut-at PLAN         they go, or their path does for a while, at a frame: frame_cutter.h
//         cut-none            no more of these
//         network-changed     as an application says it
//         report              says where it stands, behind all that came before
//   out:  code T [CODE]       connected T            state T NAME
//         send T ID HASH      acked T ID             bytes T BYTES MESSAGES
//         deliver T ID HASH LINK, the one that brought it
//         opened T LINK, in use from here on         ended T LINK, not any more
//         refused T ERROR     set T KEY HASH         shown T KEY HASH
//         cut T MILLISECONDS KIND HOW (a CutKind)    error T CODE
//         closed T CODE FIRST LAST
//         sent T NUMBER SEED  report T FIRST LAST
#include <pairwire/log.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "peer/session/session_core.h"
#include "peer/session/session_impl.h"
#include "tests/faults/datagram_gate.h"
#include "tests/faults/frame_cutter.h"
#include "tests/support/seeded_random.h"

namespace pairwire::faults {
namespace {

constexpr std::uint64_t kKeys = 4;
// What a connection that goes has to say to the other end, it says within that.
constexpr std::chrono::milliseconds kGoodbyes{2'500};

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// FNV-1a; never 0, which stands for none.
std::uint64_t HashOf(ByteSpan bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash == 0 ? 1 : hash;
}

// All on the loop's thread, so that lines are in the order of what happened.
void Say(std::string_view what, std::int64_t at, const std::string& rest = {}) {
  std::printf("%.*s %" PRId64 "%s%s\n", static_cast<int>(what.size()), what.data(), at,
              rest.empty() ? "" : " ", rest.c_str());
  std::fflush(stdout);
}

std::string Words(std::uint64_t a, std::uint64_t b) {
  return std::to_string(a) + " " + std::to_string(b);
}

class Peer final : private LinkWatch {
 public:
  explicit Peer(Network& network) : network_(network) {}
  ~Peer() override = default;

  Result<void> StartDisplay(const std::string& relay_url) {
    DisplayOptions options;
    options.relay_url = relay_url;
    options.peer = Loopback();
    DisplayEvents on;
    on.on_code = [](const PairingCode& code) { Say("code", Now(), code.code); };
    on.on_session = [this](Session session) { OnSession(std::move(session)); };
    on.on_error = [](const Error& error) {
      Say("error", Now(), std::string(ToString(error.code)));
    };
    auto display = Display::Create(network_, std::move(options), std::move(on));
    if (!display) return tl::unexpected(display.error());
    display_ = std::move(*display);
    return {};
  }

  Result<void> StartController(const std::string& relay_url, const std::string& code) {
    ControllerOptions options;
    options.relay_url = relay_url;
    options.code = code;
    options.peer = Loopback();
    ControllerEvents on;
    on.on_session = [this](Session session) { OnSession(std::move(session)); };
    on.on_error = [](const Error& error) {
      Say("error", Now(), std::string(ToString(error.code)));
    };
    auto controller = Controller::Create(network_, std::move(options), std::move(on));
    if (!controller) return tl::unexpected(controller.error());
    controller_ = std::move(*controller);
    return {};
  }

  // Any thread.
  void Do(const std::string& line) {
    network_.Post([this, line] { DoNow(line); });
  }

 private:
  static PeerConfiguration Loopback() {
    PeerConfiguration configuration;
    configuration.bind_addresses = {"127.0.0.1"};
    configuration.enable_ice_tcp = false;
    return configuration;
  }

  void OnSession(Session session) {
    session_ = std::move(session);
    if (const auto core = Core()) {
      link_ = core->Watch(this);
      Say("opened", Now(), std::to_string(link_));
    }
    SessionEvents on;
    on.on_message = [this](const Command& command) {
      // It comes from inside of the frame that brought it.
      Say("deliver", Now(), Words(command.id, HashOf(command.data)) + " " + std::to_string(link_));
    };
    on.on_acked = [this](MessageId id) {
      acked_ = id;
      Say("acked", Now(), std::to_string(id));
    };
    on.on_state_value = [](std::string_view key, const std::optional<Message>& value) {
      Say("shown", Now(),
          std::string(key) + " " + std::to_string(value ? HashOf(value->data) : std::uint64_t{0}));
    };
    on.on_state = [](SessionState state, std::string_view) {
      Say("state", Now(), std::string(ToString(state)));
    };
    on.on_closed = [](const ClosedReport& report) {
      Say("closed", Now(),
          (report.error ? std::string(ToString(report.error->code)) : "none") + " " +
              Words(report.unacknowledged.first, report.unacknowledged.last));
    };
    session_.Subscribe(std::move(on));
    // Behind that: what is done to a session that nobody listens to is not told.
    network_.Post([] { Say("connected", Now()); });
  }

  void DoNow(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "send") {
      std::uint64_t count = 0;
      std::uint64_t seed = 0;
      words >> count >> seed;
      Send(count, seed);
    } else if (what == "cut") {
      std::string how;
      words >> how;
      Cut(how == "silent" ? CutKind::kSilent : CutKind::kLinks, 0);
    } else if (what == "cut-at") {
      std::string rest;
      std::getline(words, rest);
      if (const auto plan = ParseCutPlan(rest)) {
        cutter_.Add(*plan);
      } else {
        Say("error", Now(), "no such plan: " + rest);
      }
    } else if (what == "cut-none") {
      cutter_.Clear();
    } else if (what == "network-changed") {
      session_.NetworkChanged();
    } else if (what == "report") {
      const bool none = acked_ == last_;
      Say("report", Now(), none ? Words(0, 0) : Words(acked_ + 1, last_));
    } else {
      Say("error", Now(), "no such command: " + line);
    }
  }

  void Send(std::uint64_t count, std::uint64_t seed) {
    test::SeededRandom random(seed);
    for (std::uint64_t i = 0; i < count; ++i) {
      // Many are small, so that the number of messages is reached and not their bytes.
      const bool large = count < 100 && random.Chance(0.1);
      Bytes message(1 + random.NextBelow(large ? 60'000 : 200));
      random.Fill(message);
      // Before it can arrive anywhere.
      const std::int64_t at = Now();
      const Result<MessageId> id = session_.Send(message);
      if (!id) {
        Say("refused", at, std::string(ToString(id.error().code)));
      } else {
        last_ = *id;
        Say("send", at, Words(*id, HashOf(message)));
        Say("bytes", Now(), Words(session_.buffered_amount(), last_ - acked_));
      }
      if (random.Chance(0.1)) SetState(random);
    }
    Say("sent", Now(), Words(last_, seed));
  }

  void SetState(test::SeededRandom& random) {
    const std::string key = std::to_string(1 + random.NextBelow(kKeys));
    Bytes value(8 + random.NextBelow(100));
    random.Fill(value);
    const std::int64_t at = Now();
    const Result<void> set = session_.SetState(key, value);
    if (set) {
      Say("set", at, key + " " + std::to_string(HashOf(value)));
    } else {
      Say("refused", at, std::string(ToString(set.error().code)));
    }
  }

  std::shared_ptr<SessionCore> Core() const {
    return std::dynamic_pointer_cast<SessionCore>(SessionFactory::ImplOf(session_));
  }

  // --- LinkWatch
  bool OnFrame(delivery::LinkId link, Way way, delivery::Lane, ByteSpan frame) override {
    if (way == Way::kReceived) link_ = link;
    return cutter_.OnFrame(link, way, frame);
  }
  void OnUsed(delivery::LinkId link) override { Say("opened", Now(), std::to_string(link)); }
  void OnDropped(delivery::LinkId link) override { Say("ended", Now(), std::to_string(link)); }

  // From inside the session.
  void OnCut(const CutPlan& plan, std::uint8_t kind) {
    if (plan.how != CutKind::kPath) {
      // What went before has left by the end of this turn.
      network_.Post(
          [this, plan, kind] { network_.Post([this, plan, kind] { Cut(plan.how, kind); }); });
    } else if (plan.after) {
      network_.Post([this, plan, kind] { CutPath(plan.time, kind); });
    } else {
      CutPath(plan.time, kind);
    }
  }

  void SayCut(std::chrono::milliseconds time, std::uint8_t kind, CutKind how) {
    Say("cut", Now(),
        Words(static_cast<std::uint64_t>(time.count()), kind) + " " +
            std::to_string(static_cast<int>(how)));
  }

  void CutPath(std::chrono::milliseconds time, std::uint8_t kind) {
    CloseDatagramGate(time);
    SayCut(time, kind, CutKind::kPath);
  }

  void Cut(CutKind how, std::uint8_t kind) {
    const auto core = Core();
    if (!core) return;
    const auto time = how == CutKind::kSilent ? kGoodbyes : std::chrono::milliseconds(0);
    if (how == CutKind::kSilent) CloseDatagramGate(time);
    SayCut(time, kind, how);
    core->LoseLinks();
    cutter_.LinksAreGone();
  }

  Network& network_;
  // Loop only from here on, but for the start.
  Display display_;
  Controller controller_;
  Session session_;
  MessageId last_ = 0;
  MessageId acked_ = 0;
  delivery::LinkId link_ = 0;  // of the last frame that came
  FrameCutter cutter_{[this](const CutPlan& plan, std::uint8_t kind) { OnCut(plan, kind); }};
};

int Main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  const bool is_display = role == "display" && argc == 3;
  if (!is_display && !(role == "controller" && argc == 4)) {
    std::fputs("usage: pairwire-session-peer display URL | controller URL CODE\n", stderr);
    return 2;
  }
  SetLogSink(
      [](LogLevel, std::string_view line) {
        std::fprintf(stderr, "%" PRId64 " %.*s\n", Now() / 1'000'000, static_cast<int>(line.size()),
                     line.data());
      },
      LogLevel::kDebug);
  auto network = Network::Create();
  if (!network) {
    std::fprintf(stderr, "pairwire-session-peer: %s\n", ToString(network.error()).c_str());
    return 1;
  }
  auto peer = std::make_unique<Peer>(**network);
  const Result<void> started =
      is_display ? peer->StartDisplay(argv[2]) : peer->StartController(argv[2], argv[3]);
  if (!started) {
    std::fprintf(stderr, "pairwire-session-peer: %s\n", ToString(started.error()).c_str());
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) peer->Do(line);
  // What is posted ends with the network; the handles are left empty by that.
  network->reset();
  return 0;
}

}  // namespace
}  // namespace pairwire::faults

int main(int argc, char** argv) { return pairwire::faults::Main(argc, argv); }
