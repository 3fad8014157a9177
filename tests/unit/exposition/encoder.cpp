// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/encoder.hpp>

#include "samples.hpp"

#include <exposition_checker.hpp>
#include <protobuf_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <thread>
#include <vector>

namespace loopmeter::exposition {
namespace {

using metrics::label_domain;
using metrics::registry;
using enum protocol;

enum class method { get, head };
struct numbered {
  std::size_t index;
};
std::size_t label_index(numbered value) {
  return value.index;
}

label_domain methods() {
  return {"method", {"GET", "HEAD"}};
}

std::vector<format> const all_formats{
    {text_0_0_4, escaping::underscores},        {text_1_0_0, escaping::allow_utf_8},
    {openmetrics_0_0_1, escaping::underscores}, {openmetrics_1_0_0, escaping::allow_utf_8},
    {openmetrics_1_0_0, escaping::values},      {protobuf, escaping::underscores},
};

metrics::foreign_family foreign_gauge(std::string name, double value) {
  metrics::foreign_family family;
  family.name = std::move(name);
  family.type = metrics::metric_type::gauge;
  family.series.emplace_back().value = value;
  return family;
}

struct pieces {
  std::string all;
  std::size_t count = 0;
  std::size_t longest = 0;
  std::size_t samples = 0;
};

pieces in_pieces(encoder &by, test::shared_snapshot const &snapshot, format as, std::size_t bytes,
                 name_filter const &filter = {}) {
  pieces made;
  auto stream = by.begin(snapshot, as, filter);
  for (bool more = true; more; ++made.count) {
    std::string piece;
    more = stream.next(piece, bytes);
    BOOST_TEST((!more || piece.size() >= bytes));
    made.longest = std::max(made.longest, piece.size());
    made.all += piece;
  }
  std::string after;
  BOOST_TEST(!stream.next(after, bytes));
  BOOST_TEST(after == "");
  made.samples = stream.samples();
  return made;
}

BOOST_AUTO_TEST_SUITE(encoding)

BOOST_AUTO_TEST_CASE(a_plan_is_made_once_per_layout_and_format) {
  registry families;
  auto const a = families.add_counter<method>({.name = "a_total"}, methods()).value();
  a.at(method::get).inc();
  encoder by;
  std::string text;
  for (int i = 0; i < 5; ++i) {
    a.at(method::get).inc();
    for (format const as : all_formats)
      by.encode(gather(families), as, text);
  }
  BOOST_TEST(by.plans_made() == all_formats.size());
  a.at(method::head).inc();
  text.clear();
  by.encode(gather(families), {}, text);
  BOOST_TEST(by.plans_made() == all_formats.size() + 1);
  BOOST_TEST(
      loopmeter::test::check_exposition(text).value("a_total", {{"method", "HEAD"}}).value() == 1);
  families.add_counter({.name = "b_total"}).value();
  by.encode(gather(families), {}, text);
  BOOST_TEST(by.plans_made() == all_formats.size() + 2);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_add_up) {
  for (auto const &snapshot : {test::empty_state(), test::loaded_state(), test::hostile_state()}) {
    for (bool const created_lines : {false, true}) {
      for (format const as : all_formats) {
        encoder by{{.created_lines = created_lines}};
        std::string whole;
        std::size_t const samples = by.encode(*snapshot, as, whole);
        for (std::size_t bytes = 1; bytes < 4000; bytes += bytes < 50 ? 1 : 193) {
          pieces const made = in_pieces(by, snapshot, as, bytes);
          BOOST_TEST((made.all == whole), content_type(as) << " in pieces of " << bytes);
          BOOST_TEST(made.samples == samples);
          BOOST_TEST(made.longest < bytes + 800);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(each_format_has_as_many_samples) {
  auto const snapshot = test::loaded_state();
  for (format const as : all_formats) {
    std::string out;
    BOOST_TEST(encoder{}.encode(*snapshot, as, out) == 39U, content_type(as));
  }
}

BOOST_AUTO_TEST_CASE(a_filter_takes_whole_families) {
  auto const snapshot = test::loaded_state();
  for (format const as : all_formats) {
    encoder by;
    std::string all;
    std::string only;
    for (std::string const name :
         {"both_seconds", "busy_seconds_total", "c_bytes", "requests_total"})
      only += in_pieces(by, snapshot, as, 1000, name_filter{{std::string{name}}}).all;
    bool const has_end = is_openmetrics(as.protocol);
    for (std::size_t at; has_end && (at = only.find("# EOF\n")) != std::string::npos;)
      only.erase(at, 6);
    name_filter const several{
        {"requests_total", "c_bytes", "busy_seconds_total", "both_seconds", "no"}};
    all = in_pieces(by, snapshot, as, 10, several).all;
    BOOST_TEST((all == only + (has_end ? "# EOF\n" : "")), content_type(as));
    BOOST_TEST(in_pieces(by, snapshot, as, 10, name_filter{{""}}).all ==
               (has_end ? "# EOF\n" : ""));
  }
}

BOOST_AUTO_TEST_CASE(a_stream_keeps_its_snapshot_and_its_plan) {
  encoder by;
  std::string whole;
  by.encode(*test::loaded_state(), {}, whole);
  auto stream = by.begin(test::loaded_state(), {});
  std::string out;
  by.encode(*test::hostile_state(), {}, out);  // another layout: the plans are made anew
  out.clear();
  while (stream.next(out, 10)) {
  }
  BOOST_TEST(out == whole);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_series) {
  constexpr std::size_t count = 100'000;
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(std::to_string(i));
  registry families{{.self_metrics = false}};
  auto const made =
      families.add_counter<numbered>({.name = "many_total"}, label_domain{"n", numbers}).value();
  for (std::size_t i = 0; i < count; ++i)
    made.at({i}).inc(i * i + 1);
  auto const snapshot = std::make_shared<metrics::snapshot const>(gather(families));
  encoder by;
  for (format const as : all_formats) {
    pieces const sent = in_pieces(by, snapshot, as, 65536);
    BOOST_TEST(sent.samples == count);
    BOOST_TEST(sent.longest < 65536U + 200);
    BOOST_TEST(sent.count == sent.all.size() / 65536 + 1, "within a piece");
    if (as.protocol != protobuf) {
      BOOST_TEST(sent.all.find("many_total{n=\"99999\"} 9999800002\n") != std::string::npos);
      continue;
    }
    auto const read = test::read_protobuf(sent.all);
    BOOST_TEST(read.size() == 1U);
    BOOST_TEST(read.at(0).metrics.size() == count);
    BOOST_TEST(read.at(0).metrics.at(99999).value == 9999800002);
  }
}

// The length of a family of histograms stands before it: it is not counted in one go.
BOOST_AUTO_TEST_CASE(many_histograms_are_counted_in_portions) {
  constexpr std::size_t count = 2'000;
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(std::to_string(i));
  registry families{{.self_metrics = false}};
  auto const made =
      families
          .add_histogram<numbered>(
              {.name = "many", .bounds = metrics::linear_bounds(1, 1, 18), .exemplars = true},
              label_domain{"n", numbers})
          .value();
  metrics::trace_context const trace{.trace_id = {1}, .span_id = {2}, .sampled = true};
  for (std::size_t i = 0; i < count; ++i)
    made.at({i}).observe(static_cast<double>(i % 20), trace);
  auto const snapshot = std::make_shared<metrics::snapshot const>(gather(families));
  encoder by;
  auto stream = by.begin(snapshot, {protobuf, escaping::allow_utf_8});
  std::string out;
  std::size_t before_the_first = 0;
  for (; out.empty(); ++before_the_first)
    BOOST_TEST_REQUIRE(stream.next(out, 65536));
  BOOST_TEST(before_the_first == count * 21 / 2000);  // 19 buckets, sum and count each
  while (stream.next(out, 65536)) {
  }
  auto const read = test::read_protobuf(out);
  BOOST_TEST_REQUIRE(read.size() == 1U);
  BOOST_TEST(read[0].metrics.size() == count);
  for (std::size_t i = 0; i < count; ++i)
    BOOST_TEST_REQUIRE(read[0].metrics[i].sum == static_cast<double>(i % 20));
}

BOOST_AUTO_TEST_CASE(scrapes_may_overlap_with_each_other_and_with_new_series) {
  registry families;
  std::vector<std::string> numbers;
  for (int i = 0; i < 64; ++i)
    numbers.push_back(std::to_string(i));
  auto const made =
      families
          .add_histogram<numbered>({.name = "sizes", .bounds = {1, 2}}, label_domain{"n", numbers})
          .value();
  encoder by;
  std::vector<std::string> findings(2);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < findings.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          made.at({(i * (t + 1)) % numbers.size()}).observe(static_cast<double>(i % 4));
          std::string text;
          std::string messages;
          auto const snapshot = gather(families);
          by.encode(snapshot, {}, text);
          by.encode(snapshot, {protobuf, escaping::underscores}, messages);
          findings[t] += loopmeter::test::check_exposition(text).findings_text();
          if (test::read_protobuf(messages).empty()) findings[t] += "no messages";
        }
      });
    }
  }
  BOOST_TEST(findings[0] == "");
  BOOST_TEST(findings[1] == "");
}

BOOST_AUTO_TEST_CASE(foreign_names_do_not_cost_a_plan_unless_they_change) {
  registry families;
  int which = 0;
  families.add_source([&which] { return std::vector{foreign_gauge(which == 0 ? "a" : "b", 1)}; });
  encoder by;
  std::string out;
  for (int i = 0; i < 3; ++i)
    by.encode(gather(families), {openmetrics_1_0_0, escaping::underscores}, out);
  BOOST_TEST(by.plans_made() == 1U);
  which = 1;
  by.encode(gather(families), {openmetrics_1_0_0, escaping::underscores}, out);
  BOOST_TEST(by.plans_made() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
