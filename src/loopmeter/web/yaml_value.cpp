// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/yaml_value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <system_error>

#include <loopmeter/base/log.hpp>

namespace loopmeter::web {

namespace {

constexpr std::array<std::string_view, 11> words_for_true{"y",  "Y",  "yes",  "Yes",  "YES", "on",
                                                          "On", "ON", "true", "True", "TRUE"};
constexpr std::array<std::string_view, 11> words_for_false{
    "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"};

struct unit_of_time {
  std::string_view name;
  double nanoseconds;
};
// Longer names before those that they begin with.
constexpr std::array<unit_of_time, 8> units{{{"ns", 1},
                                             {"us", 1e3},
                                             {"\xc2\xb5s", 1e3},
                                             {"\xce\xbcs", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"m", 60e9},
                                             {"h", 3600e9}}};

// "1m30s" and the like; negative if it is none.
double parse_go_duration(std::string_view text) {
  if (text == "0") return 0;
  double total = 0;
  if (text.empty()) return -1;
  while (!text.empty()) {
    double number = 0;
    auto const [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0 || text.front() == '-') return -1;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    auto const unit = std::find_if(units.begin(), units.end(),
                                   [&](auto const &u) { return text.starts_with(u.name); });
    if (unit == units.end()) return -1;
    text.remove_prefix(unit->name.size());
    total += number * unit->nanoseconds;
  }
  return total;
}

// Of what stands in the file, as much as fits into a line.
config_error line_at(std::string const &file, int line, std::string_view what) {
  constexpr std::size_t shown_bytes_max = 1000;
  return error_at(file, line, log::printable(what.substr(0, shown_bytes_max)));
}

}  // namespace

yaml_value yaml_value::parse(std::string const &text, std::string const &file) {
  try {
    return {YAML::Load(text), {}, file};
  } catch (YAML::Exception const &e) {
    throw line_at(file, e.mark.is_null() ? 0 : e.mark.line + 1, "not YAML: " + e.msg);
  }
}

void yaml_value::refuse(std::string const &what) const {
  throw line_at(*file_, line(), (path_.empty() ? "" : path_ + ": ") + what);
}

void yaml_value::refuse_value(std::string const &allowed) const {
  refuse("bad value \"" + (node_.IsScalar() ? node_.Scalar() : std::string("...")) +
         "\"; allowed is " + allowed);
}

// A tag that changes what the text means is none of this format's.
std::string yaml_value::scalar(std::string const &allowed) const {
  auto const &tag = node_.Tag();
  bool const as_it_stands =
      tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str";
  if (!node_.IsScalar() || !as_it_stands) refuse("not " + allowed);
  return node_.Scalar();
}

std::string yaml_value::text() const {
  return is_null() ? std::string() : scalar("a text");
}

bool yaml_value::boolean() const {
  auto const word = scalar("true or false");
  bool const quoted = node_.Tag() == "!";
  bool const yes = std::ranges::find(words_for_true, word) != words_for_true.end();
  bool const no = std::ranges::find(words_for_false, word) != words_for_false.end();
  if (quoted || !(yes || no)) refuse_value("true or false, without quotes");
  return yes;
}

std::int64_t yaml_value::whole_number() const {
  auto const digits = scalar("a whole number");
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  bool const whole = error == std::errc{} && end == digits.data() + digits.size();
  if (node_.Tag() == "!" || !whole) refuse_value("a whole number, without quotes");
  return number;
}

std::chrono::nanoseconds yaml_value::duration() const {
  constexpr auto allowed = "a time like 250ms, 1s or 1m30s";
  auto const said = scalar(allowed);
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(said.data(), said.data() + said.size(), number);
  if (error == std::errc{} && end == said.data() + said.size() && number >= 0) {
    return std::chrono::nanoseconds(number);
  }
  auto const nanoseconds = parse_go_duration(said);
  auto const most = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  if (nanoseconds < 0 || !(nanoseconds < most)) refuse_value(allowed);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

std::vector<yaml_value> yaml_value::list() const {
  std::vector<yaml_value> values;
  if (!node_.IsSequence()) refuse("not a list");
  for (auto const &node : node_)
    values.push_back({node, path_, *file_});
  return values;
}

std::vector<yaml_value::entry> yaml_value::mapping() const {
  std::vector<entry> entries;
  if (is_null()) return entries;
  if (!node_.IsMap()) refuse("not a mapping of keys to values");
  std::set<std::string> seen;
  for (auto const &pair : node_) {
    yaml_value const key{pair.first, path_, *file_};
    auto const name = key.scalar("a key");
    if (!seen.insert(name).second) key.refuse("key \"" + name + "\" stands twice");
    entries.push_back({name, {pair.second, path_.empty() ? name : path_ + '.' + name, *file_}});
  }
  return entries;
}

void yaml_value::read(key_table const &known) const {
  for (auto const &[name, value] : mapping()) {
    auto const found = std::find_if(known.begin(), known.end(),
                                    [&key = name](auto const &k) { return k.first == key; });
    if (found == known.end()) {
      std::string allowed;
      for (auto const &[key, unused] : known) {
        if (!allowed.empty()) allowed += ", ";
        allowed += key;
      }
      throw line_at(*file_, value.line(), value.path_ + ": unknown key; allowed is " + allowed);
    }
    if (!value.is_null()) found->second(value);
  }
}

}  // namespace loopmeter::web
