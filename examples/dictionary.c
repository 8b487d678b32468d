/* zstd with a trained dictionary, and with worker threads.
 *
 * Many small messages of one kind: a dictionary trained on half of them makes the other half much
 * smaller. One large buffer: four workers give a frame that one thread decodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

enum { MESSAGES = 4000, ROOM = 256, DICTIONARY = 16384, LARGE = 12 << 20 };

static size_t must(const char *what, size_t result) {
    if (ZSTD_isError(result)) {
        fprintf(stderr, "dictionary: %s: %s\n", what, ZSTD_getErrorName(result));
        exit(1);
    }
    return result;
}

static void *need(const char *what, void *pointer) {
    if (!pointer) {
        fprintf(stderr, "dictionary: %s failed\n", what);
        exit(1);
    }
    return pointer;
}

static void same(const char *what, const void *a, size_t a_size, const void *b, size_t b_size) {
    if (a_size != b_size || memcmp(a, b, a_size) != 0) {
        fprintf(stderr, "dictionary: %s: the decoded bytes differ\n", what);
        exit(1);
    }
}

static unsigned int next(void) {
    static unsigned long long state = 88172645463325252ULL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned int)(state >> 32);
}

/* A log line as JSON; returns its length. */
static size_t message(char *at) {
    static const char *const paths[] = {"/index", "/login", "/cart/items", "/api/v2/orders",
                                        "/static/site.css"};
    static const char *const agents[] = {"curl/8", "Mozilla/5.0 (X11; Linux)", "git/2.45"};
    return (size_t)snprintf(
        at, ROOM,
        "{\"time\":\"2025-%02u-%02uT%02u:%02u:%02uZ\",\"path\":\"%s\",\"status\":%u,"
        "\"agent\":\"%s\",\"bytes\":%u,\"client\":\"10.%u.%u.%u\"}\n",
        next() % 12 + 1, next() % 28 + 1, next() % 24, next() % 60, next() % 60, paths[next() % 5],
        next() % 9 ? 200 : 404, agents[next() % 3], next() % 100000, next() % 256, next() % 256,
        next() % 256);
}

static void with_dictionary(void) {
    static char samples[MESSAGES * ROOM], dictionary[DICTIONARY];
    static size_t sizes[MESSAGES];
    size_t total = 0, plain = 0, small = 0, read = 0, half;

    for (size_t i = 0; i < MESSAGES; i++) total += sizes[i] = message(samples + total);
    for (size_t i = half = 0; i < MESSAGES / 2; i++) half += sizes[i];
    size_t size = ZDICT_trainFromBuffer(dictionary, DICTIONARY, samples, sizes, MESSAGES / 2);
    if (ZDICT_isError(size)) {
        fprintf(stderr, "dictionary: training: %s\n", ZDICT_getErrorName(size));
        exit(1);
    }

    ZSTD_CCtx *cctx = need("ZSTD_createCCtx", ZSTD_createCCtx());
    ZSTD_DCtx *dctx = need("ZSTD_createDCtx", ZSTD_createDCtx());
    ZSTD_CDict *cdict = need("ZSTD_createCDict", ZSTD_createCDict(dictionary, size, 5));
    ZSTD_DDict *ddict = need("ZSTD_createDDict", ZSTD_createDDict(dictionary, size));
    for (size_t i = MESSAGES / 2; i < MESSAGES; i++) {
        char packed[2 * ROOM], back[ROOM];
        const char *text = samples + half + read;
        plain += must("compress", ZSTD_compressCCtx(cctx, packed, sizeof packed, text, sizes[i], 5));
        size_t n = must("compress with the dictionary",
                        ZSTD_compress_usingCDict(cctx, packed, sizeof packed, text, sizes[i], cdict));
        if (ZSTD_getDictID_fromFrame(packed, n) != ZDICT_getDictID(dictionary, size)) {
            fprintf(stderr, "dictionary: the frame does not name the dictionary\n");
            exit(1);
        }
        size_t m = must("decompress with the dictionary",
                        ZSTD_decompress_usingDDict(dctx, back, sizeof back, packed, n, ddict));
        same("message", back, m, text, sizes[i]);
        small += n;
        read += sizes[i];
    }
    printf("dictionary of %zu bytes: %zu bytes of messages -> %zu without, %zu with it\n", size,
           read, plain, small);
    if (small >= plain / 2) {
        fprintf(stderr, "dictionary: it does not help\n");
        exit(1);
    }
    ZSTD_freeCDict(cdict);
    ZSTD_freeDDict(ddict);
    ZSTD_freeCCtx(cctx);
    ZSTD_freeDCtx(dctx);
}

static void with_threads(void) {
    char *text = need("malloc", malloc(LARGE + ROOM)), *back = need("malloc", malloc(LARGE));
    size_t bound = ZSTD_compressBound(LARGE);
    char *packed = need("malloc", malloc(bound));
    for (size_t at = 0; at < LARGE;) at += message(text + at);

    ZSTD_CCtx *cctx = need("ZSTD_createCCtx", ZSTD_createCCtx());
    must("level", ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, 5));
    must("checksum", ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1));
    must("nbWorkers", ZSTD_CCtx_setParameter(cctx, ZSTD_c_nbWorkers, 4));
    must("jobSize", ZSTD_CCtx_setParameter(cctx, ZSTD_c_jobSize, 1 << 20));
    /* In pieces, as a program that streams does: ZSTD_e_end until nothing is left inside. */
    ZSTD_inBuffer in = {text, 0, 0};
    ZSTD_outBuffer out = {packed, bound, 0};
    size_t left = 1;
    while (in.size < LARGE || left != 0) {
        if (in.size < LARGE) in.size += LARGE / 8;
        ZSTD_EndDirective op = in.size < LARGE ? ZSTD_e_continue : ZSTD_e_end;
        left = must("compress with workers", ZSTD_compressStream2(cctx, &out, &in, op));
    }
    size_t n = must("decompress", ZSTD_decompress(back, LARGE, packed, out.pos));
    same("large buffer", back, n, text, LARGE);
    printf("four workers: %d bytes -> %zu\n", LARGE, out.pos);
    ZSTD_freeCCtx(cctx);
    free(text);
    free(back);
    free(packed);
}

int main(void) {
    printf("zstd %s\n", ZSTD_versionString());
    with_dictionary();
    with_threads();
    return 0;
}
