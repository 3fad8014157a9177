// SPDX-License-Identifier: Apache-2.0
// All of a text exposition but the numbers: for each value of a layout what stands before it. Made
// once per layout, shared by the scrapes that use it.
#pragma once

#include <loopmeter/metrics/gather.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::exposition::detail {

class text_plan {
 public:
  /// The lines of a family.
  struct family_lines {
    std::string_view name;  // in the layout's definition
    std::size_t first;
    std::size_t last;  // the line behind
  };

  explicit text_plan(std::shared_ptr<metrics::detail::layout const> layout);

  metrics::detail::layout const *layout() const noexcept { return layout_.get(); }
  std::span<family_lines const> families() const noexcept { return families_; }
  std::size_t line_count() const noexcept { return lines_.size(); }

  /// The size of the whole exposition, about.
  std::size_t bytes_expected() const noexcept { return prefixes_.size() + 12 * lines_.size(); }

  /// Appends lines from `first` on, up to `last` or until `bytes` were added; returns the line
  /// behind those it wrote. `values` are those of a snapshot with this layout.
  std::size_t append_lines(std::string &out, std::span<std::uint64_t const> values,
                           std::size_t first, std::size_t last, std::size_t bytes) const;

 private:
  struct line {
    std::size_t prefix_end;  // in prefixes_; it begins where the one before ends
    metrics::value_kind kind;
  };

  void add_family(metrics::detail::family_layout const &family);
  void add_line(metrics::value_kind kind);

  std::shared_ptr<metrics::detail::layout const> layout_;  // shared: the plan is for as long as it
  std::string prefixes_;
  std::vector<line> lines_;  // line i has value i
  std::vector<family_lines> families_;
};

}  // namespace loopmeter::exposition::detail
