// SPDX-License-Identifier: Apache-2.0
// Notices that files have changed, by looking at them now and then: renames, links that lead
// elsewhere (as Kubernetes swaps mounted secrets) and writes in place alike.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace loopmeter::web {

class file_watch {
 public:
  /// From now on, as it is now. Call it before the file is read: what comes in between is noticed.
  void add(std::string file);

  /// True once for each change, at the first look that finds the files as the look before did: by
  /// then whoever writes several of them is done. One stat() a file.
  bool changed();

 private:
  struct stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // of a file that is not there
    std::int64_t modified_ns = 0;
    bool operator==(stamp const &) const = default;
  };

  static stamp look_at(std::string const &file);

  std::vector<std::string> files_;
  std::vector<stamp> known_;
  std::vector<stamp> last_;
};

}  // namespace loopmeter::web
