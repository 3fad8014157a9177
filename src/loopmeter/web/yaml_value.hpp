// SPDX-License-Identifier: Apache-2.0
// One value of a YAML file with its place in it, read as strictly as Go's UnmarshalStrict does:
// unknown and repeated keys and wrong types are errors. Not installed.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loopmeter/web/config_error.hpp>

namespace loopmeter::web {

class yaml_value {
 public:
  struct entry;

  /// `file` must outlive the value. Throws config_error for what is not YAML.
  static yaml_value parse(std::string const &text, std::string const &file);

  /// Nothing, `~` or `null`: Go leaves the default then.
  bool is_null() const { return node_.IsNull(); }
  int line() const { return node_.Mark().line + 1; }
  std::string const &path() const noexcept { return path_; }

  // All throw config_error for another type.
  std::string text() const;
  bool boolean() const;
  std::int64_t whole_number() const;
  /// Go's durations: "1m30s", "250ms"; a bare number counts nanoseconds.
  std::chrono::nanoseconds duration() const;
  std::vector<yaml_value> list() const;
  /// Keys and values of a mapping; no key twice.
  std::vector<entry> mapping() const;

  using handler = std::function<void(yaml_value const &)>;
  using key_table = std::initializer_list<std::pair<std::string_view, handler>>;
  /// A mapping of these keys and no others; a null value is not handed on.
  void read(key_table const &known) const;

  /// `what` after file, line and key.
  [[noreturn]] void refuse(std::string const &what) const;
  /// The same for a value that may be shown.
  [[noreturn]] void refuse_value(std::string const &allowed) const;

 private:
  yaml_value(YAML::Node node, std::string path, std::string const &file)
      : node_(std::move(node)), path_(std::move(path)), file_(&file) {}
  std::string scalar(std::string const &allowed) const;

  YAML::Node node_;
  std::string path_;  // "tls_server_config.cert_file"
  std::string const *file_;
};

struct yaml_value::entry {
  std::string key;
  yaml_value value;
};

}  // namespace loopmeter::web
