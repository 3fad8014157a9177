// SPDX-License-Identifier: Apache-2.0
// The Secret into which the operator writes Prometheus' configuration: what was generated, beside
// what was predicted and what is loaded.
#pragma once

#include <string>
#include <string_view>

#include <loopcheck/objects/object.hpp>

#include "outcome.hpp"

namespace loopcheck {

/// "prometheus-k8s", "prom-agent-k8s".
std::string configuration_secret_of(object_id const &prometheus);

/// The Secret's JSON → `global` and `scrape_configs`; every password, token and key in them is
/// "<secret>", as in Prometheus' own API. The rest of the Secret is not kept.
outcome<value> read_configuration_secret(std::string_view json, std::string_view name);

/// Bytes of a gzip stream; bad_answer for what is none, too_large beyond `bytes_max`.
outcome<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);
/// Empty for what is not base64.
std::string from_base64(std::string_view text);

}  // namespace loopcheck
