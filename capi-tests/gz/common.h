/* What the gz test programs share: random numbers, test data, checks. */
#ifndef ZCOMPAT_TEST_GZ_COMMON_H
#define ZCOMPAT_TEST_GZ_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* splitmix64 */
static uint64_t rng_state;

static inline uint64_t rng(void)
{
    uint64_t z = rng_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 <= result < n */
static inline unsigned below(unsigned n)
{
    return (unsigned)(rng() % n);
}

/* Small numbers are likely, n - 1 is possible. */
static inline unsigned skewed(unsigned n)
{
    unsigned limit = 1u << below(32);
    return below(limit < n ? limit : n);
}

/* FNV-1a */
static inline uint64_t hash(uint64_t seed, const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t h = seed ^ 0xcbf29ce484222325u;
    while (len--)
        h = (h ^ *p++) * 0x100000001b3u;
    return h;
}

/* Words and lines that compress, from the random numbers. */
static inline void fill_text(unsigned char *p, size_t len)
{
    static const char *const words[] = {"the ", "quick ", "deflate ", "stream\n", "of ",
                                        "bytes, ", "0123456789", "a", "\n", "window "};
    size_t at = 0;
    while (at < len) {
        const char *w = words[below(sizeof words / sizeof *words)];
        size_t n = strlen(w);
        if (n > len - at)
            n = len - at;
        memcpy(p + at, w, n);
        at += n;
    }
}

static inline void fill_random(unsigned char *p, size_t len)
{
    while (len--)
        *p++ = (unsigned char)rng();
}

static unsigned failures __attribute__((unused));

#define CHECK(condition, ...)                                                                    \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            failures++;                                                                          \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                               \
            printf(__VA_ARGS__);                                                                 \
            printf("\n");                                                                        \
        }                                                                                        \
    } while (0)

static inline void *must(void *p)
{
    if (p == NULL) {
        perror("out of memory or no such file");
        exit(2);
    }
    return p;
}

#endif
