// SPDX-License-Identifier: Apache-2.0
// What is packed is unpacked by zlib, whichever library packed it.
#include <loopmeter/exposition/gzip.hpp>

#include "samples.hpp"

#include <loopmeter/exposition/gzip_backend.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

#include <zlib.h>

namespace loopmeter::exposition {
namespace {

// One member, whole, with nothing behind it; throws otherwise.
std::string unpacked(std::string packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error{"inflateInit2"};
  stream.next_in = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, 65536> block;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef *>(block.data());
    stream.avail_out = block.size();
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(block.data(), block.size() - stream.avail_out);
  }
  uInt const left = stream.avail_in;
  inflateEnd(&stream);
  if (result != Z_STREAM_END || left != 0) throw std::runtime_error{"inflate"};
  return out;
}

using maker = std::function<std::unique_ptr<detail::gzip_backend>()>;

std::string packed(maker const &make, std::string_view in, std::size_t piece) {
  auto const backend = make();
  std::string out;
  for (; !in.empty(); in.remove_prefix(std::min(piece, in.size())))
    backend->add(in.substr(0, piece), out);
  backend->finish(out);
  return out;
}

std::string noise(std::size_t bytes) {
  std::mt19937 random{7};
  std::string made(bytes, '\0');
  for (char &c : made)
    c = static_cast<char>(random());
  return made;
}

void check(maker const &make) {
  std::string const exposition = test::encoded(*test::loaded_state(), {});
  std::string large;
  while (large.size() < 3'000'000)
    large += exposition;
  BOOST_TEST(unpacked(packed(make, "", 1)) == "");
  BOOST_TEST(unpacked(packed(make, "x", 1)) == "x");
  for (std::size_t const piece : {1U, 7U, 1000U, 100'000U})
    BOOST_TEST(unpacked(packed(make, exposition, piece)) == exposition);
  for (std::size_t const piece : {1000U, 65536U, 5'000'000U})
    BOOST_TEST((unpacked(packed(make, large, piece)) == large));
  BOOST_TEST((unpacked(packed(make, noise(1'000'000), 4096)) == noise(1'000'000)));
  BOOST_TEST(packed(make, large, 65536).size() < large.size() / 20);
}

BOOST_AUTO_TEST_SUITE(gzip)

BOOST_AUTO_TEST_CASE(the_library_of_the_build_packs) {
  gzip_stream stream;
  std::string out;
  stream.add("some ", out);
  stream.add("text", out);
  stream.finish(out);
  BOOST_TEST(unpacked(out) == "some text");
  BOOST_TEST((gzip_library() == "isal" || gzip_library() == "zlib"));
}

BOOST_AUTO_TEST_CASE(a_damaged_one_is_found) {
  std::string out = packed(detail::make_zlib_gzip, "some text", 9);
  out[out.size() - 6] ^= 1;  // of the checksum
  BOOST_CHECK_THROW(unpacked(out), std::runtime_error);
  BOOST_CHECK_THROW(unpacked(packed(detail::make_zlib_gzip, "text", 9) + "x"), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(what_is_packed_by_zlib_comes_back) {
  check(detail::make_zlib_gzip);
}

#ifdef LOOPMETER_GZIP_ISAL
BOOST_AUTO_TEST_CASE(what_is_packed_by_isal_comes_back) {
  check(detail::make_isal_gzip);
}
#endif

BOOST_AUTO_TEST_CASE(the_output_does_not_wait_for_the_end) {
  gzip_stream stream;
  std::string out;
  std::string const random = noise(4096);
  for (int i = 0; i < 256; ++i)
    stream.add(random + noise(4000 + static_cast<std::size_t>(i)), out);
  std::size_t const before = out.size();
  stream.finish(out);
  BOOST_TEST(out.size() - before < 400'000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
