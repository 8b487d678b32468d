/* What libz takes of memory, as a C program sees it: through zalloc, from malloc behind its back,
 * and of the stack. Linked with libz.so.1; LD_LIBRARY_PATH says which.
 *
 *   memory requests   what each deflateInit2 and deflateCopy asks zalloc for, a line each
 *   memory bytes      hashes of streams, with all that malloc has, and where it gives nothing large
 *   memory kept       what is left in the process after streams that were dropped, and after threads
 *   memory leaks      the same, with a leak of 2 MiB such as a library might have
 *   memory stack      the most that each function takes of the stack
 *   memory tier       the tier of CPU instructions in use; nothing where a library has none */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

__attribute__((weak)) const char *zcompat_cpu_tier(void);

#define MUST(call) \
    do { \
        long code_ = (long)(call); \
        if (code_ != 0 && code_ != 1) { \
            fprintf(stderr, "line %d: %s = %ld\n", __LINE__, #call, code_); \
            exit(3); \
        } \
    } while (0)

/* malloc, counted. glibc has these names for those who put their own in its place. */
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void __libc_free(void *);
static atomic_long live, calls, refused;
static atomic_int stingy;
enum { LARGE = 100000 };

static void *counted(void *p)
{
    if (p) live += malloc_usable_size(p);
    calls++;
    return p;
}
static int refuses(size_t size)
{
    if (!stingy || size < LARGE) return 0;
    refused++;
    return 1;
}
void *malloc(size_t size) { return refuses(size) ? NULL : counted(__libc_malloc(size)); }
void *calloc(size_t n, size_t size)
{
    return refuses(n * size) ? NULL : counted(__libc_calloc(n, size));
}
void free(void *p)
{
    if (p) live -= malloc_usable_size(p);
    __libc_free(p);
}
void *realloc(void *p, size_t size)
{
    if (refuses(size)) return NULL;
    if (p) live -= malloc_usable_size(p);
    return counted(__libc_realloc(p, size));
}

/* An arena: what zalloc gives out of it is gone when it is. */
struct arena {
    unsigned char *memory;
    size_t used, requests[16];
    int count;
};
enum { ARENA = 1 << 20 };
static void *from_arena(void *opaque, unsigned items, unsigned size)
{
    struct arena *arena = opaque;
    size_t bytes = (size_t)items * size;
    if (arena->used + bytes > ARENA || arena->count == 16) return NULL;
    void *p = arena->memory + arena->used;
    memset(p, 0xa5, bytes);
    arena->used += (bytes + 63) / 64 * 64;
    arena->requests[arena->count++] = bytes;
    return p;
}
static void to_arena(void *opaque, void *p) { (void)opaque, (void)p; }
static struct arena new_arena(void)
{
    void *memory = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) exit(3);
    return (struct arena){.memory = memory};
}
static z_stream in_arena(struct arena *arena)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    s.zalloc = from_arena, s.zfree = to_arena, s.opaque = arena;
    return s;
}

enum { LEN = 600000 };
static unsigned char data[LEN], room[LEN * 2], back[LEN];

/* Words, numbers and noise. */
static void fill(void)
{
    uint32_t state = 1;
    size_t at = 0;
    while (at < LEN) {
        state = state * 1664525 + 1013904223;
        size_t len = 3 + (state >> 28);
        uint32_t word = (state >> 16 & 255) * 2654435761u;
        int noise = at / 50000 % 5 == 4;
        for (size_t i = 0; i < len && at < LEN; i++) {
            word = word * 69069 + 1 + (noise ? state : 0);
            data[at++] = noise ? word >> 24 : 'a' + (word >> 24) % 26;
        }
        if (at < LEN) data[at++] = ' ';
    }
}

static unsigned long long hash_of(const unsigned char *p, size_t len)
{
    unsigned long long hash = 0xcbf29ce484222325;
    while (len--) hash = (hash ^ *p++) * 0x100000001b3;
    return hash;
}

static void requests(void)
{
    for (int wrap = 0; wrap < 3; wrap++)
        for (int bits = 8; bits <= 15; bits++)
            for (int mem = 1; mem <= 9; mem++) {
                int window = wrap == 0 ? bits : wrap == 1 ? bits + 16 : -bits;
                struct arena first = new_arena(), second = new_arena();
                z_stream s = in_arena(&first), copy;
                int code = deflateInit2(&s, 6, Z_DEFLATED, window, mem, 0);
                printf("%d %d %d:", window, mem, code);
                for (int i = 0; i < first.count; i++) printf(" %zu", first.requests[i]);
                if (code == Z_OK) {
                    s.opaque = &second;
                    MUST(deflateCopy(&copy, &s));
                    for (int i = 0; i < second.count; i++) printf(" %zu", second.requests[i]);
                    MUST(deflateEnd(&copy));
                    MUST(deflateEnd(&s));
                }
                printf("\n");
                munmap(first.memory, ARENA);
                munmap(second.memory, ARENA);
            }
}

static size_t whole(z_stream *s, const unsigned char *from, size_t len)
{
    s->next_in = (z_const Bytef *)from, s->avail_in = len;
    s->next_out = room, s->avail_out = sizeof room;
    if (deflate(s, Z_FINISH) != Z_STREAM_END) exit(3);
    return sizeof room - s->avail_out;
}

/* Streams at all levels, and small jobs, from an arena: what malloc is asked for besides, and the
 * bytes. */
static void streams(const char *how)
{
    for (int level = 0; level <= 9; level++)
        for (int strategy = 0; strategy <= 4; strategy++) {
            struct arena arena = new_arena();
            z_stream s = in_arena(&arena);
            MUST(deflateInit2(&s, level, Z_DEFLATED, 15, 8, strategy));
            size_t len = whole(&s, data, LEN);
            printf("%d %d: %zu %016llx\n", level, strategy, len, hash_of(room, len));
            MUST(deflateEnd(&s));
            munmap(arena.memory, ARENA);
        }
    long asked = calls;
    for (int level = 0; level <= 9; level++) {
        struct arena arena = new_arena();
        z_stream s = in_arena(&arena);
        MUST(deflateInit2(&s, level, Z_DEFLATED, -15, 8, 0));
        unsigned long long hash = 0;
        for (int n = 0; n < 200; n++) {
            /* After a dictionary of 1 KiB, after a reset of a used stream. */
            const unsigned char *from = data + n * 977;
            if (n % 2) MUST(deflateSetDictionary(&s, from, 1024));
            size_t len = whole(&s, from + 500 + n % 7, n % 10 ? 50 + n : 3000);
            hash = hash * 31 + hash_of(room, len);
            MUST(deflateReset(&s));
            if (n % 50 == 49) {
                whole(&s, data, 6000);
                MUST(deflateReset(&s));
            }
        }
        printf("small jobs, level %d: %016llx\n", level, hash);
        MUST(deflateEnd(&s));
        munmap(arena.memory, ARENA);
    }
    fprintf(stderr, "%s: refused %ld, small jobs %ld\n", how, refused, calls - asked);
}

static void *stream_in_a_thread(void *of)
{
    static pthread_barrier_t *all;
    all = of;
    unsigned char *out = mmap(NULL, LEN * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                              -1, 0);
    for (int level = 4; level <= 9; level++) {
        struct arena arena = new_arena();
        z_stream s = in_arena(&arena);
        MUST(deflateInit2(&s, level, Z_DEFLATED, 15, 9, 0));
        pthread_barrier_wait(all);
        s.next_in = data, s.avail_in = LEN, s.next_out = out, s.avail_out = LEN * 2;
        MUST(deflate(&s, Z_FINISH));
        munmap(arena.memory, ARENA);
    }
    munmap(out, LEN * 2);
    return NULL;
}

static void kept(int leak)
{
    enum { THREADS = 8 };
    setvbuf(stdout, NULL, _IONBF, 0);
    long before = live, first = 0;
    for (int n = 0; n < 60; n++) {
        struct arena arena = new_arena();
        z_stream s = in_arena(&arena);
        MUST(deflateInit2(&s, 1 + n % 9, Z_DEFLATED, 31, 9, 0));
        s.next_in = data, s.avail_in = 300000, s.next_out = room, s.avail_out = sizeof room;
        MUST(deflate(&s, n % 2 ? Z_NO_FLUSH : Z_FINISH));
        /* No deflateEnd. */
        munmap(arena.memory, ARENA);
        if (n == 9) first = live - before;
    }
    long dropped = live - before;
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        MUST(pthread_create(&threads[i], NULL, stream_in_a_thread, &barrier));
    for (int i = 0; i < THREADS; i++) MUST(pthread_join(threads[i], NULL));
    void *volatile lost = leak ? malloc(2 << 20) : NULL;
    (void)lost;
    printf("%ld after 10 streams, %ld after 60, %ld after threads\n", first, dropped, live - before);
}

/* The stack of a small thread, painted below where a call begins. */
enum { STACK = 64 << 10, MARGIN = 512 };
static unsigned char *stack;
static struct {
    const char *name;
    size_t most;
} taken[64];

static __attribute__((noinline)) unsigned char *here(void) { return __builtin_frame_address(0); }

static void paint(void)
{
    unsigned char *end = here() - MARGIN;
    for (volatile unsigned char *p = stack; p < end; p++) *p = 0xa5;
}

static long measured(const char *name, long code)
{
    unsigned char *p = stack, *end = here();
    while (p < end - MARGIN && *p == 0xa5) p++;
    size_t used = p == end - MARGIN ? 0 : end - p;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!taken[i].name || !strcmp(taken[i].name, name)) {
            taken[i].name = name;
            if (used > taken[i].most) taken[i].most = used;
            return code;
        }
    exit(3);
}

#define MEASURED(name, call) (paint(), measured(name, (long)(call)))

static unsigned give(void *desc, z_const unsigned char **next)
{
    z_stream *s = desc;
    unsigned n = s->avail_in;
    *next = s->next_in;
    s->avail_in = 0;
    return n;
}
static int take(void *desc, unsigned char *out, unsigned len)
{
    (void)desc, (void)out, (void)len;
    return 0;
}

static void streams_on_stack(int level, int strategy, int window, int mem, size_t piece)
{
    long code;
    z_stream s, copy;
    memset(&s, 0, sizeof s);
    MUST(MEASURED("deflateInit2", deflateInit2(&s, level, Z_DEFLATED, window, mem, strategy)));
    if (window < 16)
        MUST(MEASURED("deflateSetDictionary", deflateSetDictionary(&s, data + 7000, 3000)));
    s.next_in = data, s.next_out = room, s.avail_out = sizeof room;
    size_t len = piece < 5000 ? 40000 : 300000;
    for (size_t at = 0; at < len; at += s.avail_in) {
        s.avail_in = piece < len - at ? piece : len - at;
        unsigned given = s.avail_in;
        MUST(MEASURED("deflate", deflate(&s, at / piece % 9 == 3 ? Z_SYNC_FLUSH : Z_NO_FLUSH)));
        s.avail_in = given;
    }
    s.avail_in = 0;
    MUST(MEASURED("deflateParams", deflateParams(&s, level ? 10 - level : 6, strategy)));
    MUST(MEASURED("deflateCopy", deflateCopy(&copy, &s)));
    MUST(MEASURED("deflateEnd", deflateEnd(&copy) == Z_DATA_ERROR));
    MUST(MEASURED("deflate", deflate(&s, Z_FINISH)));
    size_t coded = s.total_out;
    MUST(MEASURED("deflateReset", deflateReset(&s)));
    MUST(MEASURED("deflateEnd", deflateEnd(&s)));

    memset(&s, 0, sizeof s);
    MUST(MEASURED("inflateInit2", inflateInit2(&s, window)));
    s.next_in = room, s.avail_in = coded, s.next_out = back, s.avail_out = piece;
    if (window < 0)
        MUST(MEASURED("inflateSetDictionary", inflateSetDictionary(&s, data + 7000, 3000)));
    do {
        size_t left = back + LEN - s.next_out;
        s.avail_out = piece < left ? piece : left;
        code = MEASURED("inflate", inflate(&s, Z_NO_FLUSH));
        if (code == Z_NEED_DICT)
            MUST(MEASURED("inflateSetDictionary", inflateSetDictionary(&s, data + 7000, 3000)));
        else
            MUST(code);
    } while (code != Z_STREAM_END);
    if (s.total_out != len || memcmp(back, data, len)) exit(3);
    MUST(MEASURED("inflateCopy", inflateCopy(&copy, &s)));
    MUST(MEASURED("inflateReset", inflateReset(&s)));
    s.next_in = data, s.avail_in = 1000, s.next_out = back, s.avail_out = LEN;
    MEASURED("inflate", inflate(&s, Z_FINISH)); /* what is no stream */
    MUST(MEASURED("inflateEnd", inflateEnd(&s)));
    MUST(inflateEnd(&copy));
    if (window == -15) {
        static unsigned char history[1 << 15];
        memset(&s, 0, sizeof s);
        memcpy(history, data, sizeof history);
        MUST(MEASURED("inflateBackInit", inflateBackInit(&s, 15, history)));
        z_stream input = {.next_in = room, .avail_in = coded};
        MEASURED("inflateBack", inflateBack(&s, give, &input, take, NULL));
        MUST(MEASURED("inflateBackEnd", inflateBackEnd(&s)));
    }
}

static void files_on_stack(const char *path, const char *mode)
{
    gzFile f = NULL;
    MEASURED("gzopen", (f = gzopen(path, mode)) != NULL);
    if (!f) exit(3);
    MEASURED("gzbuffer", gzbuffer(f, 20000));
    for (int i = 0; i < 8; i++) MEASURED("gzwrite", gzwrite(f, data + i * 9000, i % 2 ? 30000 : 77));
    MEASURED("gzputs", gzputs(f, "a line\n"));
    MEASURED("gzputc", gzputc(f, 'x'));
    MEASURED("gzprintf", gzprintf(f, "%d %s\n", 77, "words"));
    MEASURED("gzfwrite", gzfwrite(data, 10, 500, f));
    MEASURED("gzflush", gzflush(f, Z_SYNC_FLUSH));
    MEASURED("gzsetparams", gzsetparams(f, 1, Z_FILTERED));
    MEASURED("gzseek", gzseek(f, 5000, SEEK_CUR));
    MUST(MEASURED("gzclose", gzclose(f)));
    f = gzopen(path, "rb");
    MEASURED("gzgets", gzgets(f, (char *)back, 500) != NULL);
    for (int i = 0; i < 6; i++) MEASURED("gzread", gzread(f, back, i % 2 ? 20000 : 100));
    MEASURED("gzgetc", gzgetc(f));
    MEASURED("gzungetc", gzungetc('u', f));
    MEASURED("gzfread", gzfread(back, 10, 900, f));
    MEASURED("gzseek", gzseek(f, 1000, SEEK_SET));
    MEASURED("gzrewind", gzrewind(f));
    MEASURED("gzdirect", gzdirect(f));
    MEASURED("gzeof", gzeof(f));
    MUST(MEASURED("gzclose", gzclose(f)));
}

static void *on_stack(void *path)
{
    for (int level = 0; level <= 9; level++)
        for (int strategy = 0; strategy <= 4; strategy++) {
            static const int windows[] = {15, 31, -15, -9}, mems[] = {8, 9, 1, 2};
            int n = level + strategy;
            size_t piece = n % 3 == 0 ? LEN : n % 3 == 1 ? 16384 : 700;
            streams_on_stack(level, strategy, windows[n % 4], mems[n % 4], piece);
        }
    for (int level = 1; level <= 9; level += 1) {
        uLongf len = sizeof room, plain = LEN;
        MUST(MEASURED("compress2", compress2(room, &len, data, LEN, level)));
        MUST(MEASURED("uncompress", uncompress(back, &plain, room, len)));
    }
    for (int i = 0; i < 5; i++)
        files_on_stack(path, (const char *[]){"wb", "wb1", "wb9h", "wbT", "wb0"}[i]);
    MEASURED("crc32", crc32(0, data, LEN));
    MEASURED("adler32", adler32(1, data, LEN));
    MEASURED("crc32_combine", crc32_combine(1, 2, 1000000));
    return NULL;
}

static void on_a_small_thread(void)
{
    char path[] = "/tmp/zcompat-memory-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) exit(3);
    close(fd);
    stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    MUST(pthread_attr_setstack(&attributes, stack, STACK));
    MUST(pthread_create(&thread, &attributes, on_stack, path));
    MUST(pthread_join(thread, NULL));
    unlink(path);
    for (size_t i = 0; i < sizeof taken / sizeof *taken && taken[i].name; i++)
        printf("%s %zu\n", taken[i].name, taken[i].most);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    fill();
    if (!strcmp(what, "requests")) requests();
    else if (!strcmp(what, "bytes")) {
        /* First without, so that nothing is kept from before. */
        stingy = 1;
        streams("refused");
        stingy = 0;
        streams("given");
    } else if (!strcmp(what, "kept")) kept(0);
    else if (!strcmp(what, "leaks")) kept(1);
    else if (!strcmp(what, "stack")) on_a_small_thread();
    else if (!strcmp(what, "tier")) puts(zcompat_cpu_tier ? zcompat_cpu_tier() : "");
    else return 2;
    return 0;
}
