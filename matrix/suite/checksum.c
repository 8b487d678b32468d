/* CRC-32 and Adler-32 against the bitwise reference. */
#define _GNU_SOURCE
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST = 600, ALIGNMENTS = 64 };

/* One signature for the four functions. */
struct checksum {
    const char *name;
    uint32_t (*reference)(uint32_t, const uint8_t *, size_t);
    uLong (*of_uint)(uLong, const Bytef *, uInt);
    uLong (*of_size)(uLong, const Bytef *, z_size_t);
};

static uint32_t call(const struct checksum *c, uint32_t start, const uint8_t *data, size_t len)
{
    return c->of_uint ? c->of_uint(start, data, len) : c->of_size(start, data, len);
}

static void compare(const struct checksum *c, uint32_t start, const uint8_t *data, size_t len,
                    uint32_t right, const char *where)
{
    uint32_t got = call(c, start, data, len);
    count_case();
    if (got != right)
        fail("%s(0x%08x, %zu bytes at alignment %zu%s) is 0x%08x, right is 0x%08x", c->name, start,
             len, (size_t)data % ALIGNMENTS, where, got, right);
}

static const uint32_t starts_crc[] = {0, 0xffffffff, 0x12345678};
static const uint32_t starts_adler[] = {1, 0xfff0fff0, 0x1234abcd};

static const uint32_t *starts(const struct checksum *c)
{
    return c->reference == ref_crc32 ? starts_crc : starts_adler;
}

/* The reference for every length from 0, one byte more at a time. */
static void every_prefix(const struct checksum *c, uint32_t start, const uint8_t *data, size_t len,
                         uint32_t *right)
{
    right[0] = start;
    for (size_t i = 0; i < len; i++)
        right[i + 1] = c->reference(right[i], data + i, 1);
}

static void lengths(const struct checksum *c)
{
    static uint8_t data[LONGEST], space[LONGEST + 2 * ALIGNMENTS];
    uint32_t right[LONGEST + 1];
    uint8_t *base = space + (ALIGNMENTS - (size_t)space % ALIGNMENTS) % ALIGNMENTS;
    fill(1, data, LONGEST);
    for (int s = 0; s < 3; s++) {
        every_prefix(c, starts(c)[s], data, LONGEST, right);
        for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
            memcpy(base + alignment, data, LONGEST);
            for (size_t len = 0; len <= LONGEST; len++)
                compare(c, starts(c)[s], base + alignment, len, right[len], "");
        }
    }
}

/* Data that ends, or begins, where the next byte may not be touched. */
static void guard_pages(const struct checksum *c)
{
    size_t page = sysconf(_SC_PAGESIZE);
    uint8_t *map = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + page, page, PROT_READ | PROT_WRITE))
        skip("no pages to be had");
    uint32_t right[LONGEST + 1], start = starts(c)[2];
    uint8_t *begin = map + page, *end = begin + page;
    fill(2, begin, page);
    every_prefix(c, start, begin, LONGEST, right);
    for (size_t len = 0; len <= LONGEST; len++)
        compare(c, start, begin, len, right[len], ", after a guard page");
    for (size_t len = 0; len <= LONGEST; len++)
        compare(c, start, end - len, len, c->reference(start, end - len, len),
                ", before a guard page");
    munmap(map, 3 * page);
}

/* Around the block sizes of SIMD kernels and the 5552 bytes after which Adler-32 must reduce. */
static void long_data(const struct checksum *c)
{
    static const size_t middles[] = {1024, 2048, 4096, 5552, 8192, 11104, 16384, 32768, 65536,
                                     262144};
    size_t most = 262144 + 80;
    uint8_t *data = must_alloc(most + ALIGNMENTS);
    uint32_t *right = must_alloc((most + 1) * sizeof *right);
    for (int high = 0; high < 2; high++) {
        /* All ones make Adler-32's sums as large as they get. */
        if (high)
            memset(data, 0xff, most + ALIGNMENTS);
        else
            fill(1, data, most + ALIGNMENTS);
        for (size_t alignment = 0; alignment < 18; alignment += 17) {
            uint32_t start = starts(c)[1];
            every_prefix(c, start, data + alignment, most, right);
            for (size_t m = 0; m < sizeof middles / sizeof *middles; m++)
                for (size_t len = middles[m] - 70; len < middles[m] + 70; len += 3)
                    compare(c, start, data + alignment, len, right[len], "");
        }
    }
    free(right);
    free(data);
}

static void in_pieces(const struct checksum *c)
{
    enum { LEN = 20000 };
    static uint8_t data[LEN];
    uint32_t state = 7;
    fill(4, data, LEN);
    for (int round = 0; round < 50; round++) {
        uint32_t got = starts(c)[0], right = got;
        for (size_t at = 0; at < LEN;) {
            size_t piece = draw(&state) % (round * 40 + 2);
            if (piece > LEN - at)
                piece = LEN - at;
            right = c->reference(right, data + at, piece);
            got = call(c, got, data + at, piece);
            at += piece;
            count_case();
            if (got != right)
                fail("%s in pieces, %zu bytes up to byte %zu: 0x%08x, right is 0x%08x", c->name,
                     piece, at, got, right);
        }
    }
}

/* zlib.h: "If buf is Z_NULL, this function returns the required initial value". */
static void null_data(const struct checksum *c)
{
    uint32_t initial = c->reference == ref_crc32 ? 0 : 1, got = call(c, 0x5555, NULL, 0);
    if (got != initial)
        fail("%s(0x5555, NULL, 0) is 0x%08x, right is %u", c->name, got, initial);
    count_case();
}

static void all(const struct checksum *c)
{
    null_data(c);
    lengths(c);
    guard_pages(c);
    long_data(c);
    in_pieces(c);
}

static void check_crc32(const struct libraries *l)
{
    NEED(l->z, crc32);
    all(&(struct checksum){"crc32", ref_crc32, l->z->crc32, NULL});
}

static void check_crc32_z(const struct libraries *l)
{
    NEED(l->z, crc32_z);
    all(&(struct checksum){"crc32_z", ref_crc32, NULL, l->z->crc32_z});
}

static void check_adler32(const struct libraries *l)
{
    NEED(l->z, adler32);
    all(&(struct checksum){"adler32", ref_adler32, l->z->adler32, NULL});
}

static void check_adler32_z(const struct libraries *l)
{
    NEED(l->z, adler32_z);
    all(&(struct checksum){"adler32_z", ref_adler32, NULL, l->z->adler32_z});
}

static void check_crc_table(const struct libraries *l)
{
    NEED(l->z, get_crc_table);
    const z_crc_t *table = l->z->get_crc_table();
    for (int i = 0; i < 256; i++) {
        uint8_t byte = i;
        uint32_t right = ~ref_crc32(0xffffffff, &byte, 1);
        count_case();
        if (table[i] != right)
            fail("entry %d is 0x%08x, right is 0x%08x", i, (unsigned)table[i], right);
    }
}

/* The checksum of two pieces from the checksums of each, for every cut and for lengths that no
 * buffer has. */
static void check_combine(const struct libraries *l)
{
    const struct libz *z = l->z;
    enum { LEN = 700 };
    uint8_t data[LEN];
    NEED(z, crc32_combine);
    NEED(z, adler32_combine);
    fill(1, data, LEN);
    uint32_t whole_crc = ref_crc32(0, data, LEN), whole_adler = ref_adler32(1, data, LEN);
    for (size_t cut = 0; cut <= LEN; cut++) {
        size_t len2 = LEN - cut;
        uint32_t c1 = ref_crc32(0, data, cut), c2 = ref_crc32(0, data + cut, len2);
        uint32_t a1 = ref_adler32(1, data, cut), a2 = ref_adler32(1, data + cut, len2);
        uint32_t crc = z->crc32_combine(c1, c2, len2), adler = z->adler32_combine(a1, a2, len2);
        count_case();
        if (crc != whole_crc)
            fail("crc32_combine(0x%08x, 0x%08x, %zu) is 0x%08x, right is 0x%08x", c1, c2, len2, crc,
                 whole_crc);
        if (adler != whole_adler)
            fail("adler32_combine(0x%08x, 0x%08x, %zu) is 0x%08x, right is 0x%08x", a1, a2, len2,
                 adler, whole_adler);
    }
    uint32_t state = 3;
    for (int i = 0; i < 2000; i++) {
        uint32_t c1 = draw(&state) << 8 ^ draw(&state), c2 = draw(&state) << 8 ^ draw(&state);
        uint32_t a1 = draw(&state) % 65521 << 16 | draw(&state) % 65521;
        uint32_t a2 = draw(&state) % 65521 << 16 | draw(&state) % 65521;
        int64_t drawn = ((int64_t)draw(&state) << 24 ^ draw(&state)) >> draw(&state) % 40;
        z_off_t len2 = (z_off_t)(sizeof(z_off_t) < 8 ? drawn & INT32_MAX : drawn);
        uint32_t crc = z->crc32_combine(c1, c2, len2), right = ref_crc32_combine(c1, c2, len2);
        uint32_t adler = z->adler32_combine(a1, a2, len2);
        uint32_t right_adler = ref_adler32_combine(a1, a2, len2);
        count_case();
        if (crc != right)
            fail("crc32_combine(0x%08x, 0x%08x, %lld) is 0x%08x, right is 0x%08x", c1, c2,
                 (long long)len2, crc, right);
        if (adler != right_adler)
            fail("adler32_combine(0x%08x, 0x%08x, %lld) is 0x%08x, right is 0x%08x", a1, a2,
                 (long long)len2, adler, right_adler);
        if (z->crc32_combine_gen && z->crc32_combine_op) {
            crc = z->crc32_combine_op(c1, c2, z->crc32_combine_gen(len2));
            if (crc != right)
                fail("crc32_combine_op(0x%08x, 0x%08x, gen(%lld)) is 0x%08x, right is 0x%08x", c1,
                     c2, (long long)len2, crc, right);
        }
    }
}

const struct check checksum_checks[] = {
    {"checksum/crc32", 'z', check_crc32},         {"checksum/crc32_z", 'z', check_crc32_z},
    {"checksum/adler32", 'z', check_adler32},     {"checksum/adler32_z", 'z', check_adler32_z},
    {"checksum/crc table", 'z', check_crc_table}, {"checksum/combine", 'z', check_combine},
    {NULL, 0, NULL},
};
