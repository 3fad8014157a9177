// SPDX-License-Identifier: Apache-2.0
// One scrape without the network: 10,000 counters, and 1,000 histograms of 12 bounds. Items are
// samples, so that both sides' times are per sample.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string>
#include <vector>

namespace {

using namespace loopmeter;

struct tenant {
  std::size_t index;
};
std::size_t label_index(tenant value) {
  return value.index;
}

constexpr std::size_t counters = 10'000;
constexpr std::size_t histograms = 1'000;

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back("tenant-");
    made.back() += std::to_string(i);
  }
  return made;
}

double observed(std::size_t i) {
  return 0.0003 * static_cast<double>(i % 977);
}

void scrape_counters_ours(benchmark::State &state) {
  metrics::registry registry{{.self_metrics = false}};
  auto const family =
      registry
          .add_counter<tenant>({.name = "requests_total", .help = "Requests answered."},
                               metrics::label_domain{"tenant", names(counters)})
          .value();
  for (std::size_t i = 0; i < counters; ++i)
    family.at({i}).inc(i * 7919 + 1);
  exposition::encoder encoder;
  metrics::snapshot snapshot;
  std::string text;
  std::size_t samples = 0;
  for (auto _ : state) {
    text.clear();
    gather(registry, snapshot);
    samples += encoder.encode(snapshot, {}, text);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}

void scrape_counters_theirs(benchmark::State &state) {
  prometheus::Registry registry;
  auto &family = prometheus::BuildCounter()
                     .Name("requests_total")
                     .Help("Requests answered.")
                     .Register(registry);
  auto const tenants = names(counters);
  for (std::size_t i = 0; i < counters; ++i) {
    family.Add({{"tenant", tenants[i]}}).Increment(static_cast<double>(i * 7919 + 1));
  }
  for (auto _ : state) {
    auto const text = prometheus::TextSerializer{}.Serialize(registry.Collect());
    benchmark::DoNotOptimize(text.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(counters));
}

void scrape_histograms_ours(benchmark::State &state) {
  metrics::registry registry{{.self_metrics = false}};
  auto const family =
      registry
          .add_histogram<tenant>({.name = "request_seconds",
                                  .help = "From request to answer.",
                                  .bounds = metrics::exponential_bounds(0.0005, 2.5, 12)},
                                 metrics::label_domain{"tenant", names(histograms)})
          .value();
  for (std::size_t i = 0; i < 20 * histograms; ++i) {
    family.at({i % histograms}).observe(observed(i));
  }
  exposition::encoder encoder;
  metrics::snapshot snapshot;
  std::string text;
  std::size_t samples = 0;
  for (auto _ : state) {
    text.clear();
    gather(registry, snapshot);
    samples += encoder.encode(snapshot, {}, text);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}

void scrape_histograms_theirs(benchmark::State &state) {
  prometheus::Registry registry;
  auto &family = prometheus::BuildHistogram()
                     .Name("request_seconds")
                     .Help("From request to answer.")
                     .Register(registry);
  auto const bounds = metrics::exponential_bounds(0.0005, 2.5, 12);
  auto const tenants = names(histograms);
  for (std::size_t i = 0; i < 20 * histograms; ++i) {
    family.Add({{"tenant", tenants[i % histograms]}}, bounds).Observe(observed(i));
  }
  for (auto _ : state) {
    auto const text = prometheus::TextSerializer{}.Serialize(registry.Collect());
    benchmark::DoNotOptimize(text.data());
  }
  // 13 buckets, sum and count
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(histograms * 15));
}

BENCHMARK(scrape_counters_ours);
BENCHMARK(scrape_counters_theirs);
BENCHMARK(scrape_histograms_ours);
BENCHMARK(scrape_histograms_theirs);

}  // namespace
