// SPDX-License-Identifier: Apache-2.0
// Link 8: what is scraped is kept, and once: limits rehearsed on an exposition, and duplicates.
#include <algorithm>
#include <set>
#include <string>

#include <loopcheck/prediction/duration.hpp>
#include <loopcheck/queries/promql.hpp>
#include <loopcheck/queries/rehearsal.hpp>

#include "live_target.hpp"

namespace loopcheck {
namespace {

// {job="demo", pod="demo-0"}
std::string promql_text(labels const &of) {
  std::string made;
  for (auto const &[name, held] : of) {
    made += made.empty() ? "{" : ",";
    made += text(label_matcher{name, label_matcher::op::equal, held});
  }
  return made + "}";
}

// The same address and path by another monitor of the same Prometheus.
void check_twice(chain const &of, context const &known, findings &made) {
  for (auto const *const mine : of.targets) {
    if (!mine->active()) continue;
    for (auto const *const other : known.at_the_url_of(*mine)) {
      if (other->monitor == mine->monitor) continue;
      auto found = make_finding("LC0804", *of.monitor, "");
      found.found = mine->url + " also by " + other->monitor.text();
      found.expected = "one monitor for a port";
      found.fix = "remove one of the two";
      made.push_back(std::move(found));
      return;
    }
  }
}

scrape_limits limits_of(scrape_job const &job) {
  scrape_limits made;
  made.samples = job.sample_limit.value_or(0);
  made.labels = job.label_limit.value_or(0);
  made.label_name_length = job.label_name_length_limit.value_or(0);
  made.label_value_length = job.label_value_length_limit.value_or(0);
  made.body_bytes = parse_byte_size(job.body_size_limit).value_or(0);
  return made;
}

finding too_low(chain const &of, passed_limit const &passed) {
  auto const code = passed.which == scrape_limit::samples     ? "LC0801"
                    : passed.which == scrape_limit::body_size ? "LC0803"
                                                              : "LC0802";
  auto const field = std::string(field_of(passed.which));
  auto made = make_finding(code, *of.monitor, "spec." + field);
  made.found = field + ": " + std::to_string(passed.allowed);
  made.expected = std::to_string(passed.found) + " or more" +
                  (passed.series.empty() ? "" : ", for " + passed.series);
  made.fix = "raise it to " + std::to_string(passed.found) + " and what may come";
  return made;
}

void check_rehearsal(chain const &of, target const &one, scrape_job const &job,
                     context const &known, findings &made) {
  if (known.exposed->error) {
    auto found = make_finding("LC0807", *of.monitor, job.endpoint_field);
    found.file = known.exposed_name;
    found.where = {known.exposed->error->line, 0};
    found.found = known.exposed->error->what;
    found.expected = "the text format or OpenMetrics";
    found.fix = "correct the line";
    made.push_back(std::move(found));
    return;
  }
  relabeling const rules(job.metric_relabel_rules);
  rehearsal_options how;
  how.honor_labels = job.honor_labels;
  auto const seen = rehearse(*known.exposed, one.final, limits_of(job), &rules, how);
  for (auto const &each : seen.passed)
    made.push_back(too_low(of, each));
  if (seen.samples > 0 && seen.samples_kept == 0 && seen.passed.empty()) {
    auto found = make_finding("LC0805", *of.monitor, job.endpoint_field + ".metricRelabelings");
    found.found = "0 of " + std::to_string(seen.samples) + " samples kept";
    found.expected = "rules that keep some";
    found.fix = "correct the rules";
    made.push_back(std::move(found));
  }
  for (auto const &each : seen.clashes) {
    if (each.renamed.empty()) continue;
    auto found = make_finding("LC0806", *of.monitor, job.endpoint_field);
    found.found = "label " + each.label + " of " + each.example;
    found.expected = "no label of the target's name";
    found.fix = "query it as " + each.renamed + ", or rename it in the service";
    made.push_back(std::move(found));
  }
}

// Data without a monitor: what is left of one that is gone.
void check_history(chain const &of, context const &known, findings &made) {
  if (known.observed == nullptr) return;
  for (auto const *const service : of.services) {
    auto const at = known.observed->queries.find(history_query(*service));
    if (at == known.observed->queries.end() || !at->second.age_s) continue;
    auto found = make_finding("LC0906", *service, "");
    found.found = at->first + ": its newest sample is " + seconds_text(*at->second.age_s) + " old";
    found.expected = "samples of a monitor that is there";
    found.fix = "nothing, if its monitor was meant to go";
    made.push_back(std::move(found));
  }
}

bool told_samples(observed_prometheus const &seen, std::string_view server) {
  return std::any_of(seen.servers.begin(), seen.servers.end(),
                     [&](auto const &each) { return each.name == server && each.told_samples; });
}

// What Prometheus has kept of the last scrapes of those predicted targets that are up.
void check_kept(chain const &of, scrape_job const &job, observed_prometheus const &seen,
                findings &made) {
  if (!seen.targets) return;
  bool const agent = std::any_of(seen.servers.begin(), seen.servers.end(),
                                 [](auto const &each) { return each.agent; });
  live_target const *unwritten = nullptr, *empty = nullptr, *untold = nullptr;
  std::size_t up = 0, without = 0;
  for (auto const *const each : of.targets) {
    if (each->pool != job.name || each->prometheus != seen.id || !each->active()) continue;
    auto const *const there = find_target(*seen.targets, job.name, each->final);
    if (there == nullptr || there->worst.health != "up") continue;
    auto const &one = there->worst;
    if (!told_samples(seen, one.server) || !seen.up_at_s || !seen.samples_kept) {
      untold = &one;
      continue;
    }
    ++up;
    if (!seen.up_at_s->contains(one.final)) unwritten = &one;
    auto const kept = seen.samples_kept->find(one.final);
    if (kept == seen.samples_kept->end() || kept->second > 0) continue;
    ++without;
    empty = &one;
  }
  if (unwritten != nullptr) {
    auto found = make_finding("LC0808", *of.monitor, job.endpoint_field);
    found.found = "no sample of up" + promql_text(unwritten->final);
    found.expected = "one of the last scrape, which was well";
    found.fix = "ask " + unwritten->server + " itself; look at its log and its disk";
    made.push_back(std::move(found));
  } else if (empty != nullptr && without == up) {  // some may have nothing to say
    bool const by_rule = !job.metric_relabel_rules.empty();
    auto found = make_finding(by_rule ? "LC0805" : "LC0808", *of.monitor,
                              job.endpoint_field + (by_rule ? ".metricRelabelings" : ""));
    found.found = "0 samples kept of the last scrape of " + without_query(empty->url);
    found.expected = by_rule ? "rules that keep some" : "an exposition with samples";
    found.fix = by_rule ? "correct the rules" : "look at what the Pod answers";
    made.push_back(std::move(found));
  } else if (untold != nullptr && !agent) {
    auto found = make_finding("LC0808", *of.monitor, job.endpoint_field);
    found.severity = severity::undecided;
    found.found =
        "not told: " + (seen.not_answered.empty() ? untold->server : seen.not_answered.front());
    found.expected = "what Prometheus keeps of its targets";
    found.fix = "ask again; it must answer queries";
    made.push_back(std::move(found));
  }
}

void check_agent(observed_prometheus const &seen, context const &known, findings &made) {
  auto const *const prometheus = known.all.find(seen.id);
  bool const agent = std::any_of(seen.servers.begin(), seen.servers.end(),
                                 [](auto const &each) { return each.agent; });
  if (!agent || prometheus == nullptr) return;
  auto found = make_finding("LC0809", *prometheus, "");
  found.found = "agent mode";
  found.expected = "to ask where its remoteWrite leads";
  found.fix = "nothing here";
  made.push_back(std::move(found));
}

}  // namespace

std::string history_query(object const &service) {
  return "up" + promql_text({{"namespace", service.id.space}, {"service", service.id.name}});
}

findings check_samples(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) {
    check_history(of, known, made);
    return made;
  }
  check_twice(of, known, made);
  for (auto const *const each : of.selecting()) {
    auto const *const seen = known.seen_of(each->prometheus);
    if (seen == nullptr) continue;
    check_agent(*seen, known, made);
    for (auto const &job : each->generated.jobs)
      check_kept(of, job, *seen, made);
  }
  if (known.exposed == nullptr) return made;
  for (auto const *const seen : of.selecting()) {
    for (auto const &job : seen->generated.jobs) {
      for (auto const *const each : of.targets) {
        if (each->pool != job.name || !each->active()) continue;
        try {
          check_rehearsal(of, *each, job, known, made);
        } catch (relabel_error const &) {
          // Prometheus does not load it: link 6 has said so.
        }
        break;  // the others differ in the values of their labels alone
      }
    }
  }
  return made;
}

}  // namespace loopcheck
