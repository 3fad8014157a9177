// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/access/rbac.hpp>

#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/yaml.hpp>

using namespace loopcheck;

namespace {

using answer = access_verdict::answer;
object_id const account{"ServiceAccount", "monitoring", "prometheus-k8s"};

void add(inventory &all, std::string_view yaml) {
  for (auto const &each : parse_yaml(yaml, "rbac.yaml")) {
    object made;
    made.id = {std::string(each["kind"].text()), each["metadata"]["namespace"].text_or(""),
               std::string(each["metadata"]["name"].text())};
    made.root = each;
    all.add(std::move(made));
  }
}

inventory of(std::string_view yaml) {
  inventory all;
  add(all, yaml);
  return all;
}

constexpr std::string_view role = R"(
kind: Role
metadata: {name: r, namespace: demo}
rules:
- {apiGroups: [''], resources: [services, pods], verbs: [get, list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}
- {apiGroups: [''], resources: [configmaps], resourceNames: [one], verbs: [get]}
)";
constexpr std::string_view binding = R"(
---
kind: RoleBinding
metadata: {name: b, namespace: demo}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: prometheus-k8s, namespace: monitoring}]
)";
std::string const bound = std::string(role) + std::string(binding);

access_request request(std::string verb, std::string group, std::string resource,
                       std::string space = "demo", std::string name = {}) {
  return {std::move(verb),
          std::move(group),
          std::move(resource),
          {},
          std::move(name),
          std::move(space),
          {}};
}

/// A ClusterRole of one rule, bound to a subject of the cluster.
inventory of_cluster(std::string const &rule, std::string const &subject) {
  return of("kind: ClusterRole\nmetadata: {name: c}\nrules: [" + rule +
            "]\n---\nkind: ClusterRoleBinding\nmetadata: {name: cb}\n"
            "roleRef: {kind: ClusterRole, name: c}\nsubjects: [" +
            subject + "]\n");
}
std::string const subject = "{kind: ServiceAccount, name: prometheus-k8s, namespace: monitoring}";

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_rbac)

BOOST_AUTO_TEST_CASE(allowed_by_a_role_in_its_namespace) {
  auto const all = of(bound);
  auto const verdict = may(all, account, request("list", "", "pods"));
  BOOST_TEST((verdict.what == answer::allowed));
  BOOST_TEST(verdict.binding.text() == "RoleBinding/demo/b");
  BOOST_TEST(verdict.role.text() == "Role/demo/r");
  BOOST_TEST(verdict.field == "rules[0]");
  BOOST_TEST(
      (may(all, account, request("get", "", "configmaps", "demo", "one")).what == answer::allowed));
}

BOOST_AUTO_TEST_CASE(denied_with_what_is_missing) {
  auto const all = of(bound);
  auto const why = [&](access_request const &what) {
    auto const verdict = may(all, account, what);
    BOOST_TEST((verdict.what == answer::denied));
    return verdict.why;
  };
  BOOST_TEST(why(request("watch", "discovery.k8s.io", "endpointslices")) ==
             "Role/demo/r rules[1] has the verbs get, list, not watch");
  BOOST_TEST(why(request("list", "apps", "pods")) ==
             "Role/demo/r rules[0] is for the apiGroups \"\", not \"apps\"");
  BOOST_TEST(why(request("get", "", "configmaps")) ==
             "Role/demo/r rules[2] is only for those named one");
  BOOST_TEST(why(request("list", "", "endpoints")) ==
             "Role/demo/r rules[0] is for the resources services, pods");
  BOOST_TEST(why(request("list", "", "pods", "other")) ==
             "RoleBinding/demo/b allows it in the namespace demo only");
  BOOST_TEST(why(request("list", "", "pods", "")) ==
             "RoleBinding/demo/b allows it in the namespace demo only");
}

BOOST_AUTO_TEST_CASE(subjects) {
  std::string const rule = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
  auto const what = [&](std::string const &who) {
    auto all = of_cluster(rule, who);
    all.set_known("ClusterRoleBinding", inventory::knowledge::complete);
    all.set_known("RoleBinding", inventory::knowledge::complete);
    return may(all, account, request("list", "", "pods")).what;
  };
  for (auto const *const yes :
       {"{kind: ServiceAccount, name: prometheus-k8s, namespace: monitoring}",
        "{kind: User, name: 'system:serviceaccount:monitoring:prometheus-k8s'}",
        "{kind: Group, name: 'system:serviceaccounts'}",
        "{kind: Group, name: 'system:serviceaccounts:monitoring'}",
        "{kind: Group, name: 'system:authenticated'}"}) {
    BOOST_TEST_CONTEXT(yes) {
      BOOST_TEST((what(yes) == answer::allowed));
    }
  }
  for (auto const *const no :
       {"{kind: ServiceAccount, name: prometheus-k8s, namespace: default}",
        "{kind: ServiceAccount, name: prometheus-k8s}", "{kind: User, name: prometheus-k8s}",
        "{kind: Group, name: 'system:serviceaccounts:default'}",
        "{kind: Group, name: 'system:unauthenticated'}"}) {
    BOOST_TEST_CONTEXT(no) {
      BOOST_TEST((what(no) == answer::denied));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_subject_without_a_namespace_is_of_the_bindings) {
  auto const all = of(std::string(role) +
                      "---\nkind: RoleBinding\nmetadata: {name: b, namespace: demo}\n"
                      "roleRef: {kind: Role, name: r}\n"
                      "subjects: [{kind: ServiceAccount, name: local}]\n");
  BOOST_TEST((may(all, {"ServiceAccount", "demo", "local"}, request("get", "", "pods")).what ==
              answer::allowed));
}

BOOST_AUTO_TEST_CASE(wildcards_and_subresources) {
  auto const what = [&](std::string const &rule, access_request asked, std::string sub = {}) {
    asked.subresource = std::move(sub);
    return may(of_cluster(rule, subject), account, asked).what == answer::allowed;
  };
  std::string const any = "verbs: ['*'], apiGroups: ['']";
  auto const get = request("get", "", "pods", "");
  BOOST_TEST(what("{" + any + ", resources: ['*']}", get, "log"));
  BOOST_TEST(what("{" + any + ", resources: [pods/log]}", get, "log"));
  BOOST_TEST(what("{" + any + ", resources: ['*/log']}", get, "log"));
  BOOST_TEST(!what("{" + any + ", resources: [pods]}", get, "log"));
  BOOST_TEST(!what("{" + any + ", resources: [pods/log]}", get));
  BOOST_TEST(!what("{" + any + ", resources: ['*']}", request("get", "apps", "pods", "")));
  BOOST_TEST(!what("{" + any + ", resources: [pods], resourceNames: [x]}", get));
}

BOOST_AUTO_TEST_CASE(urls_without_a_resource) {
  access_request asked{"get", {}, {}, {}, {}, {}, "/metrics"};
  auto const what = [&](std::string const &rule) {
    return may(of_cluster(rule, subject), account, asked).what;
  };
  BOOST_TEST((what("{nonResourceURLs: [/metrics], verbs: [get]}") == answer::allowed));
  BOOST_TEST((what("{nonResourceURLs: ['/met*'], verbs: [get]}") == answer::allowed));
  BOOST_TEST((what("{nonResourceURLs: ['*'], verbs: ['*']}") == answer::allowed));
  BOOST_TEST((what("{nonResourceURLs: [/metrics/x], verbs: [get]}") == answer::denied));
  BOOST_TEST((what("{nonResourceURLs: [/metrics], verbs: [post]}") == answer::denied));
}

BOOST_AUTO_TEST_CASE(aggregated_roles) {
  auto all = of_cluster("", subject);
  std::string const one = "kind: ClusterRole\nmetadata: {name: ";
  add(all, one +
               "top}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {to: top}}]}\n"
               "---\n" +
               one +
               "mid, labels: {to: top}}\n"
               "aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: mid}}, {matchLabels: "
               "{to: top}}]}\n"
               "---\n" +
               one +
               "leaf, labels: {to: mid}}\n"
               "rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n"
               "---\nkind: ClusterRoleBinding\nmetadata: {name: ab}\nroleRef: {kind: ClusterRole, "
               "name: top}\n"
               "subjects: [" +
               subject + "]\n");
  auto const verdict = may(all, account, request("list", "", "pods", ""));
  BOOST_TEST((verdict.what == answer::allowed));
  BOOST_TEST(verdict.role.text() == "ClusterRole/leaf");
}

BOOST_AUTO_TEST_CASE(a_cluster_role_in_one_namespace) {
  auto const all =
      of("kind: ClusterRole\nmetadata: {name: c}\n"
         "rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n"
         "---\nkind: RoleBinding\nmetadata: {name: b, namespace: demo}\n"
         "roleRef: {kind: ClusterRole, name: c}\nsubjects: [" +
         subject + "]\n");
  BOOST_TEST((may(all, account, request("list", "", "pods")).what == answer::allowed));
  BOOST_TEST((may(all, account, request("list", "", "pods", "")).what == answer::denied));
}

BOOST_AUTO_TEST_CASE(unknown_where_its_rights_may_stand_elsewhere) {
  inventory none;
  BOOST_TEST((may(none, account, request("list", "", "pods")).what == answer::unknown));
  auto const other = object_id{"ServiceAccount", "monitoring", "other"};
  auto all = of(bound);
  auto const verdict = may(all, other, request("list", "", "pods"));
  BOOST_TEST((verdict.what == answer::unknown));
  BOOST_TEST(verdict.why ==
             "RoleBinding/demo/b allows it, but to ServiceAccount monitoring/prometheus-k8s, not "
             "to ServiceAccount/monitoring/other");
  for (auto const *const kind : {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}) {
    all.set_known(kind, inventory::knowledge::complete);
  }
  BOOST_TEST((may(all, other, request("list", "", "pods")).what == answer::denied));
  all.set_known("Role", inventory::knowledge::forbidden, "cannot list roles");
  BOOST_TEST((may(all, other, request("list", "", "pods")).what == answer::unknown));
  BOOST_TEST((may(all, account, request("list", "", "pods")).what == answer::allowed));
}

BOOST_AUTO_TEST_CASE(a_role_that_is_not_there) {
  auto all = of(binding.substr(5));
  BOOST_TEST((may(all, account, request("list", "", "pods")).what == answer::unknown));
  all.set_known("RoleBinding", inventory::knowledge::complete);
  all.set_known("ClusterRoleBinding", inventory::knowledge::complete);
  auto const verdict = may(all, account, request("list", "", "pods"));
  BOOST_TEST((verdict.what == answer::denied));
  BOOST_TEST(verdict.why == "RoleBinding/demo/b refers to Role/demo/r, which is not there");
}

BOOST_AUTO_TEST_CASE(in_words) {
  BOOST_TEST(text(request("list", "discovery.k8s.io", "endpointslices")) ==
             "list endpointslices.discovery.k8s.io in namespace demo");
  BOOST_TEST(text(request("get", "", "nodes", "")) == "get nodes in all namespaces");
}

BOOST_AUTO_TEST_SUITE_END()
