// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/http/router.hpp>

using loopmeter::http::path_parameters;
using loopmeter::http::router;

using namespace std::literals;

namespace {

std::vector<std::string> values(path_parameters const &parameters) {
  return {parameters.values.begin(),
          parameters.values.begin() + static_cast<std::ptrdiff_t>(parameters.count)};
}

void check(router const &routes, std::string_view path, std::size_t expected,
           std::vector<std::string> const &expected_values = {}) {
  path_parameters parameters;
  parameters.count = 3;  // of an earlier match
  BOOST_TEST_CONTEXT(path) {
    BOOST_TEST(routes.match(path, parameters) == expected);
    BOOST_TEST(values(parameters) == expected_values, boost::test_tools::per_element());
  }
}

void check_each_alone(std::vector<std::string> const &paths) {
  router const routes(paths);
  path_parameters parameters;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    BOOST_TEST_CONTEXT(paths[i]) {
      BOOST_TEST(routes.match(paths[i], parameters) == i);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_router)

BOOST_AUTO_TEST_CASE(matches_nothing_when_empty) {
  for (auto const &routes : {router(), router(std::vector<std::string>{})}) {
    for (auto const *path : {"/", "", "*", "/a"})
      check(routes, path, router::not_found);
  }
}

BOOST_AUTO_TEST_CASE(matches_exact_paths) {
  router const routes({"/", "/hello", "/metrics", "/-/scrapes", "/a/b/", "/hello/"});
  check(routes, "/", 0);
  check(routes, "/hello", 1);
  check(routes, "/metrics", 2);
  check(routes, "/-/scrapes", 3);
  check(routes, "/a/b/", 4);
  check(routes, "/hello/", 5);
  for (auto const *path : {"", "*", "hello", "/hell", "/helloo", "/Hello", "//hello", "/hello//",
                           "/a/b", "/a", "/hello?", "/metrics/", "/%68ello", "//"}) {
    check(routes, path, router::not_found);
  }
}

BOOST_AUTO_TEST_CASE(matches_patterns) {
  router const routes({"/status/{code}", "/status/ok", "/a/{x}/b/{y}", "/{anything}", "/a/{z}/b/c",
                       "/{a}/{b}/{c}/{d}/end"});
  check(routes, "/status/404", 0, {"404"});
  check(routes, "/status/ok", 1);  // exact before patterns
  check(routes, "/a/1/b/2", 2, {"1", "2"});
  check(routes, "/hello", 3, {"hello"});
  check(routes, "/{anything}", 3, {"{anything}"});
  check(routes, "/a/1/b/c", 2, {"1", "c"});  // patterns in their order
  check(routes, "/1/2/3/4/end", 5, {"1", "2", "3", "4"});
  for (auto const *path : {"/", "//", "/status/", "/status//", "/status/1/", "/status/1/2",
                           "/a//b/2", "/a/1/b/", "/a/1/b", "/a/1/c/2", "/a/1/b/2/", "/1/2/3/4/en",
                           "/1/2/3/4/5/end", "", "status/1", "*", "/1/2/3//end"}) {
    check(routes, path, router::not_found);
  }
}

BOOST_AUTO_TEST_CASE(gives_views_into_the_path) {
  router const routes({"/delay/{ms}"});
  std::string const path = "/delay/250";
  path_parameters parameters;
  BOOST_TEST(routes.match(path, parameters) == 0U);
  BOOST_TEST((parameters.values[0].data() == path.data() + 7));
}

// Paths that differ in one octet, at every place in a word and in a tail: told apart by some seed.
BOOST_AUTO_TEST_CASE(tells_paths_apart_by_every_octet) {
  for (std::size_t size = 2; size <= 26; ++size) {
    for (std::size_t place = 1; place < size; ++place) {
      std::vector<std::string> paths;
      for (char const c : {'a', 'b', 'c', 'A', '1', '\x01', '\x7f', '\0'}) {
        std::string path(size, 'x');
        path[0] = '/';
        path[place] = c;
        paths.push_back(path);
      }
      check_each_alone(paths);
    }
  }
}

BOOST_AUTO_TEST_CASE(tells_lengths_apart) {
  std::vector<std::string> paths;
  for (std::size_t size = 0; size < 100; ++size) {
    paths.emplace_back("/").append(size, '\0');
  }
  check_each_alone(paths);
}

BOOST_AUTO_TEST_CASE(holds_many_routes) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i + 1 < router::patterns_max; ++i) {
    paths.push_back("/api/v1/resource-"s + std::to_string(i));
  }
  paths.emplace_back("/api/v1/{id}");
  router const routes(paths);
  for (std::size_t i = 0; i + 1 < paths.size(); ++i)
    check(routes, paths[i], i);
  check(routes, "/api/v1/resource-9999", router::patterns_max - 1, {"resource-9999"});
  check(routes, "/api/v2/resource-1", router::not_found);
}

BOOST_AUTO_TEST_CASE(agrees_with_a_search) {
  std::mt19937 random(20250101);
  std::vector<std::string> const units{"/",   "/a",   "/b",       "/ab",
                                       "/a/", "/b/a", "/aaaaaaa", "/aaaaaab"};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> paths;
    auto const any_path = [&] {
      std::string path;
      for (auto left = 1 + random() % 4; left > 0; --left)
        path += units[random() % units.size()];
      return path;
    };
    for (auto left = 1 + random() % 40; left > 0; --left) {
      auto path = any_path();
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
    }
    router const routes(paths);
    path_parameters parameters;
    for (int query = 0; query < 100; ++query) {
      auto const path = any_path();
      auto const found = std::find(paths.begin(), paths.end(), path);
      auto const expected = found == paths.end() ? router::not_found
                                                 : static_cast<std::size_t>(found - paths.begin());
      BOOST_TEST_CONTEXT(path) {
        BOOST_TEST(routes.match(path, parameters) == expected);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(refuses_bad_tables) {
  std::vector<std::string> too_many;
  for (std::size_t i = 0; i <= router::patterns_max; ++i) {
    too_many.emplace_back("/").append(std::to_string(i));
  }
  std::vector<std::vector<std::string>> const tables{
      {""},
      {"a"},
      {"*"},
      {"{a}"},
      {"/a", "/a"},
      {"/{a}", "/{a}"},
      {"/{a}", "/{b}"},
      {"/x/{a}/y", "/z", "/x/{b}/y"},
      {"/{}"},
      {"/{"},
      {"/}"},
      {"/{a"},
      {"/a}"},
      {"/x{a}"},
      {"/{a}x"},
      {"/{a}{b}"},
      {"/{a{b}}"},
      {"/{{a}}"},
      {"/}a{"},
      {"/a/{b"},
      {"//{a}"},
      {"/{a}/"},
      {"/{a}//b"},
      {"/{a}/{b}/{c}/{d}/{e}"},
      too_many,
  };
  for (auto const &table : tables) {
    BOOST_TEST_CONTEXT(table.front() << " and " << table.size() - 1 << " more") {
      BOOST_CHECK_THROW(router{table}, std::invalid_argument);
    }
  }
  too_many.pop_back();
  BOOST_CHECK_NO_THROW(router{too_many});
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong) {
  auto const names = [](std::string const &wanted) {
    return [wanted](std::invalid_argument const &error) {
      return std::string(error.what()).find(wanted) != std::string::npos;
    };
  };
  BOOST_CHECK_EXCEPTION(router({"/a", "b"}), std::invalid_argument, names("\"b\""));
  BOOST_CHECK_EXCEPTION(router({"/{a}", "/{b}"}), std::invalid_argument,
                        names("hidden by \"/{a}\""));
}

BOOST_AUTO_TEST_SUITE_END()
