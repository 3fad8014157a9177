// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/object.hpp>

#include <boost/test/unit_test.hpp>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

using namespace loopcheck;

namespace {

object pod(std::string const &space, std::string const &name, std::string const &label) {
  object made;
  made.id = {"Pod", space, name};
  made.api_version = "v1";
  made.file = "pods.yaml";
  made.root = parse_yaml("metadata: {labels: {app: '" + label + "', count: 1}}", "pods.yaml").at(0);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loopcheck_object)

BOOST_AUTO_TEST_CASE(labels_that_are_not_text_are_none) {
  auto const labels = pod("a", "b", "demo").label_map();
  BOOST_TEST(labels.size() == 1u);
  BOOST_TEST(labels.at("app") == "demo");
}

BOOST_AUTO_TEST_CASE(found_by_kind_namespace_and_name) {
  inventory all;
  all.add(pod("a", "x", "1"));
  all.add(pod("b", "x", "2"));
  BOOST_TEST(all.of_kind("Pod").size() == 2u);
  BOOST_TEST(all.of_kind("Service").empty());
  BOOST_TEST_REQUIRE(all.find("Pod", "b", "x"));
  BOOST_TEST(all.find("Pod", "b", "x")->label_map().at("app") == "2");
  BOOST_TEST(!all.find("Pod", "c", "x"));
  BOOST_TEST(all.find("Pod", "a", "x")->id.text() == "Pod/a/x");
}

BOOST_AUTO_TEST_CASE(the_same_twice_is_one_and_other_content_is_refused) {
  inventory all;
  all.add(pod("a", "x", "1"));
  all.add(pod("a", "x", "1"));
  BOOST_TEST(all.size() == 1u);
  BOOST_CHECK_EXCEPTION(all.add(pod("a", "x", "2")), input_error, [](input_error const &e) {
    return std::string(e.what()).find("Pod/a/x is there already") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(each_namespace_carries_its_name) {
  inventory all;
  all.add(pod("a", "x", "1"));
  BOOST_TEST(all.namespace_labels("a").at("kubernetes.io/metadata.name") == "a");
  BOOST_TEST((all.namespaces() == std::set<std::string>{"a"}));
}

BOOST_AUTO_TEST_SUITE_END()
