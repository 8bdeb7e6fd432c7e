#pragma once

/* Whether this is a build under a sanitizer: SANITIZED (any of them) and UNDER_ASAN are 1, or 0.
 * Such a build needs terabytes of address space for its shadow, and several times the processor. */

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#elif __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) /* GCC */
#define UNDER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif
#ifndef SANITIZED
#define SANITIZED UNDER_ASAN
#endif
