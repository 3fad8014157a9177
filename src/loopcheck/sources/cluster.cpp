// SPDX-License-Identifier: Apache-2.0
#include "cluster.hpp"

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

namespace loopcheck {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (char const c : text) {
    bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      result += c;
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    result += '%';
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

std::string path_of(list_request const &request, std::string_view continue_token) {
  std::string result = request.group;
  if (request.space) result += "/namespaces/" + percent_encoded(*request.space);
  result += "/" + request.resource + "?limit=" + std::to_string(request.limit);
  auto const add = [&](char const *name, std::string_view value) {
    if (!value.empty()) result += std::string("&") + name + "=" + percent_encoded(value);
  };
  add("labelSelector", request.label_selector);
  add("fieldSelector", request.field_selector);
  add("continue", continue_token);
  return result;
}

outcome<page> list_page(cluster &from, list_request const &request,
                        std::string_view continue_token) {
  auto const path = path_of(request, continue_token);
  auto body = from.get(path);
  if (!body) return body.why();
  try {
    auto list = parse_json(*body, path);
    body->clear();
    body->shrink_to_fit();  // the tree beside it is large enough
    auto *const items = list.find_mutable("items");
    if (!list.is_map() || !list["kind"].text().ends_with("List"))
      return access_failure{access_error::bad_answer, path + ": the answer is not a list"};
    page result;
    result.continue_token = list["metadata"]["continue"].text();
    if (items != nullptr) {  // null: an empty list
      result.items.reserve(items->size());
      for (value &each : items->items_mutable())
        result.items.push_back(std::move(each));
    }
    return result;
  } catch (input_error const &error) {
    return access_failure{access_error::bad_answer, error.what()};
  }
}

std::string proxy_path(proxied_port const &to, std::string_view path) {
  return "/api/v1/namespaces/" + percent_encoded(to.space) + "/pods/" + (to.tls ? "https:" : "") +
         percent_encoded(to.pod) + ":" + std::to_string(to.port) + "/proxy" + std::string(path);
}

}  // namespace loopcheck
