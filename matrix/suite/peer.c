/* What the library under test writes, another one reads, and the reverse. */
#include "suite.h"

#include <stdlib.h>

enum { LEN = 50000, ROOM = 120000 };

static uint8_t data[LEN], coded[ROOM], out[LEN + 1];

static void exchange_z(const struct libz *from, const struct libz *to, const char *what)
{
    int turn = 0;
    for (int level = -1; level <= 9; level++)
        for (int kind = 0; kind < KINDS; kind++, turn++) {
            struct coding c = {level, turn % 5, turn % 3 ? 15 : 31, 1 + turn % 9};
            fill(kind, data, LEN);
            size_t len = z_encode(from, c, Z_NO_FLUSH, IN_ONE_PIECE, IN_ONE_PIECE, data, LEN, coded,
                                  ROOM);
            size_t back = z_decode(to, c.window_bits, IN_ONE_PIECE, IN_ONE_PIECE, coded, len, out,
                                   LEN + 1);
            expect_same(what, out, back, data, LEN);
            count_case();
        }
}

static void check_z(const struct libraries *l)
{
    NEED(l->z, deflateInit2_);
    NEED(l->z, inflateInit2_);
    exchange_z(l->z, l->peer_z, "written here, read by the peer");
    exchange_z(l->peer_z, l->z, "written by the peer, read here");
}

static void exchange_zstd(const struct libzstd *from, const struct libzstd *to, const char *what)
{
    ZSTD_CCtx *c = from->ZSTD_createCCtx();
    ZSTD_DCtx *d = to->ZSTD_createDCtx();
    from->ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    for (int level = -5; level <= 19; level += 2)
        for (int kind = 0; kind < KINDS; kind++) {
            fill(kind, data, LEN);
            from->ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
            size_t len = from->ZSTD_compress2(c, coded, ROOM, data, LEN);
            if (from->ZSTD_isError(len))
                fail("%s: %s", what, from->ZSTD_getErrorName(len));
            size_t back = to->ZSTD_decompressDCtx(d, out, LEN + 1, coded, len);
            if (to->ZSTD_isError(back))
                fail("%s: %s", what, to->ZSTD_getErrorName(back));
            expect_same(what, out, back, data, LEN);
            count_case();
        }
    from->ZSTD_freeCCtx(c);
    to->ZSTD_freeDCtx(d);
}

static void check_zstd(const struct libraries *l)
{
    exchange_zstd(l->zstd, l->peer_zstd, "written here, read by the peer");
    exchange_zstd(l->peer_zstd, l->zstd, "written by the peer, read here");
}

const struct check peer_checks[] = {
    {"peer/deflate", 'Z', check_z},
    {"peer/zstd", 'S', check_zstd},
    {NULL, 0, NULL},
};
