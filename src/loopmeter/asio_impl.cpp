// SPDX-License-Identifier: Apache-2.0
// Asio, compiled once for all (BOOST_ASIO_SEPARATE_COMPILATION).
#if defined(__GNUC__) && !defined(__clang__)
// With sanitizers GCC 12 loses sight of boost::optional's flag.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/asio/impl/src.hpp>
