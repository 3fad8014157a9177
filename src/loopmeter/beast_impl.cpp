// SPDX-License-Identifier: Apache-2.0
// Beast, compiled once for all (BOOST_BEAST_SEPARATE_COMPILATION). Apart from Asio, which a program
// may have compiled without it.
#if defined(__GNUC__) && !defined(__clang__)
// With sanitizers GCC 12 loses sight of boost::optional's flag.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/beast/src.hpp>
