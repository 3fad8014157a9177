// SPDX-License-Identifier: Apache-2.0
// Link 9: each query asks for what can exist.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <loopcheck/prediction/duration.hpp>
#include <loopcheck/queries/check_query.hpp>
#include <loopcheck/queries/known_series.hpp>

#include "links.hpp"

namespace loopcheck {
namespace {

known_series series_of(context const &known) {
  known_series made;
  for (auto const &name : known.queries.recorded)
    made.add_name(name);
  std::map<std::string, scrape_job const *> jobs;
  for (auto const &seen : known.predicted.monitors) {
    for (auto const &job : seen.generated.jobs)
      jobs.emplace(job.name, &job);
  }
  std::map<std::string, std::vector<labels>> by_pool;
  for (auto const &each : known.predicted.targets) {
    if (each.active()) by_pool[each.pool].push_back(each.final);
  }
  for (auto &[pool, targets] : by_pool) {
    if (known.exposed == nullptr) {
      made.add_targets(std::move(targets));
      continue;
    }
    auto const &job = *jobs.at(pool);
    try {
      relabeling const rules(job.metric_relabel_rules);
      made.add(*known.exposed, std::move(targets), &rules,
               {job.honor_labels, job.scrape_native_histograms.value_or(false)});
    } catch (relabel_error const &) {
      // Prometheus does not load it: link 6 has said so.
    }
  }
  if (known.observed != nullptr && known.observed->metric_names) {
    for (auto const &name : *known.observed->metric_names)
      if (!made.knows(name)) made.add_name(name);
  }
  return made;
}

std::string first_word(std::string_view metric) {
  return std::string(metric.substr(0, metric.find('_')));
}

std::string joined(std::vector<std::string> const &of) {
  std::string made;
  for (auto const &each : of)
    made.append(made.empty() ? "" : ", ").append(each);
  return made;
}

finding of_query(query_source const &source, std::string_view code) {
  finding made;
  object anchor;  // queries stand in files that need not be objects
  anchor.id = source.object.kind.empty() ? object_id{"Query", "", source.origin} : source.object;
  anchor.file = source.file;
  made = make_finding(code, anchor, source.field);
  made.where = source.where;
  return made;
}

finding to_finding(query_problem const &of, query_source const &source, bool ours) {
  using kind = query_problem::kind;
  auto const code = of.what == kind::syntax             ? "LC0901"
                    : of.what == kind::unknown_metric   ? "LC0902"
                    : of.what == kind::unknown_grouping ? "LC0904"
                                                        : "LC0903";
  auto made = of_query(source, code);
  // What others may expose, what may come with an event, and where nothing is an answer, too.
  if (of.what == kind::unknown_metric && !ours) made.severity = severity::info;
  if (of.what == kind::unseen_value) made.severity = severity::info;
  if (of.empty_is_meant && of.what != kind::syntax) made.severity = severity::info;
  made.found = text(of) + " (" + source.origin + ")";
  made.expected = of.what == kind::syntax ? "PromQL"
                  : !of.nearest.empty()   ? of.nearest
                  : of.possible.empty()   ? "what is exposed or recorded"
                                          : joined(of.possible);
  made.fix = of.nearest.empty() ? "correct the query" : "write " + of.nearest;
  return made;
}

// Beyond this a series has missed two scrapes of the slowest job.
double history_s(prediction const &predicted) {
  double longest = 30;
  for (auto const &each : predicted.targets) {
    if (auto const interval = parse_duration(each.interval))
      longest = std::max(longest, static_cast<double>(interval->count()) / 1000);
  }
  return 2 * longest;
}

// Why an empty answer may not be the whole one; empty: it is.
std::string missing_answers(observation const &seen, observed_query const &answer) {
  if (!answer.error.empty()) return answer.error;
  for (auto const &each : seen.each)
    if (!each.not_answered.empty()) return each.not_answered.front();
  return "";
}

// What Prometheus answers now to what the user asks.
void check_now(query_source const &source, context const &known, findings &made) {
  if (!source.file.empty() || !source.object.kind.empty()) return;
  auto const at = known.observed->queries.find(source.text);
  bool const asked = at != known.observed->queries.end();
  auto const answer = asked ? at->second : observed_query();
  if (answer.series > 0 && answer.age_s && *answer.age_s > history_s(known.predicted)) {
    auto found = of_query(source, "LC0906");
    found.found =
        "the newest sample is " + seconds_text(*answer.age_s) + " old (" + source.origin + ")";
    found.expected = "fresh samples";
    found.fix = "nothing, if its target was meant to go";
    made.push_back(std::move(found));
  }
  if (answer.series > 0) return;
  auto found = of_query(source, "LC0905");
  auto missing = missing_answers(*known.observed, answer);
  if (!asked && missing.empty()) missing = "there is no Prometheus that answers queries";
  found.found = answer.age_s
                    ? "nothing now; its samples end " + seconds_text(*answer.age_s) + " ago"
                    : "nothing, and no sample in the last hour";
  if (!missing.empty()) {
    found.severity = severity::undecided;
    found.found = asked && answer.error.empty() ? found.found + "; not asked: " + missing : missing;
  }
  found.found += " (" + source.origin + ")";
  found.expected = "an answer";
  found.fix = "look at the links before this one, and at the names in the query";
  made.push_back(std::move(found));
}

}  // namespace

findings check_answer(context const &known) {
  findings made;
  if (known.queries.queries.empty()) return made;
  auto const series = series_of(known);
  std::set<std::string> ours;
  for (auto const &name : series.names())
    ours.insert(first_word(name));
  bool const names_known =
      known.exposed != nullptr || (known.observed != nullptr && known.observed->metric_names);
  for (auto const &source : known.queries.queries) {
    auto const before = made.size();
    for (auto const &problem : check_query(source.text, series, source.listed_label)) {
      bool const unknown = problem.what == query_problem::kind::unknown_metric;
      if (unknown && !names_known) continue;
      bool const is_ours = !problem.nearest.empty() || ours.contains(first_word(problem.metric));
      made.push_back(to_finding(problem, source, is_ours));
    }
    bool const told =
        std::any_of(made.begin() + static_cast<std::ptrdiff_t>(before), made.end(),
                    [](auto const &each) { return each.severity == severity::error; });
    if (known.observed != nullptr && !told) check_now(source, known, made);
  }
  return made;
}

}  // namespace loopcheck
