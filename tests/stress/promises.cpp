// SPDX-License-Identifier: Apache-2.0
// What is promised of recording and scraping, all at once: workers at full speed, threads that come
// and go, open labels that come and go, and a scraper at 50 Hz whose every exposition must be
// valid, monotone and consistent in itself, in every protocol. LOOPMETER_STRESS_SECONDS says how
// long.
#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "judge.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace loopmeter {
namespace {

using namespace std::chrono_literals;
using namespace metrics;

enum class kind { even, odd };

std::chrono::seconds duration() {
  char const *const given = std::getenv("LOOPMETER_STRESS_SECONDS");
  return std::chrono::seconds{given == nullptr ? 3 : std::atoi(given)};
}

// What is recorded; a value v of a histogram is a whole number, so that sums are exact.
struct instruments {
  explicit instruments(registry &families)
      : events{families
                   .add_counter<kind>({.name = "events_total"},
                                      label_domain{"kind", {"even", "odd"}})
                   .value()},
        halves{families.add_float_counter({.name = "halves_total"}).value()},
        open{families.add_level({.name = "open"}).value()},
        values{families.add_histogram({.name = "values", .bounds = {1, 2, 3, 4, 5, 6, 7}}).value()},
        both{families.add_histogram({.name = "both", .bounds = {2, 4}, .native = native_options{}})
                 .value()},
        tenants{families
                    .add_counter({.name = "tenant_events_total", .series_limit = 40},
                                 open_labels{"tenant"})
                    .value()} {}

  void record(std::uint64_t i) const {
    open.inc();
    events.at(i % 2 == 0 ? kind::even : kind::odd).inc();
    halves.inc(0.5);
    values.observe(static_cast<double>(i % 8 + 1));
    both.observe(static_cast<double>(i % 8 + 1));
    if (i % 16 == 0) tenants.with(names[i / 16 % names.size()]).inc();
    open.dec();
  }

  static std::array<std::string, 60> const names;

  counter_family<kind> events;
  float_counter halves;
  level open;
  histogram values;
  histogram both;
  open_counter_family<1> tenants;
};

std::array<std::string, 60> const instruments::names = [] {
  std::array<std::string, 60> made;
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i] = "tenant-" + std::to_string(i);
  return made;
}();

// One snapshot after the other, each in all formats and before a judge of each.
class scraper {
 public:
  void scrape(registry const &families) {
    gather(families, now_);
    for (stress::judge &one : judges_) {
      body_.clear();
      encoder_.encode(now_, one.format(), body_);
      one.look(body_);
    }
    ++scrapes_;
  }

  std::size_t scrapes() const { return scrapes_; }
  std::vector<stress::judge> const &judges() const { return judges_; }

 private:
  snapshot now_;
  exposition::encoder encoder_;
  std::vector<stress::judge> judges_{std::begin(stress::formats), std::end(stress::formats)};
  std::string body_;
  std::size_t scrapes_ = 0;
};

BOOST_AUTO_TEST_CASE(every_scrape_under_full_load_is_right) {
  registry families;
  instruments const all{families};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> recorded{0};
  std::vector<std::jthread> threads;
  for (int worker = 0; worker < 2; ++worker) {
    threads.emplace_back([&] {
      std::uint64_t i = 0;
      for (; !stop; ++i)
        all.record(i);
      recorded += i;
    });
  }
  // A hundred threads a second, each with its few records.
  threads.emplace_back([&] {
    while (!stop) {
      std::jthread const brief{[&] {
        for (std::uint64_t i = 0; i < 100; ++i)
          all.record(i);
        recorded += 100;
      }};
      std::this_thread::sleep_for(10ms);
    }
  });

  scraper scrapes;
  auto const end = std::chrono::steady_clock::now() + duration();
  for (auto next = std::chrono::steady_clock::now(); next < end; next += 20ms) {
    std::this_thread::sleep_until(next);
    scrapes.scrape(families);
  }
  stop = true;
  threads.clear();
  scrapes.scrape(families);

  for (stress::judge const &one : scrapes.judges()) {
    for (std::string const &failure : one.failures())
      BOOST_ERROR(failure);
    BOOST_TEST(one.samples() > 20U * scrapes.scrapes());
  }
  BOOST_TEST(scrapes.scrapes() > 20U);
  auto const last = gather(families);
  std::uint64_t const n = recorded;
  std::map<std::string, std::uint64_t> totals;
  for (auto const &family : last.layout->families) {
    std::size_t const count = family.definition->values_per_series();
    for (std::size_t i = 0; i < family.series.size(); ++i)
      totals[family.definition->name] += last.values[family.first_value + (i + 1) * count - 1];
  }
  BOOST_TEST_MESSAGE(n << " records, " << scrapes.scrapes() << " scrapes");
  BOOST_TEST(totals["events_total"] == n);
  BOOST_TEST(totals["values"] == n);
  BOOST_TEST(totals["both"] == n);
  BOOST_TEST(totals["open"] == 0U);
  BOOST_TEST(totals["loopmeter_torn_reads_total"] == 0U);
  BOOST_TEST(totals["loopmeter_fallback_records_total"] == 0U);
}

}  // namespace
}  // namespace loopmeter
