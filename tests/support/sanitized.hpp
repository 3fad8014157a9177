// SPDX-License-Identifier: Apache-2.0
// Whether a sanitizer watches this program: it has an allocator and a speed of its own.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOOPMETER_TEST_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOOPMETER_TEST_SANITIZED true
#endif
#endif
#ifndef LOOPMETER_TEST_SANITIZED
#define LOOPMETER_TEST_SANITIZED false
#endif

namespace test {

inline constexpr bool is_sanitized = LOOPMETER_TEST_SANITIZED;

}  // namespace test

#undef LOOPMETER_TEST_SANITIZED
