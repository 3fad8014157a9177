// SPDX-License-Identifier: Apache-2.0
// Grafana's dashboards: queries of panels, variables and annotations.
#include <map>

#include "query_origin.hpp"

namespace loopcheck {
namespace {

using names = std::set<std::string, std::less<>>;

std::string_view trimmed(std::string_view text) noexcept {
  std::size_t const first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// What "$name" and "${name}" stand for; empty: no variable.
std::string_view variable_in(std::string_view text) noexcept {
  if (!text.starts_with('$')) {
    return {};
  }
  text.remove_prefix(1);
  return text.starts_with('{') && text.ends_with('}') ? text.substr(1, text.size() - 2) : text;
}

class reader {
 public:
  reader(value const &root, query_document const &in, query_sources &to)
      : in_(in), to_(to), title_("dashboard " + root["title"].text_or("(without a title)")) {
    for (value const &each : root["templating"]["list"].items()) {
      declared_.emplace(each["name"].text());
      if (each["type"].text() == "datasource") {
        source_types_.emplace(each["name"].text(), each["query"].text());
      }
    }
    for (value const &each : root["__inputs"].items()) {  // of a dashboard that was shared
      source_types_.emplace(each["name"].text(), each["pluginId"].text());
    }
  }

  void panels(value const &list, std::string const &field) {
    std::size_t index = 0;
    for (value const &panel : list.items()) {
      std::string const at = field + "[" + std::to_string(index++) + "]";
      targets(panel, at);
      panels(panel["panels"], at + ".panels");
    }
  }

  void variables(value const &list, std::string const &field) {
    std::size_t index = 0;
    for (value const &each : list.items()) {
      std::string const at = field + "[" + std::to_string(index++) + "].query";
      value const &query = each["query"];
      if (each["type"].text() == "query" && foreign_source(each["datasource"]).empty()) {
        variable(query.is_map() ? query["query"] : query,
                 title_ + ", variable " + std::string(each["name"].text()), at);
      }
    }
  }

  void annotations(value const &list, std::string const &field) {
    std::size_t index = 0;
    for (value const &each : list.items()) {
      std::string const at = field + "[" + std::to_string(index++) + "].expr";
      if (each["expr"].is_text() && foreign_source(each["datasource"]).empty()) {
        add(each["expr"], each["expr"].text(),
            title_ + ", annotation " + std::string(each["name"].text()), at);
      }
    }
  }

 private:
  /// Other sources have an `expr`, too. A source that is an unknown variable, or only a name, may
  /// be Prometheus.
  std::string foreign_source(value const &datasource) const {
    std::string type(datasource["type"].text());
    if (type.empty() || type.starts_with('$')) {
      std::string_view const id = !type.empty()         ? type
                                  : datasource.is_map() ? datasource["uid"].text()
                                                        : datasource.text();
      auto const held = source_types_.find(variable_in(id));
      type = held == source_types_.end() ? std::string() : held->second;
    }
    bool const may_be =
        type.empty() || type.find("prometheus") != std::string::npos || type == "datasource";
    return may_be ? std::string() : type;
  }

  void targets(value const &panel, std::string const &field) {
    std::string const name =
        title_ + ", panel " + panel["title"].text_or("(id " + panel["id"].text_or("?") + ")");
    std::size_t index = 0;
    for (value const &each : panel["targets"].items()) {
      std::string const at = field + ".targets[" + std::to_string(index++) + "].expr";
      value const &source = each["datasource"].is_null() ? panel["datasource"] : each["datasource"];
      std::string const foreign = foreign_source(source);
      if (!foreign.empty() && foreign != "mixed") {
        to_.skipped.push_back(name + ": its data source is " + foreign);
      } else if (!trimmed(each["expr"].text()).empty()) {
        add(each["expr"], each["expr"].text(), name, at);
      }
    }
  }

  /// label_values(label), label_values(selector, label), query_result(expression), metrics(regex).
  void variable(value const &held, std::string const &name, std::string const &field) {
    std::string_view const query = trimmed(held.text());
    auto const inside = [&](std::string_view function) {
      return query.starts_with(function) && query.ends_with(')')
                 ? query.substr(function.size(), query.size() - function.size() - 1)
                 : std::string_view();
    };
    if (auto const values = inside("label_values("); !values.empty()) {
      std::size_t const comma = values.rfind(',');
      std::size_t const brace = values.rfind('}');
      bool const listed =
          comma != std::string_view::npos && (brace == std::string_view::npos || comma > brace);
      if (listed) {
        add(held, values.substr(0, comma), name, field, trimmed(values.substr(comma + 1)));
      }
    } else if (auto const result = inside("query_result("); !result.empty()) {
      add(held, result, name, field);
    }
  }

  void add(value const &held, std::string_view expression, std::string const &origin,
           std::string const &field, std::string_view listed = {}) {
    place where = held.where();
    where.line += where.line > 0 ? in_.first_line : 0;
    to_.queries.push_back({.text = without_variables(expression, declared_),
                           .written = std::string(expression),
                           .file = in_.file,
                           .where = where,
                           .origin = origin,
                           .object = in_.object,
                           .field = in_.prefix + field,
                           .listed_label = std::string(listed)});
  }

  query_document const &in_;
  query_sources &to_;
  std::string title_;
  names declared_;
  std::map<std::string, std::string, std::less<>> source_types_;  ///< by the variable's name
};

}  // namespace

bool is_dashboard(value const &root) noexcept {
  if (root["dashboard"].is_map()) {
    return is_dashboard(root["dashboard"]);
  }
  bool const panels = root["panels"].is_list() || root["rows"].is_list();
  return panels && (root.has("title") || root.has("schemaVersion"));
}

void add_dashboard(value const &root, query_document const &in, query_sources &to) {
  if (root["dashboard"].is_map()) {  // as Grafana's API answers
    query_document inner = in;
    inner.prefix += "dashboard.";
    return add_dashboard(root["dashboard"], inner, to);
  }
  reader of(root, in, to);
  of.variables(root["templating"]["list"], "templating.list");
  of.annotations(root["annotations"]["list"], "annotations.list");
  of.panels(root["panels"], "panels");
  of.panels(root["rows"], "rows");  // before Grafana 5
}

}  // namespace loopcheck
