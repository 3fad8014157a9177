// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

using namespace loopcheck;

namespace {

std::string error_of(std::string const &text) {
  try {
    parse_json(text, "x.json");
  } catch (input_error const &e) {
    return e.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_json)

BOOST_AUTO_TEST_CASE(what_is_read_is_written) {
  auto const *const text = R"({"a":[1,-2,true,null,"x\ny\"z\u0007"],"b":{},"c":[]})";
  BOOST_TEST(to_json(parse_json(text, "x.json")) == text);
}

BOOST_AUTO_TEST_CASE(numbers_of_yaml_are_written_as_json_has_them) {
  auto const read =
      parse_yaml("[+1.5, .5, 5., -.5e3, 5.e3, 09, -00.10, 1e999, 0e99999999999]", "x.yaml").at(0);
  BOOST_TEST(to_json(read) == R"([1.5,0.5,5,-0.5e3,5e3,9,-0.10,"1e999",0])");
}

BOOST_AUTO_TEST_CASE(numbers_that_no_double_holds) {
  BOOST_TEST(error_of("[1e999]") == "x.json: not JSON: a number that is too large");
  BOOST_TEST(to_json(parse_json("[0e999, 0e1, -0.0]", "x.json")) == "[0,0,0]");
}

BOOST_AUTO_TEST_CASE(indented_for_people) {
  auto const read = parse_json(R"({"a":[1],"b":{}})", "x.json");
  BOOST_TEST(to_json(read, 2) == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}");
}

BOOST_AUTO_TEST_CASE(errors_have_file_line_and_column) {
  BOOST_TEST(error_of("{\"a\":\n  tru}").starts_with("x.json:2:"));
  BOOST_TEST(error_of("{} {}").starts_with("x.json:1:4: not JSON: something behind its end"));
  BOOST_TEST(error_of("{\"a\": 1").starts_with("x.json:"));
  BOOST_TEST(error_of("").starts_with("x.json:"));
  BOOST_TEST(error_of(std::string(100'000, '[')).starts_with("x.json:1:"));
}

BOOST_AUTO_TEST_CASE(yaml_that_is_written_is_read_back_the_same) {
  auto const read =
      parse_yaml(
          "a: {x: '8080', y: 'yes', z: '', n: 1.5, b: true, q: 'a: b', d: '2026-11-28'}\n"
          "list: [[1, 2], {k: v, l: [x]}, [], {}, '- no', '#no', \"two\\nlines\", '12:30:45']\n",
          "x.yaml")
          .at(0);
  auto const text = to_yaml(read);
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST((parse_yaml(text, "y.yaml").at(0) == read));
  }
  auto const odd =
      value::map({{"\x7f", value("\u0080\u009f \u2028\u2029\ufeff\uffff"), {}},
                  {std::string(1500, 'k'), value::list({value::map({{"a", value(), {}}})}), {}},
                  {std::string(1500, 'q') + ": ", value("\u0085"), {}}});
  BOOST_TEST((parse_yaml(to_yaml(odd), "y.yaml").at(0) == odd));
  BOOST_TEST(to_yaml(value::map({{"spec", value::map({{"port", value("metrics"), {}}}), {}}})) ==
             "spec:\n  port: metrics\n");
}

BOOST_AUTO_TEST_SUITE_END()
