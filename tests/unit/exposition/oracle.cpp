// SPDX-License-Identifier: Apache-2.0
// prometheus-cpp's serializer, given the same numbers, must say the same. What it is known to get
// wrong (17th digit, "Nan", HELP) is left out of the numbers.
#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace loopmeter::exposition {
namespace {

using metrics::label_domain;

enum class method { get, head };

using sample_map = std::map<std::pair<std::string, std::map<std::string, std::string>>, double>;

sample_map samples_of(std::string const &text) {
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "");
  sample_map samples;
  for (auto const &family : checked.families) {
    for (auto const &sample : family.samples) {
      samples.emplace(std::pair{sample.name, sample.labels}, sample.value);
    }
  }
  return samples;
}

BOOST_AUTO_TEST_SUITE(oracle)

BOOST_AUTO_TEST_CASE(prometheus_cpp_says_the_same) {
  metrics::registry ours{{.self_metrics = false}};
  prometheus::Registry theirs;
  std::vector<double> const bounds{0.005, 0.25, 0.5, 1, 2.5, 10};
  std::vector<std::string> const names{"GET", "a\"b\\\nc"};

  auto const our_counter =
      ours.add_counter<method>({.name = "c_total", .help = "C."}, label_domain{"m", names}).value();
  auto const our_gauge =
      ours.add_gauge<method>({.name = "g", .help = "G."}, label_domain{"m", names}).value();
  auto const our_histogram =
      ours.add_histogram<method>({.name = "h", .help = "H.", .bounds = bounds},
                                 label_domain{"m", names})
          .value();
  auto &their_counter = prometheus::BuildCounter().Name("c_total").Help("C.").Register(theirs);
  auto &their_gauge = prometheus::BuildGauge().Name("g").Help("G.").Register(theirs);
  auto &their_histogram = prometheus::BuildHistogram().Name("h").Help("H.").Register(theirs);

  std::mt19937_64 random{3};
  for (int i = 0; i < 1000; ++i) {
    auto const label = random() % 2 == 0 ? method::get : method::head;
    std::string const &name = names[static_cast<std::size_t>(label)];
    auto const n = random() % 1000;
    double const value = static_cast<double>(random() % 4096) / 256;  // exact, also when summed
    our_counter.at(label).inc(n);
    their_counter.Add({{"m", name}}).Increment(static_cast<double>(n));
    our_gauge.at(label).set(value);
    their_gauge.Add({{"m", name}}).Set(value);
    our_histogram.at(label).observe(value);
    their_histogram.Add({{"m", name}}, bounds).Observe(value);
  }

  std::string our_text;
  encode_text(gather(ours), our_text);
  auto const our_samples = samples_of(our_text);
  auto const their_samples = samples_of(prometheus::TextSerializer{}.Serialize(theirs.Collect()));
  BOOST_TEST(our_samples.size() == 2U + 2 + 2 * 9);
  BOOST_TEST((our_samples == their_samples));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
