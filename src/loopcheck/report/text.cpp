// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <loopcheck/objects/yaml.hpp>
#include <loopmeter/base/log.hpp>

#include "report.hpp"

namespace loopcheck {
namespace {

using loopmeter::log::printable;

struct painter {
  bool colour;
  std::string operator()(char const *code, std::string const &text) const {
    return colour ? std::string("\033[").append(code).append("m").append(text).append("\033[0m")
                  : text;
  }
  std::string red(std::string const &text) const { return (*this)("31;1", text); }
  std::string yellow(std::string const &text) const { return (*this)("33", text); }
  std::string green(std::string const &text) const { return (*this)("32", text); }
  std::string bold(std::string const &text) const { return (*this)("1", text); }
};

std::string padded(std::string_view text, std::size_t width) {
  auto made = std::string(text);
  if (made.size() < width) made.append(width - made.size(), ' ');
  return made;
}

std::string plural(std::size_t count, std::string const &noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string state_of(report const &of, link at, painter const &paint) {
  std::string codes;
  std::optional<severity> worst;
  for (auto const &each : of.found.all) {
    if (each.link() != at || each.severity == severity::info) continue;
    if (codes.find(each.code) == std::string::npos) codes += " " + each.code;
    if (!worst || each.severity == severity::error ||
        (each.severity == severity::undecided && *worst == severity::warning)) {
      worst = each.severity;
    }
  }
  if (!worst) {
    if (at == link::samples && !of.live && !of.has_exposition) {
      return "not rehearsed (--exposition)";
    }
    if (at == link::answer && !of.live && !of.has_queries) return "no queries (--query, --queries)";
    return paint.green("ok");
  }
  if (*worst == severity::error) return paint.red("broken" + codes);
  return paint.yellow((*worst == severity::warning ? "ok, with warnings" : "undecided") + codes);
}

void add_line(std::string &out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out += "  " + padded(name, 10) + printable(text) + "\n";
}

// How kubectl is to apply it: custom resources know no strategic merge.
std::string patch_type(object_id const &of) {
  bool const custom = of.kind == "ServiceMonitor" || of.kind == "PodMonitor" ||
                      of.kind == "Prometheus" || of.kind == "PrometheusAgent" ||
                      of.kind == "PrometheusRule";
  return std::string("  (kubectl patch --type=") + (custom ? "merge)" : "strategic)");
}

void add_finding(std::string &out, finding const &of, painter const &paint) {
  auto const heading = of.code + " " + std::string(text(of.severity)) + ", link " +
                       std::to_string(static_cast<int>(of.link())) + ": " +
                       std::string(find_code(of.code)->title);
  out +=
      "\n" + (of.severity == severity::error ? paint.red(heading) : paint.yellow(heading)) + "\n";
  add_line(out, "object", of.object.text() + (of.field.empty() ? "" : "  " + of.field));
  if (!of.file.empty()) {
    add_line(out, "file", of.file + (of.where.line > 0 ? ":" + std::to_string(of.where.line) : ""));
  }
  add_line(out, "found", of.found);
  add_line(out, "expected", of.expected);
  if (!of.because_of.empty()) add_line(out, "because", "of " + of.because_of);
  add_line(out, "fix", of.fix);
  if (!of.change) return;
  auto yaml = to_yaml(of.change->content);
  add_line(out, of.change->creates ? "create" : "patch",
           of.change->of.text() + (of.change->creates ? "" : patch_type(of.change->of)));
  std::size_t start = 0;
  for (auto end = yaml.find('\n'); end != std::string::npos; end = yaml.find('\n', start)) {
    out += "    " + printable(std::string_view(yaml).substr(start, end - start)) + "\n";
    start = end + 1;
  }
}

}  // namespace

std::vector<target const *> told_targets(report const &of) {
  std::vector<target const *> made;
  if (of.chains == nullptr) {
    for (auto const &each : of.predicted.targets)
      made.push_back(&each);
    return made;
  }
  for (auto const &each : *of.chains)
    made.insert(made.end(), each.targets.begin(), each.targets.end());
  return made;
}

std::string_view health_of(target const &one, report const &of) {
  auto const *const seen = of.observed == nullptr ? nullptr : of.observed->of(one.prometheus);
  if (seen == nullptr || !seen->targets || !one.active()) return "";
  auto const *const there = find_target(*seen->targets, one.pool, one.final);
  return there == nullptr ? std::string_view("absent") : std::string_view(there->worst.health);
}

std::string to_text(report const &of, text_style const &style) {
  painter const paint{style.colour};
  std::string out;
  for (auto const &note : of.notes)
    out += "note: " + printable(note) + "\n";
  for (int number = 1; number <= 9; ++number) {
    auto const at = static_cast<link>(number);
    out += std::to_string(number) + " " + padded(text(at), 22) + state_of(of, at, paint) + "\n";
  }
  for (auto const &each : of.found.all)
    add_finding(out, each, paint);
  std::size_t active = 0;
  for (auto const *const each : told_targets(of))
    active += each->active() ? 1 : 0;
  out += "\n";
  if (of.found.first_broken) {
    auto const &first = of.found.all[*of.found.first_broken];
    out += paint.bold("The chain breaks at link " + std::to_string(static_cast<int>(first.link())) +
                      ", " + std::string(text(first.link())) + ": " + first.code + " at " +
                      printable(first.object.text()) + ".") +
           " More: loopcheck explain " + first.code + "\n";
  } else if (of.found.undecided) {
    out += paint.bold("It cannot be decided whether the chain is whole.") + "\n";
  } else {
    out += paint.bold("The chain is whole") + ": " + plural(of.found.chains.size(), "monitor") +
           ", " + plural(active, "target") + (of.live ? " up" : " predicted") + ".\n";
  }
  return out;
}

std::string handbook_url(std::string_view code) {
  std::string anchor;
  for (auto const each : code) {
    anchor += each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  }
  return "docs/handbook.md#" + anchor;
}

std::string explain(code_row const &of) {
  auto const at = static_cast<link>(of.code[3] - '0');
  return std::string(of.code) + ": " + std::string(of.title) + "\n\n" + "link      " +
         std::to_string(static_cast<int>(at)) + ", " + std::string(text(at)) + "\n" + "severity  " +
         std::string(text(of.usual)) + "\n" + "cause     " + std::string(of.cause) + "\n" +
         "fix       " + std::string(of.fix) + "\n" + "handbook  " + handbook_url(of.code) + "\n";
}

}  // namespace loopcheck
