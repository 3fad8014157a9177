// SPDX-License-Identifier: Apache-2.0
// gzip by zlib, where ISA-L is not to be had.
#include <loopmeter/base/assert.hpp>
#include <loopmeter/exposition/gzip_backend.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <new>

#include <zlib.h>

namespace loopmeter::exposition::detail {
namespace {

class zlib_gzip final : public gzip_backend {
 public:
  zlib_gzip() {
    constexpr int level = 1;
    constexpr int window_bits = 15 + 16;  // 32 KB, and gzip's head and tail round it
    constexpr int memory_level = 8;
    int const result =
        deflateInit2(&stream_, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw std::bad_alloc{};
  }
  ~zlib_gzip() override { deflateEnd(&stream_); }

  void add(std::string_view in, std::string &out) override {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    for (; !in.empty(); in.remove_prefix(std::min(in.size(), most)))
      run(in.substr(0, most), Z_NO_FLUSH, out);
  }

  void finish(std::string &out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view in, int flush, std::string &out) {
    std::array<char, 16384> block;
    // The library's pointer is not to const, but it only reads there.
    stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef *>(block.data());
      stream_.avail_out = block.size();
      int const result = deflate(&stream_, flush);
      LOOPMETER_ASSERT(result != Z_STREAM_ERROR);  // it fails for a bad state only
      out.append(block.data(), block.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
};

}  // namespace

std::unique_ptr<gzip_backend> make_zlib_gzip() {
  return std::make_unique<zlib_gzip>();
}

}  // namespace loopmeter::exposition::detail
