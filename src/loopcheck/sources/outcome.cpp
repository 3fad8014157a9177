// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"

namespace loopcheck {

std::string_view text(access_error of) noexcept {
  switch (of) {
    case access_error::tool_missing:
      return "tool_missing";
    case access_error::bad_configuration:
      return "bad_configuration";
    case access_error::unreachable:
      return "unreachable";
    case access_error::timed_out:
      return "timed_out";
    case access_error::interrupted:
      return "interrupted";
    case access_error::unauthorized:
      return "unauthorized";
    case access_error::forbidden:
      return "forbidden";
    case access_error::not_found:
      return "not_found";
    case access_error::expired:
      return "expired";
    case access_error::agent:
      return "agent";
    case access_error::too_large:
      return "too_large";
    case access_error::refused:
      return "refused";
    case access_error::server_error:
      return "server_error";
    case access_error::bad_answer:
      return "bad_answer";
  }
  return "bad_answer";
}

}  // namespace loopcheck
