// SPDX-License-Identifier: Apache-2.0
#include "collect.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

#include "generated_configuration.hpp"
#include "listing.hpp"
#include "references.hpp"
#include "resources.hpp"

namespace loopcheck {

namespace {

using knowledge = inventory::knowledge;

constexpr std::array monitoring_plurals{"servicemonitors", "podmonitors", "prometheuses",
                                        "prometheusagents", "prometheusrules"};

knowledge knowledge_of(access_error kind) noexcept {
  switch (kind) {
    case access_error::forbidden:
      return knowledge::forbidden;
    case access_error::not_found:
      return knowledge::absent;
    default:
      return knowledge::partial;
  }
}

class collection {
 public:
  collection(cluster &from, collect_options const &options)
      : from_(from),
        options_(options),
        limits_{std::max<std::size_t>(options.parallel, 1), options.page_objects,
                options.objects_max} {}

  outcome<collected> run() {
    if (auto failure = read_version()) return std::move(*failure);
    if (auto failure = read(first_lists())) return std::move(*failure);
    if (auto failure = read(fallback_lists())) return std::move(*failure);
    if (auto failure = read(further_lists())) return std::move(*failure);
    set_knowledge();
    if (auto failure = read_references()) return std::move(*failure);
    if (options_.generated) read_generated();
    result_.requests = from_.requests();
    result_.bytes = from_.bytes();
    return std::move(result_);
  }

 private:
  struct kind_state {
    std::size_t whole = 0, failed = 0;
    std::optional<access_failure> failure;  ///< the first
    std::set<std::string> spaces;           ///< that were read
    bool everywhere = false;                ///< all of them were
  };

  /// The first request, which everyone who is logged in may make.
  std::optional<access_failure> read_version() {
    auto const body = from_.get("/version");
    if (!body) {
      if (is_of_the_whole(body.why().kind) || body.why().kind == access_error::timed_out)
        return body.why();
      return std::nullopt;
    }
    try {
      result_.server_version = parse_json(*body, "/version")["gitVersion"].text_or("");
    } catch (input_error const &) {
      return access_failure{access_error::bad_answer, "/version: this is no API server"};
    }
    return std::nullopt;
  }

  std::optional<access_failure> read(std::vector<listing> lists) {
    read_all(from_, lists, limits_);
    for (listing &each : lists) {
      if (each.failure && is_of_the_whole(each.failure->kind)) return std::move(each.failure);
      take(each);
    }
    return std::nullopt;
  }

  void take(listing &from) {
    // A list that changes while it is paged may have an object twice, and lists may overlap.
    for (object &each : from.objects)
      if (result_.all.find(each.id) == nullptr) result_.all.add(std::move(each));
    if (from.optional) return;
    auto &state = states_[std::string(from.row->kind)];
    if (from.failure) {
      ++state.failed;
      if (!state.failure) state.failure = std::move(from.failure);
      return;
    }
    ++state.whole;
    if (from.space) state.spaces.insert(*from.space);
    state.everywhere = state.everywhere || !from.space;
  }

  std::vector<listing> first_lists() const {
    std::vector<listing> result;
    for (resource_row const &row : resources()) {
      if (row.kind == "Node") continue;  // of interest to few
      if (row.kind == "CustomResourceDefinition") {
        // Five by name: a cluster's CRDs together may be tens of megabytes.
        for (char const *plural : monitoring_plurals) {
          auto &one = add(result, row, {});
          one.name = std::string(plural) + ".monitoring.coreos.com";
        }
        continue;
      }
      add(result, row, row.reach == reach::scope ? options_.space : std::nullopt);
    }
    return result;
  }

  static listing &add(std::vector<listing> &to, resource_row const &row,
                      std::optional<std::string> space) {
    auto &one = to.emplace_back();
    one.row = &row;
    one.space = std::move(space);
    return one;
  }

  /// Where all namespaces are forbidden, the one that is asked for may be allowed.
  std::vector<listing> fallback_lists() {
    std::vector<listing> result;
    if (!options_.space) return result;
    for (resource_row const &row : resources()) {
      auto const found = states_.find(row.kind);
      bool const denied = found != states_.end() && found->second.failure &&
                          found->second.failure->kind == access_error::forbidden;
      if (!denied) continue;
      if (row.reach == reach::everywhere) add(result, row, options_.space);
      if (row.kind == "Namespace") add(result, row, std::nullopt).name = *options_.space;
    }
    return result;
  }

  /// The namespaces that take part in the chain, known only now.
  std::vector<listing> further_lists() {
    std::vector<listing> result;
    if (wants_nodes()) add(result, *find_resource("Node"), std::nullopt);
    if (!options_.space) return result;
    auto const targets = spaces_of_targets();
    auto const servers = spaces_of_servers();
    for (resource_row const &row : resources()) {
      if (row.reach != reach::scope) continue;
      if (!targets) {
        add(result, row, std::nullopt);
        continue;
      }
      auto spaces = *targets;
      if (row.of_servers) spaces.insert(servers.begin(), servers.end());
      spaces.erase(*options_.space);
      for (auto const &space : spaces)
        add(result, row, space);
    }
    add_operator(result);
    return result;
  }

  /// Those that monitors which are checked name; nullopt: any. Of a monitor elsewhere that looks
  /// into all of them, what it has in this one is enough.
  std::optional<std::set<std::string>> spaces_of_targets() const {
    std::set<std::string> result;
    for (char const *kind : {"ServiceMonitor", "PodMonitor"}) {
      for (object const &each : result_.all.of_kind(kind)) {
        if (!is_checked(each)) continue;
        auto const &chosen = each.spec()["namespaceSelector"];
        if (chosen["any"].boolean_or(false)) {
          if (each.id.space == *options_.space) return std::nullopt;
          continue;
        }
        for (value const &name : chosen["matchNames"].items())
          if (name.is_text()) result.emplace(name.text());
      }
    }
    return result;
  }

  std::set<std::string> spaces_of_servers() const {
    std::set<std::string> result;
    for (char const *kind : {"Prometheus", "PrometheusAgent"})
      for (object const &each : result_.all.of_kind(kind))
        result.insert(each.id.space);
    return result;
  }

  /// The operator's own Pods and Deployment, wherever it runs.
  static void add_operator(std::vector<listing> &to) {
    for (char const *kind : {"Deployment", "Pod"}) {
      auto &one = add(to, *find_resource(kind), std::nullopt);
      // As kube-prometheus and the Helm chart label it.
      one.label_selector =
          "app.kubernetes.io/name in (prometheus-operator,"
          "kube-prometheus-stack-prometheus-operator)";
      one.optional = true;
    }
  }

  bool wants_nodes() const {
    for (char const *kind : {"ServiceMonitor", "PodMonitor"})
      for (object const &each : result_.all.of_kind(kind))
        if (each.spec()["attachMetadata"]["node"].boolean_or(false)) return true;
    return false;
  }

  void set_knowledge() {
    for (auto &[kind, state] : states_) {
      std::string where;
      if (!state.everywhere)
        for (auto const &space : state.spaces)
          where += (where.empty() ? "" : ", ") + space;
      if (!state.failure) {
        result_.all.set_known(kind, knowledge::complete, where.empty() ? "" : "in " + where);
        continue;
      }
      auto words = state.failure->words;
      if (state.whole > 0 && !where.empty()) words += "; read in " + where;
      result_.all.set_known(
          kind, state.whole > 0 ? knowledge::partial : knowledge_of(state.failure->kind),
          std::move(words));
    }
  }

  /// Those of the namespace, and those of others that look into it.
  bool is_checked(object const &monitor) const {
    if (!options_.space || monitor.id.space == *options_.space) return true;
    auto const &chosen = monitor.spec()["namespaceSelector"];
    auto const names = chosen["matchNames"].items();
    return chosen["any"].boolean_or(false) ||
           std::any_of(names.begin(), names.end(),
                       [&](value const &each) { return each.text() == *options_.space; });
  }

  std::optional<access_failure> read_references() {
    std::set<object_id> ids;
    for (char const *kind : {"ServiceMonitor", "PodMonitor"})
      for (object const &each : result_.all.of_kind(kind))
        if (is_checked(each)) ids.merge(referred_to(each));
    std::vector<object_id> wanted(ids.begin(), ids.end());
    std::vector<std::optional<access_failure>> failures(wanted.size());
    std::vector<std::optional<object>> found(wanted.size());
    side_by_side(wanted.size(), limits_.parallel, [&](std::size_t i) {
      auto keys = keys_of(wanted[i]);
      if (keys) {
        found[i] = with_keys(wanted[i], *keys);
      } else if (keys.why().kind != access_error::not_found) {
        failures[i] = keys.why();
      }
    });
    result_.all.set_known("Secret", knowledge::complete, "those that monitors name");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (found[i] && result_.all.find(wanted[i]) == nullptr) result_.all.add(std::move(*found[i]));
      if (!failures[i]) continue;
      if (is_of_the_whole(failures[i]->kind)) return failures[i];
      result_.all.set_known(wanted[i].kind, knowledge_of(failures[i]->kind), failures[i]->words);
    }
    return std::nullopt;
  }

  outcome<std::vector<std::string>> keys_of(object_id const &of) {
    if (of.kind == "Secret") return from_.secret_keys(of.space, of.name);
    auto const path = "/api/v1/namespaces/" + percent_encoded(of.space) + "/configmaps/" +
                      percent_encoded(of.name);
    auto const body = from_.get(path);
    if (!body) return body.why();
    std::vector<std::string> keys;
    try {
      for (auto const &each : parse_json(*body, path)["data"].entries())
        keys.push_back(each.key);
    } catch (input_error const &error) {
      return access_failure{access_error::bad_answer, error.what()};
    }
    return keys;
  }

  static object with_keys(object_id const &id, std::vector<std::string> const &keys) {
    object result;
    result.id = id;
    result.api_version = "v1";
    auto data = value::map();
    for (auto const &key : keys)
      data.set(key, {});
    result.root =
        value::map({{"apiVersion", "v1"},
                    {"kind", id.kind},
                    {"metadata", value::map({{"name", id.name}, {"namespace", id.space}})},
                    {"data", std::move(data)}});
    return result;
  }

  void read_generated() {
    for (char const *kind : {"Prometheus", "PrometheusAgent"}) {
      for (object const &each : result_.all.of_kind(kind)) {
        auto const name = configuration_secret_of(each.id);
        auto const path = "/api/v1/namespaces/" + percent_encoded(each.id.space) + "/secrets/" +
                          percent_encoded(name);
        auto const body = from_.get(path);
        auto content = body ? read_configuration_secret(*body, name) : body.why();
        auto &to = result_.generated.emplace_back();
        to.prometheus = each.id;
        if (content) {
          to.content = std::move(*content);
        } else {
          to.why_not = content.why().words;
        }
      }
    }
  }

  counting_cluster from_;
  collect_options const &options_;
  listing_limits limits_;
  collected result_;
  std::map<std::string, kind_state, std::less<>> states_;
};

}  // namespace

outcome<collected> collect(cluster &from, collect_options const &options) {
  return collection(from, options).run();
}

}  // namespace loopcheck
