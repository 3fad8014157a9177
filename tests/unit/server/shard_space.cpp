// SPDX-License-Identifier: Apache-2.0
// The tests of this program make a hundred servers, each with a registry, whose cells are never
// used again: more than one service needs.
#include <boost/test/unit_test.hpp>

#include <loopmeter/metrics/shard.hpp>

namespace {

struct more_cells {
  more_cells() { loopmeter::metrics::set_shard_bytes(std::size_t{8} << 30); }
};

}  // namespace

BOOST_GLOBAL_FIXTURE(more_cells);
