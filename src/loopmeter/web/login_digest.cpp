// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/login_digest.hpp>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <stdexcept>
#include <string>

namespace loopmeter::web {

namespace {

using key_bytes = std::array<unsigned char, 32>;

key_bytes const &process_key() {
  static key_bytes const key = [] {
    key_bytes made;
    if (::RAND_bytes(made.data(), static_cast<int>(made.size())) != 1) {
      throw std::runtime_error("OpenSSL has no entropy");
    }
    return made;
  }();
  return key;
}

void add(EVP_MAC_CTX *context, std::string_view part) {
  // Its length first: the same octets cut elsewhere must not give the same digest.
  std::uint64_t const size = part.size();
  ::EVP_MAC_update(context, reinterpret_cast<unsigned char const *>(&size), sizeof size);
  ::EVP_MAC_update(context, reinterpret_cast<unsigned char const *>(part.data()), part.size());
}

}  // namespace

login_digester::login_digester() : context_(nullptr) {
  auto *const hmac = ::EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (hmac != nullptr) context_ = ::EVP_MAC_CTX_new(hmac);
  ::EVP_MAC_free(hmac);
  std::string digest = "SHA256";
  std::array<OSSL_PARAM, 2> const parameters{
      ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      ::OSSL_PARAM_construct_end()};
  auto const &key = process_key();
  if (context_ == nullptr ||
      ::EVP_MAC_init(context_, key.data(), key.size(), parameters.data()) != 1) {
    ::EVP_MAC_CTX_free(context_);
    throw std::runtime_error("OpenSSL has no HMAC with SHA-256");
  }
}

login_digester::~login_digester() {
  ::EVP_MAC_CTX_free(context_);
}

login_digest login_digester::of(std::string_view user, std::string_view hash,
                                std::string_view password) {
  login_digest digest{};
  std::size_t size = 0;
  ::EVP_MAC_init(context_, nullptr, 0, nullptr);  // from the beginning, under the same key
  add(context_, user);
  add(context_, hash);
  add(context_, password);
  ::EVP_MAC_final(context_, digest.data(), &size, digest.size());
  return digest;
}

}  // namespace loopmeter::web
