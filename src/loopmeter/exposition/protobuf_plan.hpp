// SPDX-License-Identifier: Apache-2.0
// The plan of protobuf: for each series its message but the numbers. A family is one message with
// its length before it, so that its series are counted before the first is written: for counters
// and gauges the length is known from the plan, for histograms it costs a pass, which is made in
// portions: nobody waits for a million of them at once.
#pragma once

#include <loopmeter/exposition/format.hpp>
#include <loopmeter/exposition/plan.hpp>

namespace loopmeter::exposition::detail {

struct histogram_message;

class protobuf_plan final : public plan {
 public:
  protobuf_plan(std::shared_ptr<metrics::detail::layout const> layout, escaping names);

  std::size_t bytes_expected() const noexcept override;
  void append_steps(std::string &out, cursor &at, std::size_t last,
                    std::size_t full) const override;
  void append_foreign(std::string &out, cursor &at, std::size_t index,
                      std::size_t full) const override;

 private:
  // A series begins where the one before ends. Of a number: all up to its 8 bytes, and what is
  // behind them; of a histogram: the labels, and the field of its start.
  struct step {
    std::size_t middle;  // in bytes_
    std::size_t end;
  };
  struct family_plan {
    metrics::detail::family_layout const *layout;
    std::size_t first;       // step
    std::size_t head_begin;  // in bytes_: name, help, type and unit
    std::size_t head_end = 0;
    std::size_t fixed_bytes = 0;  // of all series of numbers, without exemplars
    bool is_histogram = false;
  };

  void add_family(metrics::detail::family_layout const &layout, escaping names);
  void add_number(family_plan &into, std::string_view labels, std::int64_t start_ms);

  bool count_some(cursor &at, family_plan const &of, std::size_t last) const;
  std::size_t size_of_numbers(cursor const &at, family_plan const &of, std::size_t last) const;
  void append_numbers(std::string &out, cursor &at, family_plan const &of, std::size_t last,
                      std::size_t full) const;
  void append_plain(std::string &out, cursor &at, family_plan const &of, std::size_t last,
                    std::size_t full) const;
  void append_marked(std::string &out, family_plan const &of, std::size_t index, std::uint64_t bits,
                     metrics::exemplar const &exemplar) const;
  void append_histograms(std::string &out, cursor &at, family_plan const &of, std::size_t last,
                         std::size_t full) const;

  // The next step from `index` on that has an exemplar, or `last`.
  std::size_t next_marked(exemplar_reader &exemplars, family_plan const &of, std::size_t index,
                          std::size_t last) const;
  histogram_message message_of(cursor const &at, family_plan const &of, std::size_t index) const;
  std::string_view labels_of_number(family_plan const &of, std::size_t index) const;
  std::size_t step_begin(family_plan const &of, std::size_t index) const noexcept {
    return index == of.first ? of.head_end : steps_[index - 1].end;
  }
  std::string_view bytes(std::size_t begin, std::size_t end) const noexcept {
    return std::string_view{bytes_}.substr(begin, end - begin);
  }

  std::string bytes_;
  std::vector<step> steps_;
  std::vector<family_plan> messages_;  // in the order of families_
};

}  // namespace loopmeter::exposition::detail
