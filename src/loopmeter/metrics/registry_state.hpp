// SPDX-License-Identifier: Apache-2.0
// What a registry holds: between registry.cpp, which fills it, and gather.cpp, which lays it out.
// Not for users.
#pragma once

#include <loopmeter/metrics/gather.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace loopmeter::metrics::detail {

struct registry_state {
  std::mutex mutex;  // guards what follows, up to the sources
  std::map<std::string, std::shared_ptr<family_definition const>> families;
  std::map<std::string, std::string> family_of_series_name;  // x_bucket → x
  std::uint64_t generation = 0;                              // of families
  std::shared_ptr<layout const> current_layout;              // shared: with snapshots
  std::uint64_t layout_generation = 0;
  std::uint64_t layout_touches = 0;

  std::mutex sources_mutex;  // taken before `mutex`; held while sources run
  std::vector<std::pair<std::uint64_t, source>> sources;
  std::uint64_t next_source = 1;
};

/// The names that series of a family have in an exposition, and its own.
std::vector<std::string> series_names(std::string const &family, metric_type type);

}  // namespace loopmeter::metrics::detail
