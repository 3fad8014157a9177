// SPDX-License-Identifier: Apache-2.0
// Lists of a cluster that are read side by side.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster.hpp"
#include "resources.hpp"

namespace loopcheck {

/// One kind in one namespace, or in all.
struct listing {
  resource_row const *row = nullptr;
  std::optional<std::string> space;
  std::string label_selector;  ///< instead of the row's
  bool optional = false;       ///< that it fails tells nothing about the kind
  std::string name;  ///< one object instead of a list; one that is not there is not a failure

  // What came of it.
  std::vector<object> objects;
  std::optional<access_failure> failure;  ///< objects read before it are kept
};

struct listing_limits {
  std::size_t parallel, page_objects, objects_max;
};

/// Counts what goes through; the rest is another's.
class counting_cluster final : public cluster {
 public:
  explicit counting_cluster(cluster &counted) : counted_(counted) {}
  outcome<std::string> get(std::string const &path) override;
  outcome<std::vector<std::string>> secret_keys(std::string_view space,
                                                std::string_view name) override;
  std::string name() const override { return counted_.name(); }
  std::size_t requests() const noexcept { return requests_.load(std::memory_order_relaxed); }
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  cluster &counted_;
  std::atomic<std::size_t> requests_{0}, bytes_{0};  // relaxed: read after the threads were joined
};

/// Fills each one, some at a time.
void read_all(cluster &from, std::vector<listing> &lists, listing_limits const &limits);

/// Would every other request fail like this, too?
bool is_of_the_whole(access_error kind) noexcept;

/// Calls `work` with 0 … count - 1, from `parallel` threads. Exceptions may not leave it.
template <class Work>
void side_by_side(std::size_t count, std::size_t parallel, Work const &work) {
  std::atomic<std::size_t> next{0};  // relaxed: each number is taken once, and guards nothing
  auto const loop = [&] {
    for (;;) {
      auto const mine = next.fetch_add(1, std::memory_order_relaxed);
      if (mine >= count) return;
      work(mine);
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(parallel, count); ++i)
    threads.emplace_back(loop);
  loop();
}

}  // namespace loopcheck
