// SPDX-License-Identifier: Apache-2.0
#include "known_series.hpp"

#include <algorithm>
#include <array>

#include "rehearsal.hpp"

namespace loopcheck {
namespace {

/// Made of each scrape, with the target's labels alone; the last three only by a feature flag.
constexpr std::array of_scrapes = {"up",
                                   "scrape_duration_seconds",
                                   "scrape_samples_scraped",
                                   "scrape_samples_post_metric_relabeling",
                                   "scrape_series_added",
                                   "scrape_timeout_seconds",
                                   "scrape_sample_limit",
                                   "scrape_body_size_bytes"};

void add_scrape_series(known_source &to) {
  for (std::string const name : of_scrapes) {
    to.metrics.try_emplace(name);
  }
}

struct counted_metric {
  std::size_t series = 0;
  std::map<std::string, std::size_t, std::less<>> with_label;
};

class collector {
 public:
  collector(known_source &to, labels const &target) : to_(to), target_(target) {}

  void add(labels const &stored) {
    auto const name = stored.find("__name__");
    if (name == stored.end()) {
      return;
    }
    known_metric &metric = to_.metrics[name->second];
    counted_metric &counted = counted_[name->second];
    ++counted.series;
    for (auto const &[label, held] : stored) {
      auto const of_target = target_.find(label);
      bool const same = of_target != target_.end() && of_target->second == held;
      if (label == "__name__" || same) {
        continue;
      }
      ++counted.with_label[label];
      known_values &known = metric.exposed[label];
      if (known.values.size() < known_series::values_max) {
        known.values.insert(held);
      } else {
        known.many = known.many || !known.values.contains(held);
      }
    }
    for (auto const &[label, held] : target_) {
      if (!stored.contains(label)) {
        metric.removed.insert(label);
      }
    }
  }

  void finish() {
    for (auto &[name, metric] : to_.metrics) {
      counted_metric const &counted = counted_[name];
      for (auto &[label, known] : metric.exposed) {
        known.missing = counted.with_label.find(label)->second < counted.series;
      }
    }
  }

 private:
  known_source &to_;
  labels const &target_;
  std::map<std::string, counted_metric, std::less<>> counted_;
};

}  // namespace

void known_series::add(exposition const &exposed, std::vector<labels> targets,
                       relabeling const *metric_relabeling, source_options const &options) {
  known_source made;
  labels const representative = targets.empty() ? labels() : targets.front();
  made.targets = std::move(targets);
  collector to(made, representative);
  auto const add_one = [&](exposed_series const &each) {
    labels stored = joined_labels(each, representative, options.honor_labels);
    if (metric_relabeling == nullptr || metric_relabeling->apply(stored)) {
      to.add(stored);
    }
  };
  std::ranges::for_each(exposed.series, add_one);
  if (options.native_histograms) {
    std::set<std::string, std::less<>> histograms;
    for (exposed_family const &each : exposed.families) {
      if (each.type == "histogram") {
        histograms.insert(each.name);
      }
    }
    for (exposed_series each : exposed.series) {  // _count has the labels of the native one
      if (each.name.ends_with("_count")) {
        each.name.resize(each.name.size() - std::string_view("_count").size());
        if (histograms.contains(each.name)) {
          add_one(each);
        }
      }
    }
  }
  to.finish();
  add_scrape_series(made);
  sources_.push_back(std::move(made));
}

void known_series::add_targets(std::vector<labels> targets) {
  known_source made;
  made.targets = std::move(targets);
  add_scrape_series(made);
  sources_.push_back(std::move(made));
}

void known_series::add_name(std::string name) {
  open_.insert(std::move(name));
}

bool known_series::knows(std::string_view metric) const noexcept {
  return open_.contains(metric) || std::ranges::any_of(sources_, [&](known_source const &each) {
           return each.metrics.contains(metric);
         });
}

std::vector<std::string> known_series::names() const {
  std::set<std::string, std::less<>> all = open_;
  for (known_source const &source : sources_) {
    for (auto const &[name, metric] : source.metrics) {
      all.insert(name);
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace loopcheck
