// SPDX-License-Identifier: Apache-2.0
#include "live_target.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "mend.hpp"
#include "near_miss.hpp"
#include "scrape_error.hpp"

namespace loopcheck {
namespace {

// The Service's targetPort, where it is a number that no container declares and there is one port
// that is.
std::optional<patch> declared_port(chain const &of, scrape_job const &job) {
  auto const asked = of.endpoints()[job.endpoint]["port"].text();
  std::vector<port_of> declared;
  for (auto const *const pod : of.pods) {
    for (auto &each : container_ports(*pod)) {
      auto const same = [&](auto const &one) { return one.number == each.number; };
      if (std::none_of(declared.begin(), declared.end(), same)) declared.push_back(std::move(each));
    }
  }
  if (declared.size() != 1) return std::nullopt;
  for (auto const *const service : of.services) {
    for (auto const &port : service->spec()["ports"].items()) {
      auto const leads_to = port["targetPort"].integer();
      if (port["name"].text() != asked || !leads_to || *leads_to == declared.front().number)
        continue;
      auto const &right = declared.front();
      auto const target = right.name.empty() ? value(right.number) : value(right.name);
      return patch{
          service->id,
          at_spec("ports",
                  value::list({value::map({{"port", port["port"]}, {"targetPort", target}})}))};
    }
  }
  return std::nullopt;
}

// What of the monitor mends it, where the words of the failure tell.
void propose(finding &to, scrape_failure const &failure, chain const &of, scrape_job const &job) {
  auto const field = row_of(failure.cause).limit_field;
  if (!field.empty() && of.monitor->spec().has(field)) {
    to.field = std::string("spec.").append(field);
    // Targets are counted to the end; of a scrape only what passed the limit first is known, so
    // that its limit goes.
    bool const whole = failure.cause == scrape_cause::target_limit && failure.count;
    auto const wanted = whole ? value(*failure.count) : value();
    to.change = patch{of.monitor->id, at_spec(std::string(field), wanted)};
    return;
  }
  bool const is_https = job.scheme == "https";
  switch (failure.cause) {
    case scrape_cause::plain_http_to_tls:
    case scrape_cause::tls_to_plain_http:
      to.field += ".scheme";
      to.change =
          endpoint_field_patch(of, job.endpoint, "scheme", value(is_https ? "http" : "https"));
      return;
    case scrape_cause::refused:
      to.change = declared_port(of, job);
      return;
    case scrape_cause::content_type_missing:
    case scrape_cause::content_type:
      if (job.path == "/metrics") {
        to.field = "spec.fallbackScrapeProtocol";
        to.change =
            patch{of.monitor->id, at_spec("fallbackScrapeProtocol", value("PrometheusText0.0.4"))};
        return;
      }
      [[fallthrough]];
    case scrape_cause::not_found:
    case scrape_cause::html_page:
    case scrape_cause::invalid_exposition:
      if (job.path == "/metrics") return;
      to.field += ".path";
      to.change = endpoint_field_patch(of, job.endpoint, "path", {});
      return;
    default:
      return;
  }
}

// Go puts the URL into its words.
std::string words_of(live_target const &one) {
  auto words = one.last_error;
  auto const shown = without_query(one.url);
  for (auto at = words.find(one.url); at != std::string::npos && shown != one.url;
       at = words.find(one.url, at + shown.size()))
    words.replace(at, one.url.size(), shown);
  return words;
}

finding down(chain const &of, scrape_job const &job, live_target const &one, std::size_t count,
             std::size_t all) {
  auto const failure = read_scrape_error(one.last_error, one.url);
  auto made = make_finding(row_of(failure.cause).code, *of.monitor, job.endpoint_field);
  made.found = failure.words + (failure.likely ? " (likely)" : "") + "; " + std::to_string(count) +
               " of " + std::to_string(all) + " targets, such as " + without_query(one.url) + ": " +
               words_of(one);
  made.expected = "health up";
  made.fix = failure.fix;
  propose(made, failure, of, job);
  return made;
}

// Both directions: "pod: demo-0 instead of demo-1".
std::string differences(labels const &predicted, labels const &seen) {
  std::string made;
  auto const add = [&](std::string const &name, std::string const &here, std::string const &there) {
    made.append(made.empty() ? "" : ", ").append(name).append("=\"").append(here);
    made.append("\" instead of \"").append(there).append("\"");
  };
  for (auto const &[name, held] : predicted) {
    auto const at = seen.find(name);
    if (at == seen.end() || at->second != held) add(name, at == seen.end() ? "" : at->second, held);
  }
  for (auto const &[name, held] : seen)
    if (!predicted.contains(name)) add(name, held, "");
  return made;
}

// RFC 3339 in UTC, as the API server writes it.
std::optional<std::chrono::sys_seconds> time_of(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ", &year, &month, &day, &hour,
                  &minute, &second) != 6)
    return std::nullopt;
  std::chrono::year_month_day const date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// Made or ending just now: objects and targets were not read at the same moment.
bool is_on_its_way(target const &of, inventory const &all) {
  constexpr std::chrono::seconds young{60};
  auto const *const pod = all.find(of.pod);
  if (pod == nullptr) return false;
  auto const &metadata = (*pod)["metadata"];
  if (!metadata["deletionTimestamp"].is_null()) return true;
  auto const made = time_of(metadata["creationTimestamp"].text());
  return made && std::chrono::system_clock::now() < *made + young;
}

void check_absent(chain const &of, scrape_job const &job, std::vector<target const *> const &absent,
                  std::size_t all, observed_prometheus const &seen, context const &known,
                  findings &made) {
  if (absent.empty()) return;
  auto const &first = *absent.front();
  for (auto const &each : of_pool(*seen.targets, job.name)) {
    if (each.worst.url != first.url) continue;
    auto found = make_finding("LC0702", *of.monitor, job.endpoint_field);
    found.found = without_query(first.url) + " with " + differences(first.final, each.worst.final);
    found.expected = "the predicted labels";
    found.fix = "wait a minute, if it was changed just now; else please report it";
    made.push_back(std::move(found));
    return;
  }
  auto found = make_finding("LC0701", *of.monitor, job.endpoint_field);
  found.found = std::to_string(absent.size()) + " of " + std::to_string(all) +
                " targets are not there, such as " + without_query(first.url);
  found.expected = "a target for each Pod";
  found.fix =
      "wait half a minute; then look at prometheus_sd_kubernetes_failures_total and at "
      "the log of Prometheus";
  // Some shard that would have them may be the one that said nothing.
  if (!seen.not_answered.empty()) {
    found.severity = severity::undecided;
    found.found += "; not asked: " + seen.not_answered.front();
  } else if (std::all_of(absent.begin(), absent.end(),
                         [&](auto const *each) { return is_on_its_way(*each, known.all); })) {
    found.severity = severity::undecided;
    found.found += "; its Pod comes or goes just now";
  }
  made.push_back(std::move(found));
}

void cannot_tell(chain const &of, scrape_job const &job, observed_prometheus const &seen,
                 findings &made) {
  auto found = make_finding("LC0708", *of.monitor, job.endpoint_field);
  found.found = seen.not_answered.empty() ? "no Pod of " + seen.id.text() + " to ask"
                                          : seen.not_answered.front();
  found.expected = "the targets of " + seen.id.text();
  found.fix = "if it is a right: allow `get` of pods/proxy in namespace " + seen.id.space +
              ", or give --prometheus-url";
  made.push_back(std::move(found));
}

// Services and Pods are there and make no target, and no rule drops one: their addresses are
// missing.
void check_none(chain const &of, scrape_job const &job, context const &known, findings &made) {
  if (of.pods.empty()) return;
  auto found = make_finding("LC0701", *of.monitor, job.endpoint_field);
  found.found = "no target of " + std::to_string(of.pods.size()) + " Pods";
  found.expected = "a target for each Pod";
  found.fix = "look at the links before this one, and at the addresses of the Service";
  auto const addresses = job.role == sd_role::endpoints ? "Endpoints" : "EndpointSlice";
  for (std::string_view const kind : {"Pod", "Service", addresses}) {
    if (job.role == sd_role::pod && kind != "Pod") continue;
    if (known.all.known(kind) == inventory::knowledge::complete) continue;
    found.severity = severity::undecided;
    found.found.append("; not all of kind ").append(kind).append(" could be read: ");
    found.found.append(known.all.why_unknown(kind));
    break;
  }
  made.push_back(std::move(found));
}

bool lacks_the_pool(scrape_job const &job, observed_prometheus const &seen) {
  return std::any_of(seen.servers.begin(), seen.servers.end(), [&](auto const &each) {
    return each.pools && !each.pools->contains(job.name);
  });
}

struct by_health {
  std::map<scrape_cause, std::vector<live_target const *>> down;
  std::size_t waiting = 0;
  std::string waiting_url;
};

}  // namespace

void check_seen(chain const &of, scrape_job const &job,
                std::vector<target const *> const &predicted, bool any_dropped,
                context const &known, findings &made) {
  auto const *const seen = known.seen_of(job.prometheus);
  if (seen == nullptr) return;
  if (predicted.empty()) {
    if (!any_dropped) check_none(of, job, known, made);
    return;
  }
  if (!seen->targets) {
    cannot_tell(of, job, *seen, made);
    return;
  }
  if (lacks_the_pool(job, *seen)) return;
  std::vector<target const *> absent;
  by_health health;
  for (auto const *const each : predicted) {
    auto const *const there = find_target(*seen->targets, job.name, each->final);
    if (there == nullptr) {
      absent.push_back(each);
      continue;
    }
    auto const &worst = there->worst;
    if (worst.health == "down") {
      health.down[read_scrape_error(worst.last_error, worst.url).cause].push_back(&worst);
    } else if (worst.health != "up") {
      ++health.waiting;
      health.waiting_url = worst.url;
    }
  }
  check_absent(of, job, absent, predicted.size(), *seen, known, made);
  for (auto const &[cause, targets] : health.down)
    made.push_back(down(of, job, *targets.front(), targets.size(), predicted.size()));
  if (health.waiting == 0) return;
  auto found = make_finding("LC0703", *of.monitor, job.endpoint_field);
  found.found = std::to_string(health.waiting) + " of " + std::to_string(predicted.size()) +
                " targets, such as " + without_query(health.waiting_url);
  found.expected = "a scrape";
  found.fix = "wait an interval: " + job.effective_interval();
  made.push_back(std::move(found));
}

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, url.find('?')));
}

bool is_up(chain const &of, context const &known) {
  std::size_t up = 0;
  for (auto const *const each : of.targets) {
    if (!each->active()) continue;
    auto const *const seen = known.seen_of(each->prometheus);
    if (seen == nullptr || !seen->targets) return false;
    auto const *const there = find_target(*seen->targets, each->pool, each->final);
    if (there == nullptr || there->worst.health != "up") return false;
    ++up;
  }
  return up > 0;
}

}  // namespace loopcheck
