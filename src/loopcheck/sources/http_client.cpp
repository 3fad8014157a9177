// SPDX-License-Identifier: Apache-2.0
#include "http_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <optional>

#include "interruption.hpp"

namespace loopcheck {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string authority_of(http_request const &request) {
  bool const six = request.host.find(':') != request.host.npos;
  return (six ? "[" + request.host + "]" : request.host) + ":" + request.port;
}

access_failure failed(http_request const &request, access_error kind, std::string const &what) {
  return {kind, authority_of(request) + ": " + what};
}

access_failure of_error(http_request const &request, char const *step, error_code const &error) {
  auto const kind = error == http::error::body_limit ? access_error::too_large
                    : error == beast::error::timeout ? access_error::timed_out
                    : error.category() == http::make_error_code(http::error::bad_version).category()
                        ? access_error::bad_answer
                        : access_error::unreachable;
  if (kind == access_error::too_large)
    return failed(
        request, kind,
        "the answer is larger than " + std::to_string(request.body_bytes_max >> 20) + " MiB");
  return failed(request, kind, std::string(step) + ": " + error.message());
}

/// One exchange over a stream that is connected.
template <class Stream>
asio::awaitable<outcome<http_answer>> exchange(Stream &stream, http_request const &request) {
  http::request<http::empty_body> asked(http::verb::get, request.target, 11);
  asked.set(http::field::host, authority_of(request));
  asked.set(http::field::user_agent, "loopcheck");
  asked.set(http::field::connection, "close");
  for (auto const &[name, held] : request.headers)
    asked.set(name, held);
  error_code error;
  co_await http::async_write(stream, asked, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return of_error(request, "write", error);

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(request.body_bytes_max);
  parser.header_limit(64u << 10);
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return of_error(request, "read", error);
  auto &got = parser.get();
  http_answer answer;
  answer.status = static_cast<int>(got.result_int());
  answer.content_type = std::string(got[http::field::content_type]);
  answer.location = std::string(got[http::field::location]);
  answer.body = std::move(got.body());
  co_return answer;
}

/// nullopt: connected.
asio::awaitable<std::optional<access_failure>> connect(beast::tcp_stream &stream,
                                                       http_request const &request) {
  error_code error;
  tcp::resolver resolver(stream.get_executor());
  auto const found = co_await resolver.async_resolve(
      request.host, request.port, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed(request, access_error::unreachable, error.message());
  co_await stream.async_connect(found, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed(request, access_error::unreachable, error.message());
  co_return std::nullopt;
}

std::string why_no_handshake(SSL *ssl, error_code const &error) {
  if (auto const verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
    return std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
  return "TLS: " + error.message();
}

asio::awaitable<outcome<http_answer>> over_tls(beast::tcp_stream stream, asio::ssl::context &tls,
                                               http_request const &request) {
  beast::ssl_stream<beast::tcp_stream> secure(std::move(stream), tls);
  error_code error;
  auto *const ssl = secure.native_handle();
  asio::ip::make_address(request.host, error);
  if (error) {  // an address has no SNI; OpenSSL's macro for this has an old-style cast
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char *>(request.host.c_str()));
  }
  error.clear();
  if (!request.insecure)
    secure.set_verify_callback(asio::ssl::host_name_verification(request.host));
  co_await secure.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed(request, access_error::unreachable, why_no_handshake(ssl, error));
  // No shutdown: the answer's length, or its last chunk, has told that it is whole.
  co_return co_await exchange(secure, request);
}

asio::awaitable<void> whole(asio::io_context &io, asio::ssl::context &tls,
                            http_request const &request, std::optional<outcome<http_answer>> &to) {
  beast::tcp_stream stream(io);
  if (auto failure = co_await connect(stream, request)) {
    to.emplace(std::move(*failure));
  } else if (request.tls) {
    to.emplace(co_await over_tls(std::move(stream), tls, request));
  } else {
    to.emplace(co_await exchange(stream, request));
  }
}

std::optional<access_failure> prepare(asio::ssl::context &tls, http_request const &request) {
  if (!request.tls) return std::nullopt;
  if (request.insecure) {
    tls.set_verify_mode(asio::ssl::verify_none);
    return std::nullopt;
  }
  error_code error;
  tls.set_verify_mode(asio::ssl::verify_peer);
  if (request.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(request.ca_file, error);
  }
  if (!error) return std::nullopt;
  ERR_clear_error();
  return access_failure{access_error::bad_configuration,
                        "certificates of " + request.ca_file + ": " + error.message()};
}

}  // namespace

outcome<http_answer> http_get(http_request const &request) {
  using clock = std::chrono::steady_clock;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (auto failure = prepare(tls, request)) return std::move(*failure);
  std::optional<outcome<http_answer>> result;
  auto const until = clock::now() + request.timeout;
  asio::io_context io(1);
  // Whatever the coroutine refers to is declared before `io`, which destroys it.
  asio::co_spawn(io, whole(io, tls, request, result), [](std::exception_ptr) {});
  while (!result && clock::now() < until) {
    if (interruption::requested()) return access_failure{access_error::interrupted, "interrupted"};
    if (io.run_one_until(std::min(until, clock::now() + std::chrono::milliseconds(50))) == 0 &&
        io.stopped())
      break;
  }
  if (result) return std::move(*result);
  if (clock::now() < until)
    return failed(request, access_error::bad_answer, "the answer could not be read");
  return failed(request, access_error::timed_out,
                "no whole answer within " + std::to_string(request.timeout.count()) + " ms");
}

}  // namespace loopcheck
