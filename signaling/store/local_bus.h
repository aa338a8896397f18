// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LocalBus: the bus of a relay that is one process: whoever attached hears everything, in order.
// Several nodes may share it; tests do, and put their weather in front of it.
#ifndef PAIRWIRE_SIGNALING_STORE_LOCAL_BUS_H_
#define PAIRWIRE_SIGNALING_STORE_LOCAL_BUS_H_

#include <map>
#include <memory>
#include <string>

#include "signaling/store/executor.h"
#include "signaling/store/node_bus.h"

namespace pairwire::relay {

// One thread; `executor` outlives the bus. Never down. What is under way when the bus is destroyed
// is dropped.
class LocalBus final : public NodeBus {
 public:
  explicit LocalBus(Executor& executor) : executor_(executor) {}

  void Attach(const std::string& node_id, NodeBusHandler& handler) override;
  void Detach(const std::string& node_id) override;
  void SendToNode(const std::string& from, const std::string& to, std::string bytes,
                  Sent done) override;
  void Subscribe(const std::string& node_id, const std::string& topic) override;
  void Unsubscribe(const std::string& node_id, const std::string& topic) override;
  void Publish(const std::string& topic, std::string payload) override;

 private:
  // Nodes are compared by this number too, so that what was sent to one that left does not reach
  // another that came under its name.
  struct Node {
    NodeBusHandler* handler = nullptr;
    std::uint64_t number = 0;
    std::map<std::string, int> topics;
  };

  Node* Find(const std::string& node_id, std::uint64_t number);

  Executor& executor_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::map<std::string, Node> nodes_;
  std::uint64_t last_number_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_LOCAL_BUS_H_
