// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/file_watch.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>

#include "temporary_folder.hpp"

using loopmeter::web::file_watch;
namespace fs = std::filesystem;

namespace {

struct two_files {
  two_files() {
    folder.put("a", "1");
    folder.put("b", "1");
    watch.add(folder.path("a"));
    watch.add(folder.path("b"));
  }
  loopmeter::test::temporary_folder folder;
  file_watch watch;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(web_file_watch)

BOOST_FIXTURE_TEST_CASE(a_change_is_told_once_and_when_it_is_settled, two_files) {
  BOOST_TEST(!watch.changed());
  folder.put("a", "22");
  BOOST_TEST(!watch.changed());  // seen, but maybe half done
  folder.put("b", "22");
  BOOST_TEST(!watch.changed());  // indeed
  BOOST_TEST(watch.changed());
  BOOST_TEST(!watch.changed());
}

BOOST_FIXTURE_TEST_CASE(a_rename_with_the_same_size_and_time_is_a_change, two_files) {
  folder.put("new", "1");
  fs::last_write_time(folder.path("new"), fs::last_write_time(folder.path("a")));
  fs::rename(folder.path("new"), folder.path("a"));
  watch.changed();
  BOOST_TEST(watch.changed());
}

// As the kubelet does with a mounted secret.
BOOST_FIXTURE_TEST_CASE(a_link_that_leads_elsewhere_is_a_change, two_files) {
  folder.put("v1/tls.crt", "1");
  folder.put("v2/tls.crt", "2");
  fs::create_symlink("v1", folder.path("data"));
  file_watch linked;
  linked.add(folder.path("data/tls.crt"));
  BOOST_TEST(!linked.changed());
  fs::create_symlink("v2", folder.path("data2"));
  fs::rename(folder.path("data2"), folder.path("data"));
  linked.changed();
  BOOST_TEST(linked.changed());
}

BOOST_FIXTURE_TEST_CASE(a_file_that_goes_and_comes_back, two_files) {
  folder.remove("a");
  watch.changed();
  BOOST_TEST(watch.changed());
  folder.put("a", "1");
  watch.changed();
  BOOST_TEST(watch.changed());
}

BOOST_FIXTURE_TEST_CASE(what_is_taken_back_before_it_settles_is_none, two_files) {
  auto const before = fs::last_write_time(folder.path("a"));
  folder.put("a", "22");
  BOOST_TEST(!watch.changed());
  folder.put("a", "1");
  fs::last_write_time(folder.path("a"), before);
  BOOST_TEST(!watch.changed());
  BOOST_TEST(!watch.changed());
}

BOOST_AUTO_TEST_SUITE_END()
