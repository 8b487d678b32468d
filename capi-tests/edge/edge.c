/* Calls that a C program can make and should not: what does each answer?
 *
 * Usage: edge LIBZ [ours]. Prints a line a call. Stock zlib and ours must print the same lines;
 * with "ours" come the calls for which stock has no answer (it crashes), which must give a sane
 * code. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FUNCTIONS(X) \
    X(deflateInit_) X(deflateInit2_) X(deflate) X(deflateEnd) X(deflateReset) X(deflateResetKeep) \
    X(deflateSetDictionary) X(deflateGetDictionary) X(deflateCopy) X(deflateParams) \
    X(deflateTune) X(deflateBound) X(deflateBound_z) X(deflatePending) X(deflateUsed) \
    X(deflatePrime) X(deflateSetHeader) X(inflateInit_) X(inflateInit2_) X(inflate) X(inflateEnd) \
    X(inflateReset) X(inflateReset2) X(inflateResetKeep) X(inflateSetDictionary) \
    X(inflateGetDictionary) X(inflateGetHeader) X(inflateSync) X(inflateSyncPoint) \
    X(inflateCopy) X(inflatePrime) X(inflateMark) X(inflateCodesUsed) X(inflateUndermine) \
    X(inflateValidate) X(inflateBackInit_) X(inflateBack) X(inflateBackEnd) X(compress) \
    X(compress2) X(compress_z) X(compress2_z) X(compressBound) X(compressBound_z) X(uncompress) \
    X(uncompress2) X(uncompress_z) X(uncompress2_z) X(zlibVersion) X(zlibCompileFlags) X(zError)

#define DECLARE(name) static __typeof__(name) *p_##name;
FUNCTIONS(DECLARE)

#define SAY(...) (printf("%d: ", __LINE__), printf(__VA_ARGS__), putchar('\n'))
#define CALL(call) SAY("%s = %ld", #call, (long)(call))

static const char text[] = "hello, hello, hello! hello, hello, hello! hello, hello, hello!";
static unsigned char out[4096], back[4096], window[32768];

static void show(const char *what, const z_stream *s)
{
    SAY("%s: in %lu out %lu avail_in %u msg %s adler %lx data_type %d state %d", what, s->total_in,
        s->total_out, s->avail_in, s->msg ? s->msg : "-", s->adler, s->data_type, s->state != NULL);
}

static z_stream fresh(void)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    s.total_in = 11, s.total_out = 12, s.adler = 13, s.data_type = 14;
    return s;
}

static void deflater(z_stream *s, int bits)
{
    *s = fresh();
    if (p_deflateInit2_(s, 6, Z_DEFLATED, bits, 8, 0, ZLIB_VERSION, sizeof *s)) abort();
}

static unsigned give(void *desc, z_const unsigned char **next)
{
    (void)desc;
    *next = Z_NULL;
    return 0;
}

static int take(void *desc, unsigned char *data, unsigned len)
{
    (void)desc, (void)data, (void)len;
    return 0;
}

/* malloc that fails the n-th time. */
static int fail_at, allocs, live;
static void *failing_alloc(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    if (++allocs == fail_at) return NULL;
    live++;
    return malloc((size_t)items * size);
}
static void failing_free(void *opaque, void *address)
{
    (void)opaque;
    live--;
    free(address);
}

static void init_parameters(void)
{
    z_stream s = fresh();
    CALL(p_deflateInit_(&s, 6, NULL, sizeof s));
    CALL(p_deflateInit_(&s, 6, "2.0", sizeof s));
    CALL(p_deflateInit_(&s, 6, "", sizeof s));
    CALL(p_deflateInit_(&s, 6, "1", (int)sizeof s - 1));
    CALL(p_deflateInit_(NULL, 6, "1", sizeof s));
    CALL(p_deflateInit_(NULL, 6, NULL, sizeof s));
    CALL(p_inflateInit_(&s, NULL, sizeof s));
    CALL(p_inflateInit_(&s, "0", sizeof s));
    CALL(p_inflateInit_(&s, "1", 0));
    CALL(p_inflateInit_(NULL, "1", sizeof s));
    CALL(p_inflateBackInit_(&s, 15, window, NULL, sizeof s));
    CALL(p_inflateBackInit_(&s, 15, window, "1", 1));
    CALL(p_inflateBackInit_(NULL, 15, window, "1", sizeof s));
    CALL(p_inflateBackInit_(&s, 15, NULL, "1", sizeof s));
    for (int bits = -20; bits <= 70; bits++) {
        s = fresh();
        int code = p_deflateInit2_(&s, 6, Z_DEFLATED, bits, 8, 0, "1", sizeof s);
        SAY("deflateInit2 bits %d = %d", bits, code);
        show("deflateInit2", &s);
        if (code == Z_OK) p_deflateEnd(&s);
        s = fresh();
        code = p_inflateInit2_(&s, bits, "1", sizeof s);
        SAY("inflateInit2 bits %d = %d", bits, code);
        show("inflateInit2", &s);
        if (code == Z_OK) {
            for (int to = -20; to <= 70; to += 3)
                SAY("inflateReset2 %d = %d", to, p_inflateReset2(&s, to));
            p_inflateEnd(&s);
        }
        s = fresh();
        code = p_inflateBackInit_(&s, bits, window, "1", sizeof s);
        SAY("inflateBackInit bits %d = %d", bits, code);
        if (code == Z_OK) p_inflateBackEnd(&s);
    }
    static const int odd[] = {INT_MIN, -100, -2, -1, 0, 1, 2, 4, 5, 8, 9, 10, 16, 100, INT_MAX};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (int which = 0; which < 5; which++) {
            int p[5] = {6, Z_DEFLATED, 15, 8, 0};
            p[which] = odd[i];
            s = fresh();
            int code = p_deflateInit2_(&s, p[0], p[1], p[2], p[3], p[4], "1", sizeof s);
            SAY("deflateInit2 parameter %d %d = %d", which, odd[i], code);
            if (code == Z_OK) {
                for (size_t j = 0; j < sizeof odd / sizeof *odd; j++) {
                    SAY("deflateParams level %d = %d", odd[j], p_deflateParams(&s, odd[j], 0));
                    SAY("deflateParams strategy %d = %d", odd[j], p_deflateParams(&s, 6, odd[j]));
                    SAY("deflateTune %d = %d", odd[j],
                        p_deflateTune(&s, odd[j], odd[j], odd[j], odd[j]));
                }
                p_deflateEnd(&s);
            }
        }
    }
}

/* Every function on a stream that is not one. */
static void not_a_stream(z_stream *s, int back)
{
    gz_header head;
    memset(&head, 0, sizeof head);
    unsigned pending = 0;
    int bits = 0;
    uInt len = 0;
    z_stream other = fresh();
    CALL(p_deflate(s, Z_NO_FLUSH));
    CALL(p_deflateEnd(s));
    CALL(p_deflateReset(s));
    CALL(p_deflateResetKeep(s));
    CALL(p_deflateSetDictionary(s, (const Bytef *)text, 10));
    CALL(p_deflateGetDictionary(s, window, &len));
    CALL(p_deflateCopy(&other, s));
    CALL(p_deflateParams(s, 1, 0));
    CALL(p_deflateTune(s, 1, 1, 1, 1));
    CALL(p_deflateBound(s, 1000));
    CALL(p_deflateBound_z(s, 100000));
    CALL(p_deflatePending(s, &pending, &bits));
    CALL(p_deflateUsed(s, &bits));
    CALL(p_deflatePrime(s, 1, 1));
    CALL(p_deflateSetHeader(s, &head));
    CALL(p_inflate(s, Z_NO_FLUSH));
    CALL(p_inflateEnd(s));
    CALL(p_inflateReset(s));
    CALL(p_inflateReset2(s, 15));
    CALL(p_inflateResetKeep(s));
    CALL(p_inflateSetDictionary(s, (const Bytef *)text, 10));
    CALL(p_inflateGetDictionary(s, window, &len));
    CALL(p_inflateGetHeader(s, &head));
    CALL(p_inflateSync(s));
    CALL(p_inflateSyncPoint(s));
    CALL(p_inflateCopy(&other, s));
    CALL(p_inflatePrime(s, 1, 1));
    CALL(p_inflateMark(s));
    CALL(p_inflateCodesUsed(s));
    CALL(p_inflateUndermine(s, 1));
    CALL(p_inflateValidate(s, 1));
    if (back) {
        CALL(p_inflateBack(s, give, NULL, take, NULL));
        CALL(p_inflateBackEnd(s));
    }
}

static void wrong_streams(void)
{
    not_a_stream(NULL, 1);
    z_stream s = fresh();
    not_a_stream(&s, 1); /* never initialised, but zeroed */

    deflater(&s, 15);
    z_stream moved = s;
    not_a_stream(&moved, 0);
    CALL(p_deflateEnd(&s));
    not_a_stream(&s, 1); /* ended */

    s = fresh();
    p_inflateInit_(&s, "1", sizeof s);
    moved = s;
    not_a_stream(&moved, 0);
    alloc_func zalloc = s.zalloc;
    s.zalloc = NULL;
    CALL(p_inflate(&s, 0));
    s.zalloc = zalloc;
    CALL(p_inflateEnd(&s));
    not_a_stream(&s, 1);
}

/* A deflate call on an inflate stream and the reverse. */
static void wrong_kind(void)
{
    z_stream d, i = fresh(), other = fresh();
    deflater(&d, 15);
    unsigned pending;
    int bits;
    uInt len;
    p_inflateInit_(&i, "1", sizeof i);
    CALL(p_deflate(&i, Z_FINISH));
    CALL(p_deflateEnd(&i));
    CALL(p_deflateReset(&i));
    CALL(p_deflateParams(&i, 1, 0));
    CALL(p_deflatePending(&i, &pending, &bits));
    CALL(p_deflatePrime(&i, 1, 1));
    CALL(p_deflateCopy(&other, &i));
    CALL(p_deflateSetDictionary(&i, (const Bytef *)text, 5));
    CALL(p_inflate(&d, Z_NO_FLUSH));
    CALL(p_inflateEnd(&d));
    CALL(p_inflateReset(&d));
    CALL(p_inflateSync(&d));
    CALL(p_inflateCopy(&other, &d));
    CALL(p_inflateSetDictionary(&d, (const Bytef *)text, 5));
    CALL(p_inflateGetDictionary(&d, window, &len));
    CALL(p_inflateEnd(&i));
    CALL(p_deflateEnd(&d));
}

static void buffers(void)
{
    z_stream s;
    deflater(&s, 15);
    for (int flush = -2; flush <= 9; flush++) {
        p_deflateReset(&s);
        s.next_in = (z_const Bytef *)text, s.avail_in = sizeof text;
        s.next_out = out, s.avail_out = sizeof out;
        SAY("deflate flush %d = %d", flush, p_deflate(&s, flush));
        show("deflate", &s);
    }
    p_deflateReset(&s);
    s.next_in = NULL, s.avail_in = 5, s.next_out = out, s.avail_out = sizeof out;
    CALL(p_deflate(&s, Z_FINISH));
    show("null input", &s);
    s.avail_in = 0, s.next_out = NULL;
    CALL(p_deflate(&s, Z_FINISH));
    s.next_out = out, s.avail_out = 0;
    CALL(p_deflate(&s, Z_FINISH));
    show("no room", &s);
    s.avail_out = sizeof out;
    CALL(p_deflate(&s, Z_NO_FLUSH));
    CALL(p_deflate(&s, Z_NO_FLUSH));
    CALL(p_deflate(&s, Z_SYNC_FLUSH));
    CALL(p_deflate(&s, Z_SYNC_FLUSH));
    CALL(p_deflate(&s, Z_PARTIAL_FLUSH));
    CALL(p_deflate(&s, Z_FULL_FLUSH));
    CALL(p_deflate(&s, Z_FINISH));
    CALL(p_deflate(&s, Z_FINISH));
    CALL(p_deflate(&s, Z_NO_FLUSH));
    s.next_in = (z_const Bytef *)text, s.avail_in = 1;
    CALL(p_deflate(&s, Z_FINISH));
    show("after the end", &s);
    CALL(p_deflateParams(&s, 6, 0));
    CALL(p_deflateSetDictionary(&s, (const Bytef *)text, 5));
    CALL(p_deflateSetDictionary(&s, NULL, 5));
    for (int bits = -3; bits <= 20; bits++) {
        p_deflateReset(&s);
        SAY("prime %d = %d", bits, p_deflatePrime(&s, bits, 1));
    }
    CALL(p_deflateEnd(&s));

    deflater(&s, 15);
    s.next_in = (z_const Bytef *)text, s.avail_in = sizeof text;
    s.next_out = out, s.avail_out = sizeof out;
    CALL(p_deflate(&s, Z_NO_FLUSH));
    CALL(p_deflateEnd(&s)); /* data is lost: Z_DATA_ERROR */

    s = fresh();
    p_inflateInit_(&s, "1", sizeof s);
    CALL(p_inflate(&s, Z_NO_FLUSH)); /* next_out is NULL */
    s.next_out = back, s.avail_out = sizeof back;
    CALL(p_inflate(&s, Z_NO_FLUSH)); /* no input */
    show("no input", &s);
    s.next_in = NULL, s.avail_in = 3;
    CALL(p_inflate(&s, Z_NO_FLUSH));
    s.next_in = (z_const Bytef *)text, s.avail_in = sizeof text;
    CALL(p_inflate(&s, Z_NO_FLUSH));
    show("not a zlib stream", &s);
    CALL(p_inflate(&s, Z_NO_FLUSH));
    CALL(p_inflateSync(&s));
    CALL(p_inflate(&s, Z_NO_FLUSH));
    CALL(p_inflateReset(&s));
    for (int bits = -3; bits <= 34; bits++) SAY("prime %d = %d", bits, p_inflatePrime(&s, bits, 1));
    CALL(p_inflateEnd(&s));
}

static void round_trip(void)
{
    static const int formats[] = {-15, 15, 31};
    for (int f = 0; f < 3; f++) {
        z_stream s;
    deflater(&s, formats[f]);
        if (formats[f] < 16) CALL(p_deflateSetDictionary(&s, (const Bytef *)"hello", 5));
        show("dictionary", &s);
        s.next_in = (z_const Bytef *)text, s.avail_in = sizeof text;
        s.next_out = out, s.avail_out = sizeof out;
        CALL(p_deflate(&s, Z_FINISH));
        SAY("adler %lx in %lu avail_in %u", s.adler, s.total_in, s.avail_in);
        size_t len = s.total_out;
        CALL(p_deflateEnd(&s));

        for (int flush = -1; flush <= 8; flush++) {
            z_stream d = fresh();
            p_inflateInit2_(&d, formats[f], "1", sizeof d);
            if (formats[f] < 0) CALL(p_inflateSetDictionary(&d, (const Bytef *)"hello", 5));
            d.next_in = out, d.avail_in = (uInt)len;
            d.next_out = back, d.avail_out = sizeof back;
            int code = p_inflate(&d, flush);
            SAY("inflate flush %d = %d", flush, code);
            if (code == Z_NEED_DICT) {
                SAY("dictionary id %lx, in %lu", d.adler, d.total_in);
                CALL(p_inflateSetDictionary(&d, (const Bytef *)"wrong", 5));
                CALL(p_inflateSetDictionary(&d, (const Bytef *)"hello", 5));
                CALL(p_inflateSetDictionary(&d, (const Bytef *)"hello", 5));
            }
            for (int i = 0; i < 6 && code != Z_STREAM_END; i++) code = p_inflate(&d, flush);
            SAY("inflate = %d, out %lu, same %d, adler %lx, data_type %d", code, d.total_out,
                memcmp(back, text, sizeof text) == 0, d.adler, d.data_type);
            CALL(p_inflate(&d, flush));
            CALL(p_inflateEnd(&d));
        }
    }
}

/* A gzip file around a raw stream whose header and trailer are put in by deflatePrime, in pieces that
 * are whole bytes and such that are not. */
static void gzip_by_primes(void)
{
    static const struct {
        int bits, value;
    } header[] = {{16, 0x8b1f}, {8, 8}, {3, 0}, {5, 0}, {16, 0}, {16, 0}, {8, 0}, {8, 255}};
    for (int level = 0; level <= 9; level++) {
        z_stream s = fresh(), d = fresh();
        p_deflateInit2_(&s, level, Z_DEFLATED, -15, 8, 0, "1", sizeof s);
        for (size_t i = 0; i < sizeof header / sizeof *header; i++)
            SAY("prime %zu = %d", i, p_deflatePrime(&s, header[i].bits, header[i].value));
        s.next_in = (z_const Bytef *)text, s.avail_in = sizeof text;
        s.next_out = out, s.avail_out = sizeof out;
        CALL(p_deflate(&s, Z_FINISH));
        unsigned long crc = 0xffffffff, len = sizeof text;
        for (size_t i = 0; i < sizeof text; i++) {
            crc ^= (unsigned char)text[i];
            for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        crc ^= 0xffffffff;
        CALL(p_deflatePrime(&s, 16, crc & 0xffff));
        CALL(p_deflatePrime(&s, 16, crc >> 16));
        CALL(p_deflatePrime(&s, 16, len & 0xffff));
        CALL(p_deflatePrime(&s, 16, 0));
        CALL(p_deflate(&s, Z_FINISH)); /* hands out the trailer */
        size_t made = s.total_out;
        for (size_t i = 0; i < made; i++) printf("%02x", out[i]);
        SAY(" %zu bytes", made);
        CALL(p_deflateEnd(&s));
        p_inflateInit2_(&d, 47, "1", sizeof d);
        memset(back, 0, sizeof back);
        d.next_in = out, d.avail_in = (uInt)made, d.next_out = back, d.avail_out = sizeof back;
        int code = p_inflate(&d, Z_FINISH);
        SAY("inflate = %d, same %d", code, memcmp(back, text, sizeof text) == 0);
        if (code != Z_STREAM_END) abort();
        CALL(p_inflateEnd(&d));
    }
}

/* deflateResetKeep leaves how long the match before was, and deflateParams goes on to greedy parsing
 * without a flush. zlib looks for longer matches only then, also where fewer bytes are left than that:
 * it compares the zeros behind its input. */
static void kept_search(void)
{
    static unsigned char data[400];
    for (unsigned run = 3; run < 12; run++) {
        for (unsigned last = 257; last < 274; last++) {
            z_stream s = fresh();
            for (unsigned i = 0; i < sizeof data; i++)
                data[i] = i < run || i >= run + 27 ? 0 : (unsigned char)(i * i + 7);
            p_deflateInit2_(&s, 8, Z_DEFLATED, -15, 8, Z_FILTERED, "1", sizeof s);
            s.next_in = data, s.avail_in = run + 27 + last, s.next_out = out, s.avail_out = sizeof out;
            p_deflate(&s, Z_NO_FLUSH);
            p_deflateResetKeep(&s);
            p_deflateParams(&s, 3, Z_DEFAULT_STRATEGY);
            p_deflate(&s, Z_FINISH);
            for (uLong i = 0; i < s.total_out; i++) printf("%02x", out[i]);
            SAY(" %lu bytes, %u and %u", s.total_out, run, last);
            CALL(p_deflateEnd(&s));
        }
    }
}

static void one_shot(void)
{
    uLong len = sizeof out, used;
    z_size_t zlen, zused;
    CALL(p_compressBound(0));
    CALL(p_compressBound(1000000));
    CALL(p_compressBound_z((z_size_t)-1));
    CALL(p_compressBound_z((z_size_t)-100));
    CALL(p_deflateBound_z(NULL, (z_size_t)-1));
    CALL(p_compress2(out, &len, (const Bytef *)text, sizeof text, 10));
    len = sizeof out;
    CALL(p_compress2(out, &len, (const Bytef *)text, sizeof text, -2));
    len = sizeof out;
    CALL(p_compress2(out, &len, NULL, 5, 6));
    len = 3;
    CALL(p_compress(out, &len, (const Bytef *)text, sizeof text));
    SAY("len %lu", len);
    len = 0;
    CALL(p_compress(NULL, &len, (const Bytef *)text, sizeof text));
    len = 5;
    CALL(p_compress(NULL, &len, (const Bytef *)text, sizeof text));
    CALL(p_compress_z(out, NULL, (const Bytef *)text, sizeof text));
    CALL(p_uncompress_z(back, NULL, out, 5));
    CALL(p_uncompress2_z(back, &zlen, out, NULL));
    len = sizeof out;
    CALL(p_compress(out, &len, (const Bytef *)text, sizeof text));
    uLong full = len;
    for (uLong cut = 0; cut <= full + 1; cut++) {
        len = sizeof back;
        used = cut < full ? cut : full;
        int code = p_uncompress2(back, &len, out, &used);
        if (cut < 2 || cut + 2 > full) SAY("uncompress cut %d: %d", cut < full, code);
        else if (code != Z_DATA_ERROR) SAY("uncompress of a part = %d", code);
        if (cut >= full) SAY("len %lu all used %d", len, used == full);
    }
    for (uLong room = 0; room < 4; room++) {
        len = room, used = full;
        CALL(p_uncompress2(back, &len, out, &used));
        SAY("len %lu", len);
    }
    len = 0, used = full;
    CALL(p_uncompress2(NULL, &len, out, &used));
    zlen = 4, zused = full;
    CALL(p_uncompress2_z(NULL, &zlen, out, &zused));
    zlen = sizeof back, zused = 5;
    CALL(p_uncompress2_z(back, &zlen, NULL, &zused));
    out[full - 1] ^= 1;
    len = sizeof back;
    CALL(p_uncompress(back, &len, out, full));
    SAY("len %lu", len);
}

static void allocation_failures(void)
{
    for (fail_at = 1; fail_at < 8; fail_at++) {
        z_stream s = fresh();
        s.zalloc = failing_alloc, s.zfree = failing_free;
        allocs = live = 0;
        int code = p_deflateInit_(&s, 6, "1", sizeof s);
        if (code == Z_OK) code = p_deflateEnd(&s);
        /* How many allocations there are is the library's own affair. */
        if (code != Z_MEM_ERROR && code != Z_OK) SAY("deflateInit = %d", code);
        if (live) SAY("%d blocks leaked", live);
        if (fail_at == 1) SAY("first = %d state %d", code, s.state != NULL);
    }
}

static void only_ours(void)
{
    z_stream s = fresh();
    p_inflateInit2_(&s, 31, "1", sizeof s);
    CALL(p_inflateGetHeader(&s, NULL));
    s.next_in = NULL, s.avail_in = 9;
    CALL(p_inflateSync(&s));
    CALL(p_inflateCopy(&s, &s));
    CALL(p_inflateBack(&s, give, NULL, take, NULL));
    CALL(p_inflateBackEnd(&s));
    CALL(p_inflateEnd(&s));
    p_inflateBackInit_(&s, 15, window, "1", sizeof s);
    CALL(p_inflateBack(&s, NULL, NULL, take, NULL));
    CALL(p_inflateBack(&s, give, NULL, NULL, NULL));
    CALL(p_inflate(&s, 0));
    CALL(p_inflateEnd(&s));
    CALL(p_deflateEnd(&s));
    CALL(p_inflateBackEnd(&s));
    deflater(&s, 15);
    CALL(p_inflateBack(&s, give, NULL, take, NULL));
    CALL(p_deflateCopy(&s, &s));
    CALL(p_deflateEnd(&s));
    s = fresh();
    p_inflateInit2_(&s, -15, "1", sizeof s);
    CALL(p_inflateSetDictionary(&s, NULL, 5));
    CALL(p_inflateEnd(&s));
    CALL(p_compress2(out, NULL, (const Bytef *)text, 5, 6));
    CALL(p_uncompress(back, NULL, out, 5));
    uLong len = 5;
    CALL(p_uncompress2(back, &len, out, NULL));
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!lib) { fprintf(stderr, "%s\n", dlerror()); return 2; }
#define LOAD(name) \
    p_##name = (__typeof__(name) *)dlsym(lib, #name); \
    if (!p_##name) { fprintf(stderr, "no " #name "\n"); return 2; }
    FUNCTIONS(LOAD)
    if (argc > 2) {
        only_ours();
        return 0;
    }
    SAY("%s %lx", p_zlibVersion(), p_zlibCompileFlags());
    for (int code = -8; code <= 4; code++) SAY("zError %d: %s", code, p_zError(code));
    init_parameters();
    wrong_streams();
    wrong_kind();
    buffers();
    round_trip();
    gzip_by_primes();
    kept_search();
    one_shot();
    allocation_failures();
    return 0;
}
