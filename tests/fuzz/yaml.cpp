// SPDX-License-Identifier: Apache-2.0
// Whatever a manifest's bytes are: documents, or one line that says why not; within its limits.
// What is printed of them, as YAML and as JSON, is read again as the same.
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "invariant.hpp"

namespace {

using namespace loopcheck;
using fuzz::require;

constexpr yaml_limits limits = {.bytes_max = 1u << 20, .nodes_max = 5000, .depth_max = 20};

// Of the values and the keys.
std::size_t nodes(value const &of) {
  std::size_t count = 1;
  for (auto const &each : of.items())
    count += nodes(each);
  for (auto const &each : of.entries())
    count += 1 + nodes(each.held);
  return count;
}

int depth(value const &of) {
  int inside = 0;
  for (auto const &each : of.items())
    inside = std::max(inside, depth(each));
  for (auto const &each : of.entries())
    inside = std::max(inside, depth(each.held));
  return (of.is_list() || of.is_map() ? 1 : 0) + inside;
}

// Fractions come back from the JSON parser as the nearest double or its neighbour.
bool is_exact(value const &of) {
  if (of.is_number()) return of.integer().has_value();
  return std::ranges::all_of(of.items(), is_exact) &&
         std::ranges::all_of(of.entries(), [](auto const &each) { return is_exact(each.held); });
}

void require_same(bool same, char const *what, std::string const &printed) {
  if (!same) std::fprintf(stderr, "%s\n", printed.c_str());
  require(same, what);
}

value read_again(std::string const &printed, char const *what) {
  try {
    auto const read = parse_yaml(printed, "again", limits);
    require_same(read.size() == 1, what, printed);
    return read.front();
  } catch (input_error const &e) {
    std::fprintf(stderr, "%s\n", e.what());
    require_same(false, what, printed);
  }
  return {};
}

value read_json(std::string const &printed) {
  try {
    return parse_json(printed, "again", limits);
  } catch (input_error const &e) {
    std::fprintf(stderr, "%s\n", e.what());
    require_same(false, "what is printed as JSON is JSON", printed);
  }
  return {};
}

void check(value const &document) {
  require(document == document, "a document is equal to itself");
  require(nodes(document) <= limits.nodes_max, "no more nodes than the limit");
  require(depth(document) <= limits.depth_max, "no deeper than the limit");
  if (document.is_null()) return;  // of JSON; for YAML it is no document
  auto const printed = to_yaml(document);
  require_same(read_again(printed, "what is printed is one document") == document,
               "what is printed is read as the same", printed);
  // Numbers may be spelt otherwise by the JSON parser, and keys come once.
  auto const json = to_json(document);
  auto const from_json = read_json(json);
  require_same(read_json(to_json(from_json, 2)) == from_json || !is_exact(document),
               "JSON is read as the same", json);
  auto const yaml = to_yaml(from_json);
  require_same(read_again(yaml, "JSON's YAML is one document") == from_json,
               "JSON's YAML is read as the same", yaml);
}

template <class Parse>
void parse(Parse by) {
  try {
    for (auto const &document : by())
      check(document);
  } catch (input_error const &e) {
    std::string_view const message = e.what();
    require(message.starts_with("fuzz:"), "an error names the file");
    require(message.find('\n') == message.npos, "an error is one line");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  fuzz::exact_copy const bytes({reinterpret_cast<char const *>(data), size});
  parse([&] { return parse_documents(bytes.view(), "fuzz", limits); });
  parse([&] { return std::vector<value>{parse_json(bytes.view(), "fuzz", limits)}; });
  return 0;
}
