// SPDX-License-Identifier: Apache-2.0
// jemalloc_…: where the memory is, in a program that has jemalloc as its allocator. The library
// does not need it: it looks for mallctl by a weak reference, so that linking or preloading
// jemalloc is all it takes.
#pragma once

#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace loopmeter::collectors {

/// The two functions by which jemalloc tells its statistics; null without jemalloc.
/// https://jemalloc.net/jemalloc.3.html#mallctlnametomib
struct jemalloc_api {
  int (*name_to_mib)(char const *name, std::size_t *mib, std::size_t *length) = nullptr;
  int (*by_mib)(std::size_t const *mib, std::size_t length, void *old_value, std::size_t *old_bytes,
                void *new_value, std::size_t new_bytes) = nullptr;

  explicit operator bool() const noexcept { return name_to_mib != nullptr && by_mib != nullptr; }
};

/// The program's own jemalloc, if it has one.
jemalloc_api linked_jemalloc() noexcept;

/// A source of the jemalloc_ families; empty when jemalloc is absent or built without statistics.
class allocator_collector {
 public:
  explicit allocator_collector(jemalloc_api const &api = linked_jemalloc());

  /// All values are of one epoch. Not thread-safe. Cost: about 7 us, in which jemalloc adds
  /// up its arenas.
  std::vector<metrics::foreign_family> operator()() const;

 private:
  static constexpr std::size_t statistics_count = 6;

  struct name_in_numbers {
    std::array<std::size_t, 2> parts{};
    std::size_t length = 0;  // 0: jemalloc does not know the name
  };
  name_in_numbers resolve(char const *name) const;

  jemalloc_api api_;
  name_in_numbers epoch_{};
  std::array<name_in_numbers, statistics_count> statistics_{};
};

/// Exposes them with the registry; nullopt, and nothing done, in a program without jemalloc.
std::optional<metrics::registry::source_id> add_allocator_collector(metrics::registry &registry);

}  // namespace loopmeter::collectors
