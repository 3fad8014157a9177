// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/basic_auth.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

namespace loopmeter::web {

namespace {

bool is_base64_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
         c == '/';
}

bool is_basic(std::string_view scheme) noexcept {
  constexpr std::string_view lower = "basic";
  auto const same = [](char a, char b) { return (a | 0x20) == b; };
  return std::ranges::equal(scheme, lower, same);
}

// OpenSSL's decoder takes blanks and misplaced padding for nothing, so these are refused before.
std::size_t padding_of(std::string_view text) noexcept {
  return text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
}

}  // namespace

void basic_credentials::wipe() noexcept {
  ::OPENSSL_cleanse(decoded_.data(), decoded_.size());
  user_ = password_ = {};
}

bool basic_credentials::parse(std::string_view field) noexcept {
  wipe();
  auto const blank = field.find(' ');
  if (blank == std::string_view::npos || !is_basic(field.substr(0, blank))) return false;
  auto const begin = field.find_first_not_of(' ', blank);
  if (begin == std::string_view::npos) return false;
  auto const encoded = field.substr(begin);
  auto const padding = padding_of(encoded);
  if (encoded.size() % 4 != 0 || encoded.size() / 4 * 3 > decoded_bytes_max ||
      !std::ranges::all_of(encoded.substr(0, encoded.size() - padding), is_base64_digit)) {
    return false;
  }
  auto *const out = reinterpret_cast<unsigned char *>(decoded_.data());
  auto const *const in = reinterpret_cast<unsigned char const *>(encoded.data());
  int const size = ::EVP_DecodeBlock(out, in, static_cast<int>(encoded.size()));
  if (size < static_cast<int>(padding)) return false;
  std::string_view const decoded(decoded_.data(), static_cast<std::size_t>(size) - padding);
  auto const colon = decoded.find(':');
  if (colon == std::string_view::npos) return false;
  user_ = decoded.substr(0, colon);
  password_ = decoded.substr(colon + 1);
  return true;
}

}  // namespace loopmeter::web
