// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/yaml.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/input_error.hpp>

using namespace loopcheck;

namespace {

std::string error_of(std::string const &text, yaml_limits const &limits = {}) {
  try {
    parse_documents(text, "x.yaml", limits);
  } catch (input_error const &e) {
    return e.what();
  }
  return "";
}

value one(std::string const &text) {
  return parse_yaml(text, "x.yaml").at(0);
}

struct scalar_case {
  char const *text;
  value::type type;
  char const *read;
};

std::ostream &operator<<(std::ostream &out, scalar_case const &of) {
  return out << of.text;
}

// As go.yaml.in/yaml/v2 resolves them, on which kubectl stands.
scalar_case const scalars[] = {
    {"metrics", value::type::text, "metrics"},
    {"8080", value::type::number, "8080"},
    {"'8080'", value::type::text, "8080"},
    {"\"true\"", value::type::text, "true"},
    {"true", value::type::boolean, "true"},
    {"yes", value::type::boolean, "true"},
    {"on", value::type::boolean, "true"},
    {"n", value::type::boolean, "false"},
    {"~", value::type::null, ""},
    {"null", value::type::null, ""},
    {"", value::type::null, ""},
    {"0x1F90", value::type::number, "8080"},
    {"0755", value::type::number, "493"},
    {"0o17", value::type::number, "15"},
    {"0b101", value::type::number, "5"},
    {"8_080", value::type::number, "8080"},
    {"1.5", value::type::number, "1.5"},
    {"1e3", value::type::number, "1e3"},
    {"1.2.3", value::type::text, "1.2.3"},
    {"30s", value::type::text, "30s"},
    {"2026-11-28", value::type::text, "2026-11-28"},
    {"!!str 8080", value::type::text, "8080"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_yaml)

BOOST_DATA_TEST_CASE(scalars_mean_what_they_mean_to_kubectl, boost::unit_test::data::make(scalars),
                     sample) {
  auto const read = one("a: " + std::string(sample.text) + "\n")["a"];
  BOOST_TEST((read.is() == sample.type));
  BOOST_TEST(read.text() == sample.read);
}

BOOST_AUTO_TEST_CASE(each_node_knows_its_place) {
  auto const read = one("spec:\n  ports:\n  - name: metrics\n    port: 80\n");
  auto const &port = read["spec"]["ports"].item(0)["port"];
  BOOST_TEST(port.where().line == 4);
  BOOST_TEST(port.where().column == 11);
  BOOST_TEST(read["spec"]["ports"].where().line == 3);
}

BOOST_AUTO_TEST_CASE(documents_of_a_stream_without_the_empty_ones) {
  BOOST_TEST(parse_yaml("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", "x").size() == 2u);
  BOOST_TEST(parse_yaml("", "x").empty());
}

BOOST_AUTO_TEST_CASE(anchors_and_merges) {
  auto const read = one("base: &b {x: 1, z: 2}\nmade:\n  <<: *b\n  z: 3\nlist: [*b, *b]\n");
  BOOST_TEST(read["made"]["x"].text() == "1");
  BOOST_TEST(read["made"]["z"].text() == "3");
  BOOST_TEST((read["list"].item(1) == read["base"]));
  auto const late = one("base: &b {x: 1, z: 2}\nmade:\n  z: 3\n  <<: *b\n");
  BOOST_TEST(late["made"]["z"].text() == "3");
}

BOOST_AUTO_TEST_CASE(errors_have_file_line_and_column) {
  BOOST_TEST(error_of("a: 1\nb: [1, 2\nc: 3\n").starts_with("x.yaml:3:"));
  BOOST_TEST(error_of("a:\n\t- b\n").starts_with("x.yaml:2:1: not YAML:"));
  BOOST_TEST(error_of("a: &x [*x]\n") == "x.yaml:1:8: alias *x is inside its own anchor");
  BOOST_TEST(error_of("a: *x\n") == "x.yaml:1:4: alias *x has no anchor");
  BOOST_TEST(error_of("? [a]\n: b\n").find("a key that is a list or a map") != std::string::npos);
  BOOST_TEST(error_of("a: \xff\xfe\xff").starts_with("x.yaml: not text"));
  BOOST_TEST(error_of(std::string("a: \0b", 5)).starts_with("x.yaml"));
}

BOOST_AUTO_TEST_CASE(depth_is_bounded) {
  BOOST_TEST(error_of(std::string(100'000, '[')) == "x.yaml:1:101: nested deeper than 100 levels");
  std::string chain = "a0: &a0 [1]\n";
  for (int i = 1; i < 120; ++i) {
    auto const before = std::to_string(i - 1);
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + before + "]\n";
  }
  BOOST_TEST(error_of(chain).find("nested deeper") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(aliases_of_aliases_are_counted_as_what_they_stand_for) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    auto const last = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 8; ++j)
      laughs += "," + last;
    laughs += "]\n";
  }
  BOOST_TEST(error_of(laughs).find("more than 4000000 values") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_kept_for_aliases_is_counted) {
  std::string nested = "a: ";
  for (int i = 0; i < 90; ++i)
    nested += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 50'000; ++i)
    nested += "x,";
  nested += std::string(90, ']');
  BOOST_TEST(error_of(nested).find("more than 4000000 values") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_keys_are_merged_in_time) {
  std::string wide = "base: &b {";
  for (int i = 0; i < 300'000; ++i)
    wide += "k" + std::to_string(i) + ": 1, ";
  auto const read = one(wide + "}\nmade: {<<: *b}\n");
  BOOST_TEST(read["made"].size() == 300'000u);
}

BOOST_AUTO_TEST_CASE(size_is_bounded) {
  yaml_limits limits;
  limits.bytes_max = 10;
  BOOST_TEST(error_of("a: 123456789", limits) ==
             "x.yaml: 12 bytes, more than the 10 that are read");
}

BOOST_AUTO_TEST_CASE(json_is_read_with_lines_and_with_tabs) {
  auto const lines = parse_documents("{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", "x.json").at(0);
  BOOST_TEST(lines["a"]["b"].where().line == 3);
  auto const tabs = parse_documents("{\n\t\"a\": {\n\t\t\"b\": [1,\t2]}}\n", "x.json").at(0);
  BOOST_TEST(tabs["a"]["b"].item(1).text() == "2");
}

BOOST_AUTO_TEST_SUITE_END()
