// SPDX-License-Identifier: Apache-2.0
// JSON, SARIF and JUnit.
#include <string>

#include <loopcheck/objects/yaml.hpp>

#include "report.hpp"

namespace loopcheck {
namespace {

value text_or_null(std::string const &text) {
  return text.empty() ? value() : value(text);
}

value to_value(finding const &of) {
  auto made = value::map({
      {"link", value(static_cast<std::int64_t>(of.link()))},
      {"code", value(of.code)},
      {"severity", value(std::string(text(of.severity)))},
      {"title", value(std::string(find_code(of.code)->title))},
      {"object", value(of.object.text())},
      {"field", text_or_null(of.field)},
      {"file", text_or_null(of.file)},
      {"line", of.where.line > 0 ? value(std::int64_t{of.where.line}) : value()},
      {"found", value(of.found)},
      {"expected", value(of.expected)},
      {"fix", value(of.fix)},
      {"because_of", text_or_null(of.because_of)},
  });
  made.set("patch", of.change ? value::map({{"object", value(of.change->of.text())},
                                            {"creates", value(of.change->creates)},
                                            {"content", of.change->content}})
                              : value());
  return made;
}

value to_value(labels const &of) {
  auto made = value::map();
  for (auto const &[key, held] : of)
    made.add_entry({key, value(held)});
  return made;
}

value to_value(target const &of, std::string_view health) {
  return value::map({
      {"pool", value(of.pool)},
      {"monitor", value(of.monitor.text())},
      {"prometheus", value(of.prometheus.text())},
      {"state", value(of.active() ? "active" : "dropped")},
      {"health", text_or_null(std::string(health))},
      {"url", text_or_null(of.url)},
      {"labels", to_value(of.final)},
  });
}

value sarif_level(severity of) {
  return of == severity::error ? "error" : of == severity::warning ? "warning" : "note";
}

value sarif_result(finding const &of) {
  auto made = value::map({
      {"ruleId", value(of.code)},
      {"level", sarif_level(of.severity)},
      {"message",
       value::map({{"text", value(of.object.text() + ": " + std::string(find_code(of.code)->title) +
                                  ". Found " + of.found + "; expected " + of.expected +
                                  ". Fix: " + of.fix)}})},
  });
  auto location = value::map(
      {{"logicalLocations",
        value::list(
            {value::map({{"fullyQualifiedName",
                          value(of.object.text() + (of.field.empty() ? "" : ":" + of.field))},
                         {"kind", "resource"}})})}});
  if (!of.file.empty() && of.file != "-") {
    auto physical = value::map({{"artifactLocation", value::map({{"uri", value(of.file)}})}});
    if (of.where.line > 0) {
      physical.set("region", value::map({{"startLine", value(std::int64_t{of.where.line})}}));
    }
    location.set("physicalLocation", std::move(physical));
  }
  made.set("locations", value::list({std::move(location)}));
  return made;
}

// Also drops what XML 1.0 cannot hold.
std::string xml(std::string_view text) {
  std::string made;
  for (auto const each : text) {
    switch (each) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\n':
        made += "&#10;";
        break;
      default:
        if (static_cast<unsigned char>(each) >= 0x20) made += each;
    }
  }
  return made;
}

}  // namespace

value to_json_report(report const &of) {
  auto made = value::map({{"ok", value(!of.found.first_broken && !of.found.undecided)}});
  made.set("decided", value(!of.found.undecided));
  if (of.found.first_broken) {
    auto const &first = of.found.all[*of.found.first_broken];
    made.set("first_broken", value::map({{"link", value(static_cast<std::int64_t>(first.link()))},
                                         {"code", value(first.code)},
                                         {"object", value(first.object.text())}}));
  } else {
    made.set("first_broken", value());
  }
  auto listed = value::list(), targets = value::list(), notes = value::list();
  for (auto const &each : of.found.all)
    listed.push(to_value(each));
  for (auto const *const each : told_targets(of))
    targets.push(to_value(*each, health_of(*each, of)));
  for (auto const &each : of.notes)
    notes.push(value(each));
  made.set("findings", std::move(listed));
  made.set("targets", std::move(targets));
  made.set("notes", std::move(notes));
  return made;
}

value to_value(code_row const &of) {
  return value::map({
      {"code", value(std::string(of.code))},
      {"link", value(std::int64_t{of.code[3] - '0'})},
      {"severity", value(std::string(text(of.usual)))},
      {"title", value(std::string(of.title))},
      {"cause", value(std::string(of.cause))},
      {"fix", value(std::string(of.fix))},
      {"handbook", value(handbook_url(of.code))},
  });
}

value to_sarif(report const &of, std::string_view version) {
  auto rules = value::list(), results = value::list();
  for (auto const &row : codes()) {
    rules.push(value::map({
        {"id", value(std::string(row.code))},
        {"shortDescription", value::map({{"text", value(std::string(row.title))}})},
        {"fullDescription", value::map({{"text", value(std::string(row.cause))}})},
        {"help", value::map({{"text", value(std::string(row.fix))}})},
        {"defaultConfiguration", value::map({{"level", sarif_level(row.usual)}})},
    }));
  }
  for (auto const &each : of.found.all)
    results.push(sarif_result(each));
  return value::map({
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       value::list({value::map({
           {"tool", value::map({{"driver", value::map({{"name", "loopcheck"},
                                                       {"version", value(std::string(version))},
                                                       {"rules", std::move(rules)}})}})},
           {"results", std::move(results)},
       })})},
  });
}

std::string to_junit(report const &of) {
  std::size_t failures = 0;
  std::string cases;
  for (int number = 1; number <= 9; ++number) {
    auto const at = static_cast<link>(number);
    std::string failed, skipped, said;
    for (auto const &each : of.found.all) {
      if (each.link() != at) continue;
      auto const what = each.code + " " + each.object.text() + ": found " + each.found +
                        ", expected " + each.expected + "; fix: " + each.fix;
      if (each.severity == severity::error) {
        failed += "<failure type=\"" + each.code + "\" message=\"" + xml(what) + "\"/>";
      } else if (each.severity == severity::undecided) {
        skipped = "<skipped message=\"" + xml(what) + "\"/>";
      } else {
        said += xml(what) + "&#10;";
      }
    }
    failures += failed.empty() ? 0 : 1;
    auto const inside = (failed.empty() ? skipped : failed) +
                        (said.empty() ? "" : "<system-out>" + said + "</system-out>");
    cases += "  <testcase classname=\"loopcheck\" name=\"link " + std::to_string(number) + ": " +
             xml(text(at)) + "\">" + inside + "</testcase>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"loopcheck\" tests=\"9\" "
         "failures=\"" +
         std::to_string(failures) + "\">\n" + cases + "</testsuite>\n";
}

}  // namespace loopcheck
