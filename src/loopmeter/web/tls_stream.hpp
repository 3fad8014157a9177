// SPDX-License-Identifier: Apache-2.0
// The server's side of one TLS connection as a function of octets: what comes from the peer goes
// in, what it says and what is to be sent come out. It has no socket and waits for nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <loopmeter/web/tls_context.hpp>

struct bio_st;
struct ssl_st;

namespace loopmeter::web {

/// Why a handshake came to nothing.
enum class tls_failure : std::uint8_t {
  plain_http,       ///< a request without TLS; it was answered with a 400
  malformed,        ///< no TLS, or broken
  no_agreement,     ///< no version, cipher suite, curve or protocol in common
  no_certificate,   ///< the client has none, and must have one
  bad_certificate,  ///< the client's is not trusted, out of date, or of nobody who is allowed
  refused_by_peer,  ///< by an alert: most often the client does not trust our certificate
  closed,           ///< the client went away
  timeout,          ///< it took too long
};
inline constexpr std::array<std::string_view, 8> tls_failure_names{
    "plain_http",      "malformed",       "no_agreement", "no_certificate",
    "bad_certificate", "refused_by_peer", "closed",       "timeout"};
constexpr std::size_t label_index(tls_failure failure) noexcept {
  return static_cast<std::size_t>(failure);
}

/// Not thread-safe. Memory: about 14 KB once it is open and has nothing to do, and up to 36 KB more
/// while a record is under way.
class tls_stream {
 public:
  enum class stage : std::uint8_t {
    handshake,
    open,
    finished,  ///< the peer has said that nothing more comes
    failed,
  };

  /// What open() may give beyond the octets that it took: of a record that began earlier.
  static constexpr std::size_t held_bytes_max = 16 * 1024;

  /// Throws std::bad_alloc.
  explicit tls_stream(std::shared_ptr<tls_context const> context);
  ~tls_stream();
  tls_stream(tls_stream const &) = delete;
  tls_stream &operator=(tls_stream const &) = delete;

  /// Takes all of `sealed`, however it is cut. Writes what the peer says to `plain`, which must
  /// have room for `sealed.size() + held_bytes_max`, and appends what is to be sent at once
  /// (handshake, tickets, alerts) to `out`. How much was written. In the handshake it costs a
  /// signature: 0.05 ms with an elliptic curve, 1 ms with RSA 2048.
  std::size_t open(std::string_view sealed, std::span<char> plain, std::string &out);

  /// Appends `plain` in records to `out`; false if the stream is not open.
  bool seal(std::string_view plain, std::string &out);

  /// Appends our close_notify, once, if the peer can understand it.
  void close(std::string &out);

  stage now() const noexcept { return stage_; }
  bool shaking_hands() const noexcept { return stage_ == stage::handshake; }
  /// Whether the peer has sent anything.
  bool begun() const noexcept { return begun_; }
  /// Open, with the beginning of a record here and not its end.
  bool mid_record() const noexcept;
  /// Of a handshake that failed.
  tls_failure failure() const noexcept { return failure_; }
  std::string const &failure_text() const noexcept { return failure_text_; }
  tls_version version() const noexcept;

 private:
  struct deleter {
    void operator()(ssl_st *ssl) const noexcept;
  };
  friend struct tls_octets;

  bool shake_hands();
  void fail(int result);

  // shared: a connection keeps the configuration that it began with.
  std::shared_ptr<tls_context const> context_;
  std::string_view sealed_;     // while open() runs
  std::string *out_ = nullptr;  // while a function runs
  std::unique_ptr<ssl_st, deleter> ssl_;
  stage stage_ = stage::handshake;
  tls_failure failure_ = tls_failure::malformed;
  bool begun_ = false;
  bool closed_ = false;
  std::string failure_text_;
};

}  // namespace loopmeter::web
