// SPDX-License-Identifier: Apache-2.0
// Alone in its file: inlined into others, GCC takes its free() for a mismatch.
#include "counted_new.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

// relaxed: read when the threads that are measured stand still.
std::atomic<std::uint64_t> made{0};
std::atomic<std::int64_t> in_use{0};

void *counted(std::size_t size) noexcept {
  void *const memory = std::malloc(size > 0 ? size : 1);
  made.fetch_add(1, std::memory_order_relaxed);
  in_use.fetch_add(static_cast<std::int64_t>(::malloc_usable_size(memory)),
                   std::memory_order_relaxed);
  return memory;
}

void discount(void *memory) noexcept {
  in_use.fetch_sub(static_cast<std::int64_t>(::malloc_usable_size(memory)),
                   std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

std::uint64_t test::allocations() noexcept {
  return made.load(std::memory_order_relaxed);
}
std::int64_t test::heap_bytes() noexcept {
  return in_use.load(std::memory_order_relaxed);
}

// Weak: clang's sanitizers bring their own, and then nothing is counted.
[[gnu::weak]] void *operator new(std::size_t size) {
  if (auto *memory = counted(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::weak]] void *operator new(std::size_t size, std::nothrow_t const &) noexcept {
  return counted(size);
}
[[gnu::weak]] void operator delete(void *memory) noexcept {
  discount(memory);
}
[[gnu::weak]] void operator delete(void *memory, std::size_t) noexcept {
  discount(memory);
}
