/* deflate: everything that it can be asked for, read back by the reference and by inflate. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const char *why(const z_stream *stream)
{
    return stream->msg ? stream->msg : "no message";
}

/* Compresses data piece by piece, flushing after each, and returns the bytes written. */
size_t z_encode(const struct libz *z, struct coding c, int flush, size_t in_piece,
                size_t out_piece, const uint8_t *data, size_t len, uint8_t *out, size_t room)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    int code = z->deflateInit2_(&s, c.level, Z_DEFLATED, c.window_bits, c.mem_level, c.strategy,
                                ZLIB_VERSION, sizeof s);
    if (code != Z_OK)
        fail("deflateInit2(level %d, windowBits %d, memLevel %d, strategy %d) gives %d", c.level,
             c.window_bits, c.mem_level, c.strategy, code);
    size_t taken = 0, written = 0;
    s.next_in = data;
    for (;;) {
        size_t piece = len - taken < in_piece ? len - taken : in_piece;
        int mode = taken + piece == len ? Z_FINISH : flush;
        s.avail_in = piece;
        taken += piece;
        /* zlib.h: a flush is complete once deflate returns with room left. */
        do {
            size_t space = room - written < out_piece ? room - written : out_piece;
            s.next_out = out + written;
            s.avail_out = space;
            code = z->deflate(&s, mode);
            written += space - s.avail_out;
            if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
                fail("deflate gives %d (%s) after %zu of %zu bytes", code, why(&s), taken, len);
            if (space == 0)
                fail("deflate needs more than %zu bytes for %zu", room, len);
        } while (s.avail_out == 0 && code != Z_STREAM_END);
        if (mode == Z_FINISH)
            break;
    }
    if (code != Z_STREAM_END)
        fail("deflate(Z_FINISH) ends with %d", code);
    if (s.total_in != len || s.total_out != written)
        fail("total_in %lu, total_out %lu, right is %zu, %zu", s.total_in, s.total_out, len,
             written);
    code = z->deflateEnd(&s);
    if (code != Z_OK)
        fail("deflateEnd gives %d", code);
    return written;
}

size_t z_decode(const struct libz *z, int window_bits, size_t in_piece, size_t out_piece,
                const uint8_t *data, size_t len, uint8_t *out, size_t room)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    int code = z->inflateInit2_(&s, window_bits, ZLIB_VERSION, sizeof s);
    if (code != Z_OK)
        fail("inflateInit2(%d) gives %d", window_bits, code);
    size_t taken = 0, written = 0;
    s.next_in = data;
    do {
        if (s.avail_in == 0) {
            s.avail_in = len - taken < in_piece ? len - taken : in_piece;
            taken += s.avail_in;
        }
        size_t space = room - written < out_piece ? room - written : out_piece;
        s.next_out = out + written;
        s.avail_out = space;
        code = z->inflate(&s, Z_NO_FLUSH);
        written += space - s.avail_out;
        if (code != Z_OK && code != Z_STREAM_END)
            fail("inflate gives %d (%s) after %zu of %zu bytes in, %zu out", code, why(&s),
                 taken - s.avail_in, len, written);
    } while (code != Z_STREAM_END);
    if (s.avail_in || taken != len)
        fail("inflate ends %zu bytes before the end", len - taken + s.avail_in);
    code = z->inflateEnd(&s);
    if (code != Z_OK)
        fail("inflateEnd gives %d", code);
    return written;
}

/* Takes the wrapper apart, and reads what is inside with the reference. */
static void expect_reference_reads(int window_bits, const uint8_t *coded, size_t coded_len,
                                   const uint8_t *data, size_t len, uint8_t *out)
{
    size_t head = window_bits < 0 ? 0 : window_bits > 15 ? 10 : 2;
    size_t tail = window_bits < 0 ? 0 : window_bits > 15 ? 8 : 4, used;
    if (coded_len < head + tail)
        fail("only %zu bytes", coded_len);
    long got = ref_inflate(coded + head, coded_len - head - tail, &used, NULL, 0, out, len + 1);
    if (got < 0)
        fail("the reference cannot read what deflate wrote (%zu bytes)", coded_len);
    expect_same("deflate, read by the reference", out, got, data, len);
    if (head + used + tail != coded_len)
        fail("the deflate data ends at %zu, right is %zu", head + used, coded_len - tail);
    const uint8_t *end = coded + coded_len - tail;
    if (head == 2) {
        uint32_t sum = (uint32_t)end[0] << 24 | end[1] << 16 | end[2] << 8 | end[3];
        uint32_t right = ref_adler32(1, data, len);
        if (sum != right)
            fail("the zlib trailer has 0x%08x, right is 0x%08x", sum, right);
    } else if (head == 10) {
        uint32_t sum = (uint32_t)end[3] << 24 | end[2] << 16 | end[1] << 8 | end[0];
        uint32_t right = ref_crc32(0, data, len);
        if (sum != right)
            fail("the gzip trailer has 0x%08x, right is 0x%08x", sum, right);
    }
}

struct buffers {
    uint8_t *data, *coded, *out;
    size_t room;
};

static struct buffers buffers(size_t len)
{
    size_t room = len * 2 + 100000;
    return (struct buffers){must_alloc(len), must_alloc(room), must_alloc(len + 1), room};
}

static void free_buffers(struct buffers b)
{
    free(b.data);
    free(b.coded);
    free(b.out);
}

static void round_trip(const struct libz *z, struct coding c, int flush, size_t in_piece,
                       size_t out_piece, struct buffers b, size_t len)
{
    size_t coded = z_encode(z, c, flush, in_piece, out_piece, b.data, len, b.coded, b.room);
    hash_output(b.coded, coded);
    expect_reference_reads(c.window_bits, b.coded, coded, b.data, len, b.out);
    memset(b.out, 0xa5, len + 1);
    size_t back = z_decode(z, c.window_bits, IN_ONE_PIECE, IN_ONE_PIECE, b.coded, coded, b.out,
                           len + 1);
    expect_same("deflate, read by inflate", b.out, back, b.data, len);
    count_case();
}

static void need_streams(const struct libz *z)
{
    NEED(z, deflateInit2_);
    NEED(z, deflate);
    NEED(z, deflateEnd);
    NEED(z, inflateInit2_);
    NEED(z, inflate);
    NEED(z, inflateEnd);
}

static void check_parameters(const struct libraries *l)
{
    enum { LEN = 3000 };
    need_streams(l->z);
    struct buffers b = buffers(LEN);
    int turn = 0;
    for (int level = -1; level <= 9; level++)
        for (int strategy = Z_DEFAULT_STRATEGY; strategy <= Z_FIXED; strategy++)
            for (int bits = 9; bits <= 15; bits++)
                for (int wrap = 0; wrap < 3; wrap++, turn++) {
                    int window = wrap == 0 ? -bits : wrap == 1 ? bits : bits + 16;
                    fill(turn % KINDS, b.data, LEN);
                    round_trip(l->z, (struct coding){level, strategy, window, 1 + turn % 9},
                               Z_NO_FLUSH, IN_ONE_PIECE, IN_ONE_PIECE, b, LEN);
                }
    free_buffers(b);
}

static void check_sizes(const struct libraries *l)
{
    need_streams(l->z);
    struct buffers b = buffers(400);
    for (int level = 0; level <= 9; level++)
        for (int kind = 0; kind < KINDS; kind++) {
            fill(kind, b.data, 400);
            for (size_t len = 0; len <= 400; len += len < 70 ? 1 : 23)
                round_trip(l->z, (struct coding){level, 0, 15, 8}, Z_NO_FLUSH, IN_ONE_PIECE,
                           IN_ONE_PIECE, b, len);
        }
    free_buffers(b);
}

static void check_long(const struct libraries *l)
{
    enum { LEN = 300000 };
    need_streams(l->z);
    struct buffers b = buffers(LEN);
    for (int kind = 1; kind < KINDS; kind++) {
        fill(kind, b.data, LEN);
        for (int level = 1; level <= 9; level += kind == 2 ? 1 : 4)
            round_trip(l->z, (struct coding){level, 0, 31, 8}, Z_NO_FLUSH, IN_ONE_PIECE,
                       IN_ONE_PIECE, b, LEN);
    }
    free_buffers(b);
}

static void check_pieces(const struct libraries *l)
{
    enum { LEN = 20000 };
    static const int flushes[] = {Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK};
    static const size_t in_pieces[] = {97, 1021, 7919}, out_pieces[] = {7, 63, 4096};
    need_streams(l->z);
    struct buffers b = buffers(LEN);
    int turn = 0;
    for (int level = 0; level <= 9; level++)
        for (size_t f = 0; f < 5; f++)
            for (int i = 0; i < 3; i++, turn++) {
                fill(turn % KINDS, b.data, LEN);
                round_trip(l->z, (struct coding){level, 0, turn % 2 ? 15 : 31, 8}, flushes[f],
                           in_pieces[i], out_pieces[turn % 3], b, LEN);
            }
    free_buffers(b);
}

/* Level and strategy changed in the middle of a stream. */
static void check_params(const struct libraries *l)
{
    enum { LEN = 40000, STEP = 5000 };
    const struct libz *z = l->z;
    need_streams(z);
    NEED(z, deflateParams);
    struct buffers b = buffers(LEN);
    fill(2, b.data, LEN);
    z_stream s;
    memset(&s, 0, sizeof s);
    if (z->deflateInit2_(&s, 1, Z_DEFLATED, 15, 8, 0, ZLIB_VERSION, sizeof s) != Z_OK)
        fail("deflateInit2 fails");
    s.next_in = b.data;
    s.next_out = b.coded;
    s.avail_out = b.room;
    for (int at = 0, step = 0; at < LEN; at += STEP, step++) {
        s.avail_in = STEP;
        int code = z->deflate(&s, at + STEP == LEN ? Z_FINISH : Z_NO_FLUSH);
        if (code < 0)
            fail("deflate gives %d at byte %d", code, at);
        if (at + STEP < LEN && (code = z->deflateParams(&s, step * 3 % 10, step % 5)) != Z_OK)
            fail("deflateParams(%d, %d) gives %d", step * 3 % 10, step % 5, code);
    }
    size_t coded = s.total_out;
    z->deflateEnd(&s);
    hash_output(b.coded, coded);
    expect_reference_reads(15, b.coded, coded, b.data, LEN, b.out);
    count_case();
    free_buffers(b);
}

/* A preset dictionary, and a copy of a stream that goes on by itself. */
static void check_dictionary_and_copy(const struct libraries *l)
{
    enum { DICT = 2000, LEN = 9000, HALF = 4500 };
    const struct libz *z = l->z;
    need_streams(z);
    NEED(z, deflateSetDictionary);
    NEED(z, inflateSetDictionary);
    NEED(z, deflateCopy);
    struct buffers b = buffers(LEN);
    fill(2, b.data, LEN);
    uint8_t dict[DICT];
    memcpy(dict, b.data + 3000, DICT);
    for (int level = 0; level <= 9; level++) {
        z_stream s, copy;
        memset(&s, 0, sizeof s);
        memset(&copy, 0, sizeof copy);
        if (z->deflateInit2_(&s, level, Z_DEFLATED, -15, 8, 0, ZLIB_VERSION, sizeof s) != Z_OK ||
            z->deflateSetDictionary(&s, dict, DICT) != Z_OK)
            fail("deflateInit2 or deflateSetDictionary fails at level %d", level);
        s.next_in = b.data;
        s.avail_in = HALF;
        s.next_out = b.coded;
        s.avail_out = b.room;
        if (z->deflate(&s, Z_NO_FLUSH) != Z_OK || z->deflateCopy(&copy, &s) != Z_OK)
            fail("deflate or deflateCopy fails at level %d", level);
        z->deflateEnd(&s);
        copy.avail_in = LEN - HALF;
        if (z->deflate(&copy, Z_FINISH) != Z_STREAM_END)
            fail("the copy does not end at level %d", level);
        size_t coded = copy.total_out, used;
        z->deflateEnd(&copy);
        hash_output(b.coded, coded);
        long got = ref_inflate(b.coded, coded, &used, dict, DICT, b.out, LEN + 1);
        if (got < 0)
            fail("the reference cannot read level %d with a dictionary", level);
        expect_same("with a dictionary, read by the reference", b.out, got, b.data, LEN);

        z_stream in;
        memset(&in, 0, sizeof in);
        memset(b.out, 0xa5, LEN);
        in.next_in = b.coded;
        in.avail_in = coded;
        in.next_out = b.out;
        in.avail_out = LEN + 1;
        if (z->inflateInit2_(&in, -15, ZLIB_VERSION, sizeof in) != Z_OK ||
            z->inflateSetDictionary(&in, dict, DICT) != Z_OK)
            fail("inflateInit2 or inflateSetDictionary fails");
        int code = z->inflate(&in, Z_FINISH);
        if (code != Z_STREAM_END)
            fail("inflate with a dictionary gives %d", code);
        expect_same("with a dictionary, read by inflate", b.out, in.total_out, b.data, LEN);
        z->inflateEnd(&in);
        count_case();
    }
    free_buffers(b);
}

/* compress2 and uncompress2, in no more room than compressBound says. */
static void check_one_shot(const struct libraries *l)
{
    enum { LEN = 50000 };
    const struct libz *z = l->z;
    NEED(z, compress2);
    NEED(z, compressBound);
    NEED(z, uncompress2);
    struct buffers b = buffers(LEN);
    for (int kind = 0; kind < KINDS; kind++)
        for (int level = -1; level <= 9; level++) {
            uLong len = LEN - 4999 * (level + 1), bound = z->compressBound(len), coded = bound;
            fill(kind, b.data, len);
            int code = z->compress2(b.coded, &coded, b.data, len, level);
            if (code != Z_OK)
                fail("compress2(%s, level %d) gives %d in %lu bytes", kind_name(kind), level, code,
                     bound);
            hash_output(b.coded, coded);
            expect_reference_reads(15, b.coded, coded, b.data, len, b.out);
            uLong back = len + 1, used = coded;
            memset(b.out, 0xa5, len);
            code = z->uncompress2(b.out, &back, b.coded, &used);
            if (code != Z_OK || used != coded)
                fail("uncompress2 gives %d after %lu of %lu bytes", code, used, coded);
            expect_same("uncompress2", b.out, back, b.data, len);
            count_case();
        }
    free_buffers(b);
}

const struct check deflate_checks[] = {
    {"deflate/parameters", 'z', check_parameters},
    {"deflate/sizes", 'z', check_sizes},
    {"deflate/long", 'z', check_long},
    {"deflate/pieces", 'z', check_pieces},
    {"deflate/params", 'z', check_params},
    {"deflate/dictionary, copy", 'z', check_dictionary_and_copy},
    {"deflate/one shot", 'z', check_one_shot},
    {NULL, 0, NULL},
};
