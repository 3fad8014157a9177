// SPDX-License-Identifier: Apache-2.0
// A configuration that changes while it is in force.
#include <loopmeter/server/web_access.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <loopmeter/metrics/registry.hpp>

#include "web_files.hpp"

using namespace loopmeter::server;

namespace {

struct in_force : test::web_files {
  bool exposes(std::string const &line) const { return test::exposes(registry, line); }

  loopmeter::metrics::registry registry;
  web_access access{path(), "test", registry};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_web_access)

BOOST_FIXTURE_TEST_CASE(a_bad_file_does_not_start, test::web_files) {
  loopmeter::metrics::registry registry;
  write("tls_server_config: {cert_file: c.pem}\n");
  BOOST_CHECK_THROW(web_access(path(), "test", registry), loopmeter::web::config_error);
}

BOOST_FIXTURE_TEST_CASE(a_new_certificate_is_taken, in_force) {
  BOOST_TEST(access.tls());
  auto const before = access.policy();
  put_certificate("renewed");
  while (!access.changed()) {
  }
  BOOST_TEST(access.reload());
  BOOST_TEST((access.policy() != before));
  BOOST_TEST((access.policy()->tls() != before->tls()));
  BOOST_TEST(exposes("loopmeter_web_config_last_reload_successful 1"));
  BOOST_TEST(!access.changed());
}

BOOST_FIXTURE_TEST_CASE(a_broken_one_is_not_and_the_next_is, in_force) {
  auto const before = access.policy();
  auto const was_said = [&] { return exposes("loopmeter_web_config_last_reload_successful 0"); };
  BOOST_TEST(!was_said());
  for (auto const *text :
       {"tls_server_config: {cert_file: c.pem}\n", "basic_auth_users: [", "{}"}) {
    write(text);
    BOOST_TEST(!access.reload(), text);
    BOOST_TEST((access.policy() == before));
    BOOST_TEST(was_said());
  }
  folder.remove("web.yml");
  BOOST_TEST(!access.reload());
  write(std::string(tls) + "rate_limit: {interval: 1s, burst: 1}\n");
  BOOST_TEST(access.reload());
  BOOST_TEST((access.policy() != before));
  BOOST_TEST(!was_said());
}

BOOST_AUTO_TEST_SUITE_END()
