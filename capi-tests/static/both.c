/* Uses both libraries in one program, zstd with threads: what static linking has to get right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zcompat.h>
#include <zlib.h>
#include <zstd.h>

#define SIZE ((size_t)8 << 20)

static void check(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "both: %s\n", what);
        exit(1);
    }
}

static void fill(unsigned char *data, size_t size) {
    unsigned long long state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        data[i] = (unsigned char)("zcompat libz libzstd\n"[(state >> 33) % 21]);
    }
}

static void with_zlib(const unsigned char *data, unsigned char *back) {
    uLong bound = compressBound(SIZE);
    unsigned char *packed = malloc(bound);
    check(packed != NULL, "no memory");
    uLongf packed_size = bound, back_size = SIZE;
    check(compress2(packed, &packed_size, data, SIZE, 6) == Z_OK, "compress2");
    check(packed_size < SIZE, "compress2 made nothing smaller");
    check(uncompress(back, &back_size, packed, packed_size) == Z_OK, "uncompress");
    check(back_size == SIZE && memcmp(back, data, SIZE) == 0, "zlib gave other data back");
    free(packed);
    check(crc32(0, (const Bytef *)"123456789", 9) == 0xcbf43926, "crc32");
    check(adler32(1, (const Bytef *)"123456789", 9) == 0x091e01de, "adler32");

    FILE *plain = tmpfile();
    check(plain != NULL, "tmpfile");
    gzFile file = gzdopen(fileno(plain), "w");
    check(file != NULL && gzprintf(file, "%s %d", "static", 42) == 9, "gzprintf");
    check(gzclose(file) == Z_OK, "gzclose");
}

static void with_zstd(const unsigned char *data, unsigned char *back) {
    size_t bound = ZSTD_compressBound(SIZE);
    unsigned char *packed = malloc(bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    check(packed != NULL && context != NULL, "no memory");
    size_t set = ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, 4);
    check(!ZSTD_isError(set), "zstd has no threads");
    set = ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, 1 << 20);
    check(!ZSTD_isError(set), "ZSTD_c_jobSize");
    size_t packed_size = ZSTD_compress2(context, packed, bound, data, SIZE);
    check(!ZSTD_isError(packed_size) && packed_size < SIZE, "ZSTD_compress2");
    size_t back_size = ZSTD_decompress(back, SIZE, packed, packed_size);
    check(back_size == SIZE && memcmp(back, data, SIZE) == 0, "zstd gave other data back");
    ZSTD_freeCCtx(context);
    free(packed);
}

int main(void) {
    unsigned char *data = malloc(SIZE), *back = malloc(SIZE);
    check(data != NULL && back != NULL, "no memory");
    fill(data, SIZE);
    with_zlib(data, back);
    memset(back, 0, SIZE);
    with_zstd(data, back);
    free(data);
    free(back);
    check(strcmp(zlibVersion(), ZLIB_VERSION) == 0, "zlibVersion");
    check(strcmp(ZSTD_versionString(), ZSTD_VERSION_STRING) == 0, "ZSTD_versionString");
    printf("zcompat %s, zlib %s, zstd %s\n", zcompat_version(), zlibVersion(),
           ZSTD_versionString());
    return 0;
}
