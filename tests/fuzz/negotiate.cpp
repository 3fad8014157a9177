// SPDX-License-Identifier: Apache-2.0
// Any bytes as fields of a scrape: there is an answer, its names are such as its version knows, and
// it is the same when the field is repeated.
#include <loopmeter/exposition/negotiate.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  using namespace loopmeter::exposition;
  std::string const field{reinterpret_cast<char const *>(data), size};
  format const agreed = negotiate(field);
  if (agreed.escaping != name_escaping(agreed)) std::abort();
  if (content_type(agreed).empty()) std::abort();
  bool const is_quoted = field.find('"') != std::string::npos;
  if (!is_quoted && negotiate(field + ',' + field) != agreed) std::abort();
  if (!is_quoted && accepts_gzip(field) != accepts_gzip(field + ',' + field)) std::abort();
  auto const timeout = scrape_timeout(field);
  if (timeout && (timeout->count() <= 0 || *timeout > scrape_timeout_max)) std::abort();
  return 0;
}
