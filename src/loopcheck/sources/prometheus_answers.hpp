// SPDX-License-Identifier: Apache-2.0
// What Prometheus' HTTP API answers, typed, and several servers' answers made one. Pure: JSON trees
// in, values out. What an answer lacks is left empty: older versions lack much.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

struct live_target {
  std::string server;  ///< which Prometheus says so: "pod monitoring/prometheus-k8s-0"
  std::string pool;
  labels final, discovered;
  std::string url;
  std::string health;  ///< "up", "down", "unknown" (not scraped yet)
  std::string last_error;
  std::string last_scrape;  ///< RFC 3339; the year 1: never
  double last_scrape_duration_s = 0;
  std::string interval, timeout;
};

struct dropped_target {
  std::string server;
  std::string pool;  ///< empty before Prometheus 2.48, where discovered["job"] has it
  labels discovered;
};

struct live_targets {
  std::vector<live_target> active;
  std::vector<dropped_target> dropped;
  /// By pool; may be more than `dropped` has (keep_dropped_targets). Empty before 2.49.
  std::map<std::string, std::int64_t> dropped_counts;
  bool dropped_known = true;  ///< false: they were too many to be read
};
live_targets read_targets(value const &data, std::string_view server);

/// One target as all servers see it: replicas scrape the same ones, shards different ones.
struct merged_target {
  live_target worst;                           ///< down before unknown before up
  std::vector<std::string> up, down, unknown;  ///< servers
};
struct merged_targets {
  std::vector<merged_target> active;    ///< by pool, then final labels, then URL
  std::vector<dropped_target> dropped;  ///< by all that know it: a shard drops what another scrapes
  bool dropped_known = true;
};
merged_targets merge(std::vector<live_targets> const &of_servers);
/// Those of a pool; and the one of them that has these labels, or nullptr. Cost: two searches.
std::span<merged_target const> of_pool(merged_targets const &all, std::string_view pool) noexcept;
merged_target const *find_target(merged_targets const &all, std::string_view pool,
                                 labels const &final) noexcept;

struct server_info {
  std::string version;            ///< "3.5.0"
  bool reload_successful = true;  ///< the last reload of the configuration
  std::string last_config_time;   ///< RFC 3339
  std::string start_time;
};
server_info read_server_info(value const &buildinfo, value const &runtimeinfo);

struct sample {
  labels of;
  double time_s = 0;
  double value = 0;  ///< NaN for a native histogram
  bool histogram = false;
};
struct query_answer {
  std::string type;             ///< "vector", "matrix", "scalar", "string"
  std::vector<sample> samples;  ///< of a matrix the last one of each series
  std::vector<std::string> warnings;
};
query_answer read_query(value const &whole);  ///< with its warnings, which are beside `data`

struct rule_state {
  std::string group, file, name;
  bool alerting = false;
  std::string query, state;
  std::string health;  ///< "ok", "err", "unknown"
  std::string last_error;
};
std::vector<rule_state> read_rules(value const &data);

/// Of /api/v1/series.
std::vector<labels> read_series(value const &data);
std::vector<std::string> read_names(value const &data);

}  // namespace loopcheck
