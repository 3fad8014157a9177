// SPDX-License-Identifier: Apache-2.0
// Alone in its file: inlined into others, GCC takes its free() for a mismatch.
#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t made = 0;

void *counted(std::size_t size) noexcept {
  ++made;
  return std::malloc(size > 0 ? size : 1);
}

}  // namespace

std::size_t test::allocations() noexcept {
  return made;
}

// Weak: clang's ThreadSanitizer brings strong ones of its own, and then nothing is counted.
[[gnu::weak]] void *operator new(std::size_t size) {
  if (auto *memory = counted(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::weak]] void *operator new(std::size_t size, std::nothrow_t const &) noexcept {
  return counted(size);
}
[[gnu::weak]] void operator delete(void *memory) noexcept {
  std::free(memory);
}
[[gnu::weak]] void operator delete(void *memory, std::size_t) noexcept {
  std::free(memory);
}
