// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/tls_stream.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "certificates.hpp"

using namespace loopmeter::web;
using loopmeter::test::authority;
using loopmeter::test::identity;
using loopmeter::test::tls_client;
using namespace std::literals;
using stage = tls_stream::stage;

namespace {

authority const &ca() {
  static authority const made("test authority");
  return made;
}

tls_config plain_config() {
  static identity const server = ca().issue("server", "DNS:localhost");
  tls_config chosen;
  chosen.certificate.text = server.certificate;
  chosen.key.text = server.key;
  return chosen;
}

tls_config mutual_config() {
  auto chosen = plain_config();
  chosen.clients = client_auth::require_and_verify;
  chosen.client_ca.text = ca().certificate();
  return chosen;
}

struct server_side {
  explicit server_side(tls_config const &chosen = plain_config())
      : server_side(std::make_shared<tls_context const>(chosen, "web.yml")) {}
  explicit server_side(std::shared_ptr<tls_context const> c) : context(std::move(c)) {}

  /// At most `cut` octets at a time.
  void take(std::string_view sealed, std::size_t cut = SIZE_MAX) {
    while (!sealed.empty()) {
      auto const piece = sealed.substr(0, cut);
      sealed.remove_prefix(piece.size());
      std::vector<char> plain(piece.size() + tls_stream::held_bytes_max);
      heard.append(plain.data(), stream.open(piece, plain, out));
    }
  }
  std::string give() { return std::exchange(out, {}); }

  std::shared_ptr<tls_context const> context;
  tls_stream stream{context};
  std::string out;
  std::string heard;
};

// Until neither side has anything to say.
void talk(tls_client &client, server_side &server, std::size_t cut = SIZE_MAX) {
  for (;;) {
    auto const there = client.give();
    server.take(there, cut);
    auto const back = server.give();
    if (there.empty() && back.empty()) return;
    client.take(back);
  }
}

tls_failure failure_with(tls_client &client, tls_config const &chosen) {
  server_side server(chosen);
  talk(client, server);
  BOOST_TEST((server.stream.now() == stage::failed));
  BOOST_TEST(!server.stream.failure_text().empty());
  return server.stream.failure();
}

void connects(tls_client &client, tls_config const &chosen) {
  server_side server(chosen);
  talk(client, server);
  BOOST_TEST(client.connected());
  BOOST_TEST((server.stream.now() == stage::open), server.stream.failure_text());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(web_tls_stream)

BOOST_AUTO_TEST_CASE(both_versions_and_both_directions) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_client client(version, version);
    server_side server;
    BOOST_TEST(!server.stream.begun());
    talk(client, server);
    BOOST_TEST(server.stream.begun());
    BOOST_TEST(client.connected());
    BOOST_TEST((server.stream.now() == stage::open));
    BOOST_TEST((server.stream.version() ==
                (version == TLS1_2_VERSION ? tls_version::tls12 : tls_version::tls13)));
    BOOST_TEST(client.protocol() == "http/1.1");
    client.say("GET / HTTP/1.1\r\n");
    talk(client, server);
    BOOST_TEST(server.heard == "GET / HTTP/1.1\r\n");
    BOOST_TEST(server.stream.seal("HTTP/1.1 200 OK\r\n", server.out));
    talk(client, server);
    BOOST_TEST(client.heard() == "HTTP/1.1 200 OK\r\n");
  }
}

// However the octets are cut, all of what they say comes out by the last of them.
BOOST_AUTO_TEST_CASE(every_cut) {
  std::string const text(40'000, 't');
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (std::size_t cut : {1U, 2U, 5U, 6U, 100U, 1400U, 16'384U}) {
      tls_client client(version, version);
      server_side server;
      talk(client, server, cut);
      client.say(text);
      client.say("end");
      talk(client, server, cut);
      BOOST_TEST((server.heard == text + "end"), "cut " << cut);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_record_is_under_way_from_its_first_octet_to_its_last) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_client client(version, version);
    server_side server;
    BOOST_TEST(!server.stream.mid_record());
    talk(client, server);
    BOOST_TEST(!server.stream.mid_record());
    client.say("a few octets");
    auto const record = client.give();
    for (std::size_t i = 0; i < record.size(); ++i) {
      server.take(record.substr(i, 1));
      BOOST_TEST(server.stream.mid_record() == (i + 1 < record.size()), "octet " << i);
    }
    BOOST_TEST(server.heard == "a few octets");
  }
}

BOOST_AUTO_TEST_CASE(large_answers_are_whole) {
  tls_client client;
  server_side server;
  talk(client, server);
  std::string answer(1'000'000, 'a');
  for (std::size_t i = 0; i < answer.size(); ++i)
    answer[i] = static_cast<char>('a' + i % 23);
  BOOST_TEST(server.stream.seal(answer, server.out));
  talk(client, server);
  BOOST_TEST((client.heard() == answer));
}

BOOST_AUTO_TEST_CASE(nothing_is_sealed_before_the_handshake_is_over) {
  server_side server;
  std::string out;
  BOOST_TEST(!server.stream.seal("early", out));
  server.stream.close(out);
  BOOST_TEST(out.empty());
  BOOST_TEST(server.stream.shaking_hands());
}

BOOST_AUTO_TEST_CASE(goodbyes) {
  tls_client client;
  server_side server;
  talk(client, server);
  client.say("last words");
  client.say_goodbye();
  talk(client, server);
  BOOST_TEST(server.heard == "last words");
  BOOST_TEST((server.stream.now() == stage::finished));
  BOOST_TEST(server.stream.seal("answer", server.out));  // it may still read
  server.stream.close(server.out);
  auto const size = server.out.size();
  server.stream.close(server.out);
  BOOST_TEST(server.out.size() == size);  // once
  client.take(server.give());
  BOOST_TEST(client.heard() == "answer");
  BOOST_TEST(client.ended());
}

BOOST_AUTO_TEST_CASE(a_request_without_tls_is_told_so) {
  for (auto const *request : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /a HTTP/1.1\r\n\r\n",
                              "HEAD / HTTP/1.0\r\n\r\n", "PUT /a HTTP/1.1\r\n\r\n"}) {
    server_side server;
    server.take(request);
    BOOST_TEST((server.stream.now() == stage::failed));
    BOOST_TEST((server.stream.failure() == tls_failure::plain_http));
    BOOST_TEST(server.give() ==
               "HTTP/1.0 400 Bad Request\r\n\r\n"
               "Client sent an HTTP request to an HTTPS server.\n");
  }
}

BOOST_AUTO_TEST_CASE(garbage) {
  for (auto const &octets :
       {std::string(100, '\0'), std::string(100, '\xff'), std::string("\x16\x03\x01\xff\xff", 5),
        std::string("\x15\x03\x01\x00\x02\x02\x28", 7), std::string("SSH-2.0-OpenSSH_9.2\r\n")}) {
    server_side server;
    server.take(octets);
    server.take(std::string(70'000, 'x'));
    BOOST_TEST((server.stream.now() == stage::failed));
    BOOST_TEST((server.stream.failure() != tls_failure::plain_http));
    BOOST_TEST(server.heard.empty());
  }
}

BOOST_AUTO_TEST_CASE(garbage_after_the_handshake_ends_the_stream) {
  tls_client client;
  server_side server;
  talk(client, server);
  server.take(std::string(100, 'x'));
  BOOST_TEST((server.stream.now() == stage::failed));
  BOOST_TEST(!server.stream.seal("answer", server.out));
}

BOOST_AUTO_TEST_CASE(versions_that_do_not_meet) {
  auto chosen = plain_config();
  chosen.min_version = tls_version::tls13;
  tls_client old(TLS1_2_VERSION, TLS1_2_VERSION);
  BOOST_TEST((failure_with(old, chosen) == tls_failure::no_agreement));
  chosen = plain_config();
  tls_client older(TLS1_VERSION, TLS1_1_VERSION);
  BOOST_TEST((failure_with(older, chosen) == tls_failure::no_agreement));
  chosen.min_version = tls_version::tls10;
  tls_client same(TLS1_VERSION, TLS1_1_VERSION);
  connects(same, chosen);
}

BOOST_AUTO_TEST_CASE(suites_and_curves) {
  auto chosen = plain_config();
  chosen.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  chosen.curves = {"P-384"};
  tls_client one(TLS1_2_VERSION, TLS1_2_VERSION);
  connects(one, chosen);
  BOOST_TEST(SSL_get_cipher_name(one.native()) == "ECDHE-ECDSA-AES256-GCM-SHA384"sv);
  tls_client other(TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_set_cipher_list(other.native(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  BOOST_TEST((failure_with(other, chosen) == tls_failure::no_agreement));
  chosen.cipher_suites.clear();
  chosen.only_tls13 = true;
  tls_client old(TLS1_2_VERSION, TLS1_2_VERSION);
  BOOST_TEST((failure_with(old, chosen) == tls_failure::no_agreement));
  tls_client current;
  connects(current, chosen);
}

BOOST_AUTO_TEST_CASE(protocols) {
  tls_client both(TLS1_2_VERSION, TLS1_3_VERSION, "\x02h2\x08http/1.1");
  connects(both, plain_config());
  BOOST_TEST(both.protocol() == "http/1.1");
  tls_client old(TLS1_2_VERSION, TLS1_3_VERSION, "\x08http/1.0");
  connects(old, plain_config());
  tls_client none(TLS1_2_VERSION, TLS1_3_VERSION, "");
  connects(none, plain_config());
  tls_client other(TLS1_2_VERSION, TLS1_3_VERSION, "\x02h2");
  BOOST_TEST((failure_with(other, plain_config()) == tls_failure::no_agreement));
}

BOOST_AUTO_TEST_CASE(who_is_let_in) {
  authority const strangers("somebody else");
  auto const friendly = ca().issue("friend", "DNS:friend.example");
  auto const expired = ca().issue("friend", "DNS:friend.example", -10);
  auto const stranger = strangers.issue("stranger", "DNS:friend.example");
  enum class outcome { in, none, bad };
  struct row {
    client_auth asks;
    outcome without;
    outcome of_ours;
    outcome of_others;
    outcome of_old;
  };
  using enum outcome;
  row const table[] = {
      {client_auth::none, in, in, in, in},
      {client_auth::request, in, in, in, in},
      {client_auth::require_any, none, in, in, in},
      {client_auth::verify_if_given, in, in, bad, bad},
      {client_auth::require_and_verify, none, in, bad, bad},
  };
  for (auto const &r : table) {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto const check = [&](identity const *own, outcome expected) {
        auto chosen = plain_config();
        chosen.clients = r.asks;
        if (r.asks != client_auth::none) chosen.client_ca.text = ca().certificate();
        tls_client client(version, version);
        if (own != nullptr) client.use(*own);
        if (expected == in) return connects(client, chosen);
        BOOST_TEST(
            (failure_with(client, chosen) ==
             (expected == none ? tls_failure::no_certificate : tls_failure::bad_certificate)));
      };
      BOOST_TEST_CONTEXT("policy " << static_cast<int>(r.asks)) {
        check(nullptr, r.without);
        check(&friendly, r.of_ours);
        check(&stranger, r.of_others);
        check(&expired, r.of_old);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(names_that_are_allowed) {
  auto const own = ca().issue(
      "client", "DNS:a.example,email:a@example.org,IP:10.0.0.1,IP:2001:db8::1,URI:spiffe://a/b");
  auto const nameless = ca().issue("a.example", "");
  auto chosen = mutual_config();
  for (auto const *name :
       {"a.example", "a@example.org", "10.0.0.1", "2001:db8::1", "spiffe://a/b"}) {
    chosen.client_allowed_sans = {"other", name};
    tls_client client;
    client.use(own);
    connects(client, chosen);
  }
  for (auto const *name : {"A.example", "example", "10.0.0.10", ""}) {
    chosen.client_allowed_sans = {name};
    tls_client client;
    client.use(own);
    BOOST_TEST((failure_with(client, chosen) == tls_failure::bad_certificate), name);
  }
  chosen.client_allowed_sans = {"a.example"};
  tls_client without;  // its subject's name does not count
  without.use(nameless);
  BOOST_TEST((failure_with(without, chosen) == tls_failure::bad_certificate));
  chosen.client_allowed_sans = std::vector<std::string>{};
  tls_client client;
  client.use(own);
  BOOST_TEST((failure_with(client, chosen) == tls_failure::bad_certificate));
}

BOOST_AUTO_TEST_CASE(tickets_are_good_for_one_context) {
  auto const own = ca().issue("client", "DNS:a.example");
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server_side first(mutual_config());
    tls_client client(version, version);
    client.use(own);
    talk(client, first);
    BOOST_TEST(client.connected());
    client.heard();  // TLS 1.3 sends its tickets behind the handshake

    server_side second(first.context);
    tls_client again(version, version);
    again.resume(client);
    talk(again, second);
    BOOST_TEST(again.connected());
    BOOST_TEST(again.resumed());

    server_side renewed(mutual_config());
    tls_client late(version, version);
    late.use(own);
    late.resume(client);
    talk(late, renewed);
    BOOST_TEST(late.connected());
    BOOST_TEST(!late.resumed());
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_refuses_us) {
  server_side server;
  tls_client client;
  SSL_set_verify(client.native(), SSL_VERIFY_PEER, nullptr);  // and it trusts nobody
  talk(client, server);
  BOOST_TEST((server.stream.now() == stage::failed));
  BOOST_TEST((server.stream.failure() == tls_failure::refused_by_peer));
}

// Renegotiation is how one connection could cost a signature again and again.
BOOST_AUTO_TEST_CASE(no_renegotiation) {
  tls_client client(TLS1_2_VERSION, TLS1_2_VERSION);
  server_side server;
  talk(client, server);
  SSL_renegotiate(client.native());
  SSL_do_handshake(client.native());
  server.take(client.give());
  auto const answer = server.give();
  BOOST_TEST(!answer.empty());
  BOOST_TEST(answer.size() < 100U);  // an alert, and no hello
}

BOOST_AUTO_TEST_SUITE_END()
