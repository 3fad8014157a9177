// SPDX-License-Identifier: Apache-2.0
// Objects from files, folders, kustomizations and stdin.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/objects/yaml.hpp>

namespace loopcheck {

struct file_options {
  /// Of objects that name none: as kubectl apply -n would.
  std::string default_namespace = "default";
  /// The objects of a folder with a kustomization, as one stream. Throws input_error.
  std::function<std::string(std::string const &folder)> render;
  yaml_limits limits;
};

struct files_read {
  inventory all;
  std::vector<std::string> notes;  ///< files that hold something else, and the like
};

/// `paths` are files, folders (files *.yaml, *.yml and *.json, in order of their names, with what
/// is below; a folder with a kustomization is rendered) or "-" for stdin. Lists are opened. Throws
/// input_error for what cannot be read, is not YAML, or, in a file that was named, is no Kubernetes
/// object.
files_read read_files(std::vector<std::string> const &paths, file_options const &options);

/// One object or List that is read already. `file` is for messages.
void add_object(value document, std::string const &file, file_options const &options,
                files_read &to);

/// Bytes of a file, or of stdin for "-". Throws input_error, also for more than bytes_max.
std::string read_whole(std::string const &path, std::size_t bytes_max);

}  // namespace loopcheck
