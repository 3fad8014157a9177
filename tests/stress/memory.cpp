// SPDX-License-Identifier: Apache-2.0
// What a series costs, against what docs/metrics.md says ("What it costs"): for each of two threads
// that use it, and for the scrape. LOOPMETER_LONG=1 makes it a million series.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace loopmeter {
namespace {

using namespace metrics;

constexpr std::size_t threads = 2;

std::size_t series_count() {
  return std::getenv("LOOPMETER_LONG") == nullptr ? 100'000 : 1'000'000;
}

struct index_label {
  std::size_t index;
};
std::size_t label_index(index_label label) {
  return label.index;
}

label_domain numbers(std::size_t count) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back("tenant-" + std::to_string(i));
  return {"tenant", values};
}

double resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// What one series takes more after `work` than before.
double bytes_a_series(std::size_t series, std::function<void()> const &work) {
  double const before = resident_bytes();
  work();
  return (resident_bytes() - before) / static_cast<double>(series);
}

// The same for each of the threads, which are there at once: one that had ended would have handed
// its cells to the next.
double bytes_a_series_and_thread(std::size_t series,
                                 std::function<void(std::size_t)> const &record) {
  std::barrier<> there{threads + 1};
  std::barrier<> done{threads + 1};
  std::barrier<> measured{threads + 1};
  std::vector<std::jthread> all;
  for (std::size_t i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      prepare_thread();
      there.arrive_and_wait();
      for (std::size_t n = 0; n < series; ++n)
        record(n);
      done.arrive_and_wait();
      measured.arrive_and_wait();
    });
  }
  there.arrive_and_wait();
  double const bytes = bytes_a_series(series, [&] { done.arrive_and_wait(); });
  measured.arrive_and_wait();
  return bytes / threads;
}

// No more than is stated; 5 % and a page or two are the allocator's and the stacks'. It may seem
// less: what was freed before, such as label values on their way into the registry, goes back
// meanwhile.
void check(std::string_view what, double bytes, double stated) {
  BOOST_TEST_MESSAGE(what << ": " << bytes << " bytes, stated " << stated);
  BOOST_TEST(bytes < stated * 1.05 + 1, what);
}

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(counters) {
  std::size_t const series = series_count();
  registry families;
  auto const made = families.add_counter<index_label>({.name = "e_total"}, numbers(series)).value();
  check("a counter, a thread",
        bytes_a_series_and_thread(series, [&](std::size_t n) { made.at({n}).inc(n + 1); }), 8);
  auto const now = std::make_shared<snapshot>();
  exposition::encoder encoder;
  double const scrape = bytes_a_series(series, [&] {
    gather(families, *now);
    auto stream = encoder.begin(now, {});
    std::string piece;
    std::size_t longest = 0;
    for (bool more = true; more;) {
      piece.clear();
      more = stream.next(piece, 65536);
      longest = std::max(longest, piece.size());
    }
    BOOST_TEST(longest < 65536U + 100);  // a slice is one, however many series there are
  });
  BOOST_TEST_MESSAGE("the scrape: " << scrape << " bytes a series");
  // Layout 16, values 8, plan 16 and what stands before the number: some 29 here.
  BOOST_TEST(scrape < 130);
}

BOOST_AUTO_TEST_CASE(levels) {
  std::size_t const series = series_count() / 10;
  registry families;
  auto const made = families.add_level<index_label>({.name = "l"}, numbers(series)).value();
  check("a level, a thread",
        bytes_a_series_and_thread(series,
                                  [&](std::size_t n) {
                                    made.at({n}).inc(2);
                                    made.at({n}).dec();
                                  }),
        16);
}

BOOST_AUTO_TEST_CASE(counters_with_exemplars) {
  std::size_t const series = series_count() / 10;
  registry families;
  auto const made =
      families.add_counter<index_label>({.name = "x_total", .exemplars = true}, numbers(series))
          .value();
  auto const without =
      bytes_a_series_and_thread(series, [&](std::size_t n) { made.at({n}).inc(); });
  check("without a trace", without, 8);
  trace_context const trace{.trace_id = {1}, .span_id = {2}, .sampled = true};
  auto const with =
      bytes_a_series_and_thread(series, [&](std::size_t n) { made.at({n}).inc(1, trace); });
  check("its exemplar", with, 64);
}

BOOST_AUTO_TEST_CASE(histograms) {
  std::size_t const series = series_count() / 10;
  registry families;
  auto const made = families
                        .add_histogram<index_label>(
                            {.name = "h", .bounds = linear_bounds(1, 1, 11)}, numbers(series))
                        .value();
  check("a histogram of 11 bounds, a thread",
        bytes_a_series_and_thread(series, [&](std::size_t n) { made.at({n}).observe(3); }), 256);
}

BOOST_AUTO_TEST_CASE(native_histograms) {
  constexpr std::size_t series = 1000;
  registry families;
  auto const made =
      families
          .add_histogram<index_label>({.name = "n", .native = native_options{}}, numbers(series))
          .value();
  // One spread of values, written to one of the two sets: two pages of its array, or what of its
  // head lies on another.
  auto const bytes = bytes_a_series_and_thread(series, [&](std::size_t n) {
    for (double value = 0.001; value < 1; value *= 1.09)
      made.at({n}).observe(value);
  });
  BOOST_TEST_MESSAGE("a native histogram, a thread: " << bytes << " bytes");
  BOOST_TEST(bytes < 3 * 4096 * 1.05);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter
