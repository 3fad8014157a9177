// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/log.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdio>
#include <string>

#include <loopmeter/base/unique_fd.hpp>

namespace log_ = loopmeter::log;
using loopmeter::unique_fd;

namespace {

// What is written to stderr while it lives.
class captured_stderr {
 public:
  captured_stderr() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
    std::fflush(stderr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~captured_stderr() {
    restore();
    std::fclose(file_);
  }
  captured_stderr(captured_stderr const &) = delete;

  std::string text() {
    restore();
    std::string all(10'000, '\0');
    std::rewind(file_);
    all.resize(std::fread(all.data(), 1, all.size(), file_));
    return all;
  }

 private:
  void restore() {
    std::fflush(stderr);
    if (before_) ::dup2(before_.get(), STDERR_FILENO);
    before_.reset();
  }

  std::FILE *file_;
  unique_fd before_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(base_log)

BOOST_AUTO_TEST_CASE(quoting) {
  struct row {
    std::string_view text;
    char const *quoted;
  };
  row const table[] = {
      {"plain", "plain"},
      {"/a?b", "/a?b"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", R"("say \"hi\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"new\nline", R"("new\nline")"},
      {std::string_view("\r\t\0\x1b", 4), R"("\x0d\x09\x00\x1b")"},
      {"\x7f\xc3\xa4", R"("\x7f\xc3\xa4")"},
  };
  for (auto const &r : table)
    BOOST_TEST(log_::quoted(r.text) == r.quoted);
}

BOOST_AUTO_TEST_CASE(level_names) {
  using log_::level;
  BOOST_TEST((log_::level_of("debug") == level::debug));
  BOOST_TEST((log_::level_of("info") == level::info));
  BOOST_TEST((log_::level_of("warn") == level::warn));
  BOOST_TEST((log_::level_of("error") == level::error));
  for (auto const *other : {"", "INFO", "warning", "trace", "info "}) {
    BOOST_TEST(!log_::level_of(other).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_line_in_logfmt) {
  captured_stderr captured;
  log_::warn("cannot accept",
             {{"error", "Too many\nfiles"}, {"count", 7}, {"path", std::string("/x")}});
  auto const text = captured.text();
  BOOST_TEST(text.starts_with("ts="));
  BOOST_TEST(
      text.find(
          "Z level=warn msg=\"cannot accept\" error=\"Too many\\nfiles\" count=7 path=/x\n") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_below_the_level_are_dropped) {
  captured_stderr captured;
  log_::debug("not at first");
  log_::set_level(log_::level::error);
  log_::warn("dropped");
  log_::error("written");
  log_::set_level(log_::level::debug);
  log_::debug("now");
  log_::set_level(log_::level::info);
  BOOST_TEST(!log_::enabled(log_::level::debug));
  auto const text = captured.text();
  BOOST_TEST(text.find("not at first") == std::string::npos);
  BOOST_TEST(text.find("dropped") == std::string::npos);
  BOOST_TEST(text.find("level=error msg=written\n") != std::string::npos);
  BOOST_TEST(text.find("level=debug msg=now\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
