// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/display/display_app.h"

#include <unistd.h>

#include <cstdio>
#include <future>
#include <utility>
#include <vector>

#include "samples/common/ping.h"
#include "samples/common/shown_mark.h"
#include "samples/display/qr_code.h"

namespace pairwire::samples {

DisplayApp::DisplayApp(Network& network, MainLoop& main_loop, Reporter& reporter,
                       DisplaySettings settings)
    : network_(network),
      main_loop_(main_loop),
      reporter_(reporter),
      settings_(std::move(settings)),
      lines_({[this](const std::string& line) -> Result<void> {
                if (!session_) return Fail(Errc::kInvalidState, "nobody is connected");
                return session_->Send(line).map([](MessageId) {});
              },
              [this] { return session_ ? session_->buffered_amount() : 0; }, nullptr,
              [this](const Error& error) { reporter_.Error(error); },
              [this] { main_loop_.WantLines(); }}) {}

DisplayApp::~DisplayApp() {
  display_ = Display();
  // What is left belongs to the loop: it goes there, so that no callback is in the middle of it.
  std::promise<void> gone;
  network_.Post([this, &gone] {
    if (session_) reporter_.Closed(std::nullopt);
    session_.reset();
    pings_.clear();
    inbox_ = FileInbox();
    gone.set_value();
  });
  gone.get_future().wait();
}

Result<void> DisplayApp::OpenInbox() {
  FileInboxOptions options;
  options.directory = settings_.directory;
  FileInboxEvents on;
  on.on_started = [this](const FileOffer& offer, std::uint64_t offset) {
    if (offset > 0) reporter_.Resuming(offer.name, offset, offer.size);
  };
  on.on_file = [this](const ReceivedFile& file, std::chrono::microseconds took) {
    reporter_.File(file, took);
  };
  on.on_interrupted = [this](const FileOffer& offer, std::uint64_t) {
    reporter_.Waiting(offer.name);
  };
  on.on_problem = [this](const FileProblem& problem) {
    reporter_.Error(problem.code, "a file did not arrive: " + problem.message);
  };
  Result<FileInbox> inbox = FileInbox::Create(network_, std::move(options), std::move(on));
  if (!inbox) return tl::unexpected(inbox.error());
  inbox_ = std::move(*inbox);
  return {};
}

Result<void> DisplayApp::Start() {
  const Result<void> opened = OpenInbox();
  if (!opened) return opened;
  DisplayEvents on;
  on.on_code = [this](const PairingCode& code) { OnCode(code); };
  on.on_paired = [this](const std::string& name) { reporter_.Paired(name); };
  on.on_session = [this](Session session) { OnSession(std::move(session)); };
  on.on_error = [this](const Error& error) { reporter_.Error(error); };
  Result<Display> display = Display::Create(network_, settings_.display, std::move(on));
  if (!display) return tl::unexpected(display.error());
  display_ = std::move(*display);
  if (settings_.chat) StartChat();
  return {};
}

void DisplayApp::StartChat() {
  main_loop_.ReadLines([this](std::vector<std::string> lines) {
    network_.Post([this, lines = std::move(lines)] { lines_.Take(lines); });
  });
  main_loop_.WantLines();
}

void DisplayApp::OnCode(const PairingCode& code) {
  reporter_.Code(code);
  if (!settings_.qr || code.url.empty()) return;
  const Result<std::string> drawn = DrawQrCode(code.url, isatty(STDOUT_FILENO) != 0);
  if (!drawn) {
    reporter_.Error(drawn.error());
    return;
  }
  std::fputs(drawn->c_str(), stdout);
  std::fflush(stdout);
}

void DisplayApp::OnSession(Session session) {
  session_ = std::move(session);
  frames_dropped_ = 0;
  files_wait_ = false;
  reporter_.Connected(*session_);
  OnPath(session_->path());
  session_->SetBufferedAmountLowThreshold(LineSender::kLowWater);
  SessionEvents on;
  on.on_message = [this](const Command& command) { OnMessage(command); };
  on.on_frame = [this](const events::AnimationFrame& frame, std::chrono::microseconds late) {
    OnFrame(frame, late);
  };
  on.on_buffered_amount_low = [this] { lines_.Continue(); };
  on.on_path = [this](const SessionPath& path) { OnPath(path); };
  on.on_data_channel = [this](DataChannel channel) { OnChannel(std::move(channel)); };
  on.on_remembered = [this](const std::string& id) { reporter_.Remembered(id); };
  on.on_closed = [this](const ClosedReport& report) { OnClosed(report); };
  session_->Subscribe(std::move(on));
  if (settings_.on_session_change) settings_.on_session_change();
}

void DisplayApp::OnMessage(const Message& message) {
  if (message.is_text) {
    reporter_.Text(AsText(message.data));
  } else {
    reporter_.Binary(message.data);
  }
  if (settings_.echo) Echo(message);
}

// Shows it, which is a line here, and tells the controller when by its own clock.
void DisplayApp::OnFrame(const events::AnimationFrame& frame, std::chrono::microseconds late) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const std::int64_t now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  reporter_.Frame(frame.frame, now_us, late.count());
  const std::uint64_t dropped = session_->stats().frames_dropped;
  if (settings_.on_frame) settings_.on_frame(late, dropped - frames_dropped_);
  frames_dropped_ = dropped;
  const std::optional<SharedClock> clock = session_->clock();
  if (!frame.present_at || !clock || now_us + clock->offset_us < 0) return;
  events::SyncMark mark;
  mark.mark = kShownMark + std::to_string(frame.frame);
  mark.at = static_cast<std::uint64_t>(now_us + clock->offset_us);
  // Full: the controller does not listen, and misses what it does not want.
  (void)session_->Send(Event(mark));
}

void DisplayApp::Echo(const Message& message) {
  const Result<MessageId> sent =
      message.is_text ? session_->Send(AsText(message.data)) : session_->Send(message.data);
  if (!sent) reporter_.Error(sent.error());
}

void DisplayApp::OnChannel(DataChannel channel) {
  if (inbox_.Take(channel)) return;
  if (IsPing(channel)) {
    AnswerPings(std::move(channel));
  }
  // Others are closed by letting go of them.
}

// The controller says which file it is; here nothing has arrived of it by which to know.
void DisplayApp::OnPath(const SessionPath& path) {
  const bool wait = path.carrier == Carrier::kRelay;
  if (settings_.directory.empty() || std::exchange(files_wait_, wait) == wait) return;
  if (wait) {
    reporter_.NeedsDirectPath({});
  } else {
    reporter_.HasDirectPath({});
  }
}

void DisplayApp::AnswerPings(DataChannel channel) {
  const std::uint64_t id = next_ping_++;
  DataChannel& kept = pings_.emplace(id, std::move(channel)).first->second;
  DataChannelEvents on;
  on.on_message = [&kept](const Message& message) { SendBack(kept, message); };
  on.on_closed = [this, id](const std::optional<Error>&) { pings_.erase(id); };
  kept.Subscribe(std::move(on));
}

void DisplayApp::OnClosed(const ClosedReport& report) {
  reporter_.Closed(report.error);
  inbox_.Clear();
  pings_.clear();
  session_.reset();
  if (settings_.on_session_change) settings_.on_session_change();
  lines_.Continue();  // says that nobody is connected, rather than keeping lines for a stranger
}

}  // namespace pairwire::samples
