// SPDX-License-Identifier: Apache-2.0
#include "query_sources.hpp"

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

#include "query_origin.hpp"

namespace loopcheck {
namespace {

object_id id_of(value const &root) {
  value const &metadata = root["metadata"];
  return {std::string(root["kind"].text()), std::string(metadata["namespace"].text()),
          std::string(metadata["name"].text())};
}

/// A dashboard that is text inside an object.
bool add_embedded(value const &held, query_document in, query_sources &to) {
  if (held.text().find('{') == std::string_view::npos) {
    return false;
  }
  // A block scalar begins below its key.
  bool const block = held.text().find('\n') != std::string_view::npos;
  in.first_line = held.where().line + (block || held.where().line == 0 ? 0 : -1);
  try {
    bool found = false;
    for (value const &document : parse_documents(held.text(), in.file)) {
      if (is_dashboard(document)) {
        add_dashboard(document, in, to);
        found = true;
      }
    }
    return found;
  } catch (input_error const &) {
    return false;  // text of something else
  }
}

bool add_config_map(value const &root, query_document const &in, query_sources &to) {
  bool found = false;
  for (auto const &[key, held, where] : root["data"].entries()) {
    query_document inner = in;
    inner.prefix = "data[" + key + "].";
    bool const added = key.ends_with(".json") && add_embedded(held, inner, to);
    if (key.ends_with(".json") && !added) {
      to.skipped.push_back(in.object.text() + ": " + key + " is no dashboard");
    }
    found = found || added;
  }
  return found;
}

bool add_object(value const &root, query_document const &in, query_sources &to) {
  std::string_view const kind = root["kind"].text();
  if (kind == "PrometheusRule") {
    query_document inner = in;
    inner.prefix = "spec.";
    add_rules(root["spec"]["groups"], inner, to);
    return true;
  }
  if (kind == "ConfigMap") {
    return add_config_map(root, in, to);
  }
  if (kind == "GrafanaDashboard") {
    query_document inner = in;
    inner.prefix = "spec.json.";
    return add_embedded(root["spec"]["json"], inner, to);
  }
  return false;
}

}  // namespace

bool add_queries(object const &of, query_sources &to) {
  return add_object(of.root, {of.file, of.id, 0, ""}, to);
}

bool add_queries(value const &document, std::string_view file, query_sources &to) {
  if (document["kind"].is_text()) {
    if (document["items"].is_list()) {
      bool found = false;
      for (value const &each : document["items"].items()) {
        found = add_queries(each, file, to) || found;
      }
      return found;
    }
    return add_object(document, {std::string(file), id_of(document), 0, ""}, to);
  }
  query_document const in{std::string(file), {}, 0, ""};
  if (document["groups"].is_list()) {
    add_rules(document["groups"], in, to);
    return true;
  }
  if (is_dashboard(document)) {
    add_dashboard(document, in, to);
    return true;
  }
  return false;
}

void add_argument(std::string_view expression, std::size_t number, query_sources &to) {
  to.queries.push_back({.text = std::string(expression),
                        .written = std::string(expression),
                        .file = {},
                        .where = {},
                        .origin = "argument " + std::to_string(number),
                        .object = {},
                        .field = {},
                        .listed_label = {}});
}

void add_query_file(std::string_view bytes, std::string_view file, query_sources &to) {
  bool found = false;
  for (value const &document : parse_documents(bytes, file)) {
    found = add_queries(document, file, to) || found;
  }
  if (!found) {
    throw input_error(
        file, {}, "no queries: neither a rule file (groups:), a PrometheusRule nor a dashboard");
  }
}

}  // namespace loopcheck
