// SPDX-License-Identifier: Apache-2.0
// The series that can be: what targets expose with the labels that they will have, what rules
// record, and what Prometheus adds by itself.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/relabel.hpp>

#include "exposition.hpp"

namespace loopcheck {

/// Values of one exposed label of one metric.
struct known_values {
  std::set<std::string, std::less<>> values;
  bool missing = false;  ///< some series have it, others not
  bool many = false;     ///< beyond values_max: any value may be there
};

struct known_metric {
  std::map<std::string, known_values, std::less<>> exposed;  ///< beside the target's labels
  std::set<std::string, std::less<>> removed;  ///< of the target's labels, by metric relabelling
};

/// One exposition with the targets that show it.
struct known_source {
  std::vector<labels> targets;
  std::map<std::string, known_metric, std::less<>> metrics;
};

class known_series {
 public:
  static constexpr std::size_t values_max = 1000;

  struct source_options {
    bool honor_labels = false;
    /// Histograms come as native ones, too or only: their own name is then a series.
    bool native_histograms = false;
  };

  /// Metric relabelling is rehearsed with the first target's labels. `metric_relabeling` may be
  /// nullptr. The series that Prometheus makes of each scrape (`up` …) are added as well.
  void add(exposition const &exposed, std::vector<labels> targets,
           relabeling const *metric_relabeling, source_options const &options);
  /// Targets whose exposition is not known: only `up` and the like.
  void add_targets(std::vector<labels> targets);
  /// A metric with any labels: of a recording rule, or seen elsewhere.
  void add_name(std::string name);

  bool knows(std::string_view metric) const noexcept;
  /// With any labels: nothing can be said about them.
  bool is_open(std::string_view metric) const noexcept { return open_.contains(metric); }
  std::vector<known_source> const &sources() const noexcept { return sources_; }
  std::vector<std::string> names() const;

 private:
  std::vector<known_source> sources_;
  std::set<std::string, std::less<>> open_ = {"ALERTS", "ALERTS_FOR_STATE"};
};

}  // namespace loopcheck
