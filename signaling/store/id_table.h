// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IdTable: objects by id, each in one allocation: the link of its chain and its id are parts of the
// object. std::unordered_map<std::string, T> holds the id a second time, in two allocations more.
#ifndef PAIRWIRE_SIGNALING_STORE_ID_TABLE_H_
#define PAIRWIRE_SIGNALING_STORE_ID_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace pairwire::relay {

// T has `std::string_view table_key() const`, which never changes while it is here, and a public
// `T* next_in_table = nullptr`, which is the table's. Objects do not move.
template <typename T>
class IdTable {
 public:
  IdTable() = default;
  ~IdTable() { Clear(); }
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  T* Find(std::string_view id) const {
    if (chains_.empty()) return nullptr;
    T* at = chains_[ChainOf(id)];
    while (at != nullptr && at->table_key() != id) at = at->next_in_table;
    return at;
  }
  // No other object has its id.
  T& Add(std::unique_ptr<T> object) {
    if (size_ == chains_.size()) Resize(std::max(kFewest, 2 * chains_.size()));
    T* const added = object.release();
    T*& chain = chains_[ChainOf(added->table_key())];
    added->next_in_table = std::exchange(chain, added);
    ++size_;
    return *added;
  }
  void Erase(T& object) {
    T** link = &chains_[ChainOf(object.table_key())];
    while (*link != &object) link = &(*link)->next_in_table;
    *link = object.next_in_table;
    --size_;
    const std::unique_ptr<T> erased(&object);
    // A table that was large once does not stay so.
    if (size_ < chains_.size() / 8 && chains_.size() > kFewest) Resize(chains_.size() / 4);
  }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kFewest = 16;  // A power of two, as all sizes are.

  std::size_t ChainOf(std::string_view id) const {
    return std::hash<std::string_view>()(id) & (chains_.size() - 1);
  }
  void Resize(std::size_t count) {
    std::vector<T*> old = std::exchange(chains_, std::vector<T*>(std::max(count, kFewest)));
    for (T* chain : old) {
      while (chain != nullptr) {
        T* const moved = std::exchange(chain, chain->next_in_table);
        T*& to = chains_[ChainOf(moved->table_key())];
        moved->next_in_table = std::exchange(to, moved);
      }
    }
  }
  void Clear() {
    for (T* chain : std::exchange(chains_, {})) {
      while (chain != nullptr) {
        const std::unique_ptr<T> gone(std::exchange(chain, chain->next_in_table));
      }
    }
    size_ = 0;
  }

  std::vector<T*> chains_;
  std::size_t size_ = 0;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_ID_TABLE_H_
