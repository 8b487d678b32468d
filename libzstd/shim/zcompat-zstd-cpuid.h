/* Included before every file of zstd (see build.rs): zstd's ZSTD_cpuid() executes CPUID
 * at each context creation, this one answers from a cache. docs/linking.md has the figures. */
#if !defined(ZCOMPAT_ZSTD_CPUID_H) && !defined(__ASSEMBLER__) && defined(__x86_64__)
#define ZCOMPAT_ZSTD_CPUID_H

/* zstd's dictionary builder defines this for qsort_r before its first system header, and we come
 * before that. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* Only where zstd itself is compiled; any other C file under this build is left alone. */
#if __has_include("common/cpu.h")

/* cpu.h guards itself, so zstd's later inclusions are empty and see the definition below. */
#define ZSTD_cpuid ZSTD_cpuid_uncached
#include "common/cpu.h"
#undef ZSTD_cpuid

unsigned zcompat_zstd_leaf7_ebx(void) __attribute__((visibility("hidden")));

/* zstd asks for BMI1 and BMI2 only, both in leaf 7. */
static inline __attribute__((unused)) ZSTD_cpuid_t ZSTD_cpuid(void)
{
    ZSTD_cpuid_t answer = {0, 0, 0, 0};
#if defined(__BMI__) && defined(__BMI2__)
    /* The compiler already uses them, so the CPU has them. */
    answer.f7b = (1u << 3) | (1u << 8);
#else
    answer.f7b = zcompat_zstd_leaf7_ebx();
#endif
    return answer;
}

#endif
#endif
