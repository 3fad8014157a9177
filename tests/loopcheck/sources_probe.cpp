// SPDX-License-Identifier: Apache-2.0
// What loopcheck's sources read, as JSON: for the tests that bring a real Prometheus, kubectl or
// API server.
#include <loopcheck/links/scrape_error.hpp>
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/sources/api_cluster.hpp>
#include <loopcheck/sources/collect.hpp>
#include <loopcheck/sources/interruption.hpp>
#include <loopcheck/sources/kubectl_cluster.hpp>
#include <loopcheck/sources/prometheus_api.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace loopcheck;

value of_labels(labels const &all) {
  auto made = value::map();
  for (auto const &[name, held] : all)
    made.set(name, held);
  return made;
}

value of_list(std::vector<std::string> const &all) {
  auto made = value::list();
  for (auto const &each : all)
    made.push(each);
  return made;
}

value number(auto of) {
  return value::number(std::to_string(of));
}

value of_failure(access_failure const &why) {
  return value::map({{"error", std::string(text(why.kind))},
                     {"words", why.words},
                     {"status", number(why.status)}});
}

void print(value const &of) {
  std::cout << to_json(of) << std::endl;
}

/// Lines of {"error", "url"} on stdin.
int scrape_errors() {
  for (std::string line; std::getline(std::cin, line);) {
    auto const asked = parse_json(line, "-");
    auto const read = read_scrape_error(asked["error"].text(), asked["url"].text());
    auto made = value::map({{"cause", std::string(text(read.cause))},
                            {"words", read.words},
                            {"fix", std::string(read.fix)},
                            {"metric", read.metric},
                            {"likely", read.likely},
                            {"whole_pool", read.whole_pool}});
    if (read.count) made.set("count", number(*read.count));
    if (read.limit) made.set("limit", number(*read.limit));
    if (read.status) made.set("status", number(*read.status));
    print(made);
  }
  return 0;
}

value of_targets(merged_targets const &all) {
  auto active = value::list();
  for (auto const &each : all.active)
    active.push(value::map({{"pool", each.worst.pool},
                            {"labels", of_labels(each.worst.final)},
                            {"discovered", of_labels(each.worst.discovered)},
                            {"url", each.worst.url},
                            {"health", each.worst.health},
                            {"last_error", each.worst.last_error},
                            {"up", of_list(each.up)},
                            {"down", of_list(each.down)},
                            {"unknown", of_list(each.unknown)}}));
  auto dropped = value::list();
  for (auto const &each : all.dropped)
    dropped.push(of_labels(each.discovered));
  return value::map({{"active", std::move(active)},
                     {"dropped", std::move(dropped)},
                     {"dropped_known", all.dropped_known}});
}

/// What one of them says to each question; a failure in its place.
value ask_all(prometheus_api &api, std::string const &query) {
  auto made = value::map();
  auto const put = [&](char const *name, auto const &got, auto const &as) {
    made.set(name, got ? as(*got) : of_failure(got.why()));
  };
  put("targets", api.targets(), [](auto const &it) { return of_targets(merge({it})); });
  put("configuration", api.configuration(), [](auto const &it) { return it; });
  put("info", api.info(), [](server_info const &it) {
    return value::map({{"version", it.version},
                       {"reload_successful", it.reload_successful},
                       {"last_config_time", it.last_config_time}});
  });
  put("agent", api.is_agent(), [](bool it) { return value(it); });
  put("query", api.query(query), [](query_answer const &it) {
    auto samples = value::list();
    for (auto const &each : it.samples)
      samples.push(value::map({{"labels", of_labels(each.of)}, {"value", number(each.value)}}));
    return value::map({{"type", it.type}, {"samples", std::move(samples)}});
  });
  put("series", api.series("up", 0, 4e9), [](std::vector<labels> const &it) {
    auto list = value::list();
    for (auto const &each : it)
      list.push(of_labels(each));
    return list;
  });
  put("jobs", api.label_values("job"), of_list);
  put("rules", api.rules(), [](std::vector<rule_state> const &it) {
    auto list = value::list();
    for (auto const &each : it)
      list.push(value::map({{"name", each.name}, {"health", each.health}}));
    return list;
  });
  return made;
}

int ask_url(std::string const &at, std::string const &query) {
  auto login = prometheus_login::from_environment([](char const *name) { return getenv(name); });
  login.insecure = getenv("INSECURE") != nullptr;
  prometheus_api api(parse_url(at), login, std::chrono::milliseconds(3'000));
  print(ask_all(api, query));
  return 0;
}

/// Of this program: ru_maxrss knows that of whoever started it, too.
long peak_kib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  return -1;
}

value of_collected(collected const &got) {
  auto kinds = value::map();
  for (auto const &kind : got.all.kinds())
    kinds.set(kind, number(got.all.of_kind(kind).size()));
  auto known = value::map();
  for (char const *kind : {"Namespace",
                           "Pod",
                           "Service",
                           "Endpoints",
                           "EndpointSlice",
                           "Deployment",
                           "ReplicaSet",
                           "Job",
                           "CronJob",
                           "NetworkPolicy",
                           "Role",
                           "RoleBinding",
                           "ClusterRole",
                           "ServiceMonitor",
                           "PodMonitor",
                           "Prometheus",
                           "PrometheusAgent",
                           "PrometheusRule",
                           "ConfigMap",
                           "Event",
                           "Secret",
                           "Node",
                           "CustomResourceDefinition"}) {
    constexpr char const *names[] = {"complete", "partial", "forbidden", "absent"};
    known.set(kind, value::map({{"how", names[static_cast<int>(got.all.known(kind))]},
                                {"why", std::string(got.all.why_unknown(kind))}}));
  }
  auto generated = value::map();
  for (auto const &each : got.generated) {
    auto pools = value::list();
    if (each.content)
      for (auto const &job : (*each.content)["scrape_configs"].items())
        pools.push(job["job_name"]);
    generated.set(each.prometheus.text(),
                  value::map({{"pools", std::move(pools)}, {"why_not", each.why_not}}));
  }
  return value::map({{"kinds", std::move(kinds)},
                     {"known", std::move(known)},
                     {"generated", std::move(generated)},
                     {"version", got.server_version},
                     {"requests", number(got.requests)},
                     {"bytes", number(got.bytes)},
                     {"peak_kib", number(peak_kib())}});
}

value of_prometheuses(cluster &from, inventory const &all) {
  auto made = value::map();
  for (char const *kind : {"Prometheus", "PrometheusAgent"}) {
    for (object const &each : all.of_kind(kind)) {
      auto const pods = pods_of(each, all);
      auto asked = value::map();
      std::vector<live_targets> targets;
      for (auto const &pod : pods.ready) {
        prometheus_api api(from, pod.at, pod.prefix);
        asked.set(api.name(), ask_all(api, "up"));
        if (auto got = api.targets()) targets.push_back(std::move(*got));
      }
      made.set(each.id.text(), value::map({{"asked", std::move(asked)},
                                           {"merged", of_targets(merge(targets))},
                                           {"others", of_list(pods.others)}}));
    }
  }
  return made;
}

/// What the command line says: NAME=VALUE each.
std::string option(std::vector<std::string> const &arguments, std::string const &name) {
  for (auto const &each : arguments)
    if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
  return {};
}

std::unique_ptr<cluster> cluster_of(std::vector<std::string> const &arguments) {
  if (auto const host = option(arguments, "api"); !host.empty()) {
    api_options options;
    options.host = host.substr(0, host.find(':'));
    options.port = host.substr(host.find(':') + 1);
    options.folder = option(arguments, "folder");
    options.tls = option(arguments, "tls") != "no";
    options.timeout = std::chrono::seconds(3);
    return std::make_unique<api_cluster>(options);
  }
  kubectl_options options;
  if (auto program = option(arguments, "kubectl"); !program.empty()) options.program = program;
  options.kubeconfig = option(arguments, "kubeconfig");
  options.context = option(arguments, "context");
  options.as = option(arguments, "as");
  options.request_timeout = option(arguments, "request-timeout");
  if (auto seconds = option(arguments, "deadline"); !seconds.empty())
    options.deadline = std::chrono::seconds(std::atoi(seconds.c_str()));
  if (auto bytes = option(arguments, "bytes"); !bytes.empty())
    options.answer_bytes_max = static_cast<std::size_t>(std::atoll(bytes.c_str()));
  return std::make_unique<kubectl_cluster>(options);
}

int read_cluster(std::string const &what, std::vector<std::string> const &arguments) {
  auto const from = cluster_of(arguments);
  if (what == "get") {
    auto const got = from->get(option(arguments, "path"));
    print(got ? value::map({{"body", *got}}) : of_failure(got.why()));
    return 0;
  }
  if (what == "secret-keys") {
    auto const got = from->secret_keys(option(arguments, "space"), option(arguments, "name"));
    print(got ? of_list(*got) : of_failure(got.why()));
    return 0;
  }
  collect_options options;
  if (auto space = option(arguments, "space"); !space.empty()) options.space = space;
  auto const got = collect(*from, options);
  if (!got) {
    print(of_failure(got.why()));
    return 0;
  }
  if (what == "collect") {
    print(of_collected(*got));
  } else if (what == "objects") {
    auto list = value::list();
    for (auto const &each : got->all.of_kind(option(arguments, "kind")))
      list.push(each.root);
    print(list);
  } else {
    print(of_prometheuses(*from, got->all));
  }
  return 0;
}

}  // namespace

int main(int count, char **words) try {
  std::vector<std::string> const arguments(words + 1, words + count);
  interruption::install();
  if (arguments.empty()) return 2;
  if (arguments[0] == "scrape-errors") return scrape_errors();
  if (arguments[0] == "url") return ask_url(arguments.at(1), arguments.at(2));
  return read_cluster(arguments[0], arguments);
} catch (std::exception const &error) {
  std::cerr << error.what() << '\n';
  return 2;
}
