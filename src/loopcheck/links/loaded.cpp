// SPDX-License-Identifier: Apache-2.0
// Link 6: the API server, the Operator and Prometheus accept what is written.
#include "links.hpp"

namespace loopcheck {
namespace {

void check_rejections(chain const &of, prediction::monitored const &seen, findings &made) {
  for (auto const &each : seen.generated.rejected) {
    bool const of_link_3 = each.field.find("scrapeTimeout") != std::string::npos ||
                           each.field.starts_with("spec.selector");
    if (of_link_3) continue;
    auto found = make_finding(each.loads ? "LC0602" : "LC0603", *of.monitor, each.field);
    found.found = each.why;
    found.expected = each.loads ? "what the Operator takes" : "what Prometheus loads";
    found.fix = "correct " + each.field;
    made.push_back(std::move(found));
  }
}

// What the API server refuses, or clients without strict validation lose.
void check_fields(chain const &of, context const &known, findings &made) {
  if (!known.fields) return;
  for (auto const &each : known.fields->unknown(*of.monitor)) {
    auto found = make_finding("LC0601", *of.monitor, each.field);
    auto const name = each.field.substr(each.field.rfind('.') + 1);
    found.found = name + ", which " + known.fields->name() + " do not know";
    if (each.first_minor) {
      found.expected = "CRDs of the Operator 0." + std::to_string(*each.first_minor) + " or later";
      found.fix = "install newer CRDs, or remove " + name;
    } else if (!each.nearest.empty()) {
      found.expected = each.nearest;
      found.fix = "write " + each.nearest;
    } else {
      found.expected = "a field of " + of.monitor->id.kind;
      found.fix = "remove " + name + ", or put it where it belongs";
    }
    made.push_back(std::move(found));
  }
}

}  // namespace

findings check_loaded(chain const &of, context const &known) {
  findings made;
  if (of.monitor == nullptr) return made;
  check_fields(of, known, made);
  for (auto const *const seen : of.selecting())
    check_rejections(of, *seen, made);
  return made;
}

}  // namespace loopcheck
