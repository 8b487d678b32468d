/* inflate: odd pieces, every entry point, and damaged data. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { LEN = 30000, ROOM = 70000 };

static uint8_t data[LEN], coded[ROOM], out[LEN + 1];

static void need(const struct libz *z)
{
    NEED(z, deflateInit2_);
    NEED(z, deflate);
    NEED(z, inflateInit2_);
    NEED(z, inflate);
    NEED(z, inflateEnd);
}

static void check_pieces(const struct libraries *l)
{
    static const size_t pieces[] = {1, 2, 3, 13, 64, 259, 4001};
    need(l->z);
    for (int kind = 1; kind < KINDS; kind++) {
        fill(kind, data, LEN);
        struct coding c = {6, 0, kind % 2 ? 15 : 31, 8};
        size_t len = z_encode(l->z, c, Z_NO_FLUSH, IN_ONE_PIECE, IN_ONE_PIECE, data, LEN, coded,
                              ROOM);
        for (int i = 0; i < 7; i++)
            for (int o = 0; o < 7; o += 2) {
                memset(out, 0xa5, sizeof out);
                size_t back = z_decode(l->z, c.window_bits, pieces[i], pieces[o], coded, len, out,
                                       LEN + 1);
                expect_same("inflate in pieces", out, back, data, LEN);
                count_case();
            }
    }
}

struct source {
    const uint8_t *next;
    size_t left;
    uint8_t *out;
    size_t room;
};

static unsigned pull(void *opaque, z_const unsigned char **buffer)
{
    struct source *s = opaque;
    unsigned n = s->left < 777 ? s->left : 777;
    *buffer = (z_const unsigned char *)s->next;
    s->next += n;
    s->left -= n;
    return n;
}

static int push(void *opaque, unsigned char *buffer, unsigned len)
{
    struct source *s = opaque;
    if (len > s->room)
        return 1;
    memcpy(s->out, buffer, len);
    s->out += len;
    s->room -= len;
    return 0;
}

static void check_back(const struct libraries *l)
{
    const struct libz *z = l->z;
    need(z);
    NEED(z, inflateBackInit_);
    NEED(z, inflateBack);
    NEED(z, inflateBackEnd);
    static uint8_t window[32768];
    for (int kind = 0; kind < KINDS; kind++) {
        fill(kind, data, LEN);
        struct coding c = {9, 0, -15, 8};
        size_t len = z_encode(z, c, Z_NO_FLUSH, IN_ONE_PIECE, IN_ONE_PIECE, data, LEN, coded, ROOM);
        z_stream s;
        memset(&s, 0, sizeof s);
        memset(out, 0xa5, sizeof out);
        struct source source = {coded, len, out, LEN};
        if (z->inflateBackInit_(&s, 15, window, ZLIB_VERSION, sizeof s) != Z_OK)
            fail("inflateBackInit fails");
        int code = z->inflateBack(&s, pull, &source, push, &source);
        if (code != Z_STREAM_END)
            fail("inflateBack(%s) gives %d", kind_name(kind), code);
        z->inflateBackEnd(&s);
        expect_same("inflateBack", out, LEN - source.room, data, LEN);
        count_case();
    }
}

/* Reads damaged data to its end; the code and what came out go into the hash, since neither may
 * depend on the CPU. Where the reference can read it, inflate must give the same bytes. */
static void read_damaged(const struct libz *z, size_t len)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    memset(out, 0xa5, sizeof out);
    if (z->inflateInit2_(&s, -15, ZLIB_VERSION, sizeof s) != Z_OK)
        fail("inflateInit2 fails");
    s.next_in = coded;
    s.avail_in = len;
    s.next_out = out;
    s.avail_out = LEN;
    int code = z->inflate(&s, Z_SYNC_FLUSH);
    size_t got = s.total_out;
    z->inflateEnd(&s);
    if (got > LEN || out[LEN] != 0xa5)
        fail("inflate wrote past its buffer");
    hash_code(code);
    hash_output(out, got);
    count_case();
    if (code == Z_STREAM_END) {
        static uint8_t right[LEN + 1];
        long want = ref_inflate(coded, len, NULL, NULL, 0, right, LEN);
        if (want < 0)
            fail("inflate accepts what the reference rejects");
        expect_same("damaged but readable", out, got, right, want);
    }
}

static void check_damage(const struct libraries *l)
{
    need(l->z);
    uint32_t state = 99;
    for (int kind = 1; kind < KINDS; kind++) {
        fill(kind, data, 6000);
        struct coding c = {kind % 3 ? 6 : 1, kind % 2 ? Z_DEFAULT_STRATEGY : Z_FIXED, -15, 8};
        size_t len = z_encode(l->z, c, Z_NO_FLUSH, IN_ONE_PIECE, IN_ONE_PIECE, data, 6000, coded,
                              ROOM);
        for (int round = 0; round < 200; round++) {
            size_t at = draw(&state) % len;
            uint8_t bit = 1 << draw(&state) % 8;
            coded[at] ^= bit;
            read_damaged(l->z, len);
            coded[at] ^= bit;
        }
        for (size_t cut = 0; cut < len; cut += 1 + len / 60)
            read_damaged(l->z, cut);
    }
}

static void check_sync_and_copy(const struct libraries *l)
{
    const struct libz *z = l->z;
    need(z);
    NEED(z, inflateSync);
    NEED(z, inflateCopy);
    fill(2, data, LEN);
    struct coding c = {6, 0, -15, 8};
    size_t len = z_encode(z, c, Z_FULL_FLUSH, 10000, IN_ONE_PIECE, data, LEN, coded, ROOM);
    z_stream s, copy;
    memset(&s, 0, sizeof s);
    memset(&copy, 0, sizeof copy);
    z->inflateInit2_(&s, -15, ZLIB_VERSION, sizeof s);
    s.next_in = coded;
    s.avail_in = len;
    s.next_out = out;
    s.avail_out = 5000;
    if (z->inflate(&s, Z_NO_FLUSH) != Z_OK || z->inflateCopy(&copy, &s) != Z_OK)
        fail("inflate or inflateCopy fails");
    /* The original goes on at the next full flush, the copy as if nothing had happened. */
    int code = z->inflateSync(&s);
    if (code != Z_OK)
        fail("inflateSync gives %d", code);
    s.next_out = out;
    s.avail_out = LEN;
    code = z->inflate(&s, Z_FINISH);
    if (code != Z_STREAM_END)
        fail("inflate after inflateSync gives %d", code);
    size_t tail = LEN - s.avail_out;
    if (tail > LEN || memcmp(out, data + LEN - tail, tail))
        fail("inflate after inflateSync gives other bytes");
    z->inflateEnd(&s);
    copy.next_out = out + 5000;
    copy.avail_out = LEN - 5000;
    memcpy(out, data, 5000);
    code = z->inflate(&copy, Z_FINISH);
    if (code != Z_STREAM_END)
        fail("inflate of a copy gives %d", code);
    expect_same("a copied inflate stream", out, copy.total_out, data, LEN);
    z->inflateEnd(&copy);
    count_case();
}

const struct check inflate_checks[] = {
    {"inflate/pieces", 'z', check_pieces},
    {"inflate/back", 'z', check_back},
    {"inflate/damage", 'z', check_damage},
    {"inflate/sync, copy", 'z', check_sync_and_copy},
    {NULL, 0, NULL},
};
