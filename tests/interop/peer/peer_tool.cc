// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/interop/peer/peer_tool.h"

#include <cstdint>
#include <ratio>
#include <string_view>
#include <utility>

namespace pairwire::interop {
namespace {

void ReportError(std::string_view command, std::string_view message) {
  PrintEvent({{"event", "error"}, {"cmd", command}, {"message", message}});
}

void ReportDescription(const SessionDescription& description) {
  PrintEvent(
      {{"event", "description"}, {"type", ToString(description.type)}, {"sdp", description.sdp}});
}

}  // namespace

void PeerTool::OnLine(const std::string& line) {
  std::string name;
  try {
    const Json command = Json::parse(line);
    name = command.at("cmd").get<std::string>();
    Run(name, command);
  } catch (const Json::exception& error) {
    ReportError(name, error.what());
  }
}

void PeerTool::Run(const std::string& name, const Json& command) {
  PeerChannels::Refusal refusal;
  if (name == "create") {
    Create(command);
  } else if (name == "channel") {
    OpenChannel(command);
  } else if (name == "offer") {
    Offer(command);
  } else if (name == "remote") {
    Remote(command);
  } else if (name == "candidate") {
    connection_.AddIceCandidate(ReadCandidate(command), [](Result<void> added) {
      if (!added) ReportError("candidate", ToString(added.error()));
    });
  } else if (name == "send") {
    refusal = channels_.Send(command);
  } else if (name == "stream") {
    refusal = channels_.StartStream(command);
  } else if (name == "close-channel") {
    channels_.Close(command.at("label").get<std::string>());
  } else if (name == "close") {
    connection_.Close();
  } else if (name == "stats" || name == "restart") {
    refusal = "not built";
  } else {
    refusal = "no such command";
  }
  if (refusal) ReportError(name, *refusal);
}

void PeerTool::Create(const Json& command) {
  channels_.Clear();
  connection_ = PeerConnection();
  const Json config = command.value("config", Json::object());
  trickle_ = config.value("trickle", true);
  description_waits_ = false;
  reported_pair_.reset();
  created_ = std::chrono::steady_clock::now();
  auto made = network_.CreatePeerConnection(
      ReadConfiguration(config),
      {
          .on_ice_candidate =
              [this](const IceCandidate& candidate) {
                if (trickle_) PrintEvent(WriteCandidate(candidate));
              },
          .on_ice_gathering_state_change = [this](IceGatheringState) { DescribeWhenGathered(); },
          .on_ice_connection_state_change =
              [this](IceConnectionState state) {
                PrintEvent({{"event", "ice-state"}, {"state", ToString(state)}});
                ReportSelected();
              },
          .on_connection_state_change =
              [this](PeerConnectionState state, std::optional<Error> error) {
                ReportState(state, error);
              },
          .on_data_channel =
              [this](DataChannel channel) { channels_.Add(std::move(channel), false); },
      });
  if (made) {
    connection_ = std::move(*made);
  } else {
    ReportError("create", ToString(made.error()));
  }
}

void PeerTool::OpenChannel(const Json& command) {
  const DataChannelInit init = ReadChannelInit(command);
  // The library does not read these yet: a channel of another kind than asked for proves nothing.
  if (!init.ordered || init.max_retransmits || init.max_packet_life_time || init.negotiated ||
      init.id) {
    return ReportError("channel", "not built: only reliable, ordered, announced channels");
  }
  channels_.Add(connection_.CreateDataChannel(command.at("label").get<std::string>(), init), true);
}

void PeerTool::Offer(const Json& command) {
  if (command.value("iceRestart", false)) return ReportError("offer", "not built: iceRestart");
  ApplyLocal("offer");
}

void PeerTool::Remote(const Json& command) {
  const auto type = command.at("type").get<std::string>();
  SessionDescription description;
  if (type == "rollback") {
    description.type = SdpType::kRollback;
  } else {
    description.type = type == "offer"      ? SdpType::kOffer
                       : type == "pranswer" ? SdpType::kPranswer
                                            : SdpType::kAnswer;
    description.sdp = command.at("sdp").get<std::string>();
  }
  const bool answer_wanted = description.type == SdpType::kOffer;
  connection_.SetRemoteDescription(std::move(description), [this, answer_wanted](Result<void> set) {
    if (!set) return ReportError("remote", ToString(set.error()));
    if (answer_wanted) ApplyLocal("remote");
  });
}

void PeerTool::ApplyLocal(const char* name) {
  connection_.SetLocalDescription([this, name](Result<SessionDescription> applied) {
    if (!applied) return ReportError(name, ToString(applied.error()));
    if (trickle_) return ReportDescription(*applied);
    description_waits_ = true;
    DescribeWhenGathered();
  });
}

void PeerTool::DescribeWhenGathered() {
  if (!description_waits_ || connection_.ice_gathering_state() != IceGatheringState::kComplete) {
    return;
  }
  description_waits_ = false;
  if (const auto description = connection_.local_description()) ReportDescription(*description);
}

void PeerTool::ReportSelected() {
  const auto pair = connection_.selected_candidate_pair();
  if (!pair) return;
  std::string both = pair->local + '\n' + pair->remote;
  if (both == reported_pair_) return;
  reported_pair_ = std::move(both);
  PrintEvent({{"event", "selected"},
              {"local", pair->local},
              {"remote", pair->remote},
              {"path", pair->relayed ? "relayed" : "direct"},
              {"ms", MsSinceCreate()}});
}

void PeerTool::ReportState(PeerConnectionState state, const std::optional<Error>& error) {
  ReportSelected();
  Json event{{"event", "state"}, {"state", ToString(state)}};
  if (error) event["reason"] = ToString(*error);
  event["ms"] = MsSinceCreate();
  PrintEvent(event);
}

Json PeerTool::MsSinceCreate() const {
  const auto passed = std::chrono::steady_clock::now() - created_;
  // Tenths are enough, and read well.
  const auto tenths =
      std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::ratio<1, 10'000>>>(
          passed);
  return static_cast<double>(tenths.count()) / 10;
}

}  // namespace pairwire::interop
