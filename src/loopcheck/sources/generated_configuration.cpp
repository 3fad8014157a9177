// SPDX-License-Identifier: Apache-2.0
#include "generated_configuration.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

namespace loopcheck {

namespace {

constexpr std::size_t configuration_bytes_max = 64u << 20;

constexpr std::array secret_keys{"password",      "credentials", "bearer_token",
                                 "client_secret", "secret_key",  "access_key",
                                 "key",           "secrets",     "proxy_connect_header"};

void hide_secrets(value &in) {
  for (value &each : in.items_mutable())
    hide_secrets(each);
  std::vector<std::string> keys;
  for (auto const &each : in.entries())
    keys.push_back(each.key);
  for (auto const &key : keys) {
    bool const secret = std::find(secret_keys.begin(), secret_keys.end(), key) != secret_keys.end();
    if (secret) {
      in.set(key, "<secret>");
    } else {
      hide_secrets(*in.find_mutable(key));
    }
  }
}

}  // namespace

std::string configuration_secret_of(object_id const &prometheus) {
  return (prometheus.kind == "PrometheusAgent" ? "prom-agent-" : "prometheus-") + prometheus.name;
}

std::string from_base64(std::string_view text) {
  std::string result(text.size() / 4 * 3, '\0');
  if (text.size() % 4 != 0 || text.size() > std::size_t{1} << 30) return {};
  auto const *const from = reinterpret_cast<unsigned char const *>(text.data());
  auto *const to = reinterpret_cast<unsigned char *>(result.data());
  int const written = EVP_DecodeBlock(to, from, static_cast<int>(text.size()));
  if (written < 0) return {};
  // It counts the padding as zeros.
  auto const padding = text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u;
  result.resize(static_cast<std::size_t>(written) - std::min<std::size_t>(padding, result.size()));
  return result;
}

outcome<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK)
    return access_failure{access_error::bad_answer, "zlib has no memory"};
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string result;
  std::array<char, 64u << 10> piece;
  int state = Z_OK;
  while (state == Z_OK && result.size() <= bytes_max) {
    stream.next_out = reinterpret_cast<Bytef *>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    result.append(piece.data(), piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result.size() > bytes_max)
    return access_failure{access_error::too_large, "it is too large when it is unpacked"};
  if (state != Z_STREAM_END)
    return access_failure{access_error::bad_answer, "it is not a whole gzip stream"};
  return result;
}

outcome<value> read_configuration_secret(std::string_view json, std::string_view name) {
  try {
    auto const secret = parse_json(json, name);
    auto const &packed = secret["data"]["prometheus.yaml.gz"];
    if (packed.is_null())
      return access_failure{access_error::bad_answer,
                            std::string(name) + ": it has no prometheus.yaml.gz"};
    auto const text = gunzip(from_base64(packed.text()), configuration_bytes_max);
    if (!text) return access_failure{text.why().kind, std::string(name) + ": " + text.why().words};
    auto documents = parse_yaml(*text, name);
    auto result = value::map();
    if (documents.empty()) return result;
    for (char const *key : {"global", "scrape_configs"})
      if (auto *const found = documents.front().find_mutable(key)) {
        hide_secrets(*found);
        result.set(key, std::move(*found));
      }
    return result;
  } catch (input_error const &error) {
    return access_failure{access_error::bad_answer, error.what()};
  }
}

}  // namespace loopcheck
