// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/encoder.hpp>

#include <loopmeter/exposition/plan.hpp>
#include <loopmeter/exposition/protobuf_plan.hpp>
#include <loopmeter/exposition/text_plan.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace loopmeter::exposition {
namespace detail {

// A part of an exposition: steps of the plan, or a foreign family.
struct part {
  bool is_foreign = false;
  std::size_t first = 0;  // or the family's index
  std::size_t last = 0;
};

struct stream_state {
  std::shared_ptr<plan const> by;  // shared: the encoder may replace it meanwhile
  std::shared_ptr<metrics::snapshot const> snapshot;  // shared: with other streams of one gather
  cursor at;
  std::vector<part> parts{};
  std::size_t next_part = 0;
  bool ended = false;
};

namespace {

void add_own(std::vector<part> &parts, plan::family_steps const &family) {
  bool const continues =
      !parts.empty() && !parts.back().is_foreign && parts.back().last == family.first;
  if (continues) {
    parts.back().last = family.last;
  } else {
    parts.push_back({.first = family.first, .last = family.last});
  }
}

// Own and foreign families, both sorted by name, in one order.
std::vector<part> make_parts(plan const &by, metrics::snapshot const &snapshot,
                             name_filter const &filter) {
  std::vector<part> parts;
  auto own = by.families().begin();
  auto const add_own_before = [&](auto const &is_before) {
    for (; own != by.families().end() && is_before(own->name); ++own) {
      if (filter.takes(own->name)) add_own(parts, *own);
    }
  };
  for (std::size_t i = 0; i < snapshot.foreign.size(); ++i) {
    metrics::foreign_family const &family = snapshot.foreign[i];
    if (family.series.empty() || !filter.takes(family.name)) continue;
    add_own_before([&](std::string_view name) { return name < family.name; });
    parts.push_back({.is_foreign = true, .first = i});
  }
  add_own_before([](std::string_view) { return true; });
  return parts;
}

// Appends of the current part; true when it is done.
bool append_part(stream_state &state, std::string &out, std::size_t full) {
  part const &current = state.parts[state.next_part];
  cursor &at = state.at;
  if (current.is_foreign) {
    state.by->append_foreign(out, at, current.first, full);
    if (at.foreign_series < state.snapshot->foreign[current.first].series.size()) return false;
    at.foreign_series = 0;
    return true;
  }
  at.step = std::max(at.step, current.first);
  state.by->append_steps(out, at, current.last, full);
  return at.step == current.last;
}

std::unique_ptr<stream_state> make_state(std::shared_ptr<plan const> by,
                                         std::shared_ptr<metrics::snapshot const> snapshot,
                                         name_filter const &filter) {
  cursor const at{*snapshot};
  auto state = std::make_unique<stream_state>(
      stream_state{.by = std::move(by), .snapshot = std::move(snapshot), .at = at});
  state->parts = make_parts(*state->by, *state->snapshot, filter);
  return state;
}

std::shared_ptr<plan const> make_plan(metrics::snapshot const &snapshot, format as,
                                      encoder_options const &options) {
  if (as.protocol == protocol::protobuf) {
    return std::make_shared<protobuf_plan const>(snapshot.layout, name_escaping(as));
  }
  text_dialect const dialect{.openmetrics = is_openmetrics(as.protocol),
                             .names = name_escaping(as),
                             .created_lines = is_openmetrics(as.protocol) && options.created_lines};
  return std::make_shared<text_plan const>(snapshot.layout, dialect, snapshot.foreign);
}

}  // namespace
}  // namespace detail

exposition_stream::exposition_stream(std::unique_ptr<detail::stream_state> state) noexcept
    : state_{std::move(state)} {}
exposition_stream::exposition_stream(exposition_stream &&) noexcept = default;
exposition_stream &exposition_stream::operator=(exposition_stream &&) noexcept = default;
exposition_stream::~exposition_stream() = default;

bool exposition_stream::next(std::string &out, std::size_t bytes) {
  std::size_t const most = std::numeric_limits<std::size_t>::max();
  std::size_t const full = bytes > most - out.size() ? most : out.size() + bytes;
  while (state_->next_part < state_->parts.size()) {
    if (out.size() >= full) return true;
    auto const before = out.size();
    if (detail::append_part(*state_, out, full)) {
      ++state_->next_part;
    } else if (out.size() == before) {
      return true;  // it had to count first, and took the time of a piece
    }
  }
  if (!state_->ended) state_->by->append_end(out);
  state_->ended = true;
  return false;
}

std::size_t exposition_stream::samples() const noexcept {
  return state_->at.samples;
}

std::shared_ptr<detail::plan const> encoder::plan_for(metrics::snapshot const &snapshot,
                                                      format as) {
  auto const is_current = [&](entry const &one) {
    return one.plan->layout() == snapshot.layout.get();
  };
  {
    std::lock_guard const lock{mutex_};
    auto const found = std::ranges::find(plans_, as, &entry::as);
    bool const is_good =
        found != plans_.end() && is_current(*found) && found->plan->fits(snapshot.foreign);
    if (is_good) return found->plan;
  }
  // Two scrapes may both come here after a change; each makes the plan and the later one stays.
  auto plan = detail::make_plan(snapshot, as, options_);
  std::lock_guard const lock{mutex_};
  std::erase_if(plans_, [&](entry const &one) { return one.as == as || !is_current(one); });
  plans_.push_back({as, plan});
  ++plans_made_;
  return plan;
}

exposition_stream encoder::begin(std::shared_ptr<metrics::snapshot const> snapshot, format as,
                                 name_filter const &filter) {
  auto plan = plan_for(*snapshot, as);
  return exposition_stream{detail::make_state(std::move(plan), std::move(snapshot), filter)};
}

std::size_t encoder::encode(metrics::snapshot const &snapshot, format as, std::string &out) {
  auto plan = plan_for(snapshot, as);
  out.reserve(out.size() + plan->bytes_expected());
  // Owns nothing: the snapshot is the caller's for longer than this call.
  std::shared_ptr<metrics::snapshot const> const borrowed{std::shared_ptr<void>{}, &snapshot};
  exposition_stream stream{detail::make_state(std::move(plan), borrowed, {})};
  while (stream.next(out, std::numeric_limits<std::size_t>::max())) {
  }
  return stream.samples();
}

std::size_t encoder::plans_made() const {
  std::lock_guard const lock{mutex_};
  return plans_made_;
}

std::size_t encode_text(metrics::snapshot const &snapshot, std::string &out) {
  encoder once;
  return once.encode(snapshot, {}, out);
}

}  // namespace loopmeter::exposition
