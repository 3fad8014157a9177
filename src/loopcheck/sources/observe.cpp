// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <loopcheck/objects/input_error.hpp>

#include "listing.hpp"
#include "observed.hpp"

namespace loopcheck {
namespace {

constexpr std::size_t pools_asked_singly_max = 4;
/// Of a matcher: what stands between us and Prometheus takes no longer lines than some 8 KiB.
constexpr std::size_t chosen_bytes_max = 4096;

std::set<std::string> pools_of(value const &configuration) {
  std::set<std::string> made;
  for (auto const &each : configuration["scrape_configs"].items())
    made.emplace(each["job_name"].text());
  return made;
}

/// `job=~"a|b"` with each name as RE2 takes it literally, inside a string of PromQL.
std::string any_of_these(std::set<std::string> const &jobs) {
  std::string made;
  for (auto const &job : jobs) {
    if (!made.empty()) made += '|';
    for (char const c : job) {
      bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                         (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
      if (!plain) made += "\\\\";  // one for RE2, which PromQL wants escaped
      if (c == '"' || c == '\\') made += '\\';
      made += c;
    }
  }
  return "{job=~\"" + made + "\"}";
}

/// What one server says.
struct answers {
  observed_server server;
  value configuration;
  std::optional<live_targets> targets;
  std::optional<std::map<labels, double>> up_at_s, samples_kept;
  std::map<std::string, observed_query, std::less<>> queries;
  std::optional<std::set<std::string>> metric_names;
  std::vector<std::string> failures;
  bool answered = false;
};

class questioning {
 public:
  questioning(prometheus_api &api, observe_subject const &about,
              std::map<std::string, std::vector<std::string>> const &expressions)
      : api_(api), about_(about), expressions_(expressions) {}

  answers run() {
    made_.server.name = api_.name();
    auto const info = api_.info();
    if (!keep(info)) {
      // Whoever does not say its version will not say the rest.
      if (info.why().kind != access_error::bad_answer) return std::move(made_);
    } else {
      made_.server.version = info->version;
      made_.server.reload_successful = info->reload_successful;
    }
    if (auto const agent = api_.is_agent(); keep(agent)) made_.server.agent = *agent;
    auto configuration = api_.configuration();
    if (keep(configuration)) {
      made_.server.pools = pools_of(*configuration);
      made_.configuration = std::move(*configuration);
    }
    ask_targets();
    if (made_.server.agent) return std::move(made_);
    if (!about_.jobs.empty()) {
      auto chosen = any_of_these(about_.jobs);
      if (chosen.size() > chosen_bytes_max) chosen.clear();
      made_.up_at_s = by_labels("timestamp(up" + chosen + ")");
      made_.samples_kept = by_labels("scrape_samples_post_metric_relabeling" + chosen);
      made_.server.told_samples = made_.up_at_s && made_.samples_kept;
    }
    for (auto const &[expression, selectors] : expressions_)
      made_.queries.emplace(expression, asked(expression, selectors));
    if (!expressions_.empty()) {
      if (auto names = api_.label_values("__name__"); keep(names))
        made_.metric_names.emplace(names->begin(), names->end());
    }
    return std::move(made_);
  }

 private:
  template <class T>
  bool keep(outcome<T> const &got) {
    if (got) {
      made_.answered = true;
    } else {
      made_.failures.push_back(got.why().words);
    }
    return static_cast<bool>(got);
  }

  void ask_targets() {
    if (about_.pools.empty()) return;
    if (about_.pools.size() > pools_asked_singly_max) {
      if (auto got = api_.targets(false); keep(got)) made_.targets = std::move(*got);
      return;
    }
    live_targets all;
    for (auto const &pool : about_.pools) {
      auto got = api_.targets_of(pool, false);
      if (!keep(got)) return;
      all.dropped_known = all.dropped_known && got->dropped_known;
      std::move(got->active.begin(), got->active.end(), std::back_inserter(all.active));
      std::move(got->dropped.begin(), got->dropped.end(), std::back_inserter(all.dropped));
      all.dropped_counts.merge(got->dropped_counts);
    }
    made_.targets = std::move(all);
  }

  std::optional<std::map<labels, double>> by_labels(std::string const &promql) {
    auto const got = api_.query(promql);
    if (!keep(got)) return std::nullopt;
    std::map<labels, double> made;
    for (auto const &each : got->samples) {
      auto of = each.of;
      of.erase("__name__");
      made.emplace(std::move(of), each.value);
    }
    return made;
  }

  observed_query asked(std::string const &expression, std::vector<std::string> const &selectors) {
    observed_query made;
    auto const got = api_.query(expression);
    if (!keep(got)) {
      made.error = got.why().words;
      return made;
    }
    made.series = got->type == "scalar" || got->type == "string" ? 1 : got->samples.size();
    for (auto const &each : selectors)
      if (auto const age = age_of(each); age && *age > made.age_s.value_or(-1)) made.age_s = age;
    return made;
  }

  /// Of the newest sample, by the server's own clock. timestamp() tells a sample's time only of a
  /// bare selector, hence the subquery.
  std::optional<double> age_of(std::string const &selector) {
    for (auto const &newest : {"max(timestamp(" + selector + "))",
                               "max(max_over_time(timestamp(" + selector + ")[1h:30s]))"}) {
      auto const got = api_.query("time() - " + newest);
      if (got && !got->samples.empty()) return std::max(0.0, got->samples.front().value);
    }
    return std::nullopt;
  }

  prometheus_api &api_;
  observe_subject const &about_;
  std::map<std::string, std::vector<std::string>> const &expressions_;
  answers made_;
};

void merge_into(std::optional<std::map<labels, double>> &to,
                std::optional<std::map<labels, double>> &&from) {
  if (!from) return;
  if (!to) to.emplace();
  for (auto const &[of, held] : *from) {
    auto const [at, fresh] = to->try_emplace(of, held);
    if (!fresh) at->second = std::max(at->second, held);
  }
}

void merge_into(observed_query &to, observed_query const &from) {
  if (to.error.empty()) to.error = from.error;
  to.series += from.series;
  // Another shard may have newer ones of the same selector.
  if (from.age_s) to.age_s = to.age_s ? std::min(*to.age_s, *from.age_s) : *from.age_s;
}

/// Which object's Prometheus is at the URL.
object_id object_at(answers const &of, std::vector<observe_subject> const &subjects,
                    url const &at) {
  auto const label = of.configuration["global"]["external_labels"]["prometheus"].text();
  std::string names;
  for (auto const &each : subjects) {
    auto const &id = each.prometheus->id;
    auto const name = id.space + "/" + id.name;
    if (name == label) return id;
    names += (names.empty() ? "" : ", ") + name;
  }
  // The label may be called otherwise, or be switched off.
  if (subjects.size() == 1 && label.empty()) return subjects.front().prometheus->id;
  if (!label.empty())
    throw input_error("--prometheus-url: " + at.text() + " is Prometheus " + std::string(label) +
                      ", and not " + names);
  throw input_error("--prometheus-url: which Prometheus object " + at.text() +
                    " runs cannot be told; give --prometheus, one of " + names);
}

// What only looks like a Prometheus (Thanos, a proxy of several) tells other labels.
void distrust(answers &one) {
  if (one.server.pools) return;
  one.failures.insert(one.failures.begin(), "it does not show its configuration: no Prometheus?");
  one.targets.reset();
  one.up_at_s.reset();
  one.samples_kept.reset();
  one.server.told_samples = false;
}

struct question {
  observe_subject const *about;
  prometheus_api api;
};

}  // namespace

observed_prometheus const *observation::of(object_id const &prometheus) const noexcept {
  auto const at =
      std::find_if(each.begin(), each.end(), [&](auto const &one) { return one.id == prometheus; });
  return at == each.end() ? nullptr : &*at;
}

observation observe(cluster &through, collected const &from,
                    std::vector<observe_subject> const &subjects, observe_options const &options) {
  observation made;
  std::vector<question> questions;
  for (auto const &subject : subjects) {
    auto &one = made.each.emplace_back();
    one.id = subject.prometheus->id;
    for (auto const &each : from.generated) {
      if (each.prometheus != one.id) continue;
      one.why_not_generated = each.why_not;
      if (each.content) one.generated = pools_of(*each.content);
    }
    if (options.at) continue;
    auto const pods = pods_of(*subject.prometheus, from.all);
    one.not_answered = pods.others;
    for (auto const &pod : pods.ready)
      questions.push_back({&subject, prometheus_api(through, pod.at, pod.prefix)});
  }
  observe_subject everything;
  if (options.at && !subjects.empty()) {
    for (auto const &each : subjects) {
      everything.pools.insert(each.pools.begin(), each.pools.end());
      everything.jobs.insert(each.jobs.begin(), each.jobs.end());
    }
    questions.push_back({&everything, prometheus_api(*options.at, options.login, options.timeout)});
  }

  std::vector<answers> got(questions.size());
  side_by_side(questions.size(), options.parallel, [&](std::size_t i) {
    got[i] = questioning(questions[i].api, *questions[i].about, options.expressions).run();
  });

  if (options.at)
    for (auto &one : got)
      if (one.answered) distrust(one);

  std::map<object_id, std::vector<live_targets>> targets;
  for (std::size_t i = 0; i < got.size(); ++i) {
    auto &one = got[i];
    auto const id = options.at ? (one.answered ? object_at(one, subjects, *options.at)
                                               : subjects.front().prometheus->id)
                               : questions[i].about->prometheus->id;
    auto &to = *std::find_if(made.each.begin(), made.each.end(),
                             [&](auto const &each) { return each.id == id; });
    auto const *const of = std::find_if(subjects.begin(), subjects.end(), [&](auto const &each) {
                             return each.prometheus->id == id;
                           })->prometheus;
    if (options.at && of->spec()["shards"].integer().value_or(1) > 1)
      to.not_answered.push_back("the shards that are not at " + options.at->text());
    if (!one.failures.empty())
      to.not_answered.push_back(one.server.name + ": " + one.failures.front());
    if (!one.answered) continue;
    if (one.targets) targets[id].push_back(std::move(*one.targets));
    merge_into(to.up_at_s, std::move(one.up_at_s));
    merge_into(to.samples_kept, std::move(one.samples_kept));
    for (auto const &[expression, answer] : one.queries) {
      auto const [at, fresh] = made.queries.try_emplace(expression, answer);
      if (!fresh) merge_into(at->second, answer);
    }
    if (one.metric_names) {
      if (!made.metric_names) made.metric_names.emplace();
      made.metric_names->merge(*one.metric_names);
    }
    to.servers.push_back(std::move(one.server));
  }
  for (auto &each : made.each)
    if (auto const at = targets.find(each.id); at != targets.end())
      each.targets = merge(at->second);
  return made;
}

}  // namespace loopcheck
