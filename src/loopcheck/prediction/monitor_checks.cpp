// SPDX-License-Identifier: Apache-2.0
// What the operator refuses of a monitor or of a Prometheus object, and what it takes although
// Prometheus will not load it.
#include <set>

#include "duration.hpp"
#include "go_regex.hpp"
#include "operator_context.hpp"
#include "selector.hpp"

namespace loopcheck {

namespace {

std::string text_of(value const &of) {
  return std::string(of.text());
}

/// A timeout is compared with the interval that counts for it.
std::string why_not_timeout(std::string_view timeout, std::string_view interval) {
  auto const longest = parse_duration(interval);
  auto const wanted = parse_duration(timeout);
  if (!longest) {
    return '"' + std::string(interval) + "\" is no duration";
  }
  if (!wanted) {
    return '"' + std::string(timeout) + "\" is no duration";
  }
  if (*wanted > *longest) {
    return std::string(timeout) + " is longer than the scrape interval, " + std::string(interval);
  }
  return {};
}

void check_rules(operator_context const &of, value const &rules, std::string const &field,
                 rejections &found) {
  for (std::size_t i = 0; i < rules.items().size(); ++i) {
    auto const &written = rules.items()[i];
    auto why =
        why_operator_refuses(written_rule(written, {}), written, of.version, of.operator_version);
    if (!why.empty()) {
      found.push_back({field + "[" + std::to_string(i) + "]", std::move(why)});
    }
  }
}

void check_endpoint(operator_context const &of, value const &endpoint, std::string const &field,
                    rejections &found) {
  check_http_client(of, endpoint, field, found);
  if (auto const timeout = endpoint["scrapeTimeout"].text(); !timeout.empty()) {
    auto interval = text_of(endpoint["interval"]);
    if (interval.empty()) {
      interval = of.prometheus_spec()["scrapeInterval"].text_or("30s");
    }
    if (auto why = why_not_timeout(timeout, interval); !why.empty()) {
      found.push_back({field + ".scrapeTimeout", std::move(why)});
    }
  }
  check_rules(of, endpoint["relabelings"], field + ".relabelings", found);
  check_rules(of, endpoint["metricRelabelings"], field + ".metricRelabelings", found);
}

bool knows_scrape_class(operator_context const &of, std::string_view name) {
  for (auto const &one : of.prometheus_spec()["scrapeClasses"].items()) {
    if (one["name"].text() == name) {
      return true;
    }
  }
  return false;
}

}  // namespace

void check_monitor(operator_context const &of, rejections &found) {
  try {
    selector::from(of.spec()["selector"]);
  } catch (selector_error const &error) {
    found.push_back({"spec.selector", error.what()});
  }
  if (of.spec()["selectorMechanism"].text() == "RoleSelector" && !of.since(2, 17)) {
    found.push_back({"spec.selectorMechanism", "RoleSelector needs Prometheus 2.17"});
  }
  auto const endpoints = of.spec()[of.endpoints_key()].items();
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    check_endpoint(of, endpoints[i], of.endpoint_field(i), found);
  }
  if (auto const name = of.spec()["scrapeClass"].text();
      !name.empty() && !knows_scrape_class(of, name)) {
    found.push_back({"spec.scrapeClass",
                     "the Prometheus object has no scrape class \"" + std::string(name) + '"'});
  }
}

namespace {

void check_scrape_class(value const &one, std::string const &field, version_number const &version,
                        version_number const &operator_version, rejections &found) {
  auto refuse = [&](std::string at, std::string why) {
    if (!why.empty()) {
      found.push_back({field + "." + std::move(at), std::move(why)});
    }
  };
  for (char const *list : {"relabelings", "metricRelabelings"}) {
    auto const rules = one[list].items();
    for (std::size_t i = 0; i < rules.size(); ++i) {
      refuse(std::string(list) + "[" + std::to_string(i) + "]",
             why_operator_refuses(written_rule(rules[i], {}), rules[i], version, operator_version));
    }
  }
  refuse("tlsConfig", why_not_tls(one["tlsConfig"], true));
  auto const &login = one["authorization"];
  if (is_set(login["credentials"]) && !login["credentialsFile"].text().empty()) {
    refuse("authorization", "credentials and credentialsFile exclude each other");
  }
  if (lower_case(login["type"].text()) == "basic") {
    refuse("authorization.type", "a scrape class cannot have a Basic login");
  }
}

}  // namespace

void check_prometheus(object const &prometheus, version_number const &operator_version,
                      std::optional<version_number> const &version, rejections &found) {
  auto const before = found.size();
  auto const &spec = prometheus.spec();
  if (!version || (version->major != 2 && version->major != 3)) {
    found.push_back(
        {"spec.version", "the operator knows no Prometheus \"" + text_of(spec["version"]) + '"'});
  } else {
    bool has_default = false;
    auto const classes = spec["scrapeClasses"].items();
    for (std::size_t i = 0; i < classes.size(); ++i) {
      auto const field = "spec.scrapeClasses[" + std::to_string(i) + "]";
      check_scrape_class(classes[i], field, *version, operator_version, found);
      if (classes[i]["default"].boolean_or(false)) {
        if (has_default) {
          found.push_back({field + ".default", "a second default"});
        }
        has_default = true;
      }
    }
  }
  if (auto const timeout = spec["scrapeTimeout"].text(); !timeout.empty()) {
    if (auto why = why_not_timeout(timeout, spec["scrapeInterval"].text_or("30s")); !why.empty()) {
      found.push_back({"spec.scrapeTimeout", std::move(why)});
    }
  }
  for (auto i = before; i < found.size(); ++i) {
    found[i].loads = false;
    found[i].of = prometheus.id;
  }
}

namespace {

/// Where a rule of a job came from: the user's field, or the field that the operator made it of.
std::string field_of(relabel_rule const &rule, scrape_job const &job) {
  constexpr std::string_view by_operator = "the operator: ";
  if (!rule.origin.starts_with(by_operator)) {
    return rule.origin;
  }
  auto const what = rule.origin.substr(by_operator.size());
  bool const of_endpoint = what == "port" || what == "targetPort" || what == "portNumber";
  return of_endpoint ? job.endpoint_field + "." + what : "spec." + what;
}

void check_rules_load(std::vector<relabel_rule> const &rules, scrape_job const &job,
                      rejections &found) {
  for (auto const &rule : rules) {
    if (rule.origin == sharding_origin) {
      continue;  // they stand until the reloader has put the shard's number there
    }
    if (auto why = why_not_loaded(rule, job.global.names); !why.empty()) {
      found.push_back({field_of(rule, job), std::move(why), false, {}});
    }
  }
}

bool known_protocol(std::string_view name) {
  for (char const *one : {"PrometheusProto", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0",
                          "PrometheusText0.0.4", "PrometheusText1.0.0"}) {
    if (name == one) {
      return true;
    }
  }
  return false;
}

void check_protocols(scrape_job const &job, bool written, rejections &found) {
  auto refuse = [&](std::string why) {
    found.push_back({"spec.scrapeProtocols", std::move(why), false, {}});
  };
  std::set<std::string> seen;
  for (auto const &one : job.scrape_protocols) {
    if (!known_protocol(one)) {
      refuse("Prometheus does not know \"" + one + '"');
    } else if (!seen.insert(one).second) {
      refuse(one + " twice");
    }
  }
  if (written && job.scrape_protocols.empty()) {
    refuse("none of them is known to Prometheus " + job.prometheus_version.text());
  }
  if (!job.fallback_scrape_protocol.empty() && !known_protocol(job.fallback_scrape_protocol)) {
    found.push_back({"spec.fallbackScrapeProtocol",
                     "Prometheus does not know \"" + job.fallback_scrape_protocol + '"',
                     false,
                     {}});
  }
}

void check_durations(scrape_job const &job, rejections &found) {
  auto check = [&](std::string const &text, char const *field) {
    bool const bad = !text.empty() && !parse_duration(text);
    if (bad) {
      found.push_back({job.endpoint_field + field, '"' + text + "\" is no duration", false, {}});
    }
    return !bad;
  };
  if (!check(job.interval, ".interval") || !check(job.timeout, ".scrapeTimeout") ||
      job.timeout.empty()) {
    return;
  }
  auto const interval = parse_duration(job.effective_interval());
  auto const timeout = parse_duration(job.timeout);
  if (interval && timeout && *timeout > *interval) {
    found.push_back({job.endpoint_field + ".scrapeTimeout",
                     job.timeout + " is longer than the scrape interval",
                     false,
                     {}});
  }
}

}  // namespace

void check_loading(scrape_job const &job, rejections &found) {
  check_rules_load(job.relabel_rules, job, found);
  check_rules_load(job.metric_relabel_rules, job, found);
  check_protocols(job, job.written.scrape_protocols, found);
  check_durations(job, found);
  check_http_loading(job.authorization, job.endpoint_field, found);
}

}  // namespace loopcheck
