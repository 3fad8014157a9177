// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace loopmeter::test {

namespace {

void must(bool worked, char const *what) {
  if (!worked) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

std::string text_of(BIO *bio) {
  char *data = nullptr;
  auto const size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string pem_of(X509 *certificate) {
  auto *bio = BIO_new(BIO_s_mem());
  must(PEM_write_bio_X509(bio, certificate) == 1, "PEM");
  return text_of(bio);
}

std::string pem_of(EVP_PKEY *key) {
  auto *bio = BIO_new(BIO_s_mem());
  must(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return text_of(bio);
}

void extend(X509 *certificate, X509 *issuer, int what, std::string const &value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto *extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

X509 *make(std::string const &common_name, EVP_PKEY *key, long ends_in_s) {
  static long serial = 1;
  auto *made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(made), ends_in_s);
  X509_set_pubkey(made, key);
  auto const *text = reinterpret_cast<unsigned char const *>(common_name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  return made;
}

}  // namespace

authority::authority(std::string const &name)
    : key_(EVP_EC_gen("P-256")), certificate_(make(name, key_, 86'400)) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  extend(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  must(X509_sign(certificate_, key_, EVP_sha256()) > 0, "sign");
  pem_ = pem_of(certificate_);
}

authority::~authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

identity authority::issue(std::string const &common_name, std::string const &names,
                          long ends_in_s) const {
  auto *key = EVP_EC_gen("P-256");
  auto *made = make(common_name, key, ends_in_s);
  X509_set_issuer_name(made, X509_get_subject_name(certificate_));
  if (!names.empty()) extend(made, certificate_, NID_subject_alt_name, names);
  must(X509_sign(made, key_, EVP_sha256()) > 0, "sign");
  identity issued{pem_of(made), pem_of(key)};
  X509_free(made);
  EVP_PKEY_free(key);
  return issued;
}

tls_client::tls_client(int lowest, int highest, std::string_view protocols)
    : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_min_proto_version(context_, lowest);
  SSL_CTX_set_max_proto_version(context_, highest);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context_, &keep_session);
  ssl_ = SSL_new(context_);
  must(ssl_ != nullptr, "SSL_new");
  SSL_set_app_data(ssl_, this);
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_);
  if (!protocols.empty()) {
    SSL_set_alpn_protos(ssl_, reinterpret_cast<unsigned char const *>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  }
}

tls_client::~tls_client() {
  SSL_SESSION_free(session_);
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

int tls_client::keep_session(SSL *ssl, SSL_SESSION *session) {
  auto &self = *static_cast<tls_client *>(SSL_get_app_data(ssl));
  SSL_SESSION_free(self.session_);
  self.session_ = session;
  return 1;
}

void tls_client::use(identity const &own) {
  auto *bio = BIO_new_mem_buf(own.certificate.data(), -1);
  auto *certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(own.key.data(), -1);
  auto *key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  must(SSL_use_certificate(ssl_, certificate) == 1 && SSL_use_PrivateKey(ssl_, key) == 1, "use");
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void tls_client::resume(tls_client const &earlier) {
  if (earlier.session_ != nullptr) SSL_set_session(ssl_, earlier.session_);
}

void tls_client::take(std::string_view sealed) {
  BIO_write(SSL_get_rbio(ssl_), sealed.data(), static_cast<int>(sealed.size()));
}

std::string tls_client::give() {
  if (!SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    int const result = SSL_do_handshake(ssl_);
    int const error = SSL_get_error(ssl_, result);
    if (result != 1 && error != SSL_ERROR_WANT_READ) failed_ = true;
  }
  std::string out(64 * 1024, '\0');
  auto const count = BIO_read(SSL_get_wbio(ssl_), out.data(), static_cast<int>(out.size()));
  out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return out;
}

void tls_client::say(std::string_view text) {
  must(SSL_write(ssl_, text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size()),
       "SSL_write");
}

void tls_client::say_goodbye() {
  SSL_shutdown(ssl_);
}

bool tls_client::connected() const {
  return SSL_is_init_finished(ssl_) == 1;
}

bool tls_client::resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

std::string const &tls_client::heard() {
  std::array<char, 16384> piece;
  for (;;) {
    ERR_clear_error();
    int const count = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()));
    if (count <= 0) {
      auto const error = SSL_get_error(ssl_, count);
      if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) failed_ = true;
      return heard_;
    }
    heard_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

bool tls_client::ended() {
  heard();
  return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string tls_client::protocol() const {
  unsigned char const *name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<char const *>(name), size};
}

}  // namespace loopmeter::test
