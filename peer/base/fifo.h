// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fifo: a queue in one piece of memory, a ring, that has none as long as nothing was ever in it.
// std::deque holds more than half a KiB when it is empty, and an idle connection has ten queues.
// Names are the standard library's.
//
// No iterators: elements are found by their place from the front. References hold until the next
// push or insert. Not thread-safe. An element's destructor may not call into the queue.
#ifndef PAIRWIRE_PEER_BASE_FIFO_H_
#define PAIRWIRE_PEER_BASE_FIFO_H_

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "peer/base/check.h"

namespace pairwire {

template <typename T>
class Fifo {
  static_assert(std::is_nothrow_move_constructible_v<T>);

 public:
  // An empty queue gives more than this back: a burst is no reason to hold its memory.
  static constexpr std::size_t kKeptBytes = 4096;

  Fifo() = default;
  ~Fifo() { clear(); }

  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  // From the front; checked like the calls below: a place that does not exist is our bug.
  T& operator[](std::size_t place) { return *At(place); }
  const T& operator[](std::size_t place) const { return *At(place); }
  T& front() { return *At(0); }
  const T& front() const { return *At(0); }
  T& back() { return *At(size_ - 1); }
  const T& back() const { return *At(size_ - 1); }

  // Amortised O(1). `arguments` may not be references into the queue.
  template <typename... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == capacity_) Grow();
    T* const element = std::construct_at(Slot(size_), std::forward<Arguments>(arguments)...);
    ++size_;
    return *element;
  }
  void push_back(T element) { emplace_back(std::move(element)); }

  void pop_front() {
    std::destroy_at(At(0));
    first_ = (first_ + 1) & (capacity_ - 1);
    Shrunk();
  }
  void pop_back() {
    std::destroy_at(At(size_ - 1));
    Shrunk();
  }

  // Before the element that is at `place`, or at the end; O(place).
  void insert(std::size_t place, T element) {
    PAIRWIRE_CHECK(place <= size_);
    if (size_ == capacity_) Grow();
    first_ = (first_ + capacity_ - 1) & (capacity_ - 1);
    ++size_;
    for (std::size_t i = 0; i < place; ++i) Relocate(Slot(i + 1), Slot(i));
    std::construct_at(Slot(place), std::move(element));
  }

  // O(place).
  void erase(std::size_t place) {
    std::destroy_at(At(place));
    for (std::size_t i = place; i > 0; --i) Relocate(Slot(i - 1), Slot(i));
    first_ = (first_ + 1) & (capacity_ - 1);
    Shrunk();
  }

  void clear() {
    for (std::size_t i = 0; i < size_; ++i) std::destroy_at(Slot(i));
    size_ = 0;
    Release();
  }

 private:
  static constexpr std::size_t kFirstCapacity = 4;  // a power of two, as all are

  T* Slot(std::size_t place) const { return slots_ + ((first_ + place) & (capacity_ - 1)); }
  T* At(std::size_t place) const {
    PAIRWIRE_CHECK(place < size_);
    return Slot(place);
  }

  static void Relocate(T* from, T* to) {
    std::construct_at(to, std::move(*from));
    std::destroy_at(from);
  }

  void Grow() {
    const std::size_t capacity = capacity_ == 0 ? kFirstCapacity : 2 * capacity_;
    T* const slots = std::allocator<T>().allocate(capacity);
    for (std::size_t i = 0; i < size_; ++i) Relocate(Slot(i), slots + i);
    Release();
    slots_ = slots;
    capacity_ = capacity;
  }

  void Shrunk() {
    if (--size_ == 0 && capacity_ * sizeof(T) > kKeptBytes) Release();
  }

  // The memory alone.
  void Release() {
    if (slots_ != nullptr) std::allocator<T>().deallocate(slots_, capacity_);
    slots_ = nullptr;
    capacity_ = 0;
    first_ = 0;
  }

  T* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_BASE_FIFO_H_
