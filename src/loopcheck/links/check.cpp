// SPDX-License-Identifier: Apache-2.0
// All links of all chains, and which of their breaks is the first.
#include <array>
#include <set>
#include <tuple>

#include "links.hpp"

namespace loopcheck {
namespace {

using check_function = findings (*)(chain const &, context const &);
constexpr std::array<check_function, 8> of_a_chain = {
    check_workload, check_service, check_monitor, check_prometheus,
    check_access,   check_loaded,  check_target,  check_samples,
};

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

verdict check(context const &known) {
  verdict made;
  std::set<std::tuple<std::string, object_id, std::string, std::string>> seen;
  auto const chains = chains_of(known.all, known.predicted);
  made.chains = chains.size();
  for (auto const &each : chains) {
    for (auto &found : all_links(each, known)) {
      if (seen.emplace(found.code, found.object, found.field, found.found).second) {
        made.all.push_back(std::move(found));
      }
    }
  }
  find_first(made);
  auto answers = check_answer(known);
  for (auto &each : answers) {
    if (made.first_broken && each.severity == severity::error) {
      each.because_of = made.all[*made.first_broken].code;
    }
    made.all.push_back(std::move(each));
  }
  find_first(made);
  if (made.first_broken) made.undecided = false;
  return made;
}

}  // namespace loopcheck
