// SPDX-License-Identifier: Apache-2.0
// The relabelling that the operator writes, rule by rule in its order.
#include <algorithm>

#include "operator_context.hpp"

namespace loopcheck {

namespace {

constexpr std::string_view meta = "__meta_kubernetes_";
constexpr char const *hash_label = "__tmp_hash";
constexpr char const *zone_label = "__tmp_topology";
constexpr char const *no_shards_label = "__tmp_disable_sharding";

std::string meta_label(std::string_view rest, std::string_view name = {}) {
  return std::string(meta) + std::string(rest) + (name.empty() ? "" : sanitized(name));
}

std::string text_of(value const &of) {
  return std::string(of.text());
}

/// Collects rules, each with the words for who asked.
class writer {
 public:
  explicit writer(operator_context const &of) : of_(of) {}

  relabel_rule &add(std::string_view why) {
    auto &rule = rules_.emplace_back();
    rule.origin = "the operator: " + std::string(why);
    return rule;
  }

  void filter(std::string action, std::vector<std::string> from, std::string regex,
              std::string_view why) {
    auto &rule = add(why);
    rule.action = std::move(action);
    rule.written.action = true;
    rule.source_labels = std::move(from);
    regex_of(rule, std::move(regex));
  }

  void copy(std::vector<std::string> from, std::string to, std::string_view why) {
    auto &rule = add(why);
    rule.source_labels = std::move(from);
    rule.target_label = std::move(to);
  }

  /// Only a value that is not empty replaces.
  void copy_some(std::string from, std::string to, std::string_view why) {
    copy_by({std::move(from)}, "(.+)", std::move(to), why);
  }

  relabel_rule &copy_by(std::vector<std::string> from, std::string regex, std::string to,
                        std::string_view why) {
    copy(std::move(from), std::move(to), why);
    regex_of(rules_.back(), std::move(regex));
    replacement_of(rules_.back(), "${1}");
    return rules_.back();
  }

  void constant(std::string to, std::string text, std::string_view why) {
    auto &rule = add(why);
    rule.target_label = std::move(to);
    replacement_of(rule, std::move(text));
  }

  void user(value const &list, std::string const &field) {
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      rules_.push_back(written_rule(list.items()[i], field + "[" + std::to_string(i) + "]"));
      rules_.back().written.action = true;  // the API server writes its default, replace
    }
  }

  static void regex_of(relabel_rule &rule, std::string text) {
    rule.regex = std::move(text);
    rule.written.regex = true;
  }
  static void replacement_of(relabel_rule &rule, std::string text) {
    rule.replacement = std::move(text);
    rule.written.replacement = true;
  }

  void selection(std::string_view what);
  void running();
  void port(value const &endpoint, sd_role role);
  void identity(sd_role role);
  void chosen_labels();
  void job(std::string_view what);
  void endpoint_label(value const &endpoint);
  void scrape_class(std::string_view field);
  void enforced_namespace();
  void sharding();

  std::vector<relabel_rule> take() { return std::move(rules_); }

 private:
  operator_context const &of_;
  std::vector<relabel_rule> rules_;
};

std::string alternatives(value const &values) {
  std::string result;
  for (auto const &one : values.items()) {
    result += (&one == values.items().data() ? "" : "|") + text_of(one);
  }
  return result;
}

void writer::selection(std::string_view what) {
  if (of_.spec()["selectorMechanism"].text_or("RelabelConfig") != "RelabelConfig") {
    return;
  }
  auto const why = of_.of_services() ? "the Service's labels" : "the Pod's labels";
  auto present = [&](std::string_view name) {
    return meta_label(std::string(what) + "_labelpresent_", name);
  };
  auto both = [&](std::string_view name) {
    return std::vector{meta_label(std::string(what) + "_label_", name), present(name)};
  };
  auto const &selector = of_.spec()["selector"];
  std::vector<value::entry const *> pairs;
  for (auto const &one : selector["matchLabels"].entries()) {
    pairs.push_back(&one);
  }
  std::sort(pairs.begin(), pairs.end(), [](auto *a, auto *b) { return a->key < b->key; });
  for (auto const *one : pairs) {
    filter("keep", both(one->key), "(" + text_of(one->held) + ");true", why);
  }
  for (auto const &one : selector["matchExpressions"].items()) {
    auto const key = one["key"].text();
    auto const how = one["operator"].text();
    if (how == "In" || how == "NotIn") {
      filter(how == "In" ? "keep" : "drop", both(key), "(" + alternatives(one["values"]) + ");true",
             why);
    } else if (how == "Exists" || how == "DoesNotExist") {
      filter(how == "Exists" ? "keep" : "drop", {present(key)}, "true", why);
    }
  }
}

void writer::running() {
  filter("drop", {meta_label("pod_phase")}, "(Failed|Succeeded)", "filterRunning");
}

void writer::port(value const &endpoint, sd_role role) {
  auto const &name = endpoint["port"];
  auto const &number = endpoint["portNumber"];
  auto const &target = endpoint["targetPort"];
  auto const by_name = meta_label("pod_container_port_name");
  auto const by_number = meta_label("pod_container_port_number");
  if (!name.text().empty()) {
    auto const label = role == sd_role::pod         ? by_name
                       : role == sd_role::endpoints ? meta_label("endpoint_port_name")
                                                    : meta_label("endpointslice_port_name");
    filter("keep", {label}, text_of(name), "port");
  } else if (role == sd_role::pod && number.integer().value_or(0) != 0) {
    filter("keep", {by_number}, text_of(number), "portNumber");
  } else if (target.is_text() && !target.text().empty()) {
    filter("keep", {by_name}, text_of(target), "targetPort");
  } else if (target.integer().value_or(0) != 0 && target.is_number()) {
    filter("keep", {by_number}, text_of(target), "targetPort");
  }
}

void writer::identity(sd_role role) {
  if (role == sd_role::pod) {
    copy({meta_label("namespace")}, "namespace", "namespace");
    copy({meta_label("pod_container_name")}, "container", "container");
    copy({meta_label("pod_name")}, "pod", "pod");
    return;
  }
  std::string const prefix = role == sd_role::endpoints ? "endpoint_" : "endpointslice_";
  std::vector const target{meta_label(prefix + "address_target_kind"),
                           meta_label(prefix + "address_target_name")};
  copy_by(target, "Node;(.*)", "node", "node").written.separator = true;
  copy_by(target, "Pod;(.*)", "pod", "pod").written.separator = true;
  copy({meta_label("namespace")}, "namespace", "namespace");
  copy({meta_label("service_name")}, "service", "service");
  copy({meta_label("pod_name")}, "pod", "pod");
  copy({meta_label("pod_container_name")}, "container", "container");
}

void writer::chosen_labels() {
  auto copy_all = [&](value const &names, std::string_view from, std::string_view why) {
    for (auto const &one : names.items()) {
      copy_some(meta_label(from, one.text()), sanitized(one.text()), why);
    }
  };
  if (of_.of_services()) {
    copy_all(of_.spec()["targetLabels"], "service_label_", "targetLabels");
  }
  copy_all(of_.spec()["podTargetLabels"], "pod_label_", "podTargetLabels");
  copy_all(of_.prometheus_spec()["podTargetLabels"], "pod_label_",
           "podTargetLabels of the Prometheus object");
}

void writer::job(std::string_view what) {
  if (of_.of_services()) {
    copy({meta_label("service_name")}, "job", "job");
    replacement_of(rules_.back(), "${1}");
  } else {
    constant("job", of_.monitor.id.space + "/" + of_.monitor.id.name, "job");
  }
  if (auto const label = of_.spec()["jobLabel"].text(); !label.empty()) {
    copy_some(meta_label(std::string(what) + "_label_", label), "job", "jobLabel");
  }
}

void writer::endpoint_label(value const &endpoint) {
  if (auto const name = endpoint["port"].text(); !name.empty()) {
    constant("endpoint", std::string(name), "endpoint");
  } else if (auto const target = endpoint["targetPort"].text(); !target.empty()) {
    constant("endpoint", std::string(target), "endpoint");
  }
}

void writer::scrape_class(std::string_view field) {
  user(of_.scrape_class[field],
       "scrape class " + text_of(of_.scrape_class["name"]) + ": " + std::string(field));
}

bool excluded(operator_context const &of) {
  std::string_view const resource = of.of_services() ? "servicemonitors" : "podmonitors";
  for (auto const &one : of.prometheus_spec()["excludedFromEnforcement"].items()) {
    auto const name = one["name"].text();
    if (one["group"].text_or("monitoring.coreos.com") == "monitoring.coreos.com" &&
        one["resource"].text() == resource && one["namespace"].text() == of.monitor.id.space &&
        (name.empty() || name == of.monitor.id.name)) {
      return true;
    }
  }
  return false;
}

void writer::enforced_namespace() {
  auto const label = of_.prometheus_spec()["enforcedNamespaceLabel"].text();
  if (!label.empty() && !excluded(of_)) {
    constant(std::string(label), of_.monitor.id.space, "enforcedNamespaceLabel");
  }
}

void writer::sharding() {
  auto rule = [&](std::vector<std::string> from, std::string regex, std::string action) {
    filter(std::move(action), std::move(from), std::move(regex), "sharding");
    return &rules_.back();
  };
  auto fill = [&](std::vector<std::string> from, std::string regex, std::string to) {
    auto *made = rule(std::move(from), std::move(regex), "replace");
    made->target_label = std::move(to);
    replacement_of(*made, "$1");
  };
  auto const &shared = of_.shared_out;
  if (shared.knows_inactive) {
    constant("__tmp_current_shard", "$(SHARD)", "sharding");
    rules_.back().written.action = true;
    std::string active;
    for (std::int64_t i = 0; i < shared.shards; ++i) {
      active += (i == 0 ? "" : "|") + std::to_string(i);
    }
    rule({"__tmp_current_shard"}, active, "keep");
  }
  bool const zones = !shared.zones.empty();
  if (zones) {
    fill({meta_label("endpointslice_endpoint_zone"), zone_label}, "(.+);", zone_label);
    std::string const label = "topology_kubernetes_io_zone";
    fill({meta_label("node_label_" + label), meta_label("node_labelpresent_" + label), zone_label},
         "(.+);true;", zone_label);
    rule({zone_label, no_shards_label}, "$(TOPOLOGY_ZONE);|.+;.+", "keep");
  }
  fill({"__address__", hash_label}, "(.+);", hash_label);
  auto &hashed = add("sharding");
  hashed.source_labels = {hash_label};
  hashed.target_label = hash_label;
  hashed.modulus = static_cast<std::uint64_t>(shared.modulus());
  hashed.action = "hashmod";
  hashed.written.action = true;
  rule({hash_label, no_shards_label}, zones ? "$(INZONE_SHARD);|.+;.+" : "$(SHARD);|.+;.+", "keep");
}

bool by_daemon_set(operator_context const &of) {
  return of.prometheus.id.kind == "PrometheusAgent" &&
         of.prometheus_spec()["mode"].text() == "DaemonSet";
}

}  // namespace

relabel_rule written_rule(value const &from, std::string origin) {
  relabel_rule rule;
  rule.origin = std::move(origin);
  for (auto const &one : from["sourceLabels"].items()) {
    rule.source_labels.emplace_back(one.text());
  }
  auto set = [&](char const *key, std::string &to, bool &written, bool even_empty) {
    auto const &held = from[key];
    written = !held.is_null() && (even_empty || !held.text().empty());
    if (written) {
      to = text_of(held);
    }
  };
  set("separator", rule.separator, rule.written.separator, true);
  set("regex", rule.regex, rule.written.regex, false);
  set("replacement", rule.replacement, rule.written.replacement, true);
  set("action", rule.action, rule.written.action, false);
  std::transform(rule.action.begin(), rule.action.end(), rule.action.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  rule.target_label = text_of(from["targetLabel"]);
  rule.modulus =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, from["modulus"].integer().value_or(0)));
  return rule;
}

std::string why_operator_refuses(relabel_rule const &of, value const &written,
                                 version_number const &prometheus,
                                 version_number const &operator_version) {
  bool const cases = of.action == "lowercase" || of.action == "uppercase";
  bool const equals = of.action == "keepequal" || of.action == "dropequal";
  if (cases && prometheus < version_number{2, 36, 0}) {
    return of.action + " needs Prometheus 2.36";
  }
  if (equals && prometheus < version_number{2, 41, 0}) {
    return of.action + " needs Prometheus 2.41";
  }
  auto const names =
      prometheus < version_number{3, 0, 0} ? label_scheme::legacy : label_scheme::utf8;
  auto as_checked = of;
  as_checked.written.regex = false;  // the default may be written, for the operator
  if (equals && of.regex != "(.*)") {
    as_checked.written.regex = true;
  }
  // Templates are names like others to its check, where Prometheus knows better.
  if (of.action == "replace" && !of.target_label.empty() &&
      !valid_label_name(of.target_label, names)) {
    return '"' + of.target_label + "\" is no valid target label for replace";
  }
  if (of.action == "labelmap" && is_set(written["replacement"]) &&
      operator_version < version_number{0, 90, 0} && !valid_label_name(of.replacement, names)) {
    return '"' + of.replacement + "\" is no valid replacement for labelmap";
  }
  auto why = why_not_loaded(as_checked, names);
  return why.starts_with("unknown action") ? std::string() : why;  // it does not look
}

std::vector<relabel_rule> target_rules(operator_context const &of, value const &endpoint,
                                       std::size_t index, sd_role role) {
  auto const what = of.of_services() ? "service" : "pod";
  bool const running = endpoint["filterRunning"].boolean_or(true);
  writer to(of);
  to.copy({"job"}, "__tmp_prometheus_job_name", "job");
  if (!of.of_services() && running) {
    to.running();
  }
  to.selection(what);
  to.port(endpoint, role);
  to.identity(role);
  if (of.of_services() && running) {
    to.running();
  }
  to.chosen_labels();
  to.job(what);
  to.endpoint_label(endpoint);
  to.scrape_class("relabelings");
  to.user(endpoint["relabelings"], of.endpoint_field(index) + ".relabelings");
  to.enforced_namespace();
  if (of.of_services() || !by_daemon_set(of)) {
    to.sharding();
  }
  return to.take();
}

std::vector<relabel_rule> metric_rules(operator_context const &of, value const &endpoint,
                                       std::size_t index) {
  writer to(of);
  to.scrape_class("metricRelabelings");
  to.user(endpoint["metricRelabelings"], of.endpoint_field(index) + ".metricRelabelings");
  to.enforced_namespace();
  return to.take();
}

}  // namespace loopcheck
