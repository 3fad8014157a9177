// SPDX-License-Identifier: Apache-2.0
// Asking sources for their families. A source is foreign code that may block, so it runs on a
// collector thread, not on the thread that gathers: one that is late is left out of this gather and
// asked again once it has come back. Not for users.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace loopmeter::metrics::detail {

/// The sources of a registry, with their collector thread, which exists while there are sources.
class source_set {
 public:
  using id = std::uint64_t;

  source_set();
  ~source_set();  // waits for a source that runs
  source_set(source_set const &) = delete;
  source_set &operator=(source_set const &) = delete;

  id add(source give);
  void remove(id of);

  /// What they give within that time, valid families only; in the order of add(). Thread-safe:
  /// callers take turns, and the wait for one's turn is part of the time.
  std::vector<foreign_family> ask(std::chrono::milliseconds time);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace loopmeter::metrics::detail
