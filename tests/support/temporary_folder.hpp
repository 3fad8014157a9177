// SPDX-License-Identifier: Apache-2.0
// A folder for the files of one test: what a kernel would show, in a place of our own.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace loopmeter::test {

/// Empty at first; gone with its last file when it is destroyed.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "loopmeter-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp: " + name};
    root_ = name;
  }
  ~temporary_folder() { std::filesystem::remove_all(root_); }
  temporary_folder(temporary_folder const &) = delete;
  temporary_folder &operator=(temporary_folder const &) = delete;

  std::string path(std::string const &name) const { return (root_ / name).string(); }
  /// Writes a file, with the folders that it needs.
  void put(std::string const &name, std::string const &text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void remove(std::string const &name) const { std::filesystem::remove_all(root_ / name); }

 private:
  std::filesystem::path root_;
};

}  // namespace loopmeter::test
