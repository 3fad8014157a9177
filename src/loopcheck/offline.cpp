// SPDX-License-Identifier: Apache-2.0
// The commands that need no cluster: objects from files → prediction → the nine links → a report.
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

#include <loopcheck/findings/codes.hpp>
#include <loopcheck/links/links.hpp>
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/prediction/prediction_json.hpp>
#include <loopcheck/prediction/targets.hpp>
#include <loopcheck/report/report.hpp>
#include <loopcheck/sources/files.hpp>
#include <loopcheck/sources/kustomize.hpp>

#include "commands.hpp"
#include "flags.hpp"

namespace loopcheck {
namespace {

// A Prometheus object as the Helm chart would make it, of which only the labels are known.
object stand_in(std::string const &labels) {
  auto const wanted = selector::parse(labels);
  auto expressions = value::list();
  for (auto const &each : wanted.requirements()) {
    using op = selector::requirement::op;
    auto values = value::list();
    for (auto const &held : each.values)
      values.push(value(held));
    auto one = value::map({{"key", value(each.key)},
                           {"operator", each.how == op::in       ? "In"
                                        : each.how == op::not_in ? "NotIn"
                                        : each.how == op::exists ? "Exists"
                                                                 : "DoesNotExist"}});
    if (values.size() > 0) one.set("values", std::move(values));
    expressions.push(std::move(one));
  }
  auto const chosen = value::map({{"matchExpressions", std::move(expressions)}});
  object made;
  made.id = {"Prometheus", "monitoring", "stand-in"};
  made.api_version = "monitoring.coreos.com/v1";
  made.root = value::map({
      {"apiVersion", "monitoring.coreos.com/v1"},
      {"kind", "Prometheus"},
      {"metadata", value::map({{"name", "stand-in"}, {"namespace", "monitoring"}})},
      {"spec", value::map({{"serviceMonitorSelector", chosen},
                           {"serviceMonitorNamespaceSelector", value::map()},
                           {"podMonitorSelector", chosen},
                           {"podMonitorNamespaceSelector", value::map()}})},
  });
  return made;
}

bool has_prometheus(inventory const &all) {
  return !all.of_kind("Prometheus").empty() || !all.of_kind("PrometheusAgent").empty();
}

std::string space_of(options const &chosen) {
  return chosen.space.empty() ? "default" : chosen.space;
}

version_number version_of(options const &chosen) {
  return chosen.operator_version.value_or(predict_options{}.operator_version);
}

struct loaded {
  files_read read;
  bool stand_in = false;
};

loaded load(options const &chosen) {
  file_options how;
  how.default_namespace = space_of(chosen);
  how.render = [](std::string const &folder) { return rendered(folder); };
  auto inputs = chosen.inputs;
  std::error_code error;
  bool const is_file = std::filesystem::exists(chosen.prometheus, error);
  if (is_file) inputs.push_back(chosen.prometheus);
  loaded made{read_files(inputs, how), false};
  auto &all = made.read.all;
  if (!chosen.prometheus.empty() && !is_file) {
    if (!keep_prometheus(chosen.prometheus, space_of(chosen), all)) {
      throw input_error(
          "--prometheus: neither a file nor NAMESPACE/NAME of a Prometheus in the "
          "input: " +
          chosen.prometheus);
    }
  }
  if (!has_prometheus(all)) {
    all.add(stand_in(chosen.selector));
    made.stand_in = true;
    made.read.notes.push_back(
        "no Prometheus object in the input; taken instead: one that selects "
        "monitors with " +
        chosen.selector + " (--selector, --prometheus)");
  }
  derive(all);
  return made;
}

// The Prometheus that the Operator's own tests of that version are built with.
version_number library_of(version_number const &operator_version) {
  return operator_version < version_number{0, 93, 0} ? version_number{3, 9, 1}
                                                     : version_number{3, 13, 1};
}

// A case a line in, a prediction a line out: what the tests compare with the Operator's own code.
void predict_cases(options const &chosen) {
  for (std::string line; std::getline(std::cin, line);) {
    auto const one = parse_json(line, "standard input");
    files_read read;
    file_options how;
    how.default_namespace = space_of(chosen);
    for (auto const &each : one["objects"].items())
      add_object(each, "standard input", how, read);
    // A case is a whole world: what it lacks is not there.
    for (auto const *const kind : {"ConfigMap", "Node", "Secret"}) {
      read.all.set_known(kind, inventory::knowledge::complete);
    }
    derive(read.all);
    predict_options how_predicted;
    how_predicted.operator_version = version_of(chosen);
    how_predicted.discovery_version = library_of(how_predicted.operator_version);
    auto made = predict_json(predict(read.all, how_predicted), read.all);
    made.set("id", one["id"]);
    print(to_json(made) + "\n");
  }
}

std::string table_of(prediction const &predicted) {
  std::string out;
  for (auto const &each : predicted.targets) {
    if (!each.active()) continue;
    out += each.pool + "  " + each.url + "\n";
    for (auto const &[key, held] : each.final) {
      out.append("  ").append(key).append("=\"").append(held).append("\"\n");
    }
  }
  return out.empty() ? "no targets\n" : out;
}

}  // namespace

int run_manifests(options const &chosen) {
  auto input = load(chosen);
  auto const predicted = predict(input.read.all, {version_of(chosen), {}});
  context known(input.read.all, predicted);
  known.stand_in = input.stand_in;
  known.fields = fields_of(chosen, version_of(chosen), input.read.all);
  known.queries = queries_of(chosen, input.read.all, input.read.notes);
  auto const exposed = exposition_of(chosen);
  known.exposed = exposed ? &*exposed : nullptr;
  known.exposed_name = chosen.exposition;
  auto const found = check(chains_of(input.read.all, predicted), known);
  if (found.chains.empty()) {
    throw input_error("nothing to check: no monitor, Service or workload in the input");
  }
  report made{found, predicted, input.read.notes};
  made.has_exposition = known.exposed != nullptr;
  made.has_queries = !known.queries.queries.empty();
  return print(made, chosen.output);
}

int run_predict(options const &chosen) {
  if (chosen.cases) {
    predict_cases(chosen);
    return exit_whole;
  }
  auto const input = load(chosen);
  auto const predicted = predict(input.read.all, {version_of(chosen), {}});
  print(chosen.output == output_form::text
            ? table_of(predicted)
            : to_json(predict_json(predicted, input.read.all), 2) + "\n");
  return exit_whole;
}

int run_explain(options const &chosen) {
  std::vector<code_row const *> rows;
  for (auto const &row : codes()) {
    if (chosen.all) rows.push_back(&row);
  }
  for (auto const &code : chosen.inputs) {
    rows.push_back(find_code(code));
    if (rows.back() == nullptr) {
      throw usage_error("explain: there is no code \"" + code + "\" (see --all)");
    }
  }
  std::string text;
  auto list = value::list();
  for (auto const *const row : rows) {
    text += (text.empty() ? "" : "\n") + explain(*row);
    list.push(to_value(*row));
  }
  if (chosen.output == output_form::text) {
    print(text);
  } else if (chosen.output == output_form::json) {
    print(to_json(list, 2) + "\n");
  } else {
    throw usage_error("--output: explain prints text or json");
  }
  return exit_whole;
}

}  // namespace loopcheck
