// SPDX-License-Identifier: Apache-2.0
// What stays of an exposition from scrape to scrape: everything but the numbers, rendered once per
// layout and format, shared by the scrapes that use it.
#pragma once

#include <loopmeter/exposition/exemplar_reader.hpp>
#include <loopmeter/metrics/gather.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmeter::exposition::detail {

/// Where a stream is in its snapshot.
struct cursor {
  explicit cursor(metrics::snapshot const &of)
      : snapshot{&of}, exemplars{of.exemplars}, ahead{of.exemplars} {}

  metrics::snapshot const *snapshot;
  std::size_t step = 0;            // the next of the plan
  std::size_t foreign_series = 0;  // the next of a foreign family
  exemplar_reader exemplars;
  std::size_t samples = 0;

  // Of protobuf, whose families begin with their length: what is known of that of a family of
  // histograms, see protobuf_plan::count_some().
  static constexpr std::size_t no_family = ~std::size_t{0};
  std::size_t counted = no_family;     // its first step
  std::vector<std::uint32_t> sizes{};  // of its messages
  std::size_t sizes_total = 0;         // with what is round them
  exemplar_reader ahead;
};

/// A plan is a list of steps (lines, or series), in families. Immutable; any thread.
class plan {
 public:
  struct family_steps {
    std::string_view name;  // in the layout's definition
    std::size_t first;
    std::size_t last;  // the step behind
  };

  explicit plan(std::shared_ptr<metrics::detail::layout const> layout)
      : layout_{std::move(layout)} {}
  virtual ~plan() = default;
  plan(plan const &) = delete;
  plan &operator=(plan const &) = delete;

  metrics::detail::layout const *layout() const noexcept { return layout_.get(); }
  std::span<family_steps const> families() const noexcept { return families_; }
  std::size_t step_count() const noexcept { return families_.empty() ? 0 : families_.back().last; }

  /// Whether it is good for these foreign families too.
  virtual bool fits(std::span<metrics::foreign_family const>) const { return true; }
  /// The size of the whole exposition without foreign families, about.
  virtual std::size_t bytes_expected() const noexcept = 0;

  /// Appends steps from the cursor's on, up to `last` or until `out` has `full` bytes; at least
  /// one, unless something must be counted first that takes its time: then it does some of that.
  virtual void append_steps(std::string &out, cursor &at, std::size_t last,
                            std::size_t full) const = 0;
  /// Appends series of a foreign family from the cursor's on; at least one, if it has one.
  virtual void append_foreign(std::string &out, cursor &at, std::size_t index,
                              std::size_t full) const = 0;
  /// Appends what stands after the last family.
  virtual void append_end(std::string &) const {}

 protected:
  std::shared_ptr<metrics::detail::layout const> layout_;  // shared: the plan is for as long as it
  std::vector<family_steps> families_;
};

}  // namespace loopmeter::exposition::detail
