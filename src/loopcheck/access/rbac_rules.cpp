// SPDX-License-Identifier: Apache-2.0
#include "rbac_rules.hpp"

#include <algorithm>
#include <set>

#include <loopcheck/prediction/selector.hpp>

namespace loopcheck {
namespace {

bool lists(value const &list, std::string_view wanted, bool wildcard = true) {
  return std::ranges::any_of(list.items(), [&](value const &each) {
    return each.text() == wanted || (wildcard && each.text() == "*");
  });
}

/// `*` is all, subresources, too; `*/scale` that of all resources.
bool has_resource(value const &rule, access_request const &what) {
  value const &list = rule["resources"];
  if (what.subresource.empty()) {
    return lists(list, what.resource);
  }
  return lists(list, what.resource + "/" + what.subresource) ||
         lists(list, "*/" + what.subresource, false);
}

bool has_url(value const &rule, std::string_view url) {
  return std::ranges::any_of(rule["nonResourceURLs"].items(), [&](value const &each) {
    std::string_view const said = each.text();
    return said == "*" || said == url ||
           (said.ends_with('*') && url.starts_with(said.substr(0, said.size() - 1)));
  });
}

std::string listed(value const &list) {
  std::string text;
  for (value const &each : list.items()) {
    text += (text.empty() ? "" : ", ") + std::string(each.text());
  }
  return text;
}

rule_match match(value const &rule, access_request const &what) {
  bool const verb = lists(rule["verbs"], what.verb);
  std::string const verbs = listed(rule["verbs"]);
  if (what.resource.empty()) {
    if (!has_url(rule, what.url)) {
      return {};
    }
    return {verb ? nearness::allowed : nearness::verb, 0, {}, "has the verbs " + verbs};
  }
  bool const group = lists(rule["apiGroups"], what.api_group);
  if (!has_resource(rule, what)) {
    bool const near = group && verb && !rule["resources"].items().empty();
    return {near ? nearness::resource : nearness::none,
            0,
            {},
            "is for the resources " + listed(rule["resources"])};
  }
  if (!group) {
    return {nearness::api_group,
            0,
            {},
            "is for the apiGroups \"" + listed(rule["apiGroups"]) + "\", not \"" + what.api_group +
                "\""};
  }
  auto const named = rule["resourceNames"].items();
  if (!named.empty() && (what.name.empty() || !lists(rule["resourceNames"], what.name, false))) {
    return {nearness::names, 0, {}, "is only for those named " + listed(rule["resourceNames"])};
  }
  return {verb ? nearness::allowed : nearness::verb,
          0,
          {},
          "has the verbs " + verbs + ", not " + what.verb};
}

void own_rules(object const &role, access_request const &what, rule_match &best) {
  std::size_t index = 0;
  for (value const &rule : role["rules"].items()) {
    rule_match found = match(rule, what);
    found.index = index++;
    found.role = role.id;
    if (found.how > best.how) {
      best = std::move(found);
    }
  }
}

/// The controller copies the rules of those that are selected; written rules are overwritten, but
/// in a cluster they are the copies.
void aggregated(inventory const &all, object const &role, access_request const &what,
                std::set<object_id> &visited, rule_match &best) {
  if (!visited.insert(role.id).second) {
    return;
  }
  own_rules(role, what, best);
  for (value const &each : role["aggregationRule"]["clusterRoleSelectors"].items()) {
    try {
      selector const wanted = selector::from(each);
      for (object const &other : all.of_kind("ClusterRole")) {
        if (other.id != role.id && wanted.matches(other.label_map())) {
          aggregated(all, other, what, visited, best);
        }
      }
    } catch (selector_error const &) {
      continue;  // the API server refuses it
    }
  }
}

}  // namespace

rule_match best_rule(inventory const &all, object const &role, access_request const &what) {
  rule_match best;
  std::set<object_id> visited;
  aggregated(all, role, what, visited, best);
  return best;
}

}  // namespace loopcheck
