/* zstd: levels, pieces, dictionaries, threads. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static size_t ok(const struct libzstd *z, size_t code, const char *what)
{
    if (z->ZSTD_isError(code))
        fail("%s: %s", what, z->ZSTD_getErrorName(code));
    return code;
}

static void need(const struct libzstd *z)
{
    NEED(z, ZSTD_isError);
    NEED(z, ZSTD_getErrorName);
    NEED(z, ZSTD_compressBound);
    NEED(z, ZSTD_createCCtx);
    NEED(z, ZSTD_CCtx_setParameter);
    NEED(z, ZSTD_compress2);
    NEED(z, ZSTD_createDCtx);
    NEED(z, ZSTD_decompressDCtx);
}

static void set(const struct libzstd *z, ZSTD_CCtx *c, ZSTD_cParameter parameter, int value)
{
    ok(z, z->ZSTD_CCtx_setParameter(c, parameter, value), "ZSTD_CCtx_setParameter");
}

/* The content checksum is the frame's last four bytes. */
static void expect_checksum(const uint8_t *coded, size_t coded_len, const uint8_t *data, size_t len)
{
    const uint8_t *end = coded + coded_len;
    uint32_t got = (uint32_t)end[-1] << 24 | end[-2] << 16 | end[-3] << 8 | end[-4];
    uint32_t right = (uint32_t)ref_xxh64(data, len);
    if (got != right)
        fail("the frame of %zu bytes ends in checksum 0x%08x, right is 0x%08x", len, got, right);
}

struct buffers {
    uint8_t *data, *coded, *out;
    size_t room;
};

static struct buffers buffers(const struct libzstd *z, size_t len)
{
    size_t room = z->ZSTD_compressBound(len) + 1000;
    return (struct buffers){must_alloc(len), must_alloc(room), must_alloc(len + 1), room};
}

static void free_buffers(struct buffers b)
{
    free(b.data);
    free(b.coded);
    free(b.out);
}

/* Compresses with the context's parameters and reads it back. */
static void round_trip(const struct libzstd *z, ZSTD_CCtx *c, ZSTD_DCtx *d, struct buffers b,
                       size_t len)
{
    size_t coded = ok(z, z->ZSTD_compress2(c, b.coded, b.room, b.data, len), "ZSTD_compress2");
    hash_output(b.coded, coded);
    expect_checksum(b.coded, coded, b.data, len);
    memset(b.out, 0xa5, len);
    size_t back = ok(z, z->ZSTD_decompressDCtx(d, b.out, len, b.coded, coded),
                     "ZSTD_decompressDCtx");
    expect_same("zstd round trip", b.out, back, b.data, len);
    count_case();
}

static void check_levels(const struct libraries *l)
{
    enum { LEN = 40000 };
    const struct libzstd *z = l->zstd;
    need(z);
    struct buffers b = buffers(z, LEN);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    set(z, c, ZSTD_c_checksumFlag, 1);
    for (int level = -5; level <= 19; level++) {
        set(z, c, ZSTD_c_compressionLevel, level);
        for (int kind = 0; kind < KINDS; kind++) {
            size_t len = LEN - 1111 * (level + 5);
            fill(kind, b.data, len);
            round_trip(z, c, d, b, len);
        }
    }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

static void check_sizes(const struct libraries *l)
{
    enum { LEN = 2000 };
    const struct libzstd *z = l->zstd;
    need(z);
    struct buffers b = buffers(z, LEN);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    set(z, c, ZSTD_c_checksumFlag, 1);
    for (int level = -1; level <= 9; level += 2) {
        set(z, c, ZSTD_c_compressionLevel, level);
        for (int kind = 0; kind < KINDS; kind++) {
            fill(kind, b.data, LEN);
            for (size_t len = 0; len <= LEN; len += len < 140 ? 3 : 177)
                round_trip(z, c, d, b, len);
        }
    }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

/* Every strategy with every window and search setting that makes a difference. */
static void check_strategies(const struct libraries *l)
{
    enum { LEN = 60000 };
    const struct libzstd *z = l->zstd;
    need(z);
    struct buffers b = buffers(z, LEN);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    set(z, c, ZSTD_c_checksumFlag, 1);
    int turn = 0;
    for (int strategy = ZSTD_fast; strategy <= ZSTD_btultra2; strategy++)
        for (int window = 10; window <= 19; window += 3, turn++) {
            set(z, c, ZSTD_c_strategy, strategy);
            set(z, c, ZSTD_c_windowLog, window);
            set(z, c, ZSTD_c_minMatch, 3 + turn % 5);
            set(z, c, ZSTD_c_searchLog, 1 + turn % 7);
            set(z, c, ZSTD_c_enableLongDistanceMatching, turn % 2 ? ZSTD_ps_enable : ZSTD_ps_disable);
            set(z, c, ZSTD_c_literalCompressionMode, turn % 3);
            fill(1 + turn % (KINDS - 1), b.data, LEN);
            round_trip(z, c, d, b, LEN);
        }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

/* Compresses in pieces; returns the bytes written. */
static size_t stream_encode(const struct libzstd *z, ZSTD_CCtx *c, struct buffers b, size_t len,
                            size_t piece, ZSTD_EndDirective between)
{
    ZSTD_outBuffer out = {b.coded, b.room, 0};
    for (size_t at = 0; at <= len; at += piece) {
        int last = at + piece > len;
        ZSTD_inBuffer in = {b.data + at, last ? len - at : piece, 0};
        size_t left;
        do
            left = ok(z, z->ZSTD_compressStream2(c, &out, &in, last ? ZSTD_e_end : between),
                      "ZSTD_compressStream2");
        while (in.pos < in.size || ((last || between == ZSTD_e_flush) && left));
    }
    return out.pos;
}

static void stream_decode(const struct libzstd *z, ZSTD_DCtx *d, struct buffers b, size_t coded,
                          size_t len, size_t in_piece, size_t out_piece)
{
    memset(b.out, 0xa5, len + 1);
    size_t taken = 0, written = 0, left = 1;
    while (left) {
        size_t in_len = coded - taken < in_piece ? coded - taken : in_piece;
        size_t out_len = len + 1 - written < out_piece ? len + 1 - written : out_piece;
        ZSTD_inBuffer in = {b.coded + taken, in_len, 0};
        ZSTD_outBuffer out = {b.out + written, out_len, 0};
        left = ok(z, z->ZSTD_decompressStream(d, &out, &in), "ZSTD_decompressStream");
        if (left && !in.pos && !out.pos)
            fail("ZSTD_decompressStream stands still at byte %zu of %zu", taken, coded);
        taken += in.pos;
        written += out.pos;
    }
    expect_same("ZSTD_decompressStream", b.out, written, b.data, len);
}

static void check_pieces(const struct libraries *l)
{
    enum { LEN = 150000 };
    static const size_t pieces[] = {313, 4096, 70001}, outs[] = {61, 5000, 200000};
    const struct libzstd *z = l->zstd;
    need(z);
    NEED(z, ZSTD_compressStream2);
    NEED(z, ZSTD_decompressStream);
    struct buffers b = buffers(z, LEN * 2);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    set(z, c, ZSTD_c_checksumFlag, 1);
    int turn = 0;
    for (int level = 1; level <= 13; level += 3)
        for (int p = 0; p < 3; p++, turn++) {
            fill(1 + turn % (KINDS - 1), b.data, LEN);
            set(z, c, ZSTD_c_compressionLevel, level);
            size_t coded = stream_encode(z, c, b, LEN, pieces[p],
                                         turn % 2 ? ZSTD_e_flush : ZSTD_e_continue);
            hash_output(b.coded, coded);
            expect_checksum(b.coded, coded, b.data, LEN);
            stream_decode(z, d, b, coded, LEN, pieces[(p + 1) % 3], outs[turn % 3]);
            count_case();
        }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

/* Several worker threads cut the input into jobs; the bytes may not depend on how many. */
static void check_threads(const struct libraries *l)
{
    enum { LEN = 1500000 };
    const struct libzstd *z = l->zstd;
    need(z);
    NEED(z, ZSTD_compressStream2);
    struct buffers b = buffers(z, LEN);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    if (z->ZSTD_isError(z->ZSTD_CCtx_setParameter(c, ZSTD_c_nbWorkers, 1)))
        skip("the library has no threads");
    fill(2, b.data, LEN);
    set(z, c, ZSTD_c_checksumFlag, 1);
    set(z, c, ZSTD_c_jobSize, 512 * 1024);
    for (int level = 1; level <= 3; level += 2) {
        uint8_t *first = NULL;
        size_t first_len = 0;
        for (int workers = 1; workers <= 4; workers++) {
            set(z, c, ZSTD_c_compressionLevel, level);
            set(z, c, ZSTD_c_nbWorkers, workers);
            size_t coded = stream_encode(z, c, b, LEN, LEN + 1, ZSTD_e_continue);
            hash_output(b.coded, coded);
            expect_checksum(b.coded, coded, b.data, LEN);
            memset(b.out, 0xa5, LEN);
            size_t back = ok(z, z->ZSTD_decompressDCtx(d, b.out, LEN, b.coded, coded),
                             "ZSTD_decompressDCtx");
            expect_same("compressed by threads", b.out, back, b.data, LEN);
            if (!first) {
                first = must_alloc(coded);
                memcpy(first, b.coded, coded);
                first_len = coded;
            }
            expect_same("more workers, other bytes", b.coded, coded, first, first_len);
            count_case();
        }
        free(first);
    }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

static void check_dictionary(const struct libraries *l)
{
    enum { SAMPLES = 400, SAMPLE = 500, CAPACITY = 8000 };
    const struct libzstd *z = l->zstd;
    need(z);
    NEED(z, ZDICT_trainFromBuffer);
    NEED(z, ZSTD_createCDict);
    NEED(z, ZSTD_compress_usingCDict);
    NEED(z, ZSTD_createDDict);
    NEED(z, ZSTD_decompress_usingDDict);
    struct buffers b = buffers(z, SAMPLES * SAMPLE);
    fill(2, b.data, SAMPLES * SAMPLE);
    size_t sizes[SAMPLES];
    for (int i = 0; i < SAMPLES; i++)
        sizes[i] = SAMPLE;
    uint8_t dict[CAPACITY];
    size_t dict_len = z->ZDICT_trainFromBuffer(dict, CAPACITY, b.data, sizes, SAMPLES);
    ok(z, dict_len, "ZDICT_trainFromBuffer");
    hash_output(dict, dict_len);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    ZSTD_DDict *ddict = z->ZSTD_createDDict(dict, dict_len);
    for (int level = -5; level <= 19; level += 3) {
        ZSTD_CDict *cdict = z->ZSTD_createCDict(dict, dict_len, level);
        for (int i = 0; i < SAMPLES; i += 37) {
            const uint8_t *sample = b.data + i * SAMPLE;
            size_t coded = ok(z, z->ZSTD_compress_usingCDict(c, b.coded, b.room, sample, SAMPLE,
                                                              cdict),
                              "ZSTD_compress_usingCDict");
            hash_output(b.coded, coded);
            memset(b.out, 0xa5, SAMPLE);
            size_t back = ok(z, z->ZSTD_decompress_usingDDict(d, b.out, SAMPLE, b.coded, coded,
                                                               ddict),
                             "ZSTD_decompress_usingDDict");
            expect_same("with a dictionary", b.out, back, sample, SAMPLE);
            count_case();
        }
        z->ZSTD_freeCDict(cdict);
    }
    z->ZSTD_freeDDict(ddict);
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

/* Damaged frames. What zstd promises: an error or no more than fits, nothing written behind that, a
 * context that works as before; and, where the frame has a checksum, no wrong data without an error.
 * Whether frames without one are found out, and what comes of them, may differ between the decoders
 * with BMI2 and those without, and between those two only. */
static void check_damage(const struct libraries *l)
{
    enum { LEN = 8000 };
    const struct libzstd *z = l->zstd;
    need(z);
    NEED(z, ZSTD_getErrorCode);
    struct buffers b = buffers(z, LEN);
    ZSTD_CCtx *c = z->ZSTD_createCCtx();
    ZSTD_DCtx *d = z->ZSTD_createDCtx();
    uint32_t state = 5;
    for (int kind = 1; kind < KINDS; kind++) {
        fill(kind, b.data, LEN);
        set(z, c, ZSTD_c_compressionLevel, kind * 2);
        size_t coded = ok(z, z->ZSTD_compress2(c, b.coded, b.room, b.data, LEN), "ZSTD_compress2");
        for (int round = 0; round < 200; round++) {
            size_t at = draw(&state) % coded;
            uint8_t bit = 1 << draw(&state) % 8;
            b.coded[at] ^= bit;
            b.out[LEN] = 0xa5;
            size_t result = z->ZSTD_decompressDCtx(d, b.out, LEN, b.coded, coded);
            int code = z->ZSTD_getErrorCode(result);
            if (!code && result > LEN)
                fail("%s, bit of byte %zu: %zu bytes of at most %d", kind_name(kind), at, result, LEN);
            if (b.out[LEN] != 0xa5)
                fail("%s, bit of byte %zu: a byte behind the output is written", kind_name(kind), at);
            hash_code_of_either(code);
            if (!code)
                hash_of_either(b.out, result);
            b.coded[at] ^= bit;
            count_case();
        }
        size_t back = ok(z, z->ZSTD_decompressDCtx(d, b.out, LEN, b.coded, coded), "after damage");
        expect_same("after damage", b.out, back, b.data, LEN);
    }
    for (int kind = 1; kind < KINDS; kind++) {
        fill(kind, b.data, LEN);
        set(z, c, ZSTD_c_compressionLevel, kind * 2);
        set(z, c, ZSTD_c_checksumFlag, 1);
        size_t coded = ok(z, z->ZSTD_compress2(c, b.coded, b.room, b.data, LEN), "ZSTD_compress2");
        for (int round = 0; round < 200; round++) {
            size_t at = draw(&state) % coded;
            uint8_t bit = 1 << draw(&state) % 8;
            b.coded[at] ^= bit;
            size_t result = z->ZSTD_decompressDCtx(d, b.out, LEN, b.coded, coded);
            /* Without its flag, the checksum is no part of the frame: byte 4 is the descriptor. */
            if (!z->ZSTD_isError(result) && at != 4)
                expect_same("damaged, with a checksum", b.out, result, b.data, LEN);
            b.coded[at] ^= bit;
            count_case();
        }
    }
    z->ZSTD_freeCCtx(c);
    z->ZSTD_freeDCtx(d);
    free_buffers(b);
}

const struct check zstd_checks[] = {
    {"zstd/levels", 's', check_levels},
    {"zstd/sizes", 's', check_sizes},
    {"zstd/strategies", 's', check_strategies},
    {"zstd/pieces", 's', check_pieces},
    {"zstd/threads", 's', check_threads},
    {"zstd/dictionary", 's', check_dictionary},
    {"zstd/damage", 's', check_damage},
    {NULL, 0, NULL},
};
