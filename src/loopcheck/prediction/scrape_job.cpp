// SPDX-License-Identifier: Apache-2.0
#include "scrape_job.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "duration.hpp"
#include "operator_context.hpp"
#include "selector.hpp"

namespace loopcheck {

namespace {

using limit = std::optional<std::int64_t>;

std::string text_of(value const &of) {
  return std::string(of.text());
}

/// A limit of the monitor against the enforced one, 0 and absent being none. Since 2.45 what is
/// enforced stands in `global` and need not be repeated.
limit lower_limit(limit own, limit enforced, bool in_global) {
  auto const most = enforced.value_or(0);
  auto const asked = own.value_or(0);
  if (most == 0) {
    return own;
  }
  if (asked == 0) {
    return in_global ? std::nullopt : enforced;
  }
  return std::min(asked, most);
}

/// Bytes of "10MB": powers of two, as the operator and Prometheus read them.
double bytes_of(std::string_view text) {
  double sum = 0;
  while (!text.empty()) {
    double count = 0;
    auto const [after, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc()) {
      return 0;
    }
    text.remove_prefix(static_cast<std::size_t>(after - text.data()));
    auto const unit = text.substr(0, text.find_first_of("0123456789"));
    constexpr std::string_view prefixes = "KMGTPE";
    auto const power = unit.empty() ? std::string_view::npos : prefixes.find(unit.front());
    sum += count * (power == std::string_view::npos
                        ? 1
                        : std::exp2(10.0 * (1.0 + static_cast<double>(power))));
    text.remove_prefix(unit.size());
  }
  return sum;
}

std::string lower_size(std::string const &own, std::string const &enforced) {
  if (enforced.empty() || own.empty()) {
    return own.empty() ? enforced : own;
  }
  return bytes_of(own) > bytes_of(enforced) ? enforced : own;
}

/// As the API's number type prints: "1.1" of "1100m".
std::string quantity_text(std::string const &text) {
  double number = 0;
  auto const [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view const unit(after, static_cast<std::size_t>(text.data() + text.size() - after));
  constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}}};
  for (auto const &[name, factor] : units) {
    if (unit == name) {
      number *= factor;
    }
  }
  std::array<char, 32> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return error == std::errc() ? std::string(digits.data(), end) : text;
}

value const &scrape_class_of(object const &monitor, object const &prometheus) {
  static value const none;
  auto const asked = monitor.spec()["scrapeClass"].text();
  auto const classes = prometheus.spec()["scrapeClasses"].items();
  value const *found = &none;
  for (auto const &one : classes) {
    if (!asked.empty() && one["name"].text() == asked) {
      return one;
    }
    if (one["default"].boolean_or(false)) {
      found = &one;
    }
  }
  return *found;
}

scrape_global global_of(operator_context const &of) {
  auto const &spec = of.prometheus_spec();
  scrape_global result;
  result.interval = spec["scrapeInterval"].text_or("30s");
  result.timeout = text_of(spec["scrapeTimeout"]);
  bool const limits = of.since(2, 45);
  auto pick = [&](char const *own, char const *enforced) {
    auto const asked = spec[own].integer();
    auto const most = spec[enforced].integer();
    auto const chosen = !most || *most == 0    ? asked
                        : asked && *asked != 0 ? limit(std::min(*asked, *most))
                                               : most;
    return limits ? chosen : std::nullopt;
  };
  result.sample_limit = pick("sampleLimit", "enforcedSampleLimit");
  result.target_limit = pick("targetLimit", "enforcedTargetLimit");
  result.label_limit = pick("labelLimit", "enforcedLabelLimit");
  result.label_name_length_limit = pick("labelNameLengthLimit", "enforcedLabelNameLengthLimit");
  result.label_value_length_limit = pick("labelValueLengthLimit", "enforcedLabelValueLengthLimit");
  if (of.since(2, 47)) {
    result.keep_dropped_targets = pick("keepDroppedTargets", "enforcedKeepDroppedTargets");
  }
  if (limits) {
    result.body_size_limit = is_set(spec["bodySizeLimit"]) ? text_of(spec["bodySizeLimit"])
                                                           : text_of(spec["enforcedBodySizeLimit"]);
  }
  for (auto const &one : spec["scrapeProtocols"].items()) {
    if (of.since(2, 49) && (one.text() != "PrometheusText1.0.0" || of.since(3, 0, -1))) {
      result.scrape_protocols.push_back(text_of(one));
    }
  }
  auto flag = [&](char const *name, bool known) {
    return known ? optional_bool(spec[name]) : std::nullopt;
  };
  result.convert_classic_histograms_to_nhcb =
      flag("convertClassicHistogramsToNHCB", of.since(3, 4));
  result.scrape_classic_histograms = flag("scrapeClassicHistograms", of.since(3, 5));
  result.scrape_native_histograms = flag("scrapeNativeHistograms", of.since(3, 8));
  bool const legacy = !of.since(3, 0) || spec["nameValidationScheme"].text() == "Legacy";
  result.names = legacy ? label_scheme::legacy : label_scheme::utf8;
  return result;
}

/// Those fields that stand on the monitor's spec.
void add_spec(operator_context const &of, scrape_job &job) {
  auto const &own = of.spec();
  auto const &enforced = of.prometheus_spec();
  auto pick = [&](bool known, char const *name, char const *most) {
    auto const chosen = lower_limit(own[name].integer(), enforced[most].integer(), of.since(2, 45));
    return known ? chosen : std::nullopt;
  };
  job.sample_limit = pick(true, "sampleLimit", "enforcedSampleLimit");
  job.target_limit = pick(of.since(2, 21), "targetLimit", "enforcedTargetLimit");
  job.label_limit = pick(of.since(2, 27), "labelLimit", "enforcedLabelLimit");
  job.label_name_length_limit =
      pick(of.since(2, 27), "labelNameLengthLimit", "enforcedLabelNameLengthLimit");
  job.label_value_length_limit =
      pick(of.since(2, 27), "labelValueLengthLimit", "enforcedLabelValueLengthLimit");
  job.keep_dropped_targets =
      pick(of.since(2, 47), "keepDroppedTargets", "enforcedKeepDroppedTargets");
  if (of.since(2, 28)) {
    job.body_size_limit =
        lower_size(text_of(own["bodySizeLimit"]), text_of(enforced["enforcedBodySizeLimit"]));
  }
  auto flag = [&](char const *name, bool known) {
    return known ? optional_bool(own[name]) : std::nullopt;
  };
  job.scrape_native_histograms = flag("scrapeNativeHistograms", of.since(3, 8));
  job.scrape_classic_histograms = flag("scrapeClassicHistograms", of.since(2, 45));
  job.convert_classic_histograms_to_nhcb = flag("convertClassicHistogramsToNHCB", of.since(3, 0));
  if (of.since(2, 45)) {
    job.native_histogram_bucket_limit = own["nativeHistogramBucketLimit"].integer();
  }
  if (auto const &factor = own["nativeHistogramMinBucketFactor"];
      is_set(factor) && of.since(2, 50)) {
    job.native_histogram_min_bucket_factor = quantity_text(text_of(factor));
  }
  auto const protocols = own["scrapeProtocols"].items();
  job.written.scrape_protocols = !protocols.empty() && of.since(2, 49);
  for (auto const &one : protocols) {
    if (of.since(2, 49) && (one.text() != "PrometheusText1.0.0" || of.since(3, 0, -1))) {
      job.scrape_protocols.push_back(text_of(one));
    }
  }
  if (of.since(3, 0)) {
    auto const &fallback = own["fallbackScrapeProtocol"];
    job.fallback_scrape_protocol =
        text_of(is_set(fallback) ? fallback : of.scrape_class["fallbackScrapeProtocol"]);
  }
}

sharding sharding_of(object const &prometheus, version_number const &operator_version) {
  constexpr version_number gates_open{0, 92, 0};
  auto const &spec = prometheus.spec();
  sharding result;
  result.shards = std::max<std::int64_t>(1, spec["shards"].integer().value_or(1));
  result.knows_inactive = operator_version >= gates_open && prometheus.id.kind == "Prometheus";
  auto const &strategy = spec["shardingStrategy"];
  if (operator_version >= gates_open && strategy["mode"].text() == "Topology") {
    for (auto const &one : strategy["topology"]["values"].items()) {
      result.zones.push_back(text_of(one));
    }
  }
  return result;
}

sd_role role_of(operator_context const &of) {
  if (!of.of_services()) {
    return sd_role::pod;
  }
  auto const &own = of.spec()["serviceDiscoveryRole"];
  auto const &asked = is_set(own) ? own : of.prometheus_spec()["serviceDiscoveryRole"];
  return asked.text() == "EndpointSlice" && of.since(2, 21) ? sd_role::endpointslice
                                                            : sd_role::endpoints;
}

void add_namespaces(operator_context const &of, scrape_job &job) {
  auto const &selector = of.spec()["namespaceSelector"];
  auto const names = selector["matchNames"].items();
  bool const ignored = of.prometheus_spec()["ignoreNamespaceSelectors"].boolean_or(false);
  if (!ignored && selector["any"].boolean_or(false)) {
    job.all_namespaces = true;
  } else if (ignored || names.empty()) {
    job.namespaces = {of.monitor.id.space};
  } else {
    for (auto const &one : names) {
      job.namespaces.push_back(text_of(one));
    }
  }
}

void add_discovery(operator_context const &of, scrape_job &job) {
  job.role = role_of(of);
  add_namespaces(of, job);
  job.api_server = api_server(of);
  auto const &own = of.spec()["attachMetadata"];
  auto const &attach = is_set(own) ? own : of.scrape_class["attachMetadata"];
  bool const known = of.of_services() ? of.since(2, 37) : of.since(2, 35);
  bool const for_zones = !of.shared_out.zones.empty();  // they are read from the Node
  job.written.attach_metadata = known && (is_set(attach) || for_zones);
  job.attach_node = known && (attach["node"].boolean_or(false) || for_zones);
  if (!of.of_services() && of.prometheus.id.kind == "PrometheusAgent" &&
      of.prometheus_spec()["mode"].text() == "DaemonSet") {
    job.selectors.push_back({"pod", {}, "spec.nodeName=$(NODE_NAME)"});
  }
  if (of.spec()["selectorMechanism"].text_or("RelabelConfig") == "RelabelConfig") {
    return;
  }
  try {
    auto const label = selector::from(of.spec()["selector"]).text();
    job.selectors.push_back({std::string(text(job.role)), label, {}});
    if (of.of_services()) {
      job.selectors.push_back({"service", label, {}});
    }
  } catch (selector_error const &) {
    // Rejected already.
  }
}

void add_endpoint(operator_context const &of, value const &endpoint, scrape_job &job) {
  job.interval = text_of(endpoint["interval"]);
  job.timeout = text_of(endpoint["scrapeTimeout"]);
  if (auto const path = endpoint["path"].text(); !path.empty()) {
    job.path = path;
    job.written.path = true;
  }
  if (auto const &scheme = endpoint["scheme"]; is_set(scheme)) {
    job.scheme = text_of(scheme);
    std::transform(job.scheme.begin(), job.scheme.end(), job.scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    job.written.scheme = true;
  }
  job.written.params = is_set(endpoint["params"]);
  for (auto const &one : endpoint["params"].entries()) {
    auto &texts = job.params.emplace_back(one.key, std::vector<std::string>()).second;
    for (auto const &text : one.held.items()) {
      texts.push_back(text_of(text));
    }
  }
  auto const &ruler = of.prometheus_spec();
  job.honor_labels =
      endpoint["honorLabels"].boolean_or(false) && !ruler["overrideHonorLabels"].boolean_or(false);
  bool const no_timestamps = ruler["overrideHonorTimestamps"].boolean_or(false);
  if (auto const own = optional_bool(endpoint["honorTimestamps"]);
      (own || no_timestamps) && of.since(2, 9)) {
    job.honor_timestamps = own.value_or(false) && !no_timestamps;
  }
  auto flag = [&](char const *name, bool known) {
    return known ? optional_bool(endpoint[name]) : std::nullopt;
  };
  job.track_timestamps_staleness = flag("trackTimestampsStaleness", of.since(2, 48));
  job.follow_redirects = flag("followRedirects", of.since(2, 26));
  job.enable_http2 = flag("enableHttp2", of.since(2, 35));
  job.authorization = http_client(of, endpoint);
}

}  // namespace

std::int64_t sharding::modulus() const noexcept {
  auto const count = static_cast<std::int64_t>(zones.size());
  return count == 0 ? shards : std::max<std::int64_t>(1, shards / count);
}

std::string_view text(sd_role of) noexcept {
  return of == sd_role::endpoints ? "endpoints" : of == sd_role::pod ? "pod" : "endpointslice";
}

bool generation::left_out() const noexcept {
  return std::any_of(rejected.begin(), rejected.end(), [](auto const &one) { return one.loads; });
}

std::string scrape_job::effective_interval() const {
  auto own = parse_duration(interval);
  if (!own || own->count() == 0) {
    own = parse_duration(global.interval);
  }
  constexpr std::chrono::minutes prometheus_default(1);
  return duration_text(own && own->count() != 0 ? *own : prometheus_default);
}

std::string scrape_job::effective_timeout() const {
  auto own = parse_duration(timeout);
  auto const longest = parse_duration(effective_interval()).value_or(std::chrono::minutes(1));
  if (!own || own->count() == 0) {
    own = parse_duration(global.timeout);
    if (!own || own->count() == 0) {
      constexpr std::chrono::seconds prometheus_default(10);
      auto const shared = parse_duration(global.interval).value_or(longest);
      own = std::min<std::chrono::milliseconds>(prometheus_default,
                                                shared.count() == 0 ? longest : shared);
    }
    own = std::min(*own, longest);
  }
  return duration_text(*own);
}

generation scrape_jobs(object const &monitor, object const &prometheus, inventory const &all,
                       version_number const &operator_version) {
  generation result;
  auto const version = prometheus_version(prometheus, operator_version);
  check_prometheus(prometheus, operator_version, version, result.rejected);
  operator_context const of{monitor,
                            prometheus,
                            all,
                            operator_version,
                            version.value_or(version_number{3, 0, 0}),
                            scrape_class_of(monitor, prometheus),
                            sharding_of(prometheus, operator_version)};
  check_monitor(of, result.rejected);
  if (!result.rejected.empty()) {
    return result;
  }
  auto const global = global_of(of);
  auto const endpoints = of.spec()[of.endpoints_key()].items();
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    auto &job = result.jobs.emplace_back();
    job.name = (of.of_services() ? "serviceMonitor/" : "podMonitor/") + monitor.id.space + "/" +
               monitor.id.name + "/" + std::to_string(i);
    job.monitor = monitor.id;
    job.prometheus = prometheus.id;
    job.endpoint = i;
    job.endpoint_field = of.endpoint_field(i);
    job.prometheus_version = of.version;
    job.discovery_version = of.version;
    job.shared_out = of.shared_out;
    job.global = global;
    add_discovery(of, job);
    add_endpoint(of, endpoints[i], job);
    add_spec(of, job);
    job.relabel_rules = target_rules(of, endpoints[i], i, job.role);
    job.metric_relabel_rules = metric_rules(of, endpoints[i], i);
    auto const before = result.rejected.size();
    check_loading(job, result.rejected);
    job.loads = result.rejected.size() == before;
  }
  return result;
}

}  // namespace loopcheck
