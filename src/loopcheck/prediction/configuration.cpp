// SPDX-License-Identifier: Apache-2.0
#include "configuration.hpp"

#include <algorithm>
#include <array>

#include "duration.hpp"

namespace loopcheck {

namespace {

value number(std::int64_t of) {
  return value::number(std::to_string(of));
}

value texts(std::vector<std::string> const &of) {
  auto result = value::list();
  for (auto const &one : of) {
    result.push(one);
  }
  return result;
}

value rule_configuration(relabel_rule const &of) {
  auto result = value::map();
  if (!of.source_labels.empty()) {
    result.set("source_labels", texts(of.source_labels));
  }
  if (of.written.separator) {
    result.set("separator", of.separator);
  }
  if (!of.target_label.empty()) {
    result.set("target_label", of.target_label);
  }
  if (of.written.regex) {
    bool const port_number = of.origin.starts_with("the operator:") && of.action == "keep" &&
                             of.source_labels.size() == 1 &&
                             of.source_labels[0] == "__meta_kubernetes_pod_container_port_number";
    result.set("regex", port_number ? value::number(of.regex) : value(of.regex));
  }
  if (of.modulus != 0) {
    result.set("modulus", value::number(std::to_string(of.modulus)));
  }
  if (of.written.replacement) {
    result.set("replacement", of.replacement);
  }
  if (of.written.action) {
    result.set("action", of.action);
  }
  return result;
}

value rules_configuration(std::vector<relabel_rule> const &of) {
  auto result = value::list();
  for (auto const &one : of) {
    result.push(rule_configuration(one));
  }
  return result;
}

value discovery_configuration(scrape_job const &job) {
  auto result = value::map();
  result.set("role", std::string(text(job.role)));
  if (!job.all_namespaces) {
    result.set("namespaces", value::map({{"names", texts(job.namespaces)}}));
  }
  for (auto const &one : job.api_server.entries()) {
    result.set(one.key, one.held);
  }
  if (job.written.attach_metadata) {
    result.set("attach_metadata", value::map({{"node", job.attach_node}}));
  }
  if (!job.selectors.empty()) {
    auto selectors = value::list();
    for (auto const &one : job.selectors) {
      auto &made = selectors.push(value::map({{"role", one.role}}));
      if (one.field.empty()) {
        made.set("label", one.label);
      } else {
        made.set("field", one.field);
      }
    }
    result.set("selectors", std::move(selectors));
  }
  return value::list({std::move(result)});
}

void set_flag(value &to, char const *name, std::optional<bool> const &of) {
  if (of) {
    to.set(name, *of);
  }
}

void set_number(value &to, char const *name, std::optional<std::int64_t> const &of) {
  if (of) {
    to.set(name, number(*of));
  }
}

void set_text(value &to, char const *name, std::string const &of) {
  if (!of.empty()) {
    to.set(name, of);
  }
}

void add_limits(scrape_job const &job, value &to) {
  set_number(to, "sample_limit", job.sample_limit);
  set_number(to, "target_limit", job.target_limit);
  set_number(to, "label_limit", job.label_limit);
  set_number(to, "label_name_length_limit", job.label_name_length_limit);
  set_number(to, "label_value_length_limit", job.label_value_length_limit);
  set_number(to, "keep_dropped_targets", job.keep_dropped_targets);
  set_text(to, "body_size_limit", job.body_size_limit);
}

void add_histograms(scrape_job const &job, value &to) {
  set_flag(to, "scrape_native_histograms", job.scrape_native_histograms);
  set_number(to, "native_histogram_bucket_limit", job.native_histogram_bucket_limit);
  if (!job.native_histogram_min_bucket_factor.empty()) {
    to.set("native_histogram_min_bucket_factor",
           value::number(job.native_histogram_min_bucket_factor));
  }
  bool const renamed = job.prometheus_version >= version_number{3, 0, -1};
  set_flag(to, renamed ? "always_scrape_classic_histograms" : "scrape_classic_histograms",
           job.scrape_classic_histograms);
  set_flag(to, "convert_classic_histograms_to_nhcb", job.convert_classic_histograms_to_nhcb);
}

}  // namespace

value to_configuration(scrape_job const &job) {
  auto result = value::map();
  result.set("job_name", job.name);
  result.set("honor_labels", job.honor_labels);
  set_flag(result, "honor_timestamps", job.honor_timestamps);
  set_flag(result, "track_timestamps_staleness", job.track_timestamps_staleness);
  result.set("kubernetes_sd_configs", discovery_configuration(job));
  set_text(result, "scrape_interval", job.interval);
  set_text(result, "scrape_timeout", job.timeout);
  if (job.written.path) {
    result.set("metrics_path", job.path);
  }
  if (job.written.params) {
    auto params = value::map();
    for (auto const &[name, held] : job.params) {
      params.set(name, texts(held));
    }
    result.set("params", std::move(params));
  }
  if (job.written.scheme) {
    result.set("scheme", job.scheme);
  }
  set_flag(result, "follow_redirects", job.follow_redirects);
  set_flag(result, "enable_http2", job.enable_http2);
  for (auto const &one : job.authorization.entries()) {
    result.set(one.key, one.held);
  }
  result.set("relabel_configs", rules_configuration(job.relabel_rules));
  add_limits(job, result);
  add_histograms(job, result);
  if (job.written.scrape_protocols) {
    result.set("scrape_protocols", texts(job.scrape_protocols));
  }
  set_text(result, "fallback_scrape_protocol", job.fallback_scrape_protocol);
  if (!job.metric_relabel_rules.empty()) {
    result.set("metric_relabel_configs", rules_configuration(job.metric_relabel_rules));
  }
  return result;
}

namespace {

struct row {
  std::string_view name;
  std::string_view otherwise;  ///< what counts where it is not written
};

constexpr std::array<row, 5> rule_defaults{{{"separator", ";"},
                                            {"regex", "(.*)"},
                                            {"replacement", "$1"},
                                            {"action", "replace"},
                                            {"modulus", "0"}}};
constexpr std::array<row, 9> entry_defaults{{{"honor_labels", "false"},
                                             {"honor_timestamps", "true"},
                                             {"track_timestamps_staleness", "false"},
                                             {"metrics_path", "/metrics"},
                                             {"scheme", "http"},
                                             {"follow_redirects", "true"},
                                             {"enable_http2", "true"},
                                             {"enable_compression", "true"},
                                             {"kubeconfig_file", ""}}};

/// Without what has its default, and scalars as text.
template <std::size_t Size>
value without_defaults(value const &from, std::array<row, Size> const &defaults) {
  auto result = value::map();
  for (auto const &one : from.entries()) {
    auto const found = std::find_if(defaults.begin(), defaults.end(),
                                    [&](row const &each) { return each.name == one.key; });
    bool const scalar = !one.held.is_map() && !one.held.is_list();
    if (found == defaults.end() || !scalar) {
      result.set(one.key, one.held);
    } else if (one.held.text() != found->otherwise) {
      result.set(one.key, std::string(one.held.text()));
    }
  }
  return result;
}

value normal_rules(value const &rules) {
  auto result = value::list();
  for (auto const &one : rules.items()) {
    result.push(without_defaults(one, rule_defaults));
  }
  return result;
}

value normal_discovery(value const &list) {
  auto result = value::list();
  for (auto const &one : list.items()) {
    auto made = without_defaults(one, entry_defaults);
    if (!one["attach_metadata"]["node"].boolean_or(false)) {
      made.erase("attach_metadata");
    }
    if (one["namespaces"]["names"].items().empty()) {
      made.erase("namespaces");
    }
    result.push(std::move(made));
  }
  return result;
}

}  // namespace

value normal_configuration(value const &entry) {
  auto result = without_defaults(entry, entry_defaults);
  for (char const *list : {"relabel_configs", "metric_relabel_configs"}) {
    if (auto rules = normal_rules(entry[list]); rules.items().empty()) {
      result.erase(list);
    } else {
      result.set(list, std::move(rules));
    }
  }
  result.set("kubernetes_sd_configs", normal_discovery(entry["kubernetes_sd_configs"]));
  for (char const *one : {"scrape_interval", "scrape_timeout"}) {
    if (auto const held = parse_duration(entry[one].text())) {
      result.set(one, duration_text(*held));
    }
  }
  if (entry["params"].is_map() && entry["params"].entries().empty()) {
    result.erase("params");
  }
  return result;
}

}  // namespace loopcheck
