// SPDX-License-Identifier: Apache-2.0
#include "flags.hpp"

#include <unistd.h>

#include <cstdlib>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/sources/files.hpp>

#include "commands.hpp"
#include "program_version.hpp"

namespace loopcheck {
namespace {

std::string in_form(report const &of, output_form form) {
  switch (form) {
    case output_form::json:
      return to_json(to_json_report(of), 2) + "\n";
    case output_form::sarif:
      return to_json(to_sarif(of, program::version), 2) + "\n";
    case output_form::junit:
      return to_junit(of);
    case output_form::text:
      break;
  }
  bool const colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return to_text(of, {colour});
}

int status_of(verdict const &found) {
  if (found.first_broken) return exit_broken;
  return found.undecided ? exit_undecided : exit_whole;
}

}  // namespace

crd_fields fields_of(options const &chosen, version_number const &version, inventory const &all) {
  if (chosen.crds.empty()) {
    auto written = crd_fields::of_objects(all);
    return written ? std::move(*written) : crd_fields::of_version(version);
  }
  if (auto const given = version_number::parse(chosen.crds)) {
    return crd_fields::of_version(*given);
  }
  auto written = crd_fields::of_objects(read_files({chosen.crds}, {}).all);
  if (!written) {
    throw input_error("--crds: neither a version nor CRDs of ServiceMonitor and PodMonitor: " +
                      chosen.crds);
  }
  return std::move(*written);
}

query_sources queries_of(options const &chosen, inventory const &all,
                         std::vector<std::string> &notes) {
  query_sources made;
  for (auto const &kind : all.kinds()) {
    for (auto const &each : all.of_kind(kind))
      add_queries(each, made);
  }
  for (auto const &file : chosen.queries) {
    add_query_file(read_whole(file, yaml_limits{}.bytes_max), file, made);
  }
  for (std::size_t i = 0; i < chosen.expressions.size(); ++i) {
    add_argument(chosen.expressions[i], i + 1, made);
  }
  notes.insert(notes.end(), made.skipped.begin(), made.skipped.end());
  return made;
}

bool keep_prometheus(std::string const &given, std::string const &space, inventory &all) {
  auto const slash = given.find('/');
  bool const is_whole = slash != std::string::npos;
  auto const wanted = is_whole ? given.substr(0, slash) : space;
  auto const name = given.substr(is_whole ? slash + 1 : 0);
  bool found = false;
  for (auto const *const kind : {"Prometheus", "PrometheusAgent"}) {
    all.keep(kind, [&](object const &each) {
      return each.id.name == name && (wanted.empty() || each.id.space == wanted);
    });
    found = found || !all.of_kind(kind).empty();
  }
  return found;
}

std::optional<exposition> exposition_of(options const &chosen) {
  if (chosen.exposition.empty()) return std::nullopt;
  auto const body = read_whole(chosen.exposition, exposition_limits{}.bytes_max);
  return read_exposition(body, guess_format(body));
}

int print(report const &of, output_form form) {
  print(in_form(of, form));
  return status_of(of.found);
}

}  // namespace loopcheck
