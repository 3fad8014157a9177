// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <loopcheck/objects/input_error.hpp>

namespace loopcheck {
namespace {

namespace fs = std::filesystem;

// Kinds that live in no namespace; of others that we do not know it does not matter.
constexpr std::array<std::string_view, 14> cluster_wide = {"APIService",
                                                           "ClusterRole",
                                                           "ClusterRoleBinding",
                                                           "CustomResourceDefinition",
                                                           "IngressClass",
                                                           "MutatingWebhookConfiguration",
                                                           "Namespace",
                                                           "Node",
                                                           "PersistentVolume",
                                                           "PriorityClass",
                                                           "RuntimeClass",
                                                           "StorageClass",
                                                           "ValidatingAdmissionPolicy",
                                                           "ValidatingWebhookConfiguration"};

bool is_cluster_wide(std::string_view kind) {
  return std::find(cluster_wide.begin(), cluster_wide.end(), kind) != cluster_wide.end();
}

// Where a file was given by its name, what is in it must be objects.
enum class strictness { objects_only, skip_others };

class reader {
 public:
  reader(file_options const &options, files_read &to) : options_(options), to_(to) {}

  void path(std::string const &path) {
    std::error_code error;
    if (path != "-" && fs::is_directory(path, error)) {
      folder(path);
    } else {
      file(path, strictness::objects_only);
    }
  }

  void one(value document, std::string const &file, strictness how, std::string const &list_kind) {
    auto const where = document.where();
    auto kind = document["kind"].text_or(list_kind);
    if (kind.ends_with("List") && document["items"].is_list()) {
      auto const of = kind.substr(0, kind.size() - std::strlen("List"));
      for (auto &each : document.find_mutable("items")->items_mutable()) {
        one(std::move(each), file, how, of);
      }
      return;
    }
    auto const name = std::string(document["metadata"]["name"].text());
    if (kind.empty() || (document["apiVersion"].text().empty() && list_kind.empty()) ||
        name.empty()) {
      if (how == strictness::objects_only) {
        throw input_error(file, where,
                          "not a Kubernetes object: it lacks apiVersion, kind or "
                          "metadata.name");
      }
      to_.notes.push_back(file + ": no Kubernetes object, skipped");
      return;
    }
    object made;
    made.id.kind = kind;
    made.id.name = name;
    if (!is_cluster_wide(kind)) {
      made.id.space = document["metadata"]["namespace"].text_or(options_.default_namespace);
    }
    made.api_version = document["apiVersion"].text();
    made.file = file;
    made.root = std::move(document);
    to_.all.add(std::move(made));
  }

  void text(std::string_view text, std::string const &file, strictness how) {
    for (auto &document : parse_documents(text, file, options_.limits)) {
      one(std::move(document), file, how, "");
    }
  }

 private:
  void file(std::string const &path, strictness how) {
    text(read_whole(path, options_.limits.bytes_max), path, how);
  }

  void folder(fs::path const &path) {
    for (auto const *const name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
      std::error_code error;
      if (!fs::exists(path / name, error)) continue;
      kustomization(path, (path / name).string());
      return;
    }
    std::vector<fs::path> inside;
    std::error_code error;
    for (fs::directory_iterator each(path, error), end; !error && each != end;
         each.increment(error)) {
      inside.push_back(each->path());
    }
    if (error) throw input_error(path.string(), {}, error.message());
    std::sort(inside.begin(), inside.end());
    for (auto const &each : inside) {
      auto const ending = each.extension();
      if (fs::is_directory(each, error) && !fs::is_symlink(each, error)) {
        folder(each);
      } else if (ending == ".yaml" || ending == ".yml" || ending == ".json") {
        file(each.string(), strictness::skip_others);
      }
    }
  }

  void kustomization(fs::path const &path, std::string const &named) {
    if (!options_.render) throw input_error(named, {}, "kustomizations cannot be rendered here");
    auto const rendered = options_.render(path.string());
    for (auto &document : parse_documents(rendered, named, options_.limits)) {
      forget_places(document);  // they would be lines of the rendering
      one(std::move(document), named, strictness::objects_only, "");
    }
  }

  static void forget_places(value &of) {
    of.set_where({});
    for (auto &each : of.items_mutable())
      forget_places(each);
    for (auto &each : of.entries_mutable()) {
      each.where = {};
      forget_places(each.held);
    }
  }

  file_options const &options_;
  files_read &to_;
};

}  // namespace

std::string read_whole(std::string const &path, std::size_t bytes_max) {
  auto const named = path == "-" ? std::string("standard input") : path;
  struct closer {
    void operator()(std::FILE *file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, closer> const source(path == "-" ? stdin
                                                              : std::fopen(path.c_str(), "rbe"));
  if (!source) throw input_error(named, {}, std::strerror(errno));
  std::string bytes;
  std::array<char, 65536> part;
  while (auto const size = std::fread(part.data(), 1, part.size(), source.get())) {
    bytes.append(part.data(), size);
    if (bytes.size() > bytes_max) {
      throw input_error(named, {},
                        "more than the " + std::to_string(bytes_max) + " bytes that are read");
    }
  }
  if (std::ferror(source.get()) != 0) throw input_error(named, {}, std::strerror(errno));
  return bytes;
}

void add_object(value document, std::string const &file, file_options const &options,
                files_read &to) {
  reader(options, to).one(std::move(document), file, strictness::objects_only, "");
}

files_read read_files(std::vector<std::string> const &paths, file_options const &options) {
  files_read made;
  reader source(options, made);
  for (auto const &each : paths)
    source.path(each);
  return made;
}

}  // namespace loopcheck
