// SPDX-License-Identifier: Apache-2.0
// The nine links: one pure function each, from a chain and what is known to what is wrong.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <loopcheck/findings/finding.hpp>
#include <loopcheck/queries/exposition.hpp>
#include <loopcheck/queries/query_sources.hpp>
#include <loopcheck/schemas/crd_fields.hpp>
#include <loopcheck/sources/observed.hpp>

#include "chain.hpp"

namespace loopcheck {

/// What the links may look at besides their chain. Refers to the inventory and the prediction,
/// which must outlive it.
struct context {
  context(inventory const &known, prediction const &foreseen);

  inventory const &all;
  prediction const &predicted;
  bool live = false;                      ///< from a cluster: what is not there does not exist
  bool stand_in = false;                  ///< the Prometheus object was made from --selector
  std::optional<crd_fields> fields;       ///< nothing: link 6 does not look at them
  exposition const *exposed = nullptr;    ///< what each target is taken to expose; null: not known
  std::string exposed_name;               ///< for messages: its file or URL
  query_sources queries;                  ///< for link 9
  observation const *observed = nullptr;  ///< what runs; null: nobody was asked

  /// What runs of this Prometheus object; null: nobody was asked.
  observed_prometheus const *seen_of(object_id const &prometheus) const noexcept {
    return observed == nullptr ? nullptr : observed->of(prometheus);
  }

  /// Targets of the same Prometheus at the same URL, this one among them.
  std::vector<target const *> const &at_the_url_of(target const &of) const;

 private:
  std::unordered_map<std::string, std::vector<target const *>> by_url_;
};

using findings = std::vector<finding>;

findings check_workload(chain const &of, context const &known);
findings check_service(chain const &of, context const &known);
findings check_monitor(chain const &of, context const &known);
findings check_prometheus(chain const &of, context const &known);
findings check_access(chain const &of, context const &known);
findings check_loaded(chain const &of, context const &known);
findings check_target(chain const &of, context const &known);
findings check_samples(chain const &of, context const &known);
/// Of all chains at once: a query does not belong to one.
findings check_answer(context const &known);

/// The API server knows neither kind of monitor: link 6 says so, and no other what follows from it.
bool lacks_crds(context const &known);

/// Each target that is predicted is there, and up.
bool is_up(chain const &of, context const &known);

/// What `up` of a Service nobody monitors is asked by: samples of a monitor that is gone.
std::string history_query(object const &service);

struct chain_state {
  object_id subject;
  std::optional<link> broken;  ///< the first
  bool undecided = false;      ///< not broken, as far as is known
  /// What says so: the first break, else the first thing undecided. Index into verdict::all.
  std::optional<std::size_t> why;
};

struct verdict {
  findings all;  ///< by chain, in the order of the links; each once
  /// The first break: the error of the lowest link. Index into all.
  std::optional<std::size_t> first_broken;
  bool undecided = false;  ///< nothing is broken, and something could not be decided
  std::vector<chain_state> chains;
};

/// All links of all chains. What follows from an earlier break of the same chain is marked so.
verdict check(std::vector<chain> const &chains, context const &known);

}  // namespace loopcheck
