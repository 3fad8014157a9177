// SPDX-License-Identifier: Apache-2.0
// The plan of the text formats: for each line what stands before its number.
#pragma once

#include <loopmeter/exposition/plan.hpp>
#include <loopmeter/exposition/text_format.hpp>

namespace loopmeter::exposition::detail {

class text_plan final : public plan {
 public:
  /// In OpenMetrics the names of families depend on the foreign ones too.
  text_plan(std::shared_ptr<metrics::detail::layout const> layout, text_dialect dialect,
            std::span<metrics::foreign_family const> foreign);

  bool fits(std::span<metrics::foreign_family const> foreign) const override;
  std::size_t bytes_expected() const noexcept override;
  void append_steps(std::string &out, cursor &at, std::size_t last,
                    std::size_t full) const override;
  void append_foreign(std::string &out, cursor &at, std::size_t index,
                      std::size_t full) const override;
  void append_end(std::string &out) const override;

 private:
  enum class line_kind : std::uint8_t { u64, i64, f64, fixed };  // value_kind's, and: no number
  struct line {
    std::size_t prefix_end;  // in prefixes_; it begins where the one before ends
    std::uint32_t value;     // of the snapshot
    line_kind kind;
    bool takes_exemplar;
  };

  void add_family(metrics::detail::family_layout const &family, family_name const &name);
  void add_histogram(metrics::detail::family_layout const &family, family_name const &name,
                     std::string_view labels, std::size_t value);
  void add_series(std::string_view name, std::string_view labels, std::size_t value,
                  metrics::value_kind kind, bool takes_exemplar = false);
  void add_created(family_name const &name, std::string_view labels, std::int64_t start_ms,
                   std::size_t value);
  void add_line(std::size_t value, line_kind kind, bool takes_exemplar);
  std::size_t append_lines(std::string &out, std::span<std::uint64_t const> values,
                           std::size_t first, std::size_t last, std::size_t full) const;
  std::size_t next_with_exemplar(cursor &at) const;

  text_dialect dialect_;
  std::string prefixes_;
  std::vector<line> lines_;
  std::vector<family_name> foreign_;  // what the names were chosen for
  std::vector<family_name> foreign_names_;
};

}  // namespace loopmeter::exposition::detail
