// SPDX-License-Identifier: Apache-2.0
// Any names, help and label values (of UTF-8, as registration demands) through the encoders: the
// strict checkers find nothing wrong, and the values come back.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/exposition/escape.hpp>
#include <loopmeter/metrics/labels.hpp>

#include <exposition_checker.hpp>
#include <openmetrics_checker.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

namespace {

using namespace loopmeter;

// Nothing that was not UTF-8 gets as far as an encoder.
std::string take_text(FuzzedDataProvider &from) {
  std::string text = from.ConsumeRandomLengthString();
  return metrics::is_utf8(text) ? text : "x";
}

// Registration refuses __ and le; an escaped name may come to begin with __ all the same.
std::string take_name(FuzzedDataProvider &from, exposition::escaping scheme,
                      std::string const &otherwise) {
  std::string name = take_text(from);
  bool may = !name.empty() && !name.starts_with("__") && name != "le";
  for (auto const one : {scheme, exposition::escaping::underscores})
    may = may && !exposition::detail::escape_label_name(name, one).starts_with("__");
  return may ? name : otherwise;
}

metrics::snapshot make_snapshot(FuzzedDataProvider &from, exposition::escaping scheme) {
  metrics::detail::family_definition family;
  family.name = take_name(from, scheme, "a_total");
  family.help = take_text(from);
  // The checker takes it for a line end of Windows.
  while (family.help.ends_with('\r'))
    family.help.pop_back();
  family.kind = from.ConsumeBool() ? metrics::detail::instrument_kind::counter
                                   : metrics::detail::instrument_kind::info;
  family.labels.push_back({take_name(from, scheme, "label"), {take_text(from)}});
  metrics::detail::layout layout;
  layout.families.push_back(
      {.definition = std::make_shared<metrics::detail::family_definition const>(family),
       .series = {{}}});
  layout.value_count = 1;
  metrics::snapshot made;
  made.layout = std::make_shared<metrics::detail::layout const>(std::move(layout));
  made.values = {1};
  return made;
}

void check(metrics::snapshot const &snapshot, std::string const &text, std::string const &findings,
           std::size_t series) {
  if (findings.empty() && series == 1) return;
  std::fprintf(stderr, "family '%s'\n%s\n%s", snapshot.layout->families[0].definition->name.c_str(),
               text.c_str(), findings.c_str());
  std::abort();
}

// How many series of all families have the value as their only label's.
template <class Checked>
std::size_t with_value(Checked const &checked, std::string const &value) {
  std::size_t found = 0;
  for (auto const &family : checked.families) {
    for (auto const &sample : family.samples)
      found += sample.labels.size() == 1 && sample.labels.begin()->second == value ? 1U : 0U;
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  using namespace exposition;
  FuzzedDataProvider from{data, size};
  auto const scheme = static_cast<escaping>(from.ConsumeIntegralInRange(0, 3));
  metrics::snapshot const snapshot = make_snapshot(from, scheme);
  std::string const &value = snapshot.layout->families[0].definition->labels[0].values[0];
  encoder by;
  std::string text;
  by.encode(snapshot, {protocol::openmetrics_1_0_0, scheme}, text);
  auto const openmetrics = loopmeter::test::check_openmetrics(text);
  check(snapshot, text, openmetrics.findings_text(), with_value(openmetrics, value));
  text.clear();
  by.encode(snapshot, {protocol::text_0_0_4, scheme}, text);
  auto const plain = loopmeter::test::check_exposition(text);
  check(snapshot, text, plain.findings_text(), with_value(plain, value));
  return 0;
}
