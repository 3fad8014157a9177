// SPDX-License-Identifier: Apache-2.0
// The main() of every unit-test program.
#define BOOST_TEST_MODULE loopmeter
#include <boost/test/unit_test.hpp>
