// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/bcrypt.hpp>

#include <crypt.h>

#include <openssl/crypto.h>

#include <algorithm>
#include <memory>

namespace loopmeter::web {

namespace {

constexpr std::size_t hash_size = 60;
constexpr std::size_t settings_size = 7;  // "$2y$10$"
constexpr std::size_t password_bytes_max = 72;

bool is_bcrypt_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '/';
}

bool is_decimal(char c) noexcept {
  return c >= '0' && c <= '9';
}

}  // namespace

bool is_bcrypt_hash(std::string_view text) noexcept {
  constexpr std::string_view minors = "abxy";
  if (text.size() != hash_size || !text.starts_with("$2") ||
      minors.find(text[2]) == std::string_view::npos || text[3] != '$' || !is_decimal(text[4]) ||
      !is_decimal(text[5]) || text[6] != '$') {
    return false;
  }
  auto const cost = bcrypt_cost(text);
  return cost >= bcrypt_cost_min && cost <= bcrypt_cost_max &&
         std::ranges::all_of(text.substr(settings_size), is_bcrypt_digit);
}

unsigned bcrypt_cost(std::string_view hash) noexcept {
  return static_cast<unsigned>((hash[4] - '0') * 10 + (hash[5] - '0'));
}

std::string bcrypt_stand_in(unsigned cost) {
  auto const digits = std::to_string(cost);
  return "$2b$" + std::string(2 - digits.size(), '0') + digits + '$' + "loopmeterloopmeterloo." +
         std::string(hash_size - settings_size - 22, '.');
}

bool bcrypt_matches(std::string_view password, std::string_view hash) {
  bool const has_nul = password.find('\0') != std::string_view::npos;
  // A NUL would end it too early; and still it has to take its time.
  std::string phrase(password.substr(0, has_nul ? 0 : password_bytes_max));
  std::string const setting = "$2b$" + std::string(hash.substr(4));
  auto const data = std::make_unique<crypt_data>();
  auto const *made = ::crypt_rn(phrase.c_str(), setting.c_str(), data.get(), sizeof(crypt_data));
  bool const equal = made != nullptr && std::string_view(made).size() == setting.size() &&
                     ::CRYPTO_memcmp(made, setting.data(), setting.size()) == 0;
  ::OPENSSL_cleanse(phrase.data(), phrase.size());
  return equal && !has_nul;
}

}  // namespace loopmeter::web
