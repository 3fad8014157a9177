// SPDX-License-Identifier: Apache-2.0
// The file of a web configuration: whatever stands in it, a configuration or one line that says why
// not.
#include <loopmeter/web/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  try {
    loopmeter::web::parse_config(std::string(reinterpret_cast<char const *>(data), size), "fuzz");
  } catch (loopmeter::web::config_error const &e) {
    std::string_view const message = e.what();
    if (!message.starts_with("fuzz") || message.find('\n') != message.npos) std::abort();
  }
  return 0;
}
