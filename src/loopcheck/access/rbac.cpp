// SPDX-License-Identifier: Apache-2.0
#include "rbac.hpp"

#include <algorithm>
#include <array>

#include "rbac_rules.hpp"

namespace loopcheck {
namespace {

using answer = access_verdict::answer;
using knowledge = inventory::knowledge;

/// How a binding comes to speak of the account.
enum class naming { no, group_of_all, group, account };

naming names(value const &subject, object const &binding, object_id const &account) {
  std::string_view const kind = subject["kind"].text();
  std::string_view const name = subject["name"].text();
  if (kind == "ServiceAccount") {
    std::string const space = subject["namespace"].text_or(binding.id.space);
    return name == account.name && space == account.space ? naming::account : naming::no;
  }
  if (kind == "User") {
    bool const same = name == "system:serviceaccount:" + account.space + ":" + account.name;
    return same ? naming::account : naming::no;
  }
  if (kind != "Group") {
    return naming::no;
  }
  if (name == "system:serviceaccounts:" + account.space) {
    return naming::group;
  }
  return name == "system:serviceaccounts" || name == "system:authenticated" ? naming::group_of_all
                                                                            : naming::no;
}

naming names_account(object const &binding, object_id const &account) {
  naming best = naming::no;
  for (value const &subject : binding["subjects"].items()) {
    best = std::max(best, names(subject, binding, account));
  }
  return best;
}

struct role_found {
  object_id id;
  object const *role = nullptr;
};

role_found role_of(inventory const &all, object const &binding) {
  value const &reference = binding["roleRef"];
  bool const cluster = reference["kind"].text() == "ClusterRole";
  object_id const id{std::string(reference["kind"].text()), cluster ? "" : binding.id.space,
                     std::string(reference["name"].text())};
  return {id, all.find(id)};
}

std::string subject_list(object const &binding) {
  std::string text;
  for (value const &subject : binding["subjects"].items()) {
    text += text.empty() ? "" : ", ";
    text += std::string(subject["kind"].text()) + " ";
    if (subject["namespace"].is_text()) {
      text += std::string(subject["namespace"].text()) + "/";
    }
    text += subject["name"].text();
  }
  return text.empty() ? "nobody" : text;
}

class decision {
 public:
  decision(inventory const &all, object_id const &account, access_request const &what)
      : all_(all), account_(account), what_(what) {}

  access_verdict run() {
    for (std::string_view const kind : {"ClusterRoleBinding", "RoleBinding"}) {
      for (object const &each : all_.of_kind(kind)) {
        consider(each);
        if (best_.what == answer::allowed) {
          return best_;
        }
      }
    }
    return denied_or_unknown();
  }

 private:
  /// From far to near; each is a way of missing by one step.
  enum class miss { none, other_account, rule, other_namespace, missing_role, verb };

  bool in_force(object const &binding) const {
    bool const cluster = binding.id.kind == "ClusterRoleBinding";
    return cluster || (!what_.resource.empty() && binding.id.space == what_.space);
  }

  void remember(miss how, object const &binding, role_found const &of, std::string field,
                std::string why) {
    if (how > nearest_) {
      nearest_ = how;
      best_ = {answer::denied, binding.id, of.id, std::move(field), std::move(why)};
    }
  }

  void consider(object const &binding) {
    naming const how = names_account(binding, account_);
    role_found const of = role_of(all_, binding);
    bound_ = bound_ || how >= naming::group;
    if (of.role == nullptr) {
      if (how != naming::no && in_force(binding)) {
        role_missing_ = true;
        remember(miss::missing_role, binding, of, "roleRef",
                 binding.id.text() + " refers to " + of.id.text() + ", which is not there");
      }
      return;
    }
    rule_match const rule = best_rule(all_, *of.role, what_);
    std::string const field = "rules[" + std::to_string(rule.index) + "]";
    bool const allows = rule.how == nearness::allowed;
    if (how != naming::no && in_force(binding) && allows) {
      best_ = {answer::allowed, binding.id, rule.role, field,
               binding.id.text() + " gives it " + rule.role.text()};
    } else if (how == naming::no) {
      if (allows && in_force(binding)) {
        remember(miss::other_account, binding, of, "subjects",
                 binding.id.text() + " allows it, but to " + subject_list(binding) + ", not to " +
                     account_.text());
      }
    } else if (!in_force(binding)) {
      if (allows) {
        remember(miss::other_namespace, binding, of, "metadata.namespace",
                 binding.id.text() + " allows it in the namespace " + binding.id.space + " only");
      }
    } else if (rule.how == nearness::verb) {
      remember(miss::verb, binding, {rule.role, nullptr}, field,
               rule.role.text() + " " + field + " " + rule.why);
    } else if (how >= naming::group) {
      bool const near = rule.how != nearness::none;
      remember(miss::rule, binding, of, near ? field : "rules",
               near ? of.id.text() + " " + field + " " + rule.why
                    : of.id.text() + " has no rule for " +
                          (what_.resource.empty() ? what_.url : what_.resource));
    }
  }

  /// What is not known completely may hold what allows it.
  access_verdict denied_or_unknown() {
    for (std::string_view const kind :
         {"ClusterRoleBinding", "RoleBinding", "ClusterRole", "Role"}) {
      if (all_.known(kind) == knowledge::forbidden) {
        best_.what = answer::unknown;
        best_.why =
            std::string(kind) + "s could not be read: " + std::string(all_.why_unknown(kind));
        return best_;
      }
    }
    bool const complete = all_.known("ClusterRoleBinding") == knowledge::complete &&
                          all_.known("RoleBinding") == knowledge::complete;
    bool const unknown = !complete && (!bound_ || role_missing_);
    best_.what = unknown ? answer::unknown : answer::denied;
    if (best_.why.empty()) {
      best_.why = unknown ? "no RBAC object that is known binds " + account_.text()
                          : "no binding gives " + account_.text() + " any role for it";
    }
    return best_;
  }

  inventory const &all_;
  object_id const &account_;
  access_request const &what_;
  bool bound_ = false;  ///< by its name or its namespace's group
  bool role_missing_ = false;
  miss nearest_ = miss::none;
  access_verdict best_;
};

}  // namespace

std::string text(access_request const &of) {
  if (of.resource.empty()) {
    return of.verb + " " + of.url;
  }
  std::string said = of.verb + " " + of.resource;
  said += of.api_group.empty() ? "" : "." + of.api_group;
  said += of.subresource.empty() ? "" : "/" + of.subresource;
  said += of.name.empty() ? "" : " " + of.name;
  return said + (of.space.empty() ? " in all namespaces" : " in namespace " + of.space);
}

access_verdict may(inventory const &all, object_id const &account, access_request const &what) {
  return decision(all, account, what).run();
}

}  // namespace loopcheck
