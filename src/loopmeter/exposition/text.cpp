// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/text.hpp>

#include <loopmeter/exposition/text_format.hpp>
#include <loopmeter/exposition/text_plan.hpp>

#include <limits>
#include <utility>

namespace loopmeter::exposition {

text_stream::text_stream(std::shared_ptr<detail::text_plan const> plan,
                         metrics::snapshot const &snapshot)
    : plan_{std::move(plan)}, snapshot_{&snapshot} {}

bool text_stream::next(std::string &out, std::size_t bytes) {
  std::size_t const begin = out.size();
  auto const families = plan_->families();
  auto const &foreign = snapshot_->foreign;
  for (;;) {
    bool const own_left = family_ < families.size();
    bool const foreign_left = foreign_ < foreign.size();
    if (!own_left && !foreign_left) return false;
    if (out.size() - begin >= bytes) return true;
    bool const foreign_next =
        foreign_left && (!own_left || (line_ == families[family_].first &&
                                       foreign[foreign_].name < families[family_].name));
    if (foreign_next) {
      samples_ += detail::append_foreign(out, foreign[foreign_++]);
      continue;
    }
    // To the end of the family; to the very end where no foreign one can come between.
    std::size_t const last = foreign_left ? families[family_].last : plan_->line_count();
    std::size_t const before = line_;
    line_ = plan_->append_lines(out, snapshot_->values, line_, last, bytes - (out.size() - begin));
    samples_ += line_ - before;
    if (line_ == last) family_ = foreign_left ? family_ + 1 : families.size();
  }
}

std::shared_ptr<detail::text_plan const> text_encoder::plan_for(metrics::snapshot const &snapshot) {
  {
    std::lock_guard const lock{mutex_};
    if (plan_ != nullptr && plan_->layout() == snapshot.layout.get()) return plan_;
  }
  // Two scrapes may both come here after a change; each makes the plan and the later one stays.
  auto plan = std::make_shared<detail::text_plan const>(snapshot.layout);
  std::lock_guard const lock{mutex_};
  plan_ = plan;
  ++plans_made_;
  return plan;
}

text_stream text_encoder::begin(metrics::snapshot const &snapshot) {
  return text_stream{plan_for(snapshot), snapshot};
}

std::size_t text_encoder::encode(metrics::snapshot const &snapshot, std::string &out) {
  auto const plan = plan_for(snapshot);
  out.reserve(out.size() + plan->bytes_expected());
  text_stream stream{plan, snapshot};
  while (stream.next(out, std::numeric_limits<std::size_t>::max())) {
  }
  return stream.samples();
}

std::size_t text_encoder::plans_made() const {
  std::lock_guard const lock{mutex_};
  return plans_made_;
}

std::size_t encode_text(metrics::snapshot const &snapshot, std::string &out) {
  text_encoder encoder;
  return encoder.encode(snapshot, out);
}

}  // namespace loopmeter::exposition
