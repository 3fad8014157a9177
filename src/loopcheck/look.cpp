// SPDX-License-Identifier: Apache-2.0
#include "look.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <utility>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/pods.hpp>
#include <loopcheck/queries/promql.hpp>

#include "flags.hpp"

namespace loopcheck {
namespace {

// Of so many Services that nobody monitors it is asked whether somebody did: each costs requests.
constexpr std::size_t histories_max = 20;

struct kind_names {
  std::string_view kind;
  std::array<std::string_view, 4> names;
};
// As kubectl calls them.
constexpr std::array kinds = {
    kind_names{"Service", {"service", "services", "svc"}},
    kind_names{"Pod", {"pod", "pods", "po"}},
    kind_names{"Deployment", {"deployment", "deployments", "deploy"}},
    kind_names{"StatefulSet", {"statefulset", "statefulsets", "sts"}},
    kind_names{"DaemonSet", {"daemonset", "daemonsets", "ds"}},
    kind_names{"Job", {"job", "jobs"}},
    kind_names{"CronJob", {"cronjob", "cronjobs", "cj"}},
    kind_names{"ServiceMonitor", {"servicemonitor", "servicemonitors", "smon"}},
    kind_names{"PodMonitor", {"podmonitor", "podmonitors", "pmon"}},
};

std::string lower(std::string text) {
  for (auto &each : text)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return text;
}

object_id parse_name(std::string const &given, std::string const &space) {
  auto const slash = given.find('/');
  auto const kind = lower(given.substr(0, slash));
  for (auto const &each : kinds) {
    if (std::find(each.names.begin(), each.names.end(), kind) == each.names.end()) continue;
    if (slash == std::string::npos || slash + 1 == given.size()) break;
    return {std::string(each.kind), space, given.substr(slash + 1)};
  }
  throw input_error("live: \"" + given +
                    "\" is no KIND/NAME; kinds are svc, pod, deploy, sts, ds, job, cronjob, "
                    "servicemonitor, podmonitor");
}

// "registry:5000/prometheus-operator:v0.88.0@sha256:…" → 0.88.0
std::optional<version_number> version_of_image(std::string_view image) {
  image = image.substr(0, image.find('@'));
  auto const colon = image.rfind(':');
  if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos)
    return std::nullopt;
  return version_number::parse(image.substr(colon + 1));
}

focus focus_of(look_options const &asked, inventory const &all) {
  focus made;
  made.eager = false;
  made.space = asked.space;
  if (!asked.flags->labels.empty()) made.wanted = selector::parse(asked.flags->labels);
  for (auto const &each : asked.named) {
    if (!asked.space) throw input_error("live: " + each + ": in which namespace? give -n");
    auto id = parse_name(each, *asked.space);
    if (all.find(id) == nullptr) {
      auto const why = all.why_unknown(id.kind);
      bool const read = all.known(id.kind) == inventory::knowledge::complete;
      throw nothing_to_check(
          "live: " + id.text() + " is not there" +
              (read || why.empty() ? "" : ", or may not be read: " + std::string(why)),
          read);
    }
    made.named.push_back(std::move(id));
  }
  return made;
}

// Of what must be there for an answer, each as it is now: without range and offset.
std::vector<std::string> selectors_of(std::string_view expression) {
  std::vector<std::string> made;
  for (auto const &each : parse_promql(expression).selectors) {
    if (each.is_info || each.empty != vector_selector::emptiness::surprising) continue;
    auto &one = made.emplace_back(each.name + "{");
    for (auto const &matcher : each.matchers)
      one += (one.ends_with('{') ? "" : ",") + text(matcher);
    one += "}";
  }
  return made;
}

}  // namespace

look_options look_options::of(options const &flags) {
  look_options made;
  made.named = flags.inputs;
  made.flags = &flags;
  made.exposed = exposition_of(flags);
  made.queries = queries_of(flags, inventory(), made.notes);
  return made;
}

outcome<std::unique_ptr<look>> look::at(cluster &through, look_options const &asked) {
  collect_options how;
  how.space = asked.space;
  how.generated = asked.generated;
  auto read = collect(through, how);
  if (!read) return read.why();
  return std::unique_ptr<look>(new look(through, asked, std::move(*read)));
}

look::look(cluster &through, look_options const &asked, collected &&read)
    : asked_(asked), flags_(*asked.flags), read_(std::move(read)), notes_(asked.notes) {
  take_prometheus();
  auto const version = operator_version();
  predicted_ = predict(read_.all, {version, {}});
  chains_ = chains_of(read_.all, predicted_, focus_of(asked_, read_.all));
  if (chains_.empty()) refuse_nothing();
  known_.emplace(read_.all, predicted_);
  known_->live = true;
  known_->fields = fields_of(flags_, version, read_.all);
  known_->exposed = asked_.exposed ? &*asked_.exposed : nullptr;
  known_->exposed_name = flags_.exposition;
  known_->queries = asked_.queries;
  observe_all(through);
  known_->observed = &observed_;
  found_ = check(chains_, *known_);
}

void look::refuse_nothing() const {
  std::string unread;
  for (auto const *const kind : {"ServiceMonitor", "PodMonitor", "Service"}) {
    auto const how = read_.all.known(kind);
    bool const decided =
        how == inventory::knowledge::complete || how == inventory::knowledge::absent;
    if (!decided && unread.empty())
      unread = std::string("; not all of kind ") + kind +
               " could be read: " + std::string(read_.all.why_unknown(kind));
  }
  throw nothing_to_check(
      "nothing to check" + (asked_.space ? " in namespace " + *asked_.space : std::string()) +
          ": no monitor, and no Service with a port named metrics" +
          (asked_.space ? " (-n NAME, -A for all namespaces, or name one: svc/NAME)" : "") + unread,
      unread.empty());
}

version_number look::operator_version() {
  if (flags_.operator_version) return *flags_.operator_version;
  for (auto const *const kind : {"Pod", "Deployment"}) {
    for (auto const &each : read_.all.of_kind(kind)) {
      for (auto const &container : pod_spec(each)["containers"].items()) {
        if (!is_operator(container)) continue;
        if (auto const version = version_of_image(container["image"].text())) return *version;
      }
    }
  }
  for (auto const &each : read_.all.of_kind("CustomResourceDefinition")) {
    auto const written = each.annotation("operator.prometheus.io/version");
    if (auto const version = version_number::parse(written)) return *version;
  }
  auto const taken = predict_options{}.operator_version;
  notes_.push_back("the version of the Operator cannot be told; taken is " + taken.text() +
                   " (--operator)");
  return taken;
}

void look::take_prometheus() {
  auto const &given = flags_.prometheus;
  if (given.empty()) return;
  if (!keep_prometheus(given, "", read_.all))
    throw input_error("--prometheus: no such Prometheus object: " + given);
}

// Each Prometheus object that selects a monitor; for Services that nobody monitors, each one.
std::vector<observe_subject> look::subjects() const {
  std::map<object_id, observe_subject> made;
  auto const of = [&](object_id const &id) -> observe_subject & {
    auto &one = made[id];
    one.prometheus = read_.all.find(id);
    return one;
  };
  for (auto const &each : chains_) {
    for (auto const *const seen : each.selecting()) {
      auto &subject = of(seen->prometheus);
      for (auto const &job : seen->generated.jobs)
        subject.pools.insert(job.name);
    }
    for (auto const *const one : each.targets) {
      auto const job = one->final.find("job");
      if (job != one->final.end()) of(one->prometheus).jobs.insert(job->second);
    }
    if (each.monitor != nullptr) continue;
    for (auto const *const kind : {"Prometheus", "PrometheusAgent"})
      for (auto const &prometheus : read_.all.of_kind(kind))
        of(prometheus.id);
  }
  std::vector<observe_subject> listed;
  for (auto &[id, subject] : made)
    listed.push_back(std::move(subject));
  return listed;
}

void look::observe_all(cluster &through) {
  observe_options how;
  if (!flags_.prometheus_url.empty()) {
    how.at = parse_url(flags_.prometheus_url);
    how.login = prometheus_login::from_environment(
        [](char const *name) -> char const * { return std::getenv(name); });
  }
  for (auto const &expression : known_->queries.queries)
    if (expression.file.empty() && expression.object.kind.empty())
      how.expressions.emplace(expression.text, selectors_of(expression.text));
  std::size_t histories = 0;
  for (auto const &each : chains_) {
    if (each.monitor != nullptr || ++histories > histories_max) continue;
    for (auto const *const service : each.services) {
      auto const up = history_query(*service);
      how.expressions.emplace(up, selectors_of(up));
    }
  }
  observed_ = observe(through, read_, subjects(), how);
}

report look::told() const {
  report made{found_, predicted_, notes_};
  made.live = true;
  made.has_exposition = asked_.exposed.has_value();
  made.has_queries = !known_->queries.queries.empty();
  made.observed = &observed_;
  made.chains = &chains_;
  return made;
}

}  // namespace loopcheck
