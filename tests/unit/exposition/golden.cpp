// SPDX-License-Identifier: Apache-2.0
// Whole expositions of three states against tests/golden/, protobuf in the words of
// protobuf_reader. LOOPMETER_GOLDEN_WRITE=1 in the environment writes the files anew: read the
// difference before it is committed.
#include "samples.hpp"

#include <protobuf_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace loopmeter::exposition {
namespace {

using enum protocol;

struct golden_format {
  std::string_view folder;
  format as;
  encoder_options options{};
};

std::vector<golden_format> const formats{
    {"text-0.0.4", {text_0_0_4, escaping::underscores}},
    {"text-1.0.0", {text_1_0_0, escaping::allow_utf_8}},
    {"openmetrics-0.0.1", {openmetrics_0_0_1, escaping::underscores}},
    {"openmetrics-1.0.0", {openmetrics_1_0_0, escaping::allow_utf_8}},
    {"openmetrics-1.0.0-created", {openmetrics_1_0_0, escaping::dots}, {.created_lines = true}},
    {"protobuf", {protobuf, escaping::allow_utf_8}},
    {"protobuf-values", {protobuf, escaping::values}},
};

std::string read(std::filesystem::path const &path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void check(std::string_view state, test::shared_snapshot const &snapshot) {
  for (auto const &[folder, as, options] : formats) {
    std::string text = test::encoded(*snapshot, as, options);
    if (as.protocol == protobuf) text = test::to_text(test::read_protobuf(text));
    auto const path =
        std::filesystem::path{LOOPMETER_GOLDEN} / folder / (std::string{state} + ".txt");
    if (std::getenv("LOOPMETER_GOLDEN_WRITE") != nullptr) {
      std::filesystem::create_directories(path.parent_path());
      std::ofstream{path, std::ios::binary} << text;
    }
    BOOST_TEST(std::filesystem::exists(path), path);
    BOOST_TEST((text == read(path)), path << " is not what is encoded:\n" << text);
  }
}

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(nothing) {
  check("empty", test::empty_state());
}

BOOST_AUTO_TEST_CASE(a_bit_of_everything) {
  check("loaded", test::loaded_state());
}

BOOST_AUTO_TEST_CASE(what_is_difficult) {
  check("hostile", test::hostile_state());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
