// SPDX-License-Identifier: Apache-2.0
// Lines that kubectl 1.32 wrote.
#include <loopcheck/sources/kubectl_cluster.hpp>

#include <boost/test/unit_test.hpp>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(sources_kubectl_error)

struct line_case {
  std::string_view line;
  access_error kind;
  int status = 0;
};

line_case const cases[] = {
    {R"(Error from server (Forbidden): pods is forbidden: User "x" cannot list resource "pods" )"
     R"(in API group "" at the cluster scope)",
     access_error::forbidden, 403},
    {"Error from server (Forbidden): unknown", access_error::forbidden, 403},
    {"Error from server (NotFound): the server could not find the requested resource",
     access_error::not_found, 404},
    {"error: You must be logged in to the server (Unauthorized)", access_error::unauthorized, 401},
    {"Error from server (Expired): The provided continue parameter is too old",
     access_error::expired, 410},
    {"Error from server: the server responded with the status code 410 but did not return more "
     "information",
     access_error::expired, 410},
    {"Error from server: the server responded with the status code 302 but did not return more "
     "information",
     access_error::refused},
    {"Error from server (BadRequest): the server rejected our request for an unknown reason",
     access_error::refused, 400},
    {"The request is invalid: : unknown", access_error::refused, 422},
    {"Error from server (TooManyRequests): the server has received too many requests",
     access_error::refused, 429},
    {R"(Error from server (InternalError): an error on the server ("unknown") has prevented the )"
     R"(request from succeeding)",
     access_error::server_error, 500},
    {"Error from server (ServiceUnavailable): the server is currently unable to handle the request",
     access_error::server_error, 503},
    {"Error from server (Timeout): the server was unable to return a response in the time allotted",
     access_error::timed_out, 504},
    {"The connection to the server 127.0.0.1:1 was refused - did you specify the right host or "
     "port?",
     access_error::unreachable},
    {"Unable to connect to the server: dial tcp: lookup nope.invalid on 10.0.0.1:53: no such host",
     access_error::unreachable},
    {"Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed "
     "by unknown authority",
     access_error::unreachable},
    {"Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while "
     "awaiting headers)",
     access_error::timed_out},
    {"Unable to connect to the server: net/http: TLS handshake timeout", access_error::timed_out},
    {"Unable to connect to the server: getting credentials: exec: executable aws not found",
     access_error::unauthorized},
    {R"(error: context "nope" does not exist)", access_error::bad_configuration},
    {"error: stat /nope: no such file or directory", access_error::bad_configuration},
    {R"(error: error loading config file "/tmp/bad": yaml: line 1: did not find expected node )"
     R"(content)",
     access_error::bad_configuration},
    {"error: unknown flag: --nope", access_error::bad_configuration},
    {"error: Invalid timeout value. Timeout must be a single integer in seconds",
     access_error::bad_configuration},
    {"error: EOF", access_error::unauthorized},
    {"what is this", access_error::server_error},
};

BOOST_AUTO_TEST_CASE(each_line_has_its_kind) {
  for (auto const &each : cases) {
    BOOST_TEST_CONTEXT(each.line) {
      auto const why = read_kubectl_error(each.line);
      BOOST_TEST(text(why.kind) == text(each.kind));
      BOOST_TEST(why.status == each.status);
      BOOST_TEST(why.words == each.line);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_line_that_matters) {
  auto const why = read_kubectl_error(
      "Warning: v1 Endpoints is deprecated in v1.33+\n"
      "E1128 07:00:00.0 1 memcache.go:265] couldn't get current server API group list\n"
      "The connection to the server a:1 was refused - did you specify the right host or port?\n"
      "See 'kubectl --help' for usage.\n");
  BOOST_TEST(text(why.kind) == "unreachable");
  BOOST_TEST(why.words.starts_with("The connection to the server a:1"));
  BOOST_TEST(read_kubectl_error("").words == "it gave no reason");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
