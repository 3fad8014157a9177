// SPDX-License-Identifier: Apache-2.0
#include "rehearsal.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace loopcheck {
namespace {

constexpr std::string_view exported = "exported_";

/// Names that must make way, the shortest first; each gets the prefix until it is free.
void rename_clashes(labels &joined, std::vector<std::pair<std::string, std::string>> clashing) {
  std::ranges::stable_sort(clashing, {}, [](auto const &each) { return each.first.size(); });
  for (auto &[label, held] : clashing) {
    std::string renamed = std::string(exported) + label;
    while (joined.contains(renamed)) {
      renamed.insert(0, exported);
    }
    joined.emplace(std::move(renamed), std::move(held));
  }
}

/// Watches one figure: the most, and which series has it.
struct worst {
  std::int64_t found = 0;
  std::string label;
  exposed_series const *series = nullptr;

  void see(std::int64_t value, exposed_series const &of, std::string_view of_label = {}) {
    if (value > found) {
      found = value;
      series = &of;
      label = of_label;
    }
  }
};

class rehearsing {
 public:
  rehearsing(exposition const &of, labels const &target, relabeling const *rules,
             rehearsal_options const &options)
      : of_(of), target_(target), rules_(rules), options_(options) {}

  rehearsal run(scrape_limits const &limits) {
    made_.samples = of_.series.size();
    for (exposed_series const &each : of_.series) {
      sample(each);
    }
    judge(scrape_limit::body_size, limits.body_bytes, body());
    judge(scrape_limit::samples, limits.samples,
          {static_cast<std::int64_t>(made_.samples_kept), {}, nullptr});
    judge(scrape_limit::label_count, limits.labels, count_);
    judge(scrape_limit::label_name_length, limits.label_name_length, name_);
    judge(scrape_limit::label_value_length, limits.label_value_length, value_);
    made_.labels_most = count_.found;
    made_.name_length_most = name_.found;
    made_.value_length_most = value_.found;
    return std::move(made_);
  }

 private:
  worst body() const { return {static_cast<std::int64_t>(of_.bytes), {}, nullptr}; }

  void sample(exposed_series const &each) {
    note_clashes(each);
    labels stored = joined_labels(each, target_, options_.honor_labels);
    if (rules_ != nullptr && !rules_->apply(stored)) {
      return;
    }
    if (stored.empty()) {
      return;
    }
    check_names(each, stored);
    ++made_.samples_kept;
    count_.see(static_cast<std::int64_t>(stored.size()), each);
    for (auto const &[label, held] : stored) {
      name_.see(static_cast<std::int64_t>(label.size()), each, label);
      value_.see(static_cast<std::int64_t>(held.size()), each, label);
    }
    // Told apart as exposed: what relabelling makes one is not noticed by the scrape, but later.
    if (!seen_.insert(text(each)).second && made_.duplicates++ == 0) {
      made_.duplicate = text(each);
    }
    if (options_.keep_stored) {
      made_.stored.push_back(std::move(stored));
    }
  }

  void note_clashes(exposed_series const &each) {
    for (auto const &[label, held] : each.labels) {
      if (held.empty() || !target_.contains(label)) {
        continue;
      }
      auto const known = std::ranges::find(made_.clashes, label, &label_clash::label);
      if (known != made_.clashes.end()) {
        ++known->series;
        continue;
      }
      made_.clashes.push_back({label, options_.honor_labels ? "" : std::string(exported) + label, 1,
                               text(each), each.line});
    }
  }

  void check_names(exposed_series const &each, labels const &stored) {
    if (!made_.failure.empty()) {
      return;
    }
    auto const name = stored.find("__name__");
    if (name == stored.end()) {
      made_.failure = "no name is left after metric relabelling: " + text(each);
      return;
    }
    for (auto const &[label, held] : stored) {
      if (!valid_label_name(label, options_.names)) {
        made_.failure = "invalid label name \"" + label + "\": " + text(each);
        return;
      }
    }
  }

  void judge(scrape_limit which, std::int64_t allowed, worst const &seen) {
    // A body of just that size is cut, so that it is too large.
    bool const beyond =
        which == scrape_limit::body_size ? seen.found >= allowed : seen.found > allowed;
    if (allowed <= 0 || !beyond) {
      return;
    }
    made_.passed.push_back({which, allowed, seen.found,
                            seen.series == nullptr ? std::string() : text(*seen.series), seen.label,
                            seen.series == nullptr ? 0 : seen.series->line});
  }

  exposition const &of_;
  labels const &target_;
  relabeling const *rules_;
  rehearsal_options const &options_;
  worst count_, name_, value_;
  std::set<std::string> seen_;
  rehearsal made_;
};

}  // namespace

std::string_view field_of(scrape_limit which) noexcept {
  switch (which) {
    case scrape_limit::body_size:
      return "bodySizeLimit";
    case scrape_limit::samples:
      return "sampleLimit";
    case scrape_limit::label_count:
      return "labelLimit";
    case scrape_limit::label_name_length:
      return "labelNameLengthLimit";
    case scrape_limit::label_value_length:
      break;
  }
  return "labelValueLengthLimit";
}

labels joined_labels(exposed_series const &of, labels const &target, bool honor_labels) {
  labels joined;
  joined.emplace("__name__", of.name);
  for (auto const &[label, held] : of.labels) {
    joined.insert_or_assign(label, held);
  }
  std::vector<std::pair<std::string, std::string>> clashing;
  for (auto const &[label, held] : target) {
    auto const [at, fresh] = joined.try_emplace(label, held);
    if (fresh || honor_labels) {
      continue;  // an exposed label wins even if it is empty
    }
    std::string exposed = std::exchange(at->second, held);
    if (!exposed.empty()) {
      clashing.emplace_back(label, std::move(exposed));
    }
  }
  std::erase_if(joined, [](auto const &each) { return each.second.empty(); });
  rename_clashes(joined, std::move(clashing));
  return joined;
}

rehearsal rehearse(exposition const &of, labels const &target, scrape_limits const &limits,
                   relabeling const *metric_relabeling, rehearsal_options const &options) {
  return rehearsing(of, target, metric_relabeling, options).run(limits);
}

std::optional<std::int64_t> parse_byte_size(std::string_view written) noexcept {
  double number = 0;
  auto const [end, error] = std::from_chars(written.data(), written.data() + written.size(), number,
                                            std::chars_format::fixed);
  if (error != std::errc{} || written.empty() || written.front() == '-') {
    return {};
  }
  std::string_view unit = written.substr(static_cast<std::size_t>(end - written.data()));
  if (unit.empty()) {
    return number == 0 ? std::optional<std::int64_t>(0) : std::nullopt;
  }
  constexpr std::string_view powers = "KMGTPE";
  if (unit != "B") {
    std::size_t const power = powers.find(unit.front());
    unit.remove_prefix(1);
    if (power == std::string_view::npos || (unit != "B" && unit != "iB")) {
      return {};
    }
    for (std::size_t i = 0; i <= power; ++i) {
      number *= 1024;
    }
  }
  return number < 9.2e18 ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
}

}  // namespace loopcheck
