// SPDX-License-Identifier: Apache-2.0
// Whatever a selector is, as kubectl's -l has it and as an object has it: a selector, or one line
// that says why not. Its text is read as the same selector, and what it says of labels agrees.
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopcheck/prediction/selector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "invariant.hpp"

namespace {

using namespace loopcheck;
using fuzz::require;

bool same(selector::requirement a, selector::requirement b) {
  for (auto *const values : {&a.values, &b.values}) {
    std::ranges::sort(*values);
    values->erase(std::unique(values->begin(), values->end()), values->end());
  }
  return a.key == b.key && a.how == b.how && a.values == b.values && a.exact == b.exact;
}

// Labels that meet the requirement, as far as one label can.
void meet(selector::requirement const &wanted, labels &of) {
  using enum selector::requirement::op;
  of.erase(wanted.key);
  if (wanted.how == in) of[wanted.key] = wanted.values.front();
  if (wanted.how == exists) of[wanted.key] = "any";
}

void check_labels(selector const &by, labels const &of) {
  auto const unmet = by.unmet(of);
  require(by.matches(of) == (!by.selects_nothing() && unmet.empty()), "matches() is no unmet()");
  for (auto const &each : unmet)
    require(!each.met_by(of), "what is unmet is not met");
}

void check(selector const &by) {
  require(!by.selects_nothing() || by.requirements().empty(), "nothing is wanted of nothing");
  require(std::ranges::is_sorted(by.requirements(), {}, &selector::requirement::key), "by key");
  labels of;
  check_labels(by, of);
  for (auto const &each : by.requirements()) {
    meet(each, of);
    require(each.met_by(of), "a requirement can be met");
    check_labels(by, of);
  }
  auto const text = by.text();
  try {
    auto const again = selector::parse(text);
    bool const equal = std::ranges::equal(by.requirements(), again.requirements(), same);
    if (!equal) std::fprintf(stderr, "%s\n%s\n", text.c_str(), again.text().c_str());
    require(equal, "the text is read as the same selector");
    require(again.matches(of) == (by.matches(of) || by.selects_nothing()), "that matches the same");
  } catch (selector_error const &e) {
    std::fprintf(stderr, "%s\n%s\n", text.c_str(), e.what());
    require(false, "the text is a selector");
  }
}

template <class Make>
void make(Make by) {
  try {
    check(by());
  } catch (selector_error const &e) {
    std::string_view const message = e.what();
    require(!message.empty() && message.find('\n') == message.npos, "an error is one line");
  } catch (input_error const &) {  // not YAML: the target yaml
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  fuzz::exact_copy const bytes({reinterpret_cast<char const *>(data), size});
  make([&] { return selector::parse(bytes.view()); });
  make([&] {
    auto const documents = parse_yaml(bytes.view(), "fuzz");
    return selector::from(documents.empty() ? value() : documents.front());
  });
  return 0;
}
