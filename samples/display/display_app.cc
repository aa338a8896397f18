// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/display/display_app.h"

#include <future>
#include <utility>
#include <vector>

#include "samples/common/ping.h"

namespace pairwire::samples {

DisplayApp::DisplayApp(Network& network, MainLoop& main_loop, Reporter& reporter,
                       DisplaySettings settings)
    : network_(network),
      main_loop_(main_loop),
      reporter_(reporter),
      settings_(std::move(settings)),
      inbox_(settings_.directory,
             {[this](const ReceivedFile& file, Seconds took) { reporter_.File(file, took); },
              [this](const FileProblem& problem) {
                reporter_.Error(problem.code, "a file did not arrive: " + problem.message);
              }}),
      lines_({[this](const std::string& line) -> Result<void> {
                if (!session_) return Fail(Errc::kInvalidState, "nobody is connected");
                return session_->Send(line);
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
    inbox_.Clear();
    gone.set_value();
  });
  gone.get_future().wait();
}

Result<void> DisplayApp::Start() {
  DisplayEvents on;
  on.on_code = [this](const PairingCode& code) { reporter_.Code(code); };
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

void DisplayApp::OnSession(Session session) {
  session_ = std::move(session);
  reporter_.Connected(*session_);
  session_->SetBufferedAmountLowThreshold(LineSender::kLowWater);
  SessionEvents on;
  on.on_message = [this](const Message& message) { OnMessage(message); };
  on.on_buffered_amount_low = [this] { lines_.Continue(); };
  on.on_data_channel = [this](DataChannel channel) { OnChannel(std::move(channel)); };
  on.on_closed = [this](const std::optional<Error>& error) { OnClosed(error); };
  session_->Subscribe(std::move(on));
}

void DisplayApp::OnMessage(const Message& message) {
  if (message.is_text) {
    reporter_.Text(AsText(message.data));
  } else {
    reporter_.Binary(message.data);
  }
  if (settings_.echo) Echo(message);
}

void DisplayApp::Echo(const Message& message) {
  const Result<void> sent =
      message.is_text ? session_->Send(AsText(message.data)) : session_->Send(message.data);
  if (!sent) reporter_.Error(sent.error());
}

void DisplayApp::OnChannel(DataChannel channel) {
  if (FileInbox::Wants(channel)) {
    inbox_.Take(std::move(channel));
  } else if (IsPing(channel)) {
    AnswerPings(std::move(channel));
  }
  // Others are closed by letting go of them.
}

void DisplayApp::AnswerPings(DataChannel channel) {
  const std::uint64_t id = next_ping_++;
  DataChannel& kept = pings_.emplace(id, std::move(channel)).first->second;
  DataChannelEvents on;
  on.on_message = [&kept](const Message& message) { SendBack(kept, message); };
  on.on_closed = [this, id](const std::optional<Error>&) { pings_.erase(id); };
  kept.Subscribe(std::move(on));
}

void DisplayApp::OnClosed(const std::optional<Error>& error) {
  reporter_.Closed(error);
  inbox_.Clear();
  pings_.clear();
  session_.reset();
  lines_.Continue();  // says that nobody is connected, rather than keeping lines for a stranger
}

}  // namespace pairwire::samples
