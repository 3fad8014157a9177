// SPDX-License-Identifier: Apache-2.0
// An API server of answers that are written down; anything else is not found.
#pragma once

#include <loopcheck/sources/cluster.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace loopcheck {

class fake_cluster final : public cluster {
 public:
  std::map<std::string, std::string> answers;
  std::map<std::string, access_failure> failures;  ///< by path, whole or before its "?"
  std::vector<std::string> asked;

  outcome<std::string> get(std::string const &path) override {
    std::lock_guard const lock(mutex_);
    asked.push_back(path);
    for (auto const &each : {path, path.substr(0, path.find('?'))})
      if (auto const at = failures.find(each); at != failures.end()) return at->second;
    auto const found = answers.find(path);
    if (found == answers.end()) return access_failure{access_error::not_found, path, 404};
    return found->second;
  }

  outcome<std::vector<std::string>> secret_keys(std::string_view space,
                                                std::string_view name) override {
    auto const id = std::string(space) + "/" + std::string(name);
    std::lock_guard const lock(mutex_);
    asked.push_back("keys of " + id);
    if (auto const at = failures.find(id); at != failures.end()) return at->second;
    if (id == "demo/login") return std::vector<std::string>{"user"};
    return access_failure{access_error::not_found, id, 404};
  }

  std::string name() const override { return "a fake"; }

 private:
  std::mutex mutex_;
};

}  // namespace loopcheck
