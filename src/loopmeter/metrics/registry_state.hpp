// SPDX-License-Identifier: Apache-2.0
// What a registry holds: between registry.cpp, which fills it, and gather.cpp, which asks for it.
// Not for users.
#pragma once

#include <loopmeter/metrics/layout.hpp>
#include <loopmeter/metrics/sources.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace loopmeter::metrics::detail {

struct registry_state {
  std::mutex mutex;  // guards what follows, up to the sources
  std::map<std::string, std::shared_ptr<family_definition const>> families;
  std::map<std::string, std::string> family_of_series_name;  // x_bucket → x
  std::map<std::string, std::set<std::uint32_t>> removed;    // of closed families
  std::map<std::string, std::shared_ptr<family_reset const>> resets;
  std::uint64_t generation = 0;                  // of families, removals and resets
  std::shared_ptr<layout const> current_layout;  // shared: with snapshots
  std::uint64_t layout_generation = 0;
  std::uint64_t layout_touches = 0;

  // That native parts were lowered to, by the first cell of their series; under the mutex of
  // gathers.
  std::unordered_map<cell_offset, std::int32_t> schemas;

  source_set sources;
};

/// The layout of now; under the state's mutex. It stays the same object while it would be equal,
/// for what others derive from it.
std::shared_ptr<layout const> layout_of(registry_state &state);

/// The names that series of a family have in an exposition, and its own.
std::vector<std::string> series_names(std::string const &family, metric_type type);

}  // namespace loopmeter::metrics::detail
