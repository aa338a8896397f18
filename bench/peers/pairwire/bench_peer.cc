// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/peers/pairwire/bench_peer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bench/options.h"

namespace pairwire::bench {
namespace {

void ReportError(const std::string& command, const std::string& message) {
  PrintEvent({{"event", "error"}, {"cmd", command}, {"message", message}});
}

DataChannelInit ReadChannel(const Json& command) {
  DataChannelInit init;
  init.ordered = command.value("ordered", true);
  if (const auto retransmits = command.find("maxRetransmits"); retransmits != command.end()) {
    init.max_retransmits = retransmits->get<std::uint16_t>();
  }
  return init;
}

}  // namespace

void PrintEvent(const Json& event) {
  const std::string line = event.dump() + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void BenchPeer::OnLine(const std::string& line) {
  std::string name;
  try {
    const Json command = Json::parse(line);
    name = command.at("cmd").get<std::string>();
    Run(name, command);
  } catch (const Json::exception& error) {
    ReportError(name, error.what());
  }
}

void BenchPeer::Run(const std::string& name, const Json& command) {
  if (name == "create") return Create(command);
  if (name == "mark") return Mark(command);
  if (!end_) return ReportError(name, "create comes first");
  if (name == "remote" || name == "candidate") {
    end_->OnSignal(command);
  } else if (name == "echo") {
    echo_ = true;
  } else if (name == "blast") {
    Blast(command.at("size").get<std::size_t>());
  } else if (name == "stop") {
    if (sender_) sender_->Stop();
    PrintEvent({{"event", "stopped"}, {"messages", sent()}});
  } else if (name == "ping") {
    Ping(command);
  } else {
    ReportError(name, "no such command here");
  }
}

void BenchPeer::Create(const Json& command) {
  PeerConfiguration configuration;
  if (const auto address = command.find("address"); address != command.end()) {
    configuration.bind_addresses = {address->get<std::string>()};
  }
  configuration.enable_ice_tcp = false;
  configuration.mdns = MdnsMode::kOff;
  configuration.restart_on_network_change = false;
  PeerEndEvents events;
  events.on_signal = [](Json signal) {
    signal["event"] = signal.contains("candidate") ? "candidate" : "description";
    PrintEvent(signal);
  };
  events.on_channel = [this](DataChannel channel) { Adopt(std::move(channel)); };
  events.on_failed = [](const Error& error) { ReportError("create", ToString(error)); };
  auto end = PeerEnd::Create(network_, std::move(configuration), std::move(events));
  if (!end) return ReportError("create", ToString(end.error()));
  end_ = *std::move(end);
  if (!command.value("offer", false)) return;
  Adopt(end_->connection().CreateDataChannel("bench", ReadChannel(command)));
  end_->Offer();
}

void BenchPeer::Adopt(DataChannel channel) {
  channel_ = std::move(channel);
  channel_.Subscribe({.on_open =
                          [] {
                            PrintEvent({{"event", "open"}});
                          },
                      .on_message = [this](const Message& message) { OnMessage(message.data); }});
}

void BenchPeer::Blast(std::size_t size) {
  if (size < kMinMessageBytes) return ReportError("blast", "too small for a stamp");
  sender_ = std::make_unique<StreamSender>(network_, OutletOf(std::move(channel_)), size,
                                           PeerConfiguration().max_buffered_amount);
  sender_->Subscribe({}, [](const Error& error) { ReportError("blast", ToString(error)); });
  sender_->Start();
}

void BenchPeer::Ping(const Json& command) {
  Trips trips;
  trips.wanted = command.at("trips").get<std::size_t>();
  trips.warm_up = command.value("warmup", std::size_t{0});
  trips.message.resize(command.at("size").get<std::size_t>());
  trips.microseconds.reserve(trips.wanted);
  trips_ = std::move(trips);
  SendPing();
}

void BenchPeer::SendPing() {
  trips_->sent_ns = NowNanoseconds();
  if (const auto done = channel_.Send(trips_->message); !done) {
    ReportError("ping", ToString(done.error()));
  }
}

void BenchPeer::OnMessage(ByteSpan data) {
  ++messages_;
  bytes_ += data.size();
  if (echo_) {
    if (const auto done = channel_.Send(data); !done) {
      ReportError("echo", ToString(done.error()));
    }
  }
  if (!trips_) return;
  auto& times = trips_->microseconds;
  if (trips_->warm_up > 0) {
    --trips_->warm_up;
  } else {
    times.push_back(static_cast<double>(NowNanoseconds() - trips_->sent_ns) / 1000);
  }
  if (times.size() < trips_->wanted) return SendPing();
  std::sort(times.begin(), times.end());
  const auto at = [&times](double share) {
    const auto place = static_cast<std::size_t>(static_cast<double>(times.size()) * share);
    return times[std::min(times.size() - 1, place)];
  };
  PrintEvent({{"event", "pinged"}, {"p50Us", at(0.5)}, {"p99Us", at(0.99)}, {"p999Us", at(0.999)}});
  trips_.reset();
}

void BenchPeer::Mark(const Json& command) const {
  const Spent spent = meter_.SinceStart();
  PrintEvent({{"event", "mark"},
              {"id", command.at("id")},
              {"seconds", spent.seconds},
              {"cpuSeconds", spent.cpu_seconds},
              {"messages", messages_},
              {"bytes", bytes_},
              {"sent", sent()}});
}

std::uint64_t BenchPeer::sent() const { return sender_ ? sender_->accepted() : 0; }

}  // namespace pairwire::bench
