// SPDX-License-Identifier: Apache-2.0
// One record: ours and prometheus-cpp's, alone and with several threads on the same series. CPU
// time is per record: what all threads spend, over what all do.
#include <loopmeter/metrics/registry.hpp>

#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace loopmeter::metrics;

enum class method : std::uint8_t { get, head, post };
struct route {
  std::size_t index;
};
std::size_t label_index(route value) {
  return value.index;
}
struct status {
  std::size_t index;
};
std::size_t label_index(status value) {
  return value.index;
}

std::vector<std::string> const paths{"/", "/hello", "/slow", "/metrics", "/a", "/b", "/c", "other"};
std::vector<std::string> const methods{"GET", "HEAD", "POST"};
std::vector<std::string> const statuses{"200", "204", "400", "404", "405", "500"};

std::vector<double> bounds() {
  return exponential_bounds(0.0005, 2.5, 12);
}

// Values as they come from requests: spread over all buckets, in no order.
std::vector<double> const &values() {
  static std::vector<double> const made = [] {
    std::vector<double> drawn(4096);
    std::uint64_t state = 1;
    for (double &value : drawn) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      double const spread = static_cast<double>(state >> 40U) / static_cast<double>(1U << 24U);
      value = 0.0002 * static_cast<double>(1U << static_cast<unsigned>(spread * 17));
    }
    return drawn;
  }();
  return made;
}

registry &ours() {
  static registry made;
  return made;
}
prometheus::Registry &theirs() {
  static prometheus::Registry made;
  return made;
}

void counter_ours(benchmark::State &state) {
  auto const events = ours().add_counter({.name = "events_total"}).value();
  for (auto _ : state) {
    events.inc();
    benchmark::ClobberMemory();
  }
}
void counter_theirs(benchmark::State &state) {
  auto &events = prometheus::BuildCounter().Name("events_total").Register(theirs()).Add({});
  for (auto _ : state) {
    events.Increment();
    benchmark::ClobberMemory();
  }
}

void histogram_ours(benchmark::State &state) {
  auto const seconds = ours().add_histogram({.name = "seconds", .bounds = bounds()}).value();
  double const *const drawn = values().data();
  std::size_t i = 0;
  for (auto _ : state) {
    seconds.observe(drawn[i++ % 4096]);
    benchmark::ClobberMemory();
  }
}
void histogram_theirs(benchmark::State &state) {
  auto &seconds = prometheus::BuildHistogram().Name("seconds").Register(theirs()).Add({}, bounds());
  double const *const drawn = values().data();
  std::size_t i = 0;
  for (auto _ : state) {
    seconds.Observe(drawn[i++ % 4096]);
    benchmark::ClobberMemory();
  }
}

void labelled_ours(benchmark::State &state) {
  auto const requests = ours()
                            .add_counter<route, method, status>(
                                {.name = "requests_total"}, label_domain{"path", paths},
                                label_domain{"method", methods}, label_domain{"code", statuses})
                            .value();
  std::size_t i = 0;
  for (auto _ : state) {
    requests.at({i % 8}, static_cast<method>(i % 3), {i % 6}).inc();
    ++i;
    benchmark::ClobberMemory();
  }
}
// The labels' values are strings that nobody knew before.
void open_ours(benchmark::State &state) {
  auto const requests =
      ours().add_counter({.name = "open_total"}, open_labels{"path", "method", "code"}).value();
  std::size_t i = 0;
  for (auto _ : state) {
    requests.with(paths[i % 8], methods[i % 3], statuses[i % 6]).inc();
    ++i;
    benchmark::ClobberMemory();
  }
}
void labelled_theirs(benchmark::State &state) {
  auto &requests = prometheus::BuildCounter().Name("requests_total").Register(theirs());
  std::size_t i = 0;
  for (auto _ : state) {
    requests.Add({{"path", paths[i % 8]}, {"method", methods[i % 3]}, {"code", statuses[i % 6]}})
        .Increment();
    ++i;
    benchmark::ClobberMemory();
  }
}

BENCHMARK(counter_ours)->ThreadRange(1, 8);
BENCHMARK(counter_theirs)->ThreadRange(1, 8);
BENCHMARK(histogram_ours)->ThreadRange(1, 8);
BENCHMARK(histogram_theirs)->ThreadRange(1, 8);
BENCHMARK(labelled_ours)->Threads(1)->Threads(2);
BENCHMARK(open_ours)->Threads(1)->Threads(2);
BENCHMARK(labelled_theirs)->Threads(1)->Threads(2);

}  // namespace
