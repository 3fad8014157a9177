// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/format.hpp>

#include <array>
#include <cstddef>

namespace loopmeter::exposition {
namespace {

#define LOOPMETER_TEXT "text/plain; version="
#define LOOPMETER_OPENMETRICS "application/openmetrics-text; version="
#define LOOPMETER_PROTOBUF \
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
#define LOOPMETER_UTF8 "; charset=utf-8"

// By protocol, then by escaping.
constexpr std::array<std::array<std::string_view, 4>, 5> content_types{{
    {LOOPMETER_TEXT "0.0.4" LOOPMETER_UTF8, LOOPMETER_TEXT "0.0.4" LOOPMETER_UTF8,
     LOOPMETER_TEXT "0.0.4" LOOPMETER_UTF8 "; escaping=dots",
     LOOPMETER_TEXT "0.0.4" LOOPMETER_UTF8 "; escaping=values"},
    {LOOPMETER_TEXT "1.0.0" LOOPMETER_UTF8 "; escaping=allow-utf-8",
     LOOPMETER_TEXT "1.0.0" LOOPMETER_UTF8 "; escaping=underscores",
     LOOPMETER_TEXT "1.0.0" LOOPMETER_UTF8 "; escaping=dots",
     LOOPMETER_TEXT "1.0.0" LOOPMETER_UTF8 "; escaping=values"},
    {LOOPMETER_OPENMETRICS "0.0.1" LOOPMETER_UTF8, LOOPMETER_OPENMETRICS "0.0.1" LOOPMETER_UTF8,
     LOOPMETER_OPENMETRICS "0.0.1" LOOPMETER_UTF8 "; escaping=dots",
     LOOPMETER_OPENMETRICS "0.0.1" LOOPMETER_UTF8 "; escaping=values"},
    {LOOPMETER_OPENMETRICS "1.0.0" LOOPMETER_UTF8 "; escaping=allow-utf-8",
     LOOPMETER_OPENMETRICS "1.0.0" LOOPMETER_UTF8 "; escaping=underscores",
     LOOPMETER_OPENMETRICS "1.0.0" LOOPMETER_UTF8 "; escaping=dots",
     LOOPMETER_OPENMETRICS "1.0.0" LOOPMETER_UTF8 "; escaping=values"},
    {LOOPMETER_PROTOBUF "; escaping=allow-utf-8", LOOPMETER_PROTOBUF,
     LOOPMETER_PROTOBUF "; escaping=dots", LOOPMETER_PROTOBUF "; escaping=values"},
}};

#undef LOOPMETER_TEXT
#undef LOOPMETER_OPENMETRICS
#undef LOOPMETER_PROTOBUF
#undef LOOPMETER_UTF8

}  // namespace

std::string_view content_type(format agreed) noexcept {
  return content_types[static_cast<std::size_t>(agreed.protocol)]
                      [static_cast<std::size_t>(agreed.escaping)];
}

}  // namespace loopmeter::exposition
