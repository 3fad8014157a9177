// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/file_watch.hpp>

#include <sys/stat.h>

#include <utility>

namespace loopmeter::web {

void file_watch::add(std::string file) {
  known_.push_back(look_at(file));
  last_.push_back(known_.back());
  files_.push_back(std::move(file));
}

file_watch::stamp file_watch::look_at(std::string const &file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size,
          found.st_mtim.tv_sec * std::int64_t{1'000'000'000} + found.st_mtim.tv_nsec};
}

bool file_watch::changed() {
  std::vector<stamp> now;
  for (auto const &file : files_)
    now.push_back(look_at(file));
  bool const settled = now == last_;
  last_ = std::move(now);
  if (!settled || last_ == known_) return false;
  known_ = last_;
  return true;
}

}  // namespace loopmeter::web
