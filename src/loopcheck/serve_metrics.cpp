// SPDX-License-Identifier: Apache-2.0
#include "serve_metrics.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

#include <loopmeter/collectors/build_info.hpp>
#include <loopmeter/collectors/standard.hpp>

#include "program_version.hpp"

namespace loopcheck {

namespace {

namespace metrics = loopmeter::metrics;
namespace collectors = loopmeter::collectors;

constexpr std::array<std::string_view, 4> result_names{"whole", "broken", "undecided", "failed"};

metrics::foreign_family gauge_named(char const *name, char const *help) {
  metrics::foreign_family made;
  made.name = name;
  made.help = help;
  made.type = metrics::metric_type::gauge;
  return made;
}

metrics::foreign_series series_of(object_id const &subject, std::uint64_t held) {
  metrics::foreign_series made;
  made.labels = {{"kind", subject.kind}, {"namespace", subject.space}, {"name", subject.name}};
  made.value = held;
  return made;
}

metrics::foreign_family findings_of(verdict const &found) {
  auto made = gauge_named("loopcheck_findings", "Findings of the last check.");
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> counts;
  for (auto const &each : found.all)
    ++counts[{each.code, text(each.severity)}];
  for (auto const &[of, count] : counts) {
    auto &one = made.series.emplace_back();
    one.labels = {{"code", std::string(of.first)}, {"severity", std::string(of.second)}};
    one.value = count;
  }
  return made;
}

}  // namespace

std::string_view text(check_result of) noexcept {
  return result_names[static_cast<std::size_t>(of)];
}

serve_metrics::serve_metrics(metrics::registry &registry)
    : registry_(registry),
      checks_(registry
                  .add_counter<check_result>(
                      {.name = "loopcheck_checks_total", .help = "Checks that ended, by result."},
                      metrics::label_domain{"result", result_names})
                  .value()),
      duration_(registry
                    .add_histogram({.name = "loopcheck_check_duration_seconds",
                                    .help = "How long checks took, failed ones as well.",
                                    .unit = "seconds",
                                    .bounds = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}})
                    .value()),
      last_(registry
                .add_gauge({.name = "loopcheck_last_check_timestamp_seconds",
                            .help = "When the last check ended that did not fail, since 1970; 0: "
                                    "none did yet.",
                            .unit = "seconds"})
                .value()) {
  checks_.expect_all();
  collectors::add_build_info(
      registry, "loopcheck_build_info",
      collectors::this_build(program::version, program::revision, program::branch))
      .value();
  collectors::add_standard_collectors(registry);
  source_ = registry.add_source([this] {
    std::lock_guard const held(mutex_);
    return shown_;
  });
}

serve_metrics::~serve_metrics() {
  registry_.remove_source(source_);
}

void serve_metrics::show(verdict const &found) {
  auto broken = gauge_named("loopcheck_chain_broken_link",
                            "First broken link of a chain, 1 to 9; 0: none is known to be broken.");
  auto undecided = gauge_named("loopcheck_chain_undecided",
                               "1 where nothing is known to be broken and something could not be "
                               "decided, else 0.");
  for (auto const &each : found.chains) {
    auto const link = each.broken ? static_cast<std::uint64_t>(*each.broken) : 0;
    broken.series.push_back(series_of(each.subject, link));
    undecided.series.push_back(series_of(each.subject, each.undecided ? 1 : 0));
  }
  std::vector<metrics::foreign_family> now;
  now.push_back(std::move(broken));
  now.push_back(std::move(undecided));
  now.push_back(findings_of(found));
  std::lock_guard const held(mutex_);
  shown_ = std::move(now);
}

void serve_metrics::count(check_result how, std::chrono::duration<double> took) {
  checks_.at(how).inc();
  duration_.observe(took.count());
  if (how == check_result::failed) return;
  last_.set(
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace loopcheck
