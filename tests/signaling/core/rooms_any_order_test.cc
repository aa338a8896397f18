// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rooms under seeded comings and goings on three nodes: in the end everybody
// knows who is there, and nobody waits for word of a text.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "signaling/core/delivery_log.h"
#include "tests/signaling/core/rooms_harness.h"

namespace pairwire::relay {
namespace {

using testing::IsEmpty;

// A client as docs/relay.md describes it, which keeps a list of who is there.
struct Client {
  std::string name;
  ConnectionId socket = 0;
  std::size_t node = 0;
  bool inside = false;  // by its own lights
  std::string token;    // for the next resume
  DeliveryId last;
  std::set<std::string> view;
  std::vector<int> texts;
  std::set<std::string> unsettled;
};

class RoomsInAnyOrder : public Rooms, public testing::WithParamInterface<unsigned> {
 protected:
  void Read(Client& client) {
    for (const Envelope& envelope : out(client.node).Take(client.socket)) {
      const DeliveryId id = DeliveryId::Parse(envelope.id);
      const bool answer = envelope.type == protocol::kAck || envelope.type == protocol::kError;
      if (answer && envelope.id == "r" && envelope.type == protocol::kError) client.last = {};
      if (answer) client.unsettled.erase(envelope.id);
      if (answer) continue;
      if (id != DeliveryId{} && id <= client.last) continue;
      if (id != DeliveryId{}) client.last = id;
      if (envelope.type == protocol::kWelcome) {
        if (envelope.room.empty()) continue;
        client.inside = true;
        client.view.clear();
        client.token = protocol::ParseWelcome(envelope.data).value().resume_token;
      } else if (envelope.type == protocol::kUserJoined) {
        client.view.insert(protocol::ParseUserPresence(envelope.data).value().member_id);
      } else if (envelope.type == protocol::kUserLeft) {
        client.view.erase(protocol::ParseUserPresence(envelope.data).value().member_id);
      } else if (envelope.type == protocol::kWebrtcOffer) {
        client.texts.push_back(Numbers({envelope}).at(0));
      }
    }
  }
  void ReadAll() {
    for (Client& client : clients_) {
      if (client.socket == 0) continue;
      Read(client);
      if (out(client.node).CloseCode(client.socket) != 0) {
        client.socket = 0;
        client.inside = false;
      }
    }
  }
  void Come(Client& client, std::size_t node, bool by_name) {
    ReadAll();
    // A second tab takes over; the first is not read any more.
    client.unsettled.clear();
    client.node = node;
    client.socket = OpenUser(client.name, node);
    client.inside = false;
    const std::string token = client.token;
    if (by_name || token.empty()) Say(client.socket, Room("join_room", "r", "j"), node);
    if (!token.empty()) Resume(client.socket, token, client.last.ToString(), node);
  }
  void Pass(std::chrono::milliseconds time) {
    for (; time.count() > 0; time -= 2s) {
      Advance(std::min<std::chrono::milliseconds>(time, 2s));
      ReadAll();
      for (Client& client : clients_) {
        if (client.socket != 0) Say(client.socket, R"({"type":"heartbeat"})", client.node);
      }
    }
  }
  std::vector<Client> clients_;
};

TEST_P(RoomsInAnyOrder, EndsWithTheSameViewAndEveryTextSettled) {
  std::mt19937 engine(GetParam());
  const auto draw = [&engine](std::size_t bound) {
    return static_cast<std::size_t>(engine()) % bound;
  };
  for (const std::string name : {"ann", "bob", "cid", "dan"}) {
    clients_.push_back({});
    clients_.back().name = name;
  }
  int sent = 0;
  for (int step = 0; step < 120; ++step) {
    Client& client = clients_[draw(clients_.size())];
    switch (draw(7)) {
      case 0:
      case 1:
        if (!client.inside || draw(4) == 0) Come(client, draw(3), draw(2) == 0);
        break;
      case 2:
        if (client.socket == 0) break;
        Close(client.socket, client.node);
        Read(client);
        client.socket = 0;
        client.inside = false;
        client.unsettled.clear();
        break;
      case 3: {
        if (!client.inside || draw(2) == 0) break;
        const std::string name = client.name;
        Say(client.socket, Room("leave_room", "r"), client.node);
        Read(client);
        Close(client.socket, client.node);
        client = Client();
        client.name = name;
        break;
      }
      case 4:
        Pass(std::chrono::milliseconds(draw(4000)));
        break;
      default: {
        if (!client.inside) break;
        const std::string mark = "m" + std::to_string(++sent);
        client.unsettled.insert(mark);
        relay(client.node)
            .SocketText(client.socket, OfferTo(clients_[draw(clients_.size())].name, sent, mark),
                        now_);
        if (draw(2) == 0) Drain();
        break;
      }
    }
    ReadAll();
  }
  Drain();
  Pass(14s);
  std::set<std::string> there;
  for (const Client& client : clients_) {
    if (client.inside) there.insert(client.name);
  }
  for (const Client& client : clients_) {
    if (!client.inside) continue;
    std::set<std::string> others = there;
    others.erase(client.name);
    EXPECT_EQ(client.view, others) << client.name;
    EXPECT_THAT(client.unsettled, IsEmpty()) << client.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoomsInAnyOrder, testing::Range(0u, 60u));

}  // namespace
}  // namespace pairwire::relay
