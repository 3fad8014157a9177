// SPDX-License-Identifier: Apache-2.0
// The program's copy of Beast, which a library needs that was built with -Dasio=external.
#include <boost/beast/src.hpp>
