// SPDX-License-Identifier: Apache-2.0
#include "counted_new.hpp"

#include "probe.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> allocations_so_far{0};
}  // namespace

std::size_t loopmeter::test::allocations() noexcept {
  return allocations_so_far;
}

// A sanitizer brings an operator new of its own, which the linker may not let us replace.
#ifndef LOOPMETER_TEST_SANITIZED

void *operator new(std::size_t bytes) {
  ++allocations_so_far;
  if (void *const memory = std::malloc(bytes == 0 ? 1 : bytes); memory != nullptr) return memory;
  throw std::bad_alloc{};
}
void operator delete(void *memory) noexcept {
  std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept {
  std::free(memory);
}

#endif
