// SPDX-License-Identifier: Apache-2.0
// gzip by ISA-L, which is several times as fast as zlib. https://github.com/intel/isa-l
#include <loopmeter/base/assert.hpp>
#include <loopmeter/exposition/gzip_backend.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <isa-l/igzip_lib.h>

namespace loopmeter::exposition::detail {
namespace {

class isal_gzip final : public gzip_backend {
 public:
  isal_gzip() {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
  }

  void add(std::string_view in, std::string &out) override {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    for (; !in.empty(); in.remove_prefix(std::min(in.size(), most)))
      deflate(in.substr(0, most), out);
  }

  void finish(std::string &out) override {
    stream_.end_of_stream = 1;
    deflate({}, out);
  }

 private:
  void deflate(std::string_view in, std::string &out) {
    std::array<char, 16384> block;
    // The library's pointer is not to const, but it only reads there.
    stream_.next_in = reinterpret_cast<std::uint8_t *>(const_cast<char *>(in.data()));
    stream_.avail_in = static_cast<std::uint32_t>(in.size());
    do {
      stream_.next_out = reinterpret_cast<std::uint8_t *>(block.data());
      stream_.avail_out = block.size();
      int const result = isal_deflate(&stream_);
      LOOPMETER_ASSERT(result == COMP_OK);  // it fails for wrong parameters only
      out.append(block.data(), block.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  isal_zstream stream_;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer_;
};

}  // namespace

std::unique_ptr<gzip_backend> make_isal_gzip() {
  return std::make_unique<isal_gzip>();
}

}  // namespace loopmeter::exposition::detail
