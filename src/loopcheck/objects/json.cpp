// SPDX-License-Identifier: Apache-2.0
// JSON in, by Boost.JSON; JSON and YAML out.
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "input_error.hpp"
#include "yaml.hpp"
#include "yaml_scalar.hpp"

namespace loopcheck {
namespace {

namespace json = boost::json;

// Depth is bounded by the parser's.
value converted(json::value const &from, std::size_t &nodes_left, std::string_view file) {
  if (nodes_left-- == 0) throw input_error(file, {}, "more values than are read");
  switch (from.kind()) {
    case json::kind::null:
      return {};
    case json::kind::bool_:
      return value(from.get_bool());
    case json::kind::string:
      return value(std::string(from.get_string()));
    case json::kind::array: {
      auto made = value::list();
      for (auto const &each : from.get_array())
        made.push(converted(each, nodes_left, file));
      return made;
    }
    case json::kind::object: {
      auto made = value::map();
      for (auto const &[key, held] : from.get_object()) {
        made.add_entry({std::string(key), converted(held, nodes_left, file), {}});
      }
      return made;
    }
    case json::kind::double_:
      // As YAML's; NaN is what Boost makes of 0e999.
      if (from.get_double() == 0 || std::isnan(from.get_double())) return value::number("0");
      if (std::isinf(from.get_double())) {
        throw input_error(file, {}, "not JSON: a number that is too large");
      }
      return value::number(json::serialize(from));
    default:
      return value::number(json::serialize(from));
  }
}

place place_of(std::string_view bytes, std::size_t offset) {
  auto const before = bytes.substr(0, offset);
  auto const line_start = before.rfind('\n');
  return {
      static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
      static_cast<int>(line_start == std::string_view::npos ? offset : offset - line_start - 1) +
          1};
}

void write_json(std::string &out, value const &of, int indent, int depth) {
  auto const line = [&](int levels) {
    if (indent > 0)
      out.append("\n").append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(levels),
                              ' ');
  };
  auto const separate = [&](bool first) {
    if (!first) out += ',';
    line(depth + 1);
  };
  bool first = true;
  if (of.is_map()) {
    out += '{';
    for (auto const &[key, held, where] : of.entries()) {
      separate(std::exchange(first, false));
      out += json::serialize(json::string(key));
      out += indent > 0 ? ": " : ":";
      write_json(out, held, indent, depth + 1);
    }
    if (!first) line(depth);
    out += '}';
  } else if (of.is_list()) {
    out += '[';
    for (auto const &each : of.items()) {
      separate(std::exchange(first, false));
      write_json(out, each, indent, depth + 1);
    }
    if (!first) line(depth);
    out += ']';
  } else if (of.is_text()) {
    out += json::serialize(json::string(of.text()));
  } else {
    out += of.is_null() ? "null" : of.text();
  }
}

// JSON's strings are YAML's double-quoted ones, but for some characters that YAML wants escaped.
std::string quoted(std::string_view text) {
  auto const as_json = json::serialize(json::string(text));
  std::string made;
  for (std::string_view rest = as_json; !rest.empty();) {
    auto const size = escaped_size(rest);
    if (size == 0) {
      made += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    unsigned code = static_cast<unsigned char>(rest.front());
    if (size > 1) code &= size == 2 ? 0x1fU : 0x0fU;  // UTF-8's first octet; six bits in the others
    for (std::size_t i = 1; i < size; ++i)
      code = code << 6 | (static_cast<unsigned char>(rest[i]) & 0x3fU);
    std::array<char, 7> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04X", code & 0xffffU);
    made += escape.data();
    rest.remove_prefix(size);
  }
  return made;
}

std::string scalar_text(value const &of) {
  if (of.is_null()) return "null";
  bool const as_it_is = !of.is_text() || (!of.text().empty() && !needs_quotes(of.text()));
  return as_it_is ? std::string(of.text()) : quoted(of.text());
}

// "key:". YAML looks no further than 1,024 characters for the colon of a key that is not said to be
// one.
std::string key_text(std::string const &key, std::size_t indent) {
  auto text = scalar_text(value(key));
  if (text.size() <= 1000) return text + ":";
  return "? " + text + "\n" + std::string(indent, ' ') + ":";
}

bool is_block(value const &of) {
  return of.size() > 0 && (of.is_list() || of.is_map());
}

std::string inline_text(value const &of) {
  if (of.is_map()) return "{}";
  if (of.is_list()) return "[]";
  return scalar_text(of);
}

// `first_indented`: the caller has written the indentation of the first line ("- ").
void write_yaml(std::string &out, value const &of, std::size_t indent, bool first_indented) {
  auto const margin = [&] {
    if (!std::exchange(first_indented, false)) out.append(indent, ' ');
  };
  for (auto const &[key, held, where] : of.entries()) {
    margin();
    out += key_text(key, indent);
    if (is_block(held)) {
      out += '\n';
      write_yaml(out, held, held.is_list() ? indent : indent + 2, false);
    } else {
      out += " " + inline_text(held) + "\n";
    }
  }
  for (auto const &each : of.items()) {
    margin();
    out += "- ";
    if (is_block(each)) {
      write_yaml(out, each, indent + 2, true);
    } else {
      out += inline_text(each) + "\n";
    }
  }
}

}  // namespace

value parse_json(std::string_view bytes, std::string_view file, yaml_limits const &limits) {
  if (bytes.size() > limits.bytes_max) {
    throw input_error(file, {},
                      std::to_string(bytes.size()) + " bytes, more than the " +
                          std::to_string(limits.bytes_max) + " that are read");
  }
  json::parse_options options;
  options.max_depth = static_cast<std::size_t>(limits.depth_max);
  json::monotonic_resource memory;
  json::stream_parser parser(&memory, options);
  json::error_code error;
  auto const read = parser.write_some(bytes.data(), bytes.size(), error);
  auto const rest = error ? std::string_view() : bytes.substr(read);
  if (auto const more = rest.find_first_not_of(" \t\r\n"); more != std::string_view::npos) {
    throw input_error(file, place_of(bytes, read + more), "not JSON: something behind its end");
  }
  if (!error) parser.finish(error);
  if (error) {
    throw input_error(file, place_of(bytes, read), "not JSON: " + error.message());
  }
  auto nodes_left = limits.nodes_max;
  return converted(parser.release(), nodes_left, file);
}

std::string to_json(value const &of, int indent) {
  std::string out;
  write_json(out, of, indent, 0);
  return out;
}

std::string to_yaml(value const &of) {
  if (!is_block(of)) return inline_text(of) + "\n";
  std::string out;
  write_yaml(out, of, 0, false);
  return out;
}

}  // namespace loopcheck
