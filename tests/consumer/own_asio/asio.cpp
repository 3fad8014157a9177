// SPDX-License-Identifier: Apache-2.0
// The program's copy of Asio (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
