// SPDX-License-Identifier: Apache-2.0
#include "prometheus_api.hpp"

#include <utility>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/pods.hpp>
#include <loopcheck/objects/yaml.hpp>

namespace loopcheck {

outcome<value> prometheus_api::ask(std::string const &path) {
  auto body = transport_->get(path);
  if (!body) return body.why();
  try {
    auto whole = parse_json(*body, name_);
    if (whole["status"].text() == "success") return whole;
    return access_failure{access_error::bad_answer, name_ + ": this is not Prometheus' answer"};
  } catch (input_error const &) {
    return access_failure{access_error::bad_answer,
                          name_ + path.substr(0, path.find('?')) + ": the answer is not JSON"};
  }
}

outcome<live_targets> prometheus_api::targets(bool dropped) {
  auto whole = ask(dropped ? "/api/v1/targets?state=any" : "/api/v1/targets?state=active");
  bool const all = dropped && static_cast<bool>(whole);
  if (dropped && !all && whole.why().kind == access_error::too_large)
    whole = ask("/api/v1/targets?state=active");
  if (!whole) return whole.why();
  auto result = read_targets((*whole)["data"], name_);
  result.dropped_known = all;
  return result;
}

outcome<live_targets> prometheus_api::targets_of(std::string_view pool, bool dropped) {
  auto const whole = ask(std::string("/api/v1/targets?state=") + (dropped ? "any" : "active") +
                         "&scrapePool=" + percent_encoded(pool));
  if (!whole) return whole.why();
  auto result = read_targets((*whole)["data"], name_);
  result.dropped_known = dropped;
  return result;
}

outcome<value> prometheus_api::configuration() {
  auto const whole = ask("/api/v1/status/config");
  if (!whole) return whole.why();
  try {
    auto documents = parse_yaml((*whole)["data"]["yaml"].text(), name_ + " configuration");
    return documents.empty() ? value::map() : std::move(documents.front());
  } catch (input_error const &error) {
    return access_failure{access_error::bad_answer, error.what()};
  }
}

outcome<server_info> prometheus_api::info() {
  auto const build = ask("/api/v1/status/buildinfo");
  if (!build) return build.why();
  auto const runtime = ask("/api/v1/status/runtimeinfo");
  if (!runtime) return runtime.why();
  return read_server_info((*build)["data"], (*runtime)["data"]);
}

outcome<bool> prometheus_api::is_agent() {
  auto const whole = ask("/api/v1/status/flags");
  if (!whole) return whole.why();
  auto const &flags = (*whole)["data"];
  // A flag of its own since 3.0, a feature before.
  auto const features = "," + flags["enable-feature"].text_or("") + ",";
  return flags["agent"].text() == "true" || features.find(",agent,") != features.npos;
}

outcome<query_answer> prometheus_api::query(std::string_view promql, std::optional<double> time_s) {
  auto path = "/api/v1/query?query=" + percent_encoded(promql);
  if (time_s) path += "&time=" + std::to_string(*time_s);
  auto const whole = ask(path);
  if (!whole) return whole.why();
  return read_query(*whole);
}

outcome<std::vector<labels>> prometheus_api::series(std::string_view matcher, double start_s,
                                                    double end_s, std::size_t limit) {
  auto const whole = ask("/api/v1/series?match[]=" + percent_encoded(matcher) +
                         "&start=" + std::to_string(start_s) + "&end=" + std::to_string(end_s) +
                         "&limit=" + std::to_string(limit));
  if (!whole) return whole.why();
  return read_series((*whole)["data"]);
}

outcome<std::vector<std::string>> prometheus_api::label_values(std::string_view label,
                                                               std::string_view matcher) {
  auto path = "/api/v1/label/" + percent_encoded(label) + "/values";
  if (!matcher.empty()) path += "?match[]=" + percent_encoded(matcher);
  auto const whole = ask(path);
  if (!whole) return whole.why();
  return read_names((*whole)["data"]);
}

outcome<std::vector<rule_state>> prometheus_api::rules() {
  auto const whole = ask("/api/v1/rules");
  if (!whole) return whole.why();
  return read_rules((*whole)["data"]);
}

outcome<std::string> prometheus_api::own_metrics() {
  return transport_->get("/metrics");
}

namespace {

value const *named(value const &list, std::string_view name) {
  for (value const &each : list.items())
    if (each["name"].text() == name) return &each;
  return nullptr;
}

/// The port by name in any container: a login proxy beside Prometheus may have taken it over.
std::optional<std::int64_t> port_of(value const &pod, std::string_view name) {
  for (value const &container : pod["spec"]["containers"].items())
    if (auto const *port = named(container["ports"], name))
      return (*port)["containerPort"].integer();
  return std::nullopt;
}

std::string prefix_of(value const &spec) {
  auto prefix = spec["routePrefix"].text_or("/");
  while (prefix.ends_with('/'))
    prefix.pop_back();
  if (!prefix.empty() && prefix.front() != '/') prefix.insert(0, "/");
  return prefix;
}

}  // namespace

prometheus_pods pods_of(object const &prometheus, inventory const &all) {
  auto const &spec = prometheus.spec();
  auto const port_name = spec["portName"].text_or("web");
  bool const tls = spec["web"]["tlsConfig"].size() > 0;
  prometheus_pods result;
  for (object const &pod : all.of_kind("Pod")) {
    if (!runs(pod, prometheus)) continue;
    auto const port = port_of(pod.root, port_name);
    if (!is_ready(pod)) {
      result.others.push_back(pod.id.name + ": not ready");
    } else if (!port) {
      result.others.push_back(pod.id.name + ": has no port `" + port_name +
                              (spec["listenLocal"].boolean_or(false) ? "`: listenLocal" : "`"));
    } else {
      auto const &shard = pod["metadata"]["labels"]["operator.prometheus.io/shard"];
      result.ready.push_back(
          {{pod.id.space, pod.id.name, *port, tls}, shard.text_or("0"), prefix_of(spec)});
    }
  }
  return result;
}

}  // namespace loopcheck
