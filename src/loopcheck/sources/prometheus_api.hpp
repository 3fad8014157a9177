// SPDX-License-Identifier: Apache-2.0
// One running Prometheus, asked by its HTTP API: at a URL, or in a Pod through the API server's
// proxy. Only GET; answers are bounded.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "cluster.hpp"
#include "outcome.hpp"
#include "prometheus_answers.hpp"
#include "url.hpp"

namespace loopcheck {

/// How to log in to a Prometheus at a URL, and whom to trust there.
struct prometheus_login {
  std::string user, password;
  std::string bearer;
  std::string bearer_file;  ///< read for each request: such tokens change
  std::string ca_file;      ///< empty: the system's
  bool insecure = false;

  /// PROMETHEUS_USERNAME, PROMETHEUS_PASSWORD or PROMETHEUS_PASSWORD_FILE, PROMETHEUS_TOKEN or
  /// PROMETHEUS_TOKEN_FILE; CURL_CA_BUNDLE as curl reads it (SSL_CERT_FILE works by OpenSSL
  /// itself). `get` is std::getenv. Throws input_error for a file that cannot be read.
  static prometheus_login from_environment(std::function<char const *(char const *)> const &get);
};

/// Thread-safe.
class prometheus_api {
 public:
  /// The URL's own user and password count before those of the login.
  prometheus_api(url at, prometheus_login login, std::chrono::milliseconds timeout);
  /// `prefix` is Prometheus' --web.route-prefix, without a slash at its end. `through` outlives
  /// this.
  prometheus_api(cluster &through, proxied_port to, std::string prefix);
  ~prometheus_api();
  prometheus_api(prometheus_api &&) noexcept;

  /// "http://host:9090/prefix" or "pod monitoring/prometheus-k8s-0".
  std::string const &name() const noexcept { return name_; }

  /// Active and dropped ones; where that is too large to read, active ones alone. Dropped ones may
  /// be a thousand times as many.
  outcome<live_targets> targets(bool dropped = true);
  /// Of one pool (Prometheus 2.42 and later; older ones answer with all).
  outcome<live_targets> targets_of(std::string_view pool, bool dropped = true);
  /// The running configuration; its secrets are "<secret>".
  outcome<value> configuration();
  outcome<server_info> info();
  /// True for one that runs with --agent: targets and configuration are there, queries are not.
  outcome<bool> is_agent();
  outcome<query_answer> query(std::string_view promql, std::optional<double> time_s = {});
  /// Label sets that match and have samples in this time; at most `limit` where Prometheus is
  /// ≥ 2.53.
  outcome<std::vector<labels>> series(std::string_view matcher, double start_s, double end_s,
                                      std::size_t limit = 10'000);
  outcome<std::vector<std::string>> label_values(std::string_view label,
                                                 std::string_view matcher = {});
  outcome<std::vector<rule_state>> rules();
  /// Prometheus' own exposition, which has prometheus_sd_kubernetes_failures_total and the like.
  outcome<std::string> own_metrics();

  /// "/api/v1/…" with its query → the whole answer, whose status is "success".
  outcome<value> ask(std::string const &path);

  class transport {  ///< one GET; a status that is not 200 is a failure
   public:
    virtual ~transport() = default;
    virtual outcome<std::string> get(std::string const &path) = 0;
  };

 private:
  std::string name_;
  std::unique_ptr<transport> transport_;
};

/// The ready Pods of a Prometheus or PrometheusAgent, of all shards and replicas.
struct prometheus_pod {
  proxied_port at;
  std::string shard;  ///< "0"
  std::string prefix;
};
struct prometheus_pods {
  std::vector<prometheus_pod> ready;
  std::vector<std::string> others;  ///< "prometheus-k8s-1: not ready", "…: has no port `web`"
};
prometheus_pods pods_of(object const &prometheus, inventory const &all);

}  // namespace loopcheck
