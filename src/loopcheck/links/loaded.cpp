// SPDX-License-Identifier: Apache-2.0
// Link 6: the API server, the Operator and Prometheus accept what is written, and have loaded it.
#include <string>

#include "links.hpp"

namespace loopcheck {
namespace {

void check_rejections(chain const &of, prediction::monitored const &seen, findings &made) {
  for (auto const &each : seen.generated.rejected) {
    bool const of_link_3 = each.field.find("scrapeTimeout") != std::string::npos ||
                           each.field.starts_with("spec.selector");
    if (of_link_3) continue;
    auto found = make_finding(each.loads ? "LC0602" : "LC0603", *of.monitor, each.field);
    found.found = each.why;
    found.expected = each.loads ? "what the Operator takes" : "what Prometheus loads";
    found.fix = "correct " + each.field;
    made.push_back(std::move(found));
  }
}

// What the API server refuses, or clients without strict validation lose.
void check_fields(chain const &of, context const &known, findings &made) {
  if (!known.fields) return;
  for (auto const &each : known.fields->unknown(*of.monitor)) {
    auto found = make_finding("LC0601", *of.monitor, each.field);
    auto const name = each.field.substr(each.field.rfind('.') + 1);
    found.found = name + ", which " + known.fields->name() + " do not know";
    if (each.first_minor) {
      found.expected = "CRDs of the Operator 0." + std::to_string(*each.first_minor) + " or later";
      found.fix = "install newer CRDs, or remove " + name;
    } else if (!each.nearest.empty()) {
      found.expected = each.nearest;
      found.fix = "write " + each.nearest;
    } else {
      found.expected = "a field of " + of.monitor->id.kind;
      found.fix = "remove " + name + ", or put it where it belongs";
    }
    made.push_back(std::move(found));
  }
}

// Why the operator left it out, in its own words, if it told.
std::string event_of(object const &monitor, inventory const &all) {
  for (auto const &each : all.of_kind("Event")) {
    auto const &about = each["involvedObject"];
    if (about["kind"].text() == monitor.id.kind && about["name"].text() == monitor.id.name &&
        about["namespace"].text() == monitor.id.space) {
      return each["message"].text_or("");
    }
  }
  return "";
}

void check_generated(chain const &of, scrape_job const &job, observed_prometheus const &seen,
                     context const &known, findings &made) {
  auto const pool = "pool " + job.name;
  if (seen.generated && !seen.generated->contains(job.name)) {
    auto found = make_finding("LC0604", *of.monitor, job.endpoint_field);
    auto const event = event_of(*of.monitor, known.all);
    found.found = "no " + pool + " in the Secret of " + seen.id.text() +
                  (event.empty() ? "" : "; Event: " + event);
    found.expected = pool;
    found.fix = event.empty() ? "wait some seconds; then look at the log of the Operator"
                              : "correct what the Event says";
    made.push_back(std::move(found));
    return;
  }
  std::string lacking;
  for (auto const &server : seen.servers) {
    if (server.pools && !server.pools->contains(job.name))
      lacking.append(lacking.empty() ? "" : ", ").append(server.name);
  }
  if (lacking.empty()) return;
  auto found = make_finding("LC0605", *of.monitor, job.endpoint_field);
  found.found = "no " + pool + " in the configuration that " + lacking + " runs with";
  found.expected = pool;
  found.fix = "wait up to three minutes; then look at the log of its container config-reloader";
  made.push_back(std::move(found));
}

// Whose monitor keeps Prometheus from loading what the operator wrote: often another team's.
std::string culprits(object_id const &prometheus, prediction const &predicted) {
  std::string made;
  for (auto const &each : predicted.monitors) {
    if (each.prometheus != prometheus || !each.chosen.selected) continue;
    for (auto const &bad : each.generated.rejected) {
      if (bad.loads) continue;
      made.append(made.empty() ? "" : "; ");
      made.append(each.monitor.text()).append(" ").append(bad.field).append(": ").append(bad.why);
    }
  }
  return made;
}

void check_reload(observed_prometheus const &seen, context const &known, findings &made) {
  for (auto const &server : seen.servers) {
    if (server.reload_successful.value_or(true)) continue;
    auto const *const prometheus = known.all.find(seen.id);
    auto const who = culprits(seen.id, known.predicted);
    if (prometheus == nullptr) return;
    auto found = make_finding("LC0606", *prometheus, "");
    found.found = "the last reload of " + server.name + " failed" +
                  (who.empty() ? "" : ", as it must with " + who);
    found.expected = "a configuration that Prometheus loads";
    found.fix = who.empty() ? "kubectl -n " + seen.id.space + " logs " +
                                  server.name.substr(server.name.rfind('/') + 1) + " -c prometheus"
                            : "correct " + who.substr(0, who.find(": "));
    made.push_back(std::move(found));
    return;
  }
}

finding no_crds(chain const &of, context const &known) {
  auto made = make_finding("LC0608", of.subject(), "");
  made.found = std::string(known.all.why_unknown("ServiceMonitor"));
  made.expected = "kinds ServiceMonitor and PodMonitor";
  made.fix = "install the Prometheus Operator with its CRDs";
  return made;
}

}  // namespace

bool lacks_crds(context const &known) {
  using knowledge = inventory::knowledge;
  return known.live && known.all.known("ServiceMonitor") == knowledge::absent &&
         known.all.known("PodMonitor") == knowledge::absent;
}

findings check_loaded(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) {
    if (lacks_crds(known)) made.push_back(no_crds(of, known));
    return made;
  }
  check_fields(of, known, made);
  for (auto const *const each : of.selecting()) {
    check_rejections(of, *each, made);
    auto const *const seen = known.seen_of(each->prometheus);
    if (seen == nullptr) continue;
    for (auto const &job : each->generated.jobs)
      check_generated(of, job, *seen, known, made);
    check_reload(*seen, known, made);
  }
  return made;
}

}  // namespace loopcheck
