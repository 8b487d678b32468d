/* The execution suite: does a libz and a libzstd compute the right bytes?
 *
 * It is compiled at -O0 for plain x86-64, so that what it compares with does not depend on the
 * target-cpu in question. A check calls the library through a table of functions, which is filled
 * either by the linker (-DSUITE_LINKED) or by dlopen. main.c describes what is printed. */
#ifndef SUITE_H
#define SUITE_H

#include <stddef.h>
#include <stdint.h>

#define ZLIB_CONST
#include <zlib.h>

#define ZSTD_STATIC_LINKING_ONLY
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd.h>

#define LIBZ_FUNCTIONS(X) \
    X(zlibVersion) X(crc32) X(crc32_z) X(crc32_combine) X(crc32_combine_gen) X(crc32_combine_op) \
    X(adler32) X(adler32_z) X(adler32_combine) X(get_crc_table) \
    X(deflateInit2_) X(deflate) X(deflateEnd) X(deflateReset) X(deflateBound) X(deflateParams) \
    X(deflateSetDictionary) X(deflateCopy) X(deflatePrime) \
    X(inflateInit2_) X(inflate) X(inflateEnd) X(inflateReset) X(inflateSetDictionary) \
    X(inflateCopy) X(inflateSync) X(inflatePrime) \
    X(inflateBackInit_) X(inflateBack) X(inflateBackEnd) \
    X(compress2) X(compressBound) X(uncompress2) \
    X(gzopen) X(gzread) X(gzwrite) X(gzseek) X(gzputs) X(gzgets) X(gzeof) X(gzclose)

#define LIBZSTD_FUNCTIONS(X) \
    X(ZSTD_versionString) X(ZSTD_isError) X(ZSTD_getErrorName) X(ZSTD_getErrorCode) \
    X(ZSTD_compressBound) \
    X(ZSTD_createCCtx) X(ZSTD_freeCCtx) X(ZSTD_CCtx_setParameter) X(ZSTD_CCtx_reset) \
    X(ZSTD_CCtx_loadDictionary) X(ZSTD_compress2) X(ZSTD_compressStream2) X(ZSTD_compressCCtx) \
    X(ZSTD_createDCtx) X(ZSTD_freeDCtx) X(ZSTD_decompressDCtx) X(ZSTD_decompressStream) \
    X(ZSTD_DCtx_reset) X(ZSTD_DCtx_loadDictionary) X(ZSTD_getFrameContentSize) \
    X(ZSTD_createCDict) X(ZSTD_freeCDict) X(ZSTD_compress_usingCDict) \
    X(ZSTD_createDDict) X(ZSTD_freeDDict) X(ZSTD_decompress_usingDDict) \
    X(ZDICT_trainFromBuffer) X(ZDICT_isError)

#define MEMBER(name) __typeof__(name) *name;
struct libz {
    LIBZ_FUNCTIONS(MEMBER)
    /* Only ours has it: the tier that the checksums use in this process. */
    const char *(*zcompat_cpu_tier)(void);
    const char *path;
};
struct libzstd {
    LIBZSTD_FUNCTIONS(MEMBER)
    const char *path;
};
#undef MEMBER

/* The libraries under test and the ones to exchange data with; a member is NULL where a library,
 * or a function of it, is not there. */
struct libraries {
    struct libz *z, *peer_z;
    struct libzstd *zstd, *peer_zstd;
};

/* api.c. On failure the reason is printed and NULL returned. */
struct libz *libz_open(const char *path);
struct libzstd *libzstd_open(const char *path);
#ifdef SUITE_LINKED
struct libz *libz_linked(void);
struct libzstd *libzstd_linked(void);
#endif

/* A check returns when it has passed; the others end it at once. */
struct check {
    const char *name;
    /* 'z', 's' (zstd), 'Z' and 'S': the same with the peer. */
    char library;
    void (*run)(const struct libraries *);
};
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define NEED(lib, function) \
    do { \
        if (!(lib)->function) \
            skip("the library has no " #function); \
    } while (0)
/* Adds output that must be the same on every CPU to the running check's hash. */
void hash_output(const void *bytes, size_t len);
/* The same for a code, whatever the byte order. */
void hash_code(int code);
/* The same for output that is one of two: zstd's decoders with BMI2 and those without do not always
 * make the same of damaged data. */
void hash_of_either(const void *bytes, size_t len);
void hash_code_of_either(int code);
/* Counts what a check has compared, for the report. */
void count_case(void);

extern const struct check checksum_checks[], deflate_checks[], inflate_checks[], gz_checks[],
    zstd_checks[], peer_checks[];

/* data.c: the same bytes in every run. */
#define KINDS 7
const char *kind_name(int kind);
void fill(int kind, uint8_t *out, size_t len);
uint32_t draw(uint32_t *state);
/* Fails unless the two are equal, and names the first byte that differs. */
void expect_same(const char *what, const uint8_t *got, size_t got_len, const uint8_t *want,
                 size_t want_len);
void *must_alloc(size_t len);

/* reference.c: bit by bit, from the specifications. */
uint32_t ref_crc32(uint32_t crc, const uint8_t *data, size_t len);
uint32_t ref_adler32(uint32_t adler, const uint8_t *data, size_t len);
uint32_t ref_crc32_combine(uint32_t crc1, uint32_t crc2, uint64_t len2);
uint32_t ref_adler32_combine(uint32_t adler1, uint32_t adler2, uint64_t len2);
uint64_t ref_xxh64(const uint8_t *data, size_t len);
/* Raw deflate data (RFC 1951); `dict` is what comes before the output. Returns the number of bytes
 * written to out, or -1 where the data is bad or does not fit; `used` gets the bytes taken. */
long ref_inflate(const uint8_t *in, size_t in_len, size_t *used, const uint8_t *dict,
                 size_t dict_len, uint8_t *out, size_t out_len);

/* deflate.c, for the peer checks. */
struct coding {
    int level, strategy, window_bits, mem_level;
};
#define IN_ONE_PIECE ((size_t)1 << 30)
size_t z_encode(const struct libz *z, struct coding coding, int flush, size_t in_piece,
                size_t out_piece, const uint8_t *data, size_t len, uint8_t *out, size_t room);
size_t z_decode(const struct libz *z, int window_bits, size_t in_piece, size_t out_piece,
                const uint8_t *data, size_t len, uint8_t *out, size_t room);

#endif
