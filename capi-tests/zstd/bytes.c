/* Prints a hash of what a libzstd writes: every level, with a dictionary, with threads, streaming.
 * Usage: bytes LIBZSTD. Two libraries that print the same lines write the same bytes. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

#define LOAD(name) \
    __typeof__(name) *const p_##name = (__typeof__(name) *)dlsym(lib, #name); \
    if (!p_##name) { fprintf(stderr, "%s: no " #name "\n", argv[1]); return 2; }

enum { SIZE = 300 * 1000, SAMPLES = 2000, SAMPLE = 100 };

static unsigned char data[SIZE], out[2 * SIZE], back[SIZE], dict[8192];

static uint64_t fnv(const unsigned char *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Words in a skewed order, with a run of noise: matches, literals and stored blocks all occur. */
static void make_data(void)
{
    static const char *const words[] = {"frame ", "window ", "block ", "literal ", "sequence ",
                                        "offset ", "match ", "entropy ", "table\n", "0123 "};
    uint32_t seed = 1;
    size_t at = 0;
    while (at < SIZE) {
        seed = seed * 1664525u + 1013904223u;
        if ((seed >> 8) % 97 == 0) {
            for (int i = 0; i < 200 && at < SIZE; i++) {
                seed = seed * 1664525u + 1013904223u;
                data[at++] = (unsigned char)(seed >> 24);
            }
        }
        const char *word = words[((seed >> 16) % 10) * ((seed >> 24) % 10) / 10];
        for (; *word && at < SIZE; word++) data[at++] = (unsigned char)*word;
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!lib) { fprintf(stderr, "%s\n", dlerror()); return 2; }
    LOAD(ZSTD_compress) LOAD(ZSTD_decompress) LOAD(ZSTD_isError) LOAD(ZSTD_createCCtx)
    LOAD(ZSTD_freeCCtx) LOAD(ZSTD_CCtx_setParameter) LOAD(ZSTD_compress2) LOAD(ZSTD_minCLevel)
    LOAD(ZSTD_maxCLevel) LOAD(ZDICT_trainFromBuffer) LOAD(ZDICT_isError)
    LOAD(ZSTD_CCtx_loadDictionary) LOAD(ZSTD_compressStream2) LOAD(ZSTD_CCtx_reset)
    make_data();

    for (int level = -7; level <= p_ZSTD_maxCLevel(); level++) {
        size_t n = p_ZSTD_compress(out, sizeof out, data, SIZE, level);
        if (p_ZSTD_isError(n)) return 1;
        if (p_ZSTD_decompress(back, SIZE, out, n) != SIZE || memcmp(back, data, SIZE)) return 1;
        printf("level %d: %zu %016llx\n", level, n, (unsigned long long)fnv(out, n));
    }

    size_t sizes[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) sizes[i] = SAMPLE;
    size_t dict_size = p_ZDICT_trainFromBuffer(dict, sizeof dict, data, sizes, SAMPLES);
    if (p_ZDICT_isError(dict_size)) return 1;
    printf("dictionary: %zu %016llx\n", dict_size, (unsigned long long)fnv(dict, dict_size));

    ZSTD_CCtx *cctx = p_ZSTD_createCCtx();
    for (int threads = 0; threads <= 3; threads++) {
        for (int with_dict = 0; with_dict <= 1; with_dict++) {
            p_ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
            p_ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, 5);
            p_ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);
            if (p_ZSTD_isError(p_ZSTD_CCtx_setParameter(cctx, ZSTD_c_nbWorkers, threads))) return 1;
            if (with_dict) p_ZSTD_CCtx_loadDictionary(cctx, dict, dict_size);
            size_t n = p_ZSTD_compress2(cctx, out, sizeof out, data, SIZE);
            if (p_ZSTD_isError(n)) return 1;
            printf("threads %d dictionary %d: %zu %016llx\n", threads, with_dict, n,
                   (unsigned long long)fnv(out, n));
        }
    }

    p_ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
    ZSTD_outBuffer to = {out, sizeof out, 0};
    for (size_t at = 0; at < SIZE;) {
        size_t len = SIZE - at < 4099 ? SIZE - at : 4099;
        ZSTD_inBuffer from = {data + at, len, 0};
        at += len;
        ZSTD_EndDirective end = at == SIZE ? ZSTD_e_end : ZSTD_e_flush;
        size_t left;
        do {
            left = p_ZSTD_compressStream2(cctx, &to, &from, end);
            if (p_ZSTD_isError(left)) return 1;
        } while (left || from.pos < from.size);
    }
    printf("streaming: %zu %016llx\n", to.pos, (unsigned long long)fnv(out, to.pos));
    p_ZSTD_freeCCtx(cctx);
    return 0;
}
