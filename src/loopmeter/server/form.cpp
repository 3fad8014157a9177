// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/form.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace loopmeter::server {

namespace {

std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char octet = 0;
    auto const digits = text.substr(i).substr(0, 3);
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%' && digits.size() == 3 &&
               std::from_chars(digits.data() + 1, digits.data() + 3, octet, 16).ptr ==
                   digits.data() + 3) {
      decoded += static_cast<char>(octet);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::vector<std::string> form_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  for (auto at = query.begin(); at != query.end();) {
    auto const end = std::find(at, query.end(), '&');
    auto const equals = std::find(at, end, '=');
    auto const value = equals == end ? end : equals + 1;
    if (decode({at, equals}) == name) values.push_back(decode({value, end}));
    at = end == query.end() ? end : end + 1;
  }
  return values;
}

std::string form_value(std::string_view query, std::string_view name, std::string_view otherwise) {
  auto values = form_values(query, name);
  return values.empty() ? std::string(otherwise) : std::move(values.front());
}

}  // namespace loopmeter::server
