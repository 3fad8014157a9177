// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/tls_stream.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <loopmeter/base/assert.hpp>

namespace loopmeter::web {

/// OpenSSL's way to octets: it reads from the view that open() was given, and writes to the string
/// that it was given. So there is no buffer in between, and nothing is left over.
struct tls_octets {
  static tls_stream &stream_of(BIO *bio) { return *static_cast<tls_stream *>(::BIO_get_data(bio)); }

  static int read(BIO *bio, char *data, std::size_t size, std::size_t *done) {
    auto &sealed = stream_of(bio).sealed_;
    ::BIO_clear_retry_flags(bio);
    *done = std::min(size, sealed.size());
    if (*done == 0) {
      ::BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(data, sealed.data(), *done);
    sealed.remove_prefix(*done);
    return 1;
  }

  static int write(BIO *bio, char const *data, std::size_t size, std::size_t *done) {
    auto *out = stream_of(bio).out_;
    *done = 0;
    if (out == nullptr) return 0;
    try {
      out->append(data, size);
    } catch (std::bad_alloc const &) {
      return 0;
    }
    *done = size;
    return 1;
  }

  static long control(BIO *, int command, long, void *) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD *method() {
    static BIO_METHOD *const made = [] {
      auto *m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "octets");
      if (m == nullptr) throw std::bad_alloc();
      ::BIO_meth_set_read_ex(m, &read);
      ::BIO_meth_set_write_ex(m, &write);
      ::BIO_meth_set_ctrl(m, &control);
      return m;
    }();
    return made;
  }
};

namespace {

// What Go's net/http says to a client that forgot the "s".
constexpr std::string_view plain_http_answer =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

tls_failure failure_of(unsigned long error) {
  int const cause = ERR_GET_REASON(error);
  switch (cause) {
    case SSL_R_HTTP_REQUEST:
      return tls_failure::plain_http;
    case SSL_R_HTTPS_PROXY_REQUEST:
      return tls_failure::plain_http;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return tls_failure::no_certificate;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return tls_failure::bad_certificate;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return tls_failure::no_agreement;
    default:
      break;
  }
  return cause > SSL_AD_REASON_OFFSET ? tls_failure::refused_by_peer : tls_failure::malformed;
}

}  // namespace

void tls_stream::deleter::operator()(ssl_st *ssl) const noexcept {
  ::SSL_free(ssl);
}

tls_stream::tls_stream(std::shared_ptr<tls_context const> context)
    : context_(std::move(context)), ssl_(::SSL_new(context_->native())) {
  auto *const bio = ::BIO_new(tls_octets::method());
  if (ssl_ == nullptr || bio == nullptr) {
    ::BIO_free(bio);
    throw std::bad_alloc();
  }
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  ::SSL_set_accept_state(ssl_.get());
}

tls_stream::~tls_stream() = default;

std::size_t tls_stream::open(std::string_view sealed, std::span<char> plain, std::string &out) {
  LOOPMETER_ASSERT(plain.size() >= sealed.size() + held_bytes_max);
  if (stage_ == stage::finished || stage_ == stage::failed) return 0;
  begun_ = begun_ || !sealed.empty();
  sealed_ = sealed;
  out_ = &out;
  std::size_t size = 0;
  if (stage_ != stage::handshake || shake_hands()) {
    for (;;) {
      std::size_t count = 0;
      ::ERR_clear_error();
      int const result =
          ::SSL_read_ex(ssl_.get(), plain.data() + size, plain.size() - size, &count);
      if (result != 1) {
        fail(result);
        break;
      }
      size += count;
    }
  }
  sealed_ = {};
  out_ = nullptr;
  return size;
}

// True once it is over.
bool tls_stream::shake_hands() {
  auto const first = sealed_;
  auto const sent_before = out_->size();
  ::ERR_clear_error();
  int const result = ::SSL_do_handshake(ssl_.get());
  if (result == 1) {
    stage_ = stage::open;
    return true;
  }
  fail(result);
  if (stage_ == stage::failed && failure_ == tls_failure::plain_http && !first.empty()) {
    out_->resize(sent_before);  // instead of an alert, which such a client cannot read
    *out_ += plain_http_answer;
  }
  return false;
}

// What a call that gave nothing means: most often that the peer's octets are used up.
void tls_stream::fail(int result) {
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      stage_ = stage::finished;
      return;
    default:
      break;
  }
  auto const error = ::ERR_peek_last_error();
  failure_ = failure_of(error);
  auto const *text = ::ERR_reason_error_string(error);
  failure_text_ = text == nullptr ? "" : text;
  if (failure_ == tls_failure::bad_certificate) {
    failure_text_ = ::X509_verify_cert_error_string(::SSL_get_verify_result(ssl_.get()));
  }
  stage_ = stage::failed;
  ::ERR_clear_error();
}

// What OpenSSL has taken and not given out: open() leaves no whole record there. A header alone,
// all of it, does not count as pending; the state does say that a record's body ("RB") is awaited.
bool tls_stream::mid_record() const noexcept {
  if (stage_ != stage::open) return false;
  return ::SSL_has_pending(ssl_.get()) == 1 ||
         std::string_view(::SSL_rstate_string(ssl_.get())) == "RB";
}

bool tls_stream::seal(std::string_view plain, std::string &out) {
  if (stage_ != stage::open && stage_ != stage::finished) return false;
  if (plain.empty()) return true;
  out_ = &out;
  std::size_t count = 0;
  ::ERR_clear_error();
  bool const sealed =
      ::SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) == 1 && count == plain.size();
  out_ = nullptr;
  if (!sealed) stage_ = stage::failed;
  return sealed;
}

void tls_stream::close(std::string &out) {
  if (closed_ || (stage_ != stage::open && stage_ != stage::finished)) return;
  closed_ = true;
  out_ = &out;
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
  out_ = nullptr;
}

tls_version tls_stream::version() const noexcept {
  switch (::SSL_version(ssl_.get())) {
    case TLS1_VERSION:
      return tls_version::tls10;
    case TLS1_1_VERSION:
      return tls_version::tls11;
    case TLS1_2_VERSION:
      return tls_version::tls12;
    default:
      return tls_version::tls13;
  }
}

}  // namespace loopmeter::web
