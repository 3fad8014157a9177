// SPDX-License-Identifier: Apache-2.0
#include "check_query.hpp"

#include <algorithm>
#include <functional>

#include "nearest.hpp"
#include "query_sources.hpp"
#include "series_match.hpp"

namespace loopcheck {
namespace {

using kind = query_problem::kind;
using names = std::set<std::string, std::less<>>;

constexpr std::size_t possible_max = 5;

bool has_variable(std::string_view text) noexcept {
  return text.find(any_text) != std::string_view::npos;
}

void list_some(names const &all, query_problem &in) {
  for (auto const &each : all) {
    if (in.possible.size() == possible_max) {
      return;
    }
    in.possible.push_back(each);
  }
}

class checker {
 public:
  checker(promql_query const &query, known_series const &known) : query_(query), known_(known) {}

  std::vector<query_problem> run(std::string_view listed_label) {
    for (vector_selector const &each : query_.selectors) {
      if (!each.is_info) {
        selector(each);
      }
    }
    for (label_use const &each : query_.uses) {
      use(each);
    }
    if (!listed_label.empty() && !query_.selectors.empty()) {
      text_span const all{0, query_.selectors.back().where.end};
      use({label_use::role::by, std::string(listed_label), all, all});
    }
    std::ranges::stable_sort(problems_, {}, [](auto const &each) { return each.where.begin; });
    return std::move(problems_);
  }

 private:
  struct candidate {
    known_source const *source;
    known_metric const *metric;
  };

  /// Metrics that the selector can mean: by name, or all that its matchers of __name__ let pass.
  std::vector<candidate> candidates(vector_selector const &of,
                                    std::vector<compiled_matcher> const &by_name) const {
    std::vector<candidate> found;
    for (known_source const &source : known_.sources()) {
      if (!of.name.empty() && !has_variable(of.name)) {
        auto const at = source.metrics.find(of.name);
        if (at != source.metrics.end()) {
          found.push_back({&source, &at->second});
        }
        continue;
      }
      for (auto const &[name, metric] : source.metrics) {
        if (std::ranges::all_of(by_name, [&](auto const &each) { return each.matches(name); })) {
          found.push_back({&source, &metric});
        }
      }
    }
    return found;
  }

  void selector(vector_selector const &of);
  void unknown_metric(vector_selector const &of, std::string const &written);
  void unmatched(vector_selector const &of, compiled_matcher const &matcher,
                 std::vector<candidate> const &among);
  void use(label_use const &of);
  query_problem &add(kind what, vector_selector const &of) {
    problems_.push_back({.what = what,
                         .where = of.where,
                         .metric = of.name,
                         .label = {},
                         .found = {},
                         .nearest = {},
                         .possible = {},
                         .empty_is_meant = of.empty != vector_selector::emptiness::surprising});
    return problems_.back();
  }

  /// Each target that shows the metric; nullptr once for an exposition of no known target.
  template <typename Predicate>
  static bool any_target(std::vector<candidate> const &among, Predicate met) {
    return std::ranges::any_of(among, [&](candidate const &each) {
      return each.source->targets.empty()
                 ? met(*each.metric, nullptr)
                 : std::ranges::any_of(each.source->targets, [&](labels const &target) {
                     return met(*each.metric, &target);
                   });
    });
  }

  promql_query const &query_;
  known_series const &known_;
  std::vector<query_problem> problems_;
};

void checker::selector(vector_selector const &of) {
  std::vector<compiled_matcher> by_name;
  std::vector<compiled_matcher> others;
  if (has_variable(of.name)) {
    by_name.emplace_back(label_matcher{"__name__", label_matcher::op::equal, of.name});
  }
  for (label_matcher const &each : of.matchers) {
    if (!has_variable(each.label)) {
      (each.label == "__name__" ? by_name : others).emplace_back(each);
    }
  }
  if (known_.is_open(of.name)) {
    return;
  }
  auto const among = candidates(of, by_name);
  if (among.empty()) {
    bool const anything = of.name.empty() && by_name.empty();
    bool const open =
        of.name.empty() && !by_name.empty() &&
        std::ranges::any_of(known_.names(), [&](std::string const &name) {
          return std::ranges::all_of(by_name, [&](auto const &each) { return each.matches(name); });
        });
    if (!anything && !open && !has_variable(of.name)) {
      unknown_metric(of, of.name.empty() ? text(by_name.front().written()) : of.name);
    }
    return;
  }
  std::size_t const before = problems_.size();
  for (compiled_matcher const &each : others) {
    if (!any_target(among, [&](known_metric const &metric, labels const *target) {
          return can_match(each, metric, target);
        })) {
      unmatched(of, each, among);
    }
  }
  bool const together = any_target(among, [&](known_metric const &metric, labels const *target) {
    return std::ranges::all_of(others,
                               [&](auto const &each) { return can_match(each, metric, target); });
  });
  if (problems_.size() == before && !together) {
    auto &problem = add(kind::impossible_together, of);
    for (compiled_matcher const &each : others) {
      problem.found += (problem.found.empty() ? "" : ",") + text(each.written());
    }
  }
}

void checker::unknown_metric(vector_selector const &of, std::string const &written) {
  auto &problem = add(kind::unknown_metric, of);
  problem.found = written;
  if (!of.name.empty()) {
    problem.nearest = nearest(of.name, known_.names());
  }
}

void checker::unmatched(vector_selector const &of, compiled_matcher const &matcher,
                        std::vector<candidate> const &among) {
  std::string const &label = matcher.written().label;
  names values;
  names labels_there;
  bool of_target = false;
  bool exposed = false;
  for (auto const &[source, metric] : among) {
    if (auto const at = metric->exposed.find(label); at != metric->exposed.end()) {
      values.insert(at->second.values.begin(), at->second.values.end());
      exposed = true;
    }
    for (auto const &[name, held] : metric->exposed) {
      labels_there.insert(name);
    }
    for (labels const &target : source->targets) {
      for (auto const &[name, held] : target) {
        labels_there.insert(name);
        if (name == label && !metric->removed.contains(label)) {
          values.insert(held);
          of_target = true;
        }
      }
    }
  }
  auto &problem = add(exposed     ? kind::unseen_value
                      : of_target ? kind::impossible_value
                                  : kind::unknown_label,
                      of);
  problem.label = label;
  problem.found = text(matcher.written());
  names const &near = exposed || of_target ? values : labels_there;
  std::string const &meant = exposed || of_target ? matcher.written().value : label;
  bool const number = meant.find_first_not_of("0123456789.") == std::string::npos;
  problem.nearest = number ? std::string() : nearest(meant, near);  // 500 is no typo of 200
  list_some(near, problem);
}

void checker::use(label_use const &of) {
  bool const harmless = of.how == label_use::role::without || of.how == label_use::role::ignoring;
  if (harmless || has_variable(of.label) || of.label == "__name__") {
    return;
  }
  auto const made_there = [&](created_label const &each) {
    return of.operand.holds(each.where) && (each.label == of.label || has_variable(each.label));
  };
  if (std::ranges::any_of(query_.created, made_there)) {
    return;
  }
  names labels_there;
  bool any = false;
  for (vector_selector const &each : query_.selectors) {
    if (!of.operand.holds(each.where)) {
      continue;
    }
    std::vector<compiled_matcher> by_name;
    for (label_matcher const &matcher : each.matchers) {
      if (matcher.label == "__name__") {
        by_name.emplace_back(matcher);
      }
    }
    auto const among = candidates(each, by_name);
    if (among.empty() || each.is_info || known_.is_open(each.name) || has_variable(each.name)) {
      return;  // nothing can be said
    }
    any = true;
    for (auto const &[source, metric] : among) {
      if (has_label(of.label, *source, *metric)) {
        return;
      }
      for (auto const &[name, held] : metric->exposed) {
        labels_there.insert(name);
      }
      for (labels const &target : source->targets) {
        for (auto const &[name, held] : target) {
          labels_there.insert(name);
        }
      }
    }
  }
  if (!any) {
    return;
  }
  problems_.push_back({.what = kind::unknown_grouping,
                       .where = of.where,
                       .metric = {},
                       .label = of.label,
                       .found = of.label,
                       .nearest = nearest(of.label, labels_there),
                       .possible = {},
                       .empty_is_meant = false});
  list_some(labels_there, problems_.back());
}

}  // namespace

std::vector<query_problem> check_query(std::string_view text, known_series const &known,
                                       std::string_view listed_label) {
  return check_query(parse_promql(text), known, listed_label);
}

std::vector<query_problem> check_query(promql_query const &query, known_series const &known,
                                       std::string_view listed_label) {
  if (query.error) {
    return {{.what = kind::syntax,
             .where = {query.error->offset, query.error->offset},
             .metric = {},
             .label = {},
             .found = query.error->what,
             .nearest = {},
             .possible = {},
             .empty_is_meant = false}};
  }
  return checker(query, known).run(listed_label);
}

std::string text(query_problem const &of) {
  std::string said;
  switch (of.what) {
    case kind::syntax:
      return of.found;
    case kind::unknown_metric:
      said = "nothing exposes or records " + of.found;
      break;
    case kind::unknown_label:
      said = "no series of " + of.metric + " has the label \"" + of.label + "\"";
      break;
    case kind::impossible_value:
      said = "no target has " + of.found;
      break;
    case kind::unseen_value:
      said = "no series of " + of.metric + " has " + of.found + " yet";
      break;
    case kind::impossible_together:
      said = "no target has all of " + of.found;
      break;
    case kind::unknown_grouping:
      said = "no series there has the label \"" + of.label + "\"";
      break;
  }
  if (!of.nearest.empty()) {
    return said + "; did you mean \"" + of.nearest + "\"?";
  }
  std::string there;
  for (auto const &each : of.possible) {
    there += (there.empty() ? "; there is \"" : "\", \"") + each;
  }
  return there.empty() ? said : said + there + "\"";
}

}  // namespace loopcheck
