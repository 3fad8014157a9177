// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/file.hpp>

#include <temporary_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using loopmeter::read_file;

BOOST_AUTO_TEST_SUITE(base_file)

BOOST_FIXTURE_TEST_CASE(whole_or_nothing, loopmeter::test::temporary_folder) {
  put("empty", "");
  BOOST_TEST((read_file(path("empty")) == ""));
  std::string const long_text(10'000, 'x');  // several pieces
  put("long", long_text + "end\n");
  BOOST_TEST((read_file(path("long")) == long_text + "end\n"));
  BOOST_TEST((read_file(path("long"), 10'004) == long_text + "end\n"));
  BOOST_TEST(!read_file(path("long"), 10'003).has_value());
  BOOST_TEST(!read_file(path("absent")).has_value());
  BOOST_TEST(!read_file(path("")).has_value());  // a folder
}

BOOST_AUTO_TEST_CASE(a_file_that_the_kernel_makes) {
  auto const text = read_file("/proc/self/stat");
  BOOST_REQUIRE(text.has_value());
  BOOST_TEST(text->ends_with('\n'));
}

BOOST_AUTO_TEST_SUITE_END()
