// SPDX-License-Identifier: Apache-2.0
#include "prometheus_answers.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <tuple>

namespace loopcheck {

namespace {

std::string words(value const &of) {
  return std::string(of.text());
}

/// Prometheus writes sample values as text: "1", "NaN", "+Inf".
double number(value const &of) {
  auto text = of.text();
  if (text.starts_with('+')) text.remove_prefix(1);
  double result = 0;
  auto const read = std::from_chars(text.data(), text.data() + text.size(), result);
  return read.ec == std::errc() ? result : std::numeric_limits<double>::quiet_NaN();
}

live_target read_target(value const &from, std::string_view server) {
  live_target result;
  result.server = server;
  result.pool = words(from["scrapePool"]);
  result.final = to_labels(from["labels"]);
  result.discovered = to_labels(from["discoveredLabels"]);
  result.url = words(from["scrapeUrl"]);
  result.health = words(from["health"]);
  result.last_error = words(from["lastError"]);
  result.last_scrape = words(from["lastScrape"]);
  result.last_scrape_duration_s =
      from["lastScrapeDuration"].is_null() ? 0 : number(from["lastScrapeDuration"]);
  result.interval = words(from["scrapeInterval"]);
  result.timeout = words(from["scrapeTimeout"]);
  return result;
}

int badness(std::string_view health) noexcept {
  return health == "down" ? 2 : health == "up" ? 0 : 1;
}

void add(merged_target &to, live_target const &one) {
  auto const bad = badness(one.health);
  (bad == 2 ? to.down : bad == 1 ? to.unknown : to.up).push_back(one.server);
  if (bad > badness(to.worst.health)) to.worst = one;
}

sample read_sample(value const &from, value const &pair, bool histogram) {
  sample result;
  result.of = to_labels(from);
  result.time_s = number(pair.item(0));
  result.histogram = histogram;
  result.value = histogram ? std::numeric_limits<double>::quiet_NaN() : number(pair.item(1));
  return result;
}

sample read_series_sample(value const &series) {
  if (series.has("value")) return read_sample(series["metric"], series["value"], false);
  if (series.has("histogram")) return read_sample(series["metric"], series["histogram"], true);
  bool const histogram = !series.has("values");
  auto const &all = series[histogram ? "histograms" : "values"];
  value const nothing;
  return read_sample(series["metric"], all.size() > 0 ? all.item(all.size() - 1) : nothing,
                     histogram);
}

}  // namespace

live_targets read_targets(value const &data, std::string_view server) {
  live_targets result;
  for (value const &each : data["activeTargets"].items())
    result.active.push_back(read_target(each, server));
  for (value const &each : data["droppedTargets"].items())
    result.dropped.push_back(
        {std::string(server), words(each["scrapePool"]), to_labels(each["discoveredLabels"])});
  for (auto const &each : data["droppedTargetCounts"].entries())
    result.dropped_counts[each.key] = each.held.integer().value_or(0);
  return result;
}

merged_targets merge(std::vector<live_targets> const &of_servers) {
  using key = std::tuple<std::string_view, labels const &, std::string_view>;
  struct less {
    bool operator()(key const &a, key const &b) const { return a < b; }
  };
  merged_targets result;
  std::map<key, merged_target, less> active;
  std::set<labels> alive;  // discovered labels of what some server scrapes
  for (auto const &server : of_servers) {
    result.dropped_known = result.dropped_known && server.dropped_known;
    for (live_target const &each : server.active) {
      auto const [at, fresh] =
          active.try_emplace(key(each.pool, each.final, each.url), merged_target{each, {}, {}, {}});
      add(at->second, each);
      alive.insert(each.discovered);
    }
  }
  std::set<labels> seen;
  for (auto const &server : of_servers)
    for (dropped_target const &each : server.dropped)
      if (!alive.contains(each.discovered) && seen.insert(each.discovered).second)
        result.dropped.push_back(each);
  for (auto &[_, each] : active)
    result.active.push_back(std::move(each));
  return result;
}

std::span<merged_target const> of_pool(merged_targets const &all, std::string_view pool) noexcept {
  auto const begin = std::partition_point(all.active.begin(), all.active.end(),
                                          [&](auto const &each) { return each.worst.pool < pool; });
  auto const end = std::partition_point(begin, all.active.end(),
                                        [&](auto const &each) { return each.worst.pool == pool; });
  return {begin, end};
}

merged_target const *find_target(merged_targets const &all, std::string_view pool,
                                 labels const &final) noexcept {
  auto const in = of_pool(all, pool);
  auto const at = std::partition_point(in.begin(), in.end(),
                                       [&](auto const &each) { return each.worst.final < final; });
  return at != in.end() && at->worst.final == final ? &*at : nullptr;
}

server_info read_server_info(value const &buildinfo, value const &runtimeinfo) {
  server_info result;
  result.version = words(buildinfo["version"]);
  result.reload_successful = runtimeinfo["reloadConfigSuccess"].boolean_or(true);
  result.last_config_time = words(runtimeinfo["lastConfigTime"]);
  result.start_time = words(runtimeinfo["startTime"]);
  return result;
}

query_answer read_query(value const &whole) {
  query_answer result;
  auto const &data = whole["data"];
  result.type = words(data["resultType"]);
  if (result.type == "scalar") {
    result.samples.push_back(read_sample({}, data["result"], false));
  } else if (result.type != "string") {
    for (value const &each : data["result"].items())
      result.samples.push_back(read_series_sample(each));
  }
  for (value const &each : whole["warnings"].items())
    result.warnings.push_back(words(each));
  return result;
}

std::vector<rule_state> read_rules(value const &data) {
  std::vector<rule_state> result;
  for (value const &group : data["groups"].items()) {
    for (value const &rule : group["rules"].items()) {
      result.push_back({words(group["name"]), words(group["file"]), words(rule["name"]),
                        rule["type"].text() == "alerting", words(rule["query"]),
                        words(rule["state"]), words(rule["health"]), words(rule["lastError"])});
    }
  }
  return result;
}

std::vector<labels> read_series(value const &data) {
  std::vector<labels> result;
  for (value const &each : data.items())
    result.push_back(to_labels(each));
  return result;
}

std::vector<std::string> read_names(value const &data) {
  std::vector<std::string> result;
  for (value const &each : data.items())
    result.push_back(words(each));
  return result;
}

}  // namespace loopcheck
