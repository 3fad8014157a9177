// SPDX-License-Identifier: Apache-2.0
#include "targets.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "duration.hpp"
#include "operator_context.hpp"
#include "target_groups.hpp"
#include "target_url.hpp"

namespace loopcheck {

namespace {

constexpr std::string_view meta_prefix = "__meta_";
constexpr std::string_view temporary_prefix = "__tmp_";

std::string_view get(labels const &of, std::string_view name) {
  auto const found = of.find(name);
  return found == of.end() ? std::string_view() : std::string_view(found->second);
}

bool go_boolean(std::string_view text) {
  for (char const *one :
       {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}) {
    if (text == one) {
      return true;
    }
  }
  return false;
}

constexpr std::array<char const *, 3> histogram_labels{"__convert_classic_histograms_to_nhcb__",
                                                       "__always_scrape_classic_histograms__",
                                                       "__scrape_native_histograms__"};

std::string why_no_target(labels const &after) {
  auto const address = get(after, "__address__");
  if (address.empty()) {
    return "no address";
  }
  if (address.find('/') != std::string_view::npos) {
    return '"' + std::string(address) + "\" is no host and port";
  }
  auto const interval = parse_duration(get(after, "__scrape_interval__"));
  auto const timeout = parse_duration(get(after, "__scrape_timeout__"));
  if (!interval || interval->count() == 0) {
    return "\"" + std::string(get(after, "__scrape_interval__")) + "\" is no scrape interval";
  }
  if (!timeout || timeout->count() == 0) {
    return "\"" + std::string(get(after, "__scrape_timeout__")) + "\" is no scrape timeout";
  }
  if (*timeout > *interval) {
    return "the scrape timeout is longer than the interval";
  }
  for (char const *one : histogram_labels) {
    if (auto const text = get(after, one); !text.empty() && !go_boolean(text)) {
      return std::string(one) + " is neither true nor false";
    }
  }
  for (auto const &[name, text] : after) {
    if (!name.starts_with(meta_prefix) && !valid_utf8(text)) {
      return "the value of " + name + " is not UTF-8";
    }
  }
  return {};
}

std::uint64_t hash_of(labels const &all) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  auto mix = [&](std::string_view text) {
    for (char const c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    hash = (hash ^ 0xffu) * 0x100000001b3u;
  };
  for (auto const &[name, text] : all) {
    if (!name.starts_with(temporary_prefix)) {
      mix(name);
      mix(text);
    }
  }
  return hash;
}

/// Rules with a variable that the reloader sets for each shard.
enum class shard_rule { none, skipped, zone };

shard_rule shard_rule_of(relabel_rule const &rule) {
  if (rule.origin != sharding_origin) {
    return shard_rule::none;
  }
  if (rule.target_label == "__tmp_current_shard") {
    return shard_rule::skipped;
  }
  if (rule.action != "keep") {
    return shard_rule::none;
  }
  return rule.source_labels.front() == "__tmp_topology" ? shard_rule::zone : shard_rule::skipped;
}

bool by_selector(relabel_rule const &rule) {
  return rule.origin == "the operator: the Service's labels" ||
         rule.origin == "the operator: the Pod's labels";
}

/// What a job adds to the labels of the discovery.
labels labels_of(scrape_job const &job) {
  labels result;
  auto add = [&](std::string const &name, std::string const &text) {
    if (!text.empty()) {
      result.try_emplace(name, text);
    }
  };
  add("job", job.name);
  add("__scrape_interval__", job.effective_interval());
  add("__scrape_timeout__", job.effective_timeout());
  add("__metrics_path__", job.path);
  add("__scheme__", job.scheme);
  if (job.discovery_version >= version_number{3, 13, 0}) {
    auto flag = [&](char const *name, std::optional<bool> own, std::optional<bool> shared) {
      add(name, own.value_or(shared.value_or(false)) ? "true" : "false");
    };
    auto const &shared = job.global;
    flag(histogram_labels[0], job.convert_classic_histograms_to_nhcb,
         shared.convert_classic_histograms_to_nhcb);
    flag(histogram_labels[1], job.scrape_classic_histograms, shared.scrape_classic_histograms);
    flag(histogram_labels[2], job.scrape_native_histograms, shared.scrape_native_histograms);
  }
  for (auto const &[name, texts] : job.params) {
    add("__param_" + name, texts.empty() ? std::string() : texts.front());
  }
  return result;
}

/// One job at work.
class worker {
 public:
  explicit worker(scrape_job const &job)
      : job_(job), rules_(relabeling::of(job.relabel_rules, job.global.names)) {
    auto const all = rules_.rules();
    for (auto const &rule : all) {
      shard_rules_.push_back(shard_rule_of(rule));
      shards_ = shards_ || rule.origin == sharding_origin;
    }
    while (1 + selectors_ < all.size() && leading(all[1 + selectors_])) {
      ++selectors_;
    }
    own_ = std::make_shared<labels const>(labels_of(job));
  }

  /// Does the operator's selection drop all targets of a group?
  bool leaves_aside(target_group const &group) const {
    auto const &shared = group.targets->front().all;
    for (std::size_t i = 1; i <= selectors_; ++i) {
      if (rules_.drops(i, shared)) {
        return true;
      }
    }
    return false;
  }

  /// The first rule of the selection where it asks for one text of one label.
  std::optional<std::pair<std::string, std::string>> looks_for() const {
    for (std::size_t i = 1; i <= selectors_; ++i) {
      auto const &rule = rules_.rules()[i];
      auto const literal = rules_.literal(i);
      constexpr std::string_view present = ";true";
      if (by_selector(rule) && rule.action == "keep" && rule.source_labels.size() == 2 && literal &&
          literal->ends_with(present) && literal->size() > present.size()) {
        return std::pair(rule.source_labels.front(),
                         literal->substr(0, literal->size() - present.size()));
      }
    }
    return std::nullopt;
  }

  void add(discovered const &of, std::shared_ptr<labels const> found, std::vector<target> &to) {
    target made;
    made.pool = job_.name;
    made.monitor = job_.monitor;
    made.prometheus = job_.prometheus;
    made.pod = of.pod;
    made.service = of.service;
    made.found = std::move(found);
    made.of_job = own_;
    auto after = made.discovered();
    for (std::size_t i = 0; i < shard_rules_.size(); ++i) {
      if (!keep(i, after)) {
        made.dropped_by = i;
        to.push_back(std::move(made));
        return;
      }
    }
    made.failure = why_no_target(after);
    if (!made.failure.empty()) {
      to.push_back(std::move(made));
      return;
    }
    finish(made, std::move(after));
    if (seen_.insert(hash_).second) {
      to.push_back(std::move(made));
    }
  }

 private:
  bool keep(std::size_t index, labels &after) const {
    switch (shard_rules_[index]) {
      case shard_rule::none:
        return rules_.apply_one(index, after);
      case shard_rule::skipped:
        return true;
      case shard_rule::zone:
        break;
    }
    auto const zone = get(after, "__tmp_topology");
    if (!get(after, "__tmp_disable_sharding").empty()) {
      return !zone.empty();
    }
    auto const &zones = job_.shared_out.zones;
    auto const found = std::find(zones.begin(), zones.end(), zone);
    // With fewer shards than zones, some zones have none.
    return found != zones.end() && found - zones.begin() < job_.shared_out.shards;
  }

  /// Of those that share the zone, the one that the hash says.
  void set_shard(target &made, labels const &after) const {
    if (!shards_ || !get(after, "__tmp_disable_sharding").empty()) {
      return;
    }
    auto const text = get(after, "__tmp_hash");
    std::size_t shard = 0;
    std::from_chars(text.data(), text.data() + text.size(), shard);
    auto const &zones = job_.shared_out.zones;
    if (!zones.empty()) {
      auto const found = std::find(zones.begin(), zones.end(), get(after, "__tmp_topology"));
      shard = shard * zones.size() + static_cast<std::size_t>(found - zones.begin());
    }
    made.shard = shard;
  }

  static bool leading(relabel_rule const &rule) {
    return by_selector(rule) || rule.origin == "the operator: filterRunning";
  }

  void finish(target &made, labels after) {
    auto const meta = after.lower_bound(meta_prefix);
    auto end = meta;
    while (end != after.end() && end->first.starts_with(meta_prefix)) {
      ++end;
    }
    after.erase(meta, end);
    if (get(after, "instance").empty()) {
      after.insert_or_assign("instance", std::string(get(after, "__address__")));
    }
    made.url = target_url(job_, after);
    hash_ = hash_of(after);
    made.interval = get(after, "__scrape_interval__");
    made.timeout = get(after, "__scrape_timeout__");
    set_shard(made, after);
    std::erase_if(after, [](auto const &one) { return one.first.starts_with("__"); });
    made.final = std::move(after);
  }

  scrape_job const &job_;
  relabeling rules_;
  std::vector<shard_rule> shard_rules_;  ///< for each rule
  bool shards_ = false;
  std::size_t selectors_ = 0;  ///< rules from 1 on that ask only for what a group has in common
  std::shared_ptr<labels const> own_;  ///< labels that the job gives
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t hash_ = 0;
};

/// Targets of one job. Returns how many its selector leaves aside.
std::size_t add_targets(scrape_job const &job, target_groups &groups, bool all_dropped,
                        std::vector<target> &to) {
  worker at_work(job);
  auto const looked_for = all_dropped ? std::nullopt : at_work.looks_for();
  std::size_t aside = 0;
  for (auto const &space : groups.namespaces(job)) {
    auto &found = groups.in(job, space);
    std::size_t meant = 0;
    auto consider = [&](target_group const &group) {
      if (!all_dropped && at_work.leaves_aside(group)) {
        return;
      }
      meant += group.targets->size();
      for (auto const &one : *group.targets) {
        at_work.add(one, std::shared_ptr<labels const>(group.targets, &one.all), to);
      }
    };
    if (looked_for) {
      for (auto const index : found.with(looked_for->first, looked_for->second)) {
        consider(found.groups[index]);
      }
    } else {
      std::for_each(found.groups.begin(), found.groups.end(), consider);
    }
    aside += found.targets - meant;
  }
  return aside;
}

}  // namespace

labels target::discovered() const {
  auto result = *found;
  result.insert(of_job->begin(), of_job->end());
  return result;
}

std::vector<target> targets_of(scrape_job const &job, std::vector<discovered> const &found) {
  std::vector<target> result;
  try {
    worker at_work(job);
    for (auto const &one : found) {
      at_work.add(one, std::make_shared<labels const>(one.all), result);
    }
  } catch (relabel_error const &) {
    result.clear();
  }
  return result;
}

namespace {

void add_monitor(object const &prometheus, object const &monitor, inventory const &all,
                 predict_options const &options, target_groups &groups, prediction &to) {
  auto &one = to.monitors.emplace_back();
  one.monitor = monitor.id;
  one.prometheus = prometheus.id;
  one.chosen = selected_by(prometheus, monitor, all);
  if (!one.chosen.selected) {
    return;
  }
  one.generated = scrape_jobs(monitor, prometheus, all, options.operator_version);
  for (auto &job : one.generated.jobs) {
    job.discovery_version = options.discovery_version.value_or(job.discovery_version);
    one.left_aside.push_back(job.loads ? add_targets(job, groups, options.all_dropped, to.targets)
                                       : 0);
  }
}

}  // namespace

prediction predict(inventory const &all, predict_options const &options) {
  prediction result;
  target_groups groups(all);
  for (char const *kind : {"Prometheus", "PrometheusAgent"}) {
    for (auto const &prometheus : all.of_kind(kind)) {
      check_prometheus(prometheus, options.operator_version,
                       prometheus_version(prometheus, options.operator_version), result.invalid);
      for (char const *monitor_kind : {"ServiceMonitor", "PodMonitor"}) {
        for (auto const &monitor : all.of_kind(monitor_kind)) {
          add_monitor(prometheus, monitor, all, options, groups, result);
        }
      }
    }
  }
  return result;
}

}  // namespace loopcheck
