// SPDX-License-Identifier: Apache-2.0
// All links of all chains, and which of their breaks is the first.
#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "links.hpp"

namespace loopcheck {
namespace {

using check_function = findings (*)(chain const &, context const &);
constexpr std::array<check_function, 8> of_a_chain = {
    check_workload, check_service, check_monitor, check_prometheus,
    check_access,   check_loaded,  check_target,  check_samples,
};

// What rests on something not being there is known only where all of its kind was read.
struct absence {
  std::string_view code;
  std::array<std::string_view, 2> kinds;
};
constexpr std::array absences = {
    absence{"LC0102", {"Pod"}},
    absence{"LC0201", {"Pod"}},
    absence{"LC0203", {"Pod"}},
    absence{"LC0205", {"Endpoints", "EndpointSlice"}},
    absence{"LC0206", {"Endpoints", "EndpointSlice"}},
    absence{"LC0301", {"ServiceMonitor", "PodMonitor"}},
    absence{"LC0302", {"Service"}},
    absence{"LC0303", {"Pod"}},
    absence{"LC0306", {"Pod"}},
    absence{"LC0307", {"Pod"}},
    absence{"LC0401", {"Prometheus"}},
    absence{"LC0402", {"Prometheus"}},
    absence{"LC0403", {"Namespace", "Prometheus"}},
    absence{"LC0404", {"Prometheus"}},
};

void soften(finding &one, context const &known) {
  auto const at = std::find_if(absences.begin(), absences.end(),
                               [&](absence const &each) { return each.code == one.code; });
  if (!known.live || at == absences.end()) return;
  for (auto const kind : at->kinds) {
    if (kind.empty() || known.all.known(kind) == inventory::knowledge::complete) continue;
    one.severity = severity::undecided;
    one.found.append(" (not all of kind ").append(kind).append(" could be read: ");
    one.found.append(known.all.why_unknown(kind)).append(")");
    one.fix.append(", or allow to list that kind");
    return;
  }
}

std::string url_key(target const &of) {
  return of.prometheus.text() + " " + of.url;
}

// Whether a break of `later` is what a break of `earlier` must lead to. Labels are mistakes of
// their own, whatever else is broken; rights are judged in the namespaces that the monitor looks
// into.
bool follows(link later, link earlier) {
  if (later == link::service) return earlier == link::workload;
  if (later == link::access) return earlier == link::monitor;
  if (later == link::loaded) return earlier == link::prometheus;
  return later >= link::target && earlier < later;
}

findings all_links(chain const &of, context const &known) {
  findings made;
  for (auto const check : of_a_chain) {
    auto const before = made.size();
    auto found = check(of, known);
    for (auto &each : found) {
      soften(each, known);
      for (std::size_t i = 0; i < before && each.because_of.empty(); ++i) {
        if (made[i].severity == severity::error && each.severity != severity::info &&
            follows(each.link(), made[i].link())) {
          each.because_of = made[i].code;
        }
      }
      made.push_back(std::move(each));
    }
  }
  return made;
}

}  // namespace

context::context(inventory const &known, prediction const &foreseen)
    : all(known), predicted(foreseen) {
  for (auto const &each : predicted.targets) {
    if (each.active()) by_url_[url_key(each)].push_back(&each);
  }
}

std::vector<target const *> const &context::at_the_url_of(target const &of) const {
  static std::vector<target const *> const none;
  auto const at = by_url_.find(url_key(of));
  return at == by_url_.end() ? none : at->second;
}

namespace {

void find_first(verdict &of) {
  for (std::size_t i = 0; i < of.all.size(); ++i) {
    auto const &one = of.all[i];
    if (one.severity == severity::undecided) of.undecided = true;
    if (one.severity != severity::error) continue;
    if (!of.first_broken || one.link() < of.all[*of.first_broken].link()) of.first_broken = i;
  }
}

}  // namespace

verdict check(std::vector<chain> const &chains, context const &known) {
  verdict made;
  // Where in `all` each is.
  std::map<std::tuple<std::string, object_id, std::string, std::string>, std::size_t> seen;
  for (auto const &each : chains) {
    auto &state = made.chains.emplace_back(chain_state{each.subject().id, {}, false, {}});
    for (auto &found : all_links(each, known)) {
      auto const [at, fresh] =
          seen.try_emplace({found.code, found.object, found.field, found.found}, made.all.size());
      if (found.severity == severity::undecided) {
        state.undecided = true;
        if (!state.why) state.why = at->second;
      }
      if (found.severity == severity::error && (!state.broken || found.link() < *state.broken)) {
        state.broken = found.link();
        state.why = at->second;
      }
      if (fresh) made.all.push_back(std::move(found));
    }
    if (state.broken) state.undecided = false;
  }
  find_first(made);
  auto answers = check_answer(known);
  for (auto &each : answers) {
    if (made.first_broken && each.severity == severity::error) {
      each.because_of = made.all[*made.first_broken].code;
    } else if (made.undecided && !known.live && each.code == "LC0903" &&
               each.severity == severity::error) {
      each.severity = severity::undecided;  // of targets that the input does not show
    }
    made.all.push_back(std::move(each));
  }
  find_first(made);
  if (made.first_broken) made.undecided = false;
  return made;
}

}  // namespace loopcheck
