// SPDX-License-Identifier: Apache-2.0
// What the libraries behind gzip_stream have in common; a build has one or both of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace loopmeter::exposition::detail {

class gzip_backend {
 public:
  gzip_backend() = default;
  virtual ~gzip_backend() = default;
  gzip_backend(gzip_backend const &) = delete;
  gzip_backend &operator=(gzip_backend const &) = delete;

  /// As gzip_stream's.
  virtual void add(std::string_view in, std::string &out) = 0;
  virtual void finish(std::string &out) = 0;
};

std::unique_ptr<gzip_backend> make_isal_gzip();
std::unique_ptr<gzip_backend> make_zlib_gzip();

}  // namespace loopmeter::exposition::detail
