// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/tls_context.hpp>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <new>
#include <string>

#include <loopmeter/base/log.hpp>
#include <loopmeter/web/tls_names.hpp>

namespace loopmeter::web {

namespace {

template <auto Free>
struct freed_by {
  template <class Object>
  void operator()(Object *object) const noexcept {
    Free(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, freed_by<&BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<&EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<&X509_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<&GENERAL_NAMES_free>>;

// OpenSSL's own words for what just failed, which are sound and short.
std::string reason() {
  auto const code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  char const *text = ::ERR_reason_error_string(code);
  return text == nullptr ? "OpenSSL refuses it" : text;
}

int no_passphrase(char *, int, int, void *) {
  return -1;  // else OpenSSL asks the terminal
}

struct pem_reader {
  pem_source const &source;
  std::string const &config_file;
  std::string const key;  // of the configuration, without "_file"
  std::string const name = "tls_server_config." + key + (source.file.empty() ? "" : "_file") +
                           ": " +
                           (source.file.empty() ? "" : '"' + log::printable(source.file) + "\" ");
  std::string const text =
      source.file.empty() ? source.text : read_file_of(config_file, source.line, name, source.file);

  bio_ptr open() const {
    bio_ptr bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (bio == nullptr) throw std::bad_alloc();
    return bio;
  }
  [[noreturn]] void refuse(std::string const &what) const {
    throw error_at(config_file, source.line, name + what);
  }
  // All certificates of the text; at least one.
  std::vector<certificate_ptr> certificates() const {
    std::vector<certificate_ptr> all;
    auto const bio = open();
    while (auto *one = ::PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr))
      all.emplace_back(one);
    bool const at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end) refuse("holds a broken certificate: " + reason());
    ::ERR_clear_error();
    if (all.empty()) refuse("holds no certificate in PEM");
    return all;
  }
};

constexpr int openssl_version(tls_version version) {
  switch (version) {
    case tls_version::tls10:
      return TLS1_VERSION;
    case tls_version::tls11:
      return TLS1_1_VERSION;
    case tls_version::tls12:
      return TLS1_2_VERSION;
    case tls_version::tls13:
      break;
  }
  return TLS1_3_VERSION;
}

std::string joined(std::vector<std::string> const &names) {
  std::string all;
  for (auto const &name : names)
    all += (all.empty() ? "" : ":") + name;
  return all;
}

// Clients that offer protocols must offer ours (RFC 7301); those that offer none are welcome.
int choose_protocol(SSL *, unsigned char const **out, unsigned char *out_size,
                    unsigned char const *offered, unsigned offered_size, void *) {
  static constexpr std::array<unsigned char, 18> ours{8, 'h', 't', 't', 'p', '/', '1', '.', '1',
                                                      8, 'h', 't', 't', 'p', '/', '1', '.', '0'};
  auto *chosen = const_cast<unsigned char *>(*out);
  bool const common = ::SSL_select_next_proto(&chosen, out_size, ours.data(), ours.size(), offered,
                                              offered_size) == OPENSSL_NPN_NEGOTIATED;
  *out = chosen;
  return common ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string_view text_of(ASN1_STRING const *string) {
  return {reinterpret_cast<char const *>(::ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(::ASN1_STRING_length(string))};
}

// As Go prints it: DNS names, e-mail addresses and URIs as they are, addresses in short form.
std::string text_of(GENERAL_NAME const &name) {
  switch (name.type) {
    case GEN_DNS:
      return std::string(text_of(name.d.dNSName));
    case GEN_EMAIL:
      return std::string(text_of(name.d.rfc822Name));
    case GEN_URI:
      return std::string(text_of(name.d.uniformResourceIdentifier));
    case GEN_IPADD: {
      auto const octets = text_of(name.d.iPAddress);
      std::array<char, INET6_ADDRSTRLEN> text{};
      int const family = octets.size() == 4 ? AF_INET : octets.size() == 16 ? AF_INET6 : AF_UNSPEC;
      if (::inet_ntop(family, octets.data(), text.data(), text.size()) == nullptr) return {};
      return text.data();
    }
    default:
      return {};
  }
}

}  // namespace

void tls_context::deleter::operator()(ssl_ctx_st *context) const noexcept {
  ::SSL_CTX_free(context);
}

tls_context::tls_context(tls_config const &chosen, std::string const &config_file)
    : context_(::SSL_CTX_new(::TLS_server_method())), allowed_sans_(chosen.client_allowed_sans) {
  if (context_ == nullptr) throw std::bad_alloc();
  ::ERR_clear_error();
  auto *const context = context_.get();
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Tickets carry all of a session: nothing is kept here, and any worker can resume it.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr std::array<unsigned char, 9> name{'l', 'o', 'o', 'p', 'm', 'e', 't', 'e', 'r'};
  ::SSL_CTX_set_session_id_context(context, name.data(), name.size());
  ::SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
  set_versions(chosen);
  set_algorithms(chosen);
  set_certificate(chosen, config_file);
  set_client_auth(chosen, config_file);
}

tls_context::~tls_context() = default;

void tls_context::set_versions(tls_config const &chosen) {
  auto *const context = context_.get();
  auto const lowest = chosen.only_tls13 ? tls_version::tls13 : chosen.min_version;
  // Whoever asks for them wants them: OpenSSL would keep their algorithms out else.
  if (lowest < tls_version::tls12) ::SSL_CTX_set_security_level(context, 0);
  ::SSL_CTX_set_min_proto_version(context, openssl_version(lowest));
  ::SSL_CTX_set_max_proto_version(context, openssl_version(chosen.max_version));
}

void tls_context::set_algorithms(tls_config const &chosen) {
  auto *const context = context_.get();
  if (chosen.prefer_server_cipher_suites) {
    ::SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  auto const suites =
      chosen.cipher_suites.empty() ? default_cipher_list() : joined(chosen.cipher_suites);
  bool const known = ::SSL_CTX_set_cipher_list(context, suites.c_str()) == 1 &&
                     (chosen.curves.empty() ||
                      ::SSL_CTX_set1_groups_list(context, joined(chosen.curves).c_str()) == 1);
  // Names were checked before: it is this OpenSSL that was built without them.
  if (!known) throw config_error("tls_server_config: OpenSSL lacks an algorithm: " + reason());
}

void tls_context::set_certificate(tls_config const &chosen, std::string const &config_file) {
  auto *const context = context_.get();
  pem_reader const certificate{chosen.certificate, config_file, "cert"};
  pem_reader const key{chosen.key, config_file, "key"};
  auto const chain = certificate.certificates();
  auto const &own = chain.front();
  if (::SSL_CTX_use_certificate(context, own.get()) != 1) {
    certificate.refuse("cannot be used: " + reason());
  }
  for (std::size_t i = 1; i < chain.size(); ++i)
    ::SSL_CTX_add1_chain_cert(context, chain[i].get());

  key_ptr const secret(
      ::PEM_read_bio_PrivateKey(key.open().get(), nullptr, &no_passphrase, nullptr));
  if (secret == nullptr) key.refuse("holds no private key in PEM without a passphrase");
  if (::X509_check_private_key(own.get(), secret.get()) != 1) {
    key.refuse("does not fit the certificate: " + reason());
  }
  if (::SSL_CTX_use_PrivateKey(context, secret.get()) != 1) {
    key.refuse("cannot be used: " + reason());
  }
  ::ERR_clear_error();
  std::tm end{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(own.get()), &end) == 1) expires_at_ = ::timegm(&end);
}

void tls_context::set_client_auth(tls_config const &chosen, std::string const &config_file) {
  auto *const context = context_.get();
  if (chosen.clients == client_auth::none) return;
  bool const required = chosen.clients == client_auth::require_any ||
                        chosen.clients == client_auth::require_and_verify;
  verify_chain_ = chosen.clients == client_auth::verify_if_given ||
                  chosen.clients == client_auth::require_and_verify;
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
  ::SSL_CTX_set_cert_verify_callback(context, &verify, this);
  if (!chosen.client_ca.given()) {
    ::SSL_CTX_set_default_verify_paths(context);  // as Go: whom the system trusts
    return;
  }
  pem_reader const authorities{chosen.client_ca, config_file, "client_ca"};
  auto *const store = ::SSL_CTX_get_cert_store(context);
  for (auto const &authority : authorities.certificates()) {
    ::X509_STORE_add_cert(store, authority.get());
    ::SSL_CTX_add_client_CA(context, authority.get());  // tells clients whose to choose
  }
  ::ERR_clear_error();
}

bool tls_context::is_allowed(x509_store_ctx_st &chain) const {
  if (!allowed_sans_) return true;
  names_ptr const names(static_cast<GENERAL_NAMES *>(::X509_get_ext_d2i(
      ::X509_STORE_CTX_get0_cert(&chain), NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    auto const text = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    bool const allowed = std::ranges::find(*allowed_sans_, text) != allowed_sans_->end();
    if (!text.empty() && allowed) return true;
  }
  return false;
}

// The whole of what is asked of a client's certificate. On the worker's thread, some 0.1 ms.
int tls_context::verify(x509_store_ctx_st *chain, void *self) {
  auto const &context = *static_cast<tls_context const *>(self);
  if (context.verify_chain_ && ::X509_verify_cert(chain) != 1) return 0;
  if (!context.verify_chain_) ::X509_STORE_CTX_set_error(chain, X509_V_OK);
  if (context.is_allowed(*chain)) return 1;
  ::X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

}  // namespace loopmeter::web
