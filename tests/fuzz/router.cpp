// SPDX-License-Identifier: Apache-2.0
// Any request target and any table of routes (the first line, and the others): the parts of a
// target lie in it, and the router finds what a naive look at the segments finds.
#include <loopmeter/http/router.hpp>
#include <loopmeter/http/uri.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "invariant.hpp"

namespace {

using namespace loopmeter::http;
using fuzz::require;

using texts = std::vector<std::string>;

texts split(std::string_view text, char by) {
  texts parts(1);
  for (char const c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool is_parameter(std::string const &segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// The parameters' values if the path is of this pattern.
std::optional<texts> naive_match(std::string_view pattern, std::string_view path) {
  auto const wanted = split(pattern, '/');
  auto const segments = split(path, '/');
  if (wanted.size() != segments.size()) return std::nullopt;
  texts values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_parameter(wanted[i]) && !segments[i].empty()) {
      values.push_back(segments[i]);
    } else if (wanted[i] != segments[i] || is_parameter(wanted[i])) {
      return std::nullopt;
    }
  }
  return values;
}

void check_match(router const &routes, texts const &patterns, std::string_view path) {
  path_parameters found;
  auto const index = routes.match(path, found);
  auto const exact = std::find(patterns.begin(), patterns.end(), path);
  bool const is_exact = exact != patterns.end() && exact->find_first_of("{}") == std::string::npos;
  if (is_exact) {
    require(index == static_cast<std::size_t>(exact - patterns.begin()), "the path itself wins");
    require(found.count == 0, "and has no parameters");
    return;
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].find('{') == std::string::npos) continue;
    auto const values = path.starts_with('/') ? naive_match(patterns[i], path) : std::nullopt;
    if (!values) continue;
    require(index == i, "the first pattern that fits wins");
    require(std::equal(values->begin(), values->end(), found.values.begin(),
                       found.values.begin() + static_cast<std::ptrdiff_t>(found.count)),
            "parameters are the segments");
    return;
  }
  require(index == router::not_found && found.count == 0, "nothing fits");
}

void check_target(std::string_view target, router const &routes, texts const &patterns) {
  target_parts parts;
  if (!split_target(target, parts)) return;
  auto const lies_in = [target](std::string_view part) {
    return part.data() >= target.data() &&
           part.data() + part.size() <= target.data() + target.size();
  };
  require(lies_in(parts.path) && lies_in(parts.query), "parts lie in the target");
  require(parts.path == "*" || parts.path.starts_with('/'), "a path");
  require(parts.path.find_first_of("?# \r\n") == std::string_view::npos, "the path alone");
  require(parts.query.find_first_of("# \r\n") == std::string_view::npos, "the query alone");
  check_match(routes, patterns, parts.path);
  target_parts again;
  std::string const absolute =
      "http://host:80" + std::string(parts.path) + '?' + std::string(parts.query);
  if (parts.path == "*") return;
  require(split_target(absolute, again), "the same resource with an authority");
  require(again.path == parts.path && again.query == parts.query, "has the same parts");
}

void check_host(std::string_view text) {
  if (!is_host_field(text)) return;
  require(text.find_first_of("/?#@ \r\n") == std::string_view::npos, "a host is one host");
  target_parts parts;
  require(split_target("https://" + std::string(text) + "/x?y", parts), "a host fits a target");
  require(is_authority_with_port(text) == (text.back() != ':' && text.back() != ']' &&
                                           text.rfind(':') != std::string_view::npos),
          "a port is one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  static texts const served{"/",        "/hello",     "/status/{code}", "/a/{x}/b",
                            "/{x}/b/c", "/-/scrapes", "/a/x/b"};
  static router const routes(served);
  auto lines = split({reinterpret_cast<char const *>(data), size}, '\n');
  fuzz::exact_copy const target(lines.front());
  check_target(target.view(), routes, served);
  check_match(routes, served, target.view());
  check_host(target.view());

  texts const patterns(lines.begin() + 1, lines.end());
  try {
    router const made(patterns);
    check_target(target.view(), made, patterns);
    for (auto const &pattern : patterns)
      check_match(made, patterns, pattern);
  } catch (std::invalid_argument const &) {
    require(!patterns.empty(), "no table is not a bad one");
  }
  return 0;
}
