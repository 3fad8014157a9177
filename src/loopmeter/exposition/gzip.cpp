// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/gzip.hpp>

#include <loopmeter/exposition/gzip_backend.hpp>

namespace loopmeter::exposition {

#ifdef LOOPMETER_GZIP_ISAL
gzip_stream::gzip_stream() : backend_{detail::make_isal_gzip()} {}
std::string_view gzip_library() noexcept {
  return "isal";
}
#else
gzip_stream::gzip_stream() : backend_{detail::make_zlib_gzip()} {}
std::string_view gzip_library() noexcept {
  return "zlib";
}
#endif

gzip_stream::gzip_stream(gzip_stream &&) noexcept = default;
gzip_stream &gzip_stream::operator=(gzip_stream &&) noexcept = default;
gzip_stream::~gzip_stream() = default;

void gzip_stream::add(std::string_view in, std::string &out) {
  backend_->add(in, out);
}

void gzip_stream::finish(std::string &out) {
  backend_->finish(out);
}

}  // namespace loopmeter::exposition
