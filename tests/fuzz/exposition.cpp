// SPDX-License-Identifier: Apache-2.0
// Whatever a source gives (names, labels, numbers, buckets, quantiles, times): once the gather has
// taken out what cannot be, the strict checkers find nothing wrong with the expositions, and pieces
// of any size add up to the whole in every protocol.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/gather.hpp>

#include <exposition_checker.hpp>
#include <openmetrics_checker.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "invariant.hpp"

namespace {

using namespace loopmeter;
using fuzz::require;

double take_number(FuzzedDataProvider &from) {
  using limits = std::numeric_limits<double>;
  static constexpr std::array<double, 9> edges{0.0,
                                               -0.0,
                                               1.0,
                                               -1.5,
                                               limits::infinity(),
                                               -limits::infinity(),
                                               limits::quiet_NaN(),
                                               limits::max(),
                                               limits::denorm_min()};
  return from.ConsumeBool() ? from.PickValueInArray(edges) : from.ConsumeFloatingPoint<double>();
}

std::string take_text(FuzzedDataProvider &from, std::string fallback) {
  auto text = from.ConsumeRandomLengthString(24);
  return text.empty() ? std::move(fallback) : text;
}

metrics::foreign_histogram take_histogram(FuzzedDataProvider &from) {
  metrics::foreign_histogram made;
  for (auto left = from.ConsumeIntegralInRange(0, 4); left > 0; --left)
    made.buckets.push_back({take_number(from), from.ConsumeIntegralInRange<std::uint64_t>(0, 9)});
  made.sum = take_number(from);
  made.count = from.ConsumeIntegralInRange<std::uint64_t>(0, 9);
  return made;
}

metrics::foreign_summary take_summary(FuzzedDataProvider &from) {
  metrics::foreign_summary made;
  for (auto left = from.ConsumeIntegralInRange(0, 3); left > 0; --left)
    made.quantiles.push_back({take_number(from), take_number(from)});
  made.sum = take_number(from);
  made.count = from.ConsumeIntegral<std::uint64_t>();
  return made;
}

metrics::foreign_series take_series(FuzzedDataProvider &from) {
  metrics::foreign_series made;
  for (auto left = from.ConsumeIntegralInRange(0, 2); left > 0; --left)
    made.labels.push_back({take_text(from, "name"), take_text(from, "value")});
  switch (from.ConsumeIntegralInRange(0, 4)) {
    case 0:
      made.value = take_histogram(from);
      break;
    case 1:
      made.value = take_summary(from);
      break;
    case 2:
      made.value = from.ConsumeIntegral<std::uint64_t>();
      break;
    case 3:
      made.value = from.ConsumeIntegral<std::int64_t>();
      break;
    default:
      made.value = take_number(from);
  }
  if (from.ConsumeBool()) made.timestamp_ms = from.ConsumeIntegral<std::int64_t>();
  return made;
}

metrics::foreign_family take_family(FuzzedDataProvider &from) {
  metrics::foreign_family made;
  made.name = take_text(from, "a_family");
  made.help = take_text(from, "Help.");
  // The checker takes it for a line end of Windows.
  while (made.help.ends_with('\r'))
    made.help.pop_back();
  made.type = static_cast<metrics::metric_type>(from.ConsumeIntegralInRange(0, 5));
  for (auto left = from.ConsumeIntegralInRange(1, 3); left > 0; --left)
    made.series.push_back(take_series(from));
  return made;
}

std::shared_ptr<metrics::snapshot const> take_snapshot(FuzzedDataProvider &from) {
  auto made = std::make_shared<metrics::snapshot>();
  made->layout = std::make_shared<metrics::detail::layout const>();
  auto family = take_family(from);
  metrics::detail::remove_invalid(family);
  if (!family.series.empty()) made->foreign.push_back(std::move(family));
  return made;
}

std::string encode(std::shared_ptr<metrics::snapshot const> const &snapshot,
                   exposition::format as) {
  exposition::encoder by;
  std::string whole;
  auto const samples = by.encode(*snapshot, as, whole);
  for (std::size_t const bytes : {1U, 7U, 100U}) {
    std::string pieces;
    auto stream = by.begin(snapshot, as);
    while (stream.next(pieces, bytes)) {
    }
    require(pieces == whole, "pieces add up to the whole");
    require(stream.samples() == samples, "with as many samples");
  }
  return whole;
}

void require_valid(std::string const &findings, std::string const &text) {
  if (!findings.empty()) std::fprintf(stderr, "%s\n%s\n", text.c_str(), findings.c_str());
  require(findings.empty(), "the strict checker finds nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  using namespace exposition;
  FuzzedDataProvider from{data, size};
  auto const scheme = static_cast<escaping>(from.ConsumeIntegralInRange(0, 3));
  auto const snapshot = take_snapshot(from);
  auto const plain = encode(snapshot, {protocol::text_0_0_4, scheme});
  require_valid(loopmeter::test::check_exposition(plain).findings_text(), plain);
  auto const openmetrics = encode(snapshot, {protocol::openmetrics_1_0_0, scheme});
  require_valid(loopmeter::test::check_openmetrics(openmetrics).findings_text(), openmetrics);
  encode(snapshot, {protocol::text_1_0_0, scheme});
  encode(snapshot, {protocol::protobuf, scheme});
  return 0;
}
