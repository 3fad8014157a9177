// SPDX-License-Identifier: Apache-2.0
#include "target_url.hpp"

#include <map>
#include <string_view>
#include <vector>

namespace loopcheck {

namespace {

/// All but letters, digits, `-_.~` and `kept` as %XX.
std::string escaped(std::string_view text, std::string_view kept) {
  constexpr char const *digits = "0123456789ABCDEF";
  std::string result;
  for (char const c : text) {
    bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    auto const byte = static_cast<unsigned char>(c);
    if (plain || kept.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += '%';
      result += digits[byte >> 4];
      result += digits[byte & 0xf];
    }
  }
  return result;
}

std::string query_escaped(std::string_view text) {
  auto result = escaped(text, " ");
  for (auto &c : result) {
    c = c == ' ' ? '+' : c;
  }
  return result;
}

std::string query_of(scrape_job const &job, labels const &after) {
  std::map<std::string, std::vector<std::string>> parameters(job.params.begin(), job.params.end());
  constexpr std::string_view prefix = "__param_";
  for (auto at = after.lower_bound(prefix); at != after.end() && at->first.starts_with(prefix);
       ++at) {
    auto &texts = parameters[at->first.substr(prefix.size())];
    if (texts.empty()) {
      texts.emplace_back();
    }
    texts.front() = at->second;
  }
  std::string result;
  for (auto const &[name, texts] : parameters) {
    for (auto const &text : texts) {
      result += (result.empty() ? "?" : "&") + query_escaped(name) + "=" + query_escaped(text);
    }
  }
  return result;
}

}  // namespace

std::string target_url(scrape_job const &job, labels const &after) {
  auto get = [&](char const *name) {
    auto const found = after.find(name);
    return found == after.end() ? std::string() : found->second;
  };
  auto const scheme = get("__scheme__");
  auto const host = get("__address__");
  auto const path = escaped(get("__metrics_path__"), "$&+,/:;=@");
  return (scheme.empty() ? "" : scheme + ":") + "//" + escaped(host, "!$&'()*+,;=:[]<>\"") +
         (path.empty() || path.starts_with('/') ? "" : "/") + path + query_of(job, after);
}

}  // namespace loopcheck
