// SPDX-License-Identifier: Apache-2.0
// The rows themselves; that each reaches its flag is in tests/unit/demo/options.cpp, that each
// strikes in connection_limits.cpp.
#include <loopmeter/server/limit_table.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

#include <loopmeter/base/file.hpp>

using namespace loopmeter::server;
using namespace std::chrono_literals;

namespace {

std::string document_row(limit_row const &row, limits const &defaults) {
  auto const &number = row.number;
  auto const text = [&](std::uint64_t value) { return quantity_text(number.what, value); };
  std::string const zero =
      number.what.zero_word.empty() ? "" : std::string(number.what.zero_word) + ", ";
  return "| `--" + std::string(number.flag) + "` | " + text(number.get(defaults)) + " | " + zero +
         text(number.what.min) + " to " + text(number.what.max) + " | " + std::string(number.help) +
         " | " + (row.strikes.empty() ? "–" : std::string(row.strikes)) + " |\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_limit_table)

BOOST_AUTO_TEST_CASE(every_row_is_a_field_of_its_own_within_its_bounds) {
  limits const defaults;
  std::set<std::string> flags;
  std::set<std::string> labels;
  for (auto const &row : limit_table()) {
    BOOST_TEST_CONTEXT(row.number.flag) {
      auto const &number = row.number;
      auto const unsaid = number.get(defaults);
      BOOST_TEST((unsaid == 0 || unsaid >= number.what.min));
      BOOST_TEST(unsaid <= number.what.max);
      BOOST_TEST(flags.insert(std::string(number.flag)).second);
      BOOST_TEST(labels.insert(label_of(row)).second);
      // Exactly one number moves, and it is this one.
      limits changed;
      auto const other = unsaid == number.what.max ? number.what.min : number.what.max;
      number.set(changed, other);
      for (auto const &each : limit_table()) {
        BOOST_TEST(each.number.get(changed) ==
                   (each.which == row.which ? other : each.number.get(defaults)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(labels_are_the_flags) {
  BOOST_TEST(limit_labels().size() == limit_table().size());
  BOOST_TEST(limit_labels().front() == "request_line_bytes");
  auto const &row = limit_table()[static_cast<std::size_t>(limit::max_connections)];
  BOOST_TEST(row.number.flag == "web.max-connections");
  BOOST_TEST(label_of(row) == "max_connections");
}

BOOST_AUTO_TEST_CASE(what_a_message_exceeded) {
  using loopmeter::http::bound;
  BOOST_TEST((limit_of(bound::request_line_bytes) == limit::request_line_bytes));
  BOOST_TEST((limit_of(bound::head_bytes) == limit::head_bytes));
  BOOST_TEST((limit_of(bound::head_lines) == limit::head_lines));
  BOOST_TEST((limit_of(bound::body_bytes) == limit::body_bytes));
  BOOST_TEST((limit_of(bound::chunk_extension_bytes) == limit::chunk_extension_bytes));
  BOOST_TEST((limit_of(bound::trailer_bytes) == limit::trailer_bytes));
}

// docs/limits.md has these rows, in this order; the message is what belongs there.
BOOST_AUTO_TEST_CASE(the_document_says_the_same) {
  auto const document = loopmeter::read_file(LOOPMETER_DOCS "/limits.md");
  BOOST_REQUIRE(document.has_value());
  std::string rows;
  for (auto const &row : limit_table())
    rows += document_row(row, {});
  BOOST_TEST((document->find(rows) != std::string::npos), "docs/limits.md lacks:\n" << rows);
}

BOOST_AUTO_TEST_CASE(pace_of_a_body) {
  limits bounds;
  BOOST_TEST((bounds.body_time_at(0) == 5s));
  BOOST_TEST((bounds.body_time_at(1024) == 6s));
  BOOST_TEST((bounds.body_time_at(100 * 1024) == 105s));
  BOOST_TEST((bounds.whole_body_time_at(1024) == 6s));
  BOOST_TEST((bounds.whole_body_time_at(100 * 1024) == 30s));
  BOOST_TEST((bounds.body_time_at(std::uint64_t{1} << 50U) > 1000h));
  bounds.body_bytes_per_second_min = 0;
  BOOST_TEST((bounds.whole_body_time_at(0) == 30s));
}

BOOST_AUTO_TEST_SUITE_END()
