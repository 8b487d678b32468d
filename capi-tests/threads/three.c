/* Three threads, each with streams of its own, on both libraries at once from the process's first
 * call on: for valgrind's helgrind and drd. With -DRACE also a data race, which both must find. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { THREADS = 3, SIZE = 20000, ROOM = 2 * SIZE };

static pthread_barrier_t barrier;
#ifdef RACE
static int shared;
#endif

struct work {
    int id, failed;
    unsigned char data[SIZE], packed[ROOM], back[SIZE];
};

static struct work works[THREADS];

static int checksums(const struct work *w)
{
    uLong a = adler32(1, w->data, SIZE), c = crc32(0, w->data, SIZE);
    uLong first = crc32(0, w->data, 100), second = crc32(0, w->data + 100, SIZE - 100);
    return c == crc32_combine(first, second, SIZE - 100) && a == adler32_z(1, w->data, SIZE);
}

static int whole(struct work *w)
{
    uLongf packed = ROOM, back = SIZE;
    return compress2(w->packed, &packed, w->data, SIZE, 1 + 4 * w->id) == Z_OK &&
           uncompress(w->back, &back, w->packed, packed) == Z_OK && back == SIZE &&
           memcmp(w->back, w->data, SIZE) == 0;
}

static int stream(struct work *w)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16 * (w->id & 1), 8, 0) != Z_OK) return 0;
    z.next_in = w->data, z.avail_in = SIZE;
    z.next_out = w->packed, z.avail_out = ROOM;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) return 0;
    uInt len = (uInt)z.total_out;
    deflateEnd(&z);
    memset(&z, 0, sizeof z);
    if (inflateInit2(&z, 47) != Z_OK) return 0;
    z.next_in = w->packed, z.avail_in = len;
    z.next_out = w->back, z.avail_out = SIZE;
    int code = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return code == Z_STREAM_END && memcmp(w->back, w->data, SIZE) == 0;
}

static int file(struct work *w)
{
    char name[20];
    snprintf(name, sizeof name, "three-%d.gz", w->id);
    gzFile out = gzopen(name, "wb");
    if (!out || gzwrite(out, w->data, SIZE) != SIZE || gzprintf(out, "%d", w->id) != 1) return 0;
    if (gzclose(out) != Z_OK) return 0;
    gzFile in = gzopen(name, "rb");
    int fine = in && gzread(in, w->back, SIZE) == SIZE && gzgetc(in) == '0' + w->id;
    return gzclose(in) == Z_OK && fine && memcmp(w->back, w->data, SIZE) == 0;
}

static int zstandard(struct work *w)
{
    size_t len = ZSTD_compress(w->packed, ROOM, w->data, SIZE, 1 + w->id);
    return !ZSTD_isError(len) && ZSTD_decompress(w->back, SIZE, w->packed, len) == SIZE &&
           memcmp(w->back, w->data, SIZE) == 0;
}

static void *run(void *argument)
{
    struct work *w = argument;
    for (int i = 0; i < SIZE; i++) w->data[i] = (unsigned char)(i * i / (7 + w->id) % 50);
    pthread_barrier_wait(&barrier);
#ifdef RACE
    shared++;
#endif
    for (int i = 0; i < 3; i++) {
        if (!checksums(w) || !whole(w) || !stream(w) || !file(w) || !zstandard(w)) w->failed = 1;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        works[i].id = i;
        if (pthread_create(&threads[i], NULL, run, &works[i]) != 0) return 2;
    }
    int failed = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        failed |= works[i].failed;
    }
    pthread_barrier_destroy(&barrier);
    puts(failed ? "failed" : "done");
    return failed;
}
