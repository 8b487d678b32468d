/* What the gz functions do where the traces do not go: wrong handles and arguments, large files,
 * long texts, memory, and each point where zcompat differs from zlib 1.3.2 on purpose.
 *
 *   semantics [full]     full: also a gzip file of more than 4 GiB */
#include "common.h"

#include <malloc.h>
#include <wchar.h>

static char line[1 << 16];
static unsigned char data[1 << 20];

static void null_handles(void)
{
    va_list none;
    int code = 7;
    memset(&none, 0, sizeof none);
    CHECK(gzopen(NULL, "r") == NULL && gzopen64(NULL, "r") == NULL, "no path");
    CHECK(gzopen("x", NULL) == NULL && gzdopen(0, NULL) == NULL, "no mode");
    CHECK(gzdopen(-1, "r") == NULL, "no descriptor");
    CHECK(gzbuffer(NULL, 100) == -1, "gzbuffer");
    CHECK(gzsetparams(NULL, 1, 0) == Z_STREAM_ERROR, "gzsetparams");
    CHECK(gzread(NULL, data, 1) == -1, "gzread");
    CHECK(gzfread(data, 1, 1, NULL) == 0, "gzfread");
    CHECK(gzwrite(NULL, data, 1) == 0, "gzwrite");
    CHECK(gzfwrite(data, 1, 1, NULL) == 0, "gzfwrite");
    CHECK(gzprintf(NULL, "x") == Z_STREAM_ERROR, "gzprintf");
    CHECK(gzvprintf(NULL, "x", none) == Z_STREAM_ERROR, "gzvprintf");
    CHECK(gzputs(NULL, "x") == -1, "gzputs");
    CHECK(gzgets(NULL, line, 10) == NULL, "gzgets");
    CHECK(gzputc(NULL, 1) == -1, "gzputc");
    CHECK((gzgetc)(NULL) == -1 && gzgetc_(NULL) == -1, "gzgetc");
    CHECK(gzungetc(1, NULL) == -1, "gzungetc");
    CHECK(gzflush(NULL, 0) == Z_STREAM_ERROR, "gzflush");
    CHECK(gzseek(NULL, 0, 0) == -1 && gzseek64(NULL, 0, 0) == -1, "gzseek");
    CHECK(gzrewind(NULL) == -1, "gzrewind");
    CHECK(gztell(NULL) == -1 && gztell64(NULL) == -1, "gztell");
    CHECK(gzoffset(NULL) == -1 && gzoffset64(NULL) == -1, "gzoffset");
    CHECK(gzeof(NULL) == 0 && gzdirect(NULL) == 0, "gzeof, gzdirect");
    CHECK(gzclose(NULL) == Z_STREAM_ERROR && gzclose_r(NULL) == Z_STREAM_ERROR &&
              gzclose_w(NULL) == Z_STREAM_ERROR, "gzclose");
    CHECK(gzerror(NULL, &code) == NULL && code == 7, "gzerror");
    gzclearerr(NULL);
}

static void expect_error(gzFile f, int code, const char *text)
{
    int found;
    const char *message = gzerror(f, &found);
    CHECK(found == code && strcmp(message, text) == 0, "%d %s", found, message);
    gzclearerr(f);
}

static void wrong_arguments(void)
{
    size_t huge = (size_t)-1 / 2 + 2;
    gzFile f = must(gzopen("args", "w"));
    CHECK(gzfwrite(data, huge, 2, f) == 0, "overflow");
    expect_error(f, Z_STREAM_ERROR, "args: request does not fit in a size_t");
    CHECK(gzwrite(f, data, 1u << 31) == 0, "too long");
    expect_error(f, Z_DATA_ERROR, "args: requested length does not fit in int");
    CHECK(gzwrite(f, NULL, 5) == 0 && gzfwrite(NULL, 1, 5, f) == 0, "no buffer");
    gzclearerr(f);
    CHECK(gzwrite(f, NULL, 0) == 0 && gzfwrite(NULL, 0, 5, f) == 0, "nothing");
    CHECK(gzputs(f, NULL) == -1, "no string");
    gzclearerr(f);
    CHECK(gzprintf(f, NULL) == Z_STREAM_ERROR, "no format");
    CHECK(gzputs(f, "") == 0, "empty string");
    CHECK(gzseek64(f, INT64_MAX, SEEK_SET) == INT64_MAX, "far");
    CHECK(gzseek64(f, INT64_MAX, SEEK_CUR) == -1, "farther");
    CHECK(gzseek64(f, INT64_MIN, SEEK_SET) == -1, "before the start");
    CHECK(gzseek64(f, 0, SEEK_SET) == 0, "and back, as nothing was written yet");
    CHECK(gzputs(f, "text") == 4, "text");
    CHECK(gzclose(f) == Z_OK, "close");

    f = must(gzopen("args", "r"));
    CHECK(gzfread(data, huge, 2, f) == 0, "overflow");
    expect_error(f, Z_STREAM_ERROR, "args: request does not fit in a size_t");
    CHECK(gzread(f, data, 1u << 31) == -1, "too long");
    expect_error(f, Z_STREAM_ERROR, "args: request does not fit in an int");
    CHECK(gzread(f, NULL, 5) == -1 && gzfread(NULL, 1, 5, f) == 0, "no buffer");
    gzclearerr(f);
    CHECK(gzread(f, NULL, 0) == 0 && gzfread(NULL, 0, 5, f) == 0, "nothing");
    CHECK(gzgets(f, NULL, 5) == NULL && gzgets(f, line, 0) == NULL && gzgets(f, line, -1) == NULL &&
              gzgets(f, line, 1) == NULL, "gzgets");
    CHECK(gzfread(data, 3, SIZE_MAX / 3, f) == 1 && memcmp(data, "text", 4) == 0, "one item");
    CHECK(gzeof(f) && gztell(f) == 4, "the part of an item is read");
    CHECK(gzclose(f) == Z_OK, "close");
}

static void opening(void)
{
    gzFile f;
    int fd;
    char path[] = "name \xff\xfe\xe9";
    char message[100];

    errno = 0;
    CHECK(gzopen("missing", "r") == NULL && errno == ENOENT, "errno %d", errno);
    CHECK(gzopen("missing/x", "w") == NULL && errno == ENOENT, "errno %d", errno);
    CHECK(gzopen("args", "wx") == NULL && errno == EEXIST, "errno %d", errno);
    CHECK(gzopen("args", "r+") == NULL && gzopen("args", "b") == NULL, "mode");

    /* a directory opens, and cannot be read */
    f = must(gzopen(".", "r"));
    CHECK(gzread(f, data, 1) == -1 && errno == EISDIR, "errno %d", errno);
    expect_error(f, Z_ERRNO, ".: Is a directory");
    CHECK(gzclose(f) == Z_OK, "close");

    /* a path is bytes */
    f = must(gzopen(path, "w"));
    gzclose(f);
    truncate(path, 5);
    f = must(gzopen(path, "r"));
    CHECK(gzread(f, data, 1) == 0, "truncated");
    sprintf(message, "%s: unexpected end of file", path);
    expect_error(f, Z_BUF_ERROR, message);
    gzclose(f);

    f = gzdopen(12345, "r");
    CHECK(gzread(f, data, 1) == -1 && errno == EBADF, "errno %d", errno);
    expect_error(f, Z_ERRNO, "<fd:12345>: Bad file descriptor");
    CHECK(gzclose(f) == Z_ERRNO, "close");

    fd = open("args", O_RDONLY);
    f = must(gzdopen(fd, "rN"));
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK, "N");
    CHECK(!(fcntl(fd, F_GETFD) & FD_CLOEXEC), "no e");
    gzclose(f);
    fd = open("args", O_RDONLY);
    f = must(gzdopen(fd, "re"));
    /* Difference: zlib means to set the flag, and sets none. */
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "e");
    gzclose(f);
    CHECK(fcntl(fd, F_GETFD) == -1, "the descriptor is closed");

    /* a file opened at an offset starts there, also after a rewind */
    fd = open("plain", O_CREAT | O_TRUNC | O_RDWR, 0666);
    CHECK(write(fd, "0123456789", 10) == 10, "write");
    lseek(fd, 4, SEEK_SET);
    f = must(gzdopen(fd, "r"));
    CHECK(gzgetc(f) == '4' && gzoffset(f) == 10 && gzrewind(f) == 0 && gzgetc(f) == '4', "offset");
    gzclose(f);
}

static int vprintf_to(gzFile f, const char *format, ...)
{
    int n;
    va_list args;
    va_start(args, format);
    n = gzvprintf(f, format, args);
    va_end(args);
    return n;
}

/* Difference: zlib refuses what does not fit the buffer. */
static void printf_of_any_length(void)
{
    static const int lengths[] = {1, 6, 7, 8, 9, 100, 8190, 8191, 8192, 8193, 16384, 70000, 3000000};
    static const unsigned buffers[] = {8, 8192, 100000};
    static const char *const modes[] = {"w1", "wT"};
    const int max = 3000000;
    char *text = must(malloc((size_t)max + 1)), *back = must(malloc((size_t)max + 1));
    unsigned b, m, i;
    fill_text((unsigned char *)text, (size_t)max);
    text[max] = 0;
    for (b = 0; b < 3; b++)
        for (m = 0; m < 2; m++) {
            long total = 0;
            gzFile f = must(gzopen("printf", modes[m]));
            gzbuffer(f, buffers[b]);
            CHECK(gzprintf(f, "%s", "") == 0, "empty");
            for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                int n = gzprintf(f, "%.*s", lengths[i], text);
                CHECK(n == lengths[i], "%d of %d", n, lengths[i]);
                n = vprintf_to(f, "%d:%.*s", 1, lengths[i], text);
                CHECK(n == lengths[i] + 2, "%d of %d", n, lengths[i] + 2);
                total += 2 * lengths[i] + 2;
                CHECK(gztell(f) == total, "tell %ld", (long)gztell(f));
                CHECK(gzputc(f, '\n') == '\n', "gzputc");
                total++;
            }
            /* no such character in the C locale: nothing is written */
            CHECK(gzprintf(f, "%lc", (wint_t)0x20ac) == 0, "a conversion that fails");
            CHECK(gztell(f) == total && gzclose(f) == Z_OK, "close");
            f = must(gzopen("printf", "r"));
            for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                int n = lengths[i];
                CHECK(gzread(f, back, (unsigned)n) == n && memcmp(back, text, (size_t)n) == 0,
                      "first %d", n);
                CHECK(gzgetc(f) == '1' && gzgetc(f) == ':', "number");
                CHECK(gzread(f, back, (unsigned)n) == n && memcmp(back, text, (size_t)n) == 0,
                      "second %d", n);
                CHECK(gzgetc(f) == '\n', "newline");
            }
            CHECK(gzgetc(f) == -1 && gzclose(f) == Z_OK, "end");
        }
    free(text), free(back);
}

/* A gzip file of `n` stored bytes, so that its own length is known. */
static long stored_file(const char *path, unsigned n)
{
    struct stat st;
    gzFile f = must(gzopen(path, "w0"));
    fill_random(data, n);
    CHECK(gzwrite(f, data, n) == (int)n && gzclose(f) == Z_OK, "write");
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* Difference: zlib takes a complete file for a truncated one when its length is a multiple of the
 * buffer size, when gzgets is called at its end, and when reading on after gzclearerr. */
static void complete_files_end_well(void)
{
    unsigned char back[2000];
    unsigned n;
    for (n = 100; n < 140; n++) {
        long size = stored_file("complete", n);
        unsigned parts;
        for (parts = 1; parts < 5; parts++) {
            gzFile f;
            if (size % parts != 0 || size / parts < 8)
                continue;
            f = must(gzopen("complete", "r"));
            gzbuffer(f, (unsigned)(size / parts));
            CHECK(gzread(f, back, n) == (int)n && memcmp(back, data, n) == 0, "data");
            CHECK(gzread(f, back, 1) == 0 && gzeof(f), "end");
            CHECK(gzgets(f, line, 10) == NULL && gzgets(f, line, 10) == NULL, "gzgets");
            expect_error(f, Z_OK, ""); /* and clears the end of the file */
            CHECK(!gzeof(f) && gzread(f, back, 1) == 0 && gzeof(f), "still the end");
            expect_error(f, Z_OK, "");
            CHECK(gzclose(f) == Z_OK, "close");
        }
    }
}

/* A file that grows while it is read (zlib.h, gzread). */
static void growing_file(void)
{
    unsigned char back[100];
    gzFile w, f;
    w = must(gzopen("growing", "w"));
    gzputs(w, "one");
    gzflush(w, Z_SYNC_FLUSH);
    f = must(gzopen("growing", "r"));
    CHECK(gzread(f, back, 100) == 3, "first");
    CHECK(gzread(f, back, 100) == 0 && gzeof(f), "end for now");
    gzclearerr(f);
    gzputs(w, "two");
    gzflush(w, Z_FINISH);
    CHECK(gzread(f, back, 100) == 3 && memcmp(back, "two", 3) == 0, "second");
    expect_error(f, Z_OK, "");
    gzputs(w, "three");
    CHECK(gzclose(w) == Z_OK, "close");
    CHECK(gzread(f, back, 100) == 5 && memcmp(back, "three", 5) == 0, "third, another member");
    CHECK(gzread(f, back, 100) == 0 && gzclose(f) == Z_OK, "close");
}

/* Difference: after a stalled write zlib writes bytes twice or past its buffer. */
static void stalled_writes(const char *mode)
{
    static unsigned char sent[400000], back[sizeof sent + 100000];
    size_t at = 0, len = 0;
    unsigned stalls = 0;
    int ends[2], code;
    ssize_t n;
    gzFile f;
    FILE *copy;
    fill_random(sent, sizeof sent);
    CHECK(pipe(ends) == 0, "pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    f = must(gzdopen(ends[1], mode));
    CHECK(fcntl(ends[1], F_GETFL) & O_NONBLOCK, "N");
    while (at < sizeof sent) {
        size_t left = sizeof sent - at, step = 1 + skewed(100000);
        int put;
        if (step > left)
            step = left;
        switch (below(4)) {
        case 0:
            put = gzputc(f, sent[at]) == -1 ? 0 : 1;
            break;
        case 1:
            put = gzprintf(f, "%c%c", sent[at] | 1, 'x');
            CHECK(put == 2 || put == Z_BUF_ERROR, "gzprintf %d", put);
            if (put == 2)
                sent[at] |= 1, sent[at + 1] = 'x';
            if (put < 0)
                put = 0;
            break;
        case 2:
            put = (int)gzfwrite(sent + at, 1, step, f);
            break;
        default:
            put = gzwrite(f, sent + at, (unsigned)step);
            break;
        }
        CHECK(put >= 0 && (size_t)put <= left, "%d", put);
        at += (size_t)put;
        CHECK(gztell(f) == (long)at, "tell %ld of %zu", (long)gztell(f), at);
        gzerror(f, &code);
        if (code != Z_OK) {
            CHECK(code == Z_ERRNO || code == Z_BUF_ERROR, "code %d", code);
            stalls++;
            if ((n = read(ends[0], back + len, 1 + skewed(60000))) > 0)
                len += (size_t)n;
        }
        if (left == 1)
            break;
    }
    while (gzflush(f, Z_FINISH) != Z_OK) {
        stalls++;
        if ((n = read(ends[0], back + len, sizeof back - len)) > 0)
            len += (size_t)n;
    }
    while ((n = read(ends[0], back + len, sizeof back - len)) > 0)
        len += (size_t)n;
    CHECK(gzclose(f) == Z_OK, "close");
    while ((n = read(ends[0], back + len, sizeof back - len)) > 0)
        len += (size_t)n;
    close(ends[0]);
    CHECK(stalls > 3, "only %u stalls", stalls);
    copy = must(fopen("stalled", "wb"));
    fwrite(back, 1, len, copy);
    fclose(copy);
    f = must(gzopen("stalled", "r"));
    n = gzread(f, back, sizeof back);
    CHECK(n == (ssize_t)at && memcmp(back, sent, at) == 0, "%zd of %zu bytes", n, at);
    CHECK(gzclose(f) == Z_OK, "close");
}

/* Difference: a write that failed for good is told again by gzclose. */
static void failed_write_is_not_forgotten(void)
{
    gzFile f = must(gzopen("/dev/full", "wT"));
    CHECK(gzwrite(f, data, sizeof data) == 0, "taken");
    errno = 0;
    CHECK(gzclose(f) == Z_ERRNO && errno == ENOSPC, "close: errno %d", errno);
    /* The end of a member, which zlib's gzclose forgets. */
    f = must(gzopen("/dev/full", "w"));
    CHECK(gzputs(f, "abc") == 3, "taken");
    CHECK(gzflush(f, Z_FINISH) == Z_ERRNO, "flush");
    errno = 0;
    CHECK(gzclose(f) == Z_ERRNO && errno == ENOSPC, "close: errno %d", errno);
}

/* Difference: zlib reads a field that it never set. */
static void tell_knows_a_seek_in_writing(void)
{
    int i;
    for (i = 0; i < 50; i++) {
        void *dirt = malloc(400);
        gzFile f;
        memset(dirt, i + 1, 400);
        free(dirt);
        f = must(gzopen("tell", "w"));
        CHECK(gzseek(f, 100, SEEK_CUR) == 100 && gztell(f) == 100, "tell %ld", (long)gztell(f));
        CHECK(gzclose(f) == Z_OK, "close");
    }
}

static void large_plain_file(void)
{
    const int64_t far = (int64_t)5 << 30;
    int fd = open64("sparse", O_CREAT | O_TRUNC | O_RDWR, 0666);
    gzFile f;
    if (fd == -1 || pwrite64(fd, "far away", 8, far) != 8) {
        printf("no large files here\n");
        return;
    }
    f = must(gzdopen(fd, "r"));
    CHECK(gzgetc(f) == 0 && gzdirect(f), "plain");
    CHECK(gzseek64(f, far, SEEK_SET) == far && gztell64(f) == far, "seek");
    CHECK(gzgets(f, line, 100) != NULL && strcmp(line, "far away") == 0, "text");
    CHECK(gztell64(f) == far + 8 && gzoffset64(f) == far + 8 && gzeof(f), "end");
    CHECK(gzseek64(f, -4, SEEK_CUR) == far + 4 && gzgetc(f) == 'a', "back");
    CHECK(gzseek64(f, far - 1, SEEK_SET) == far - 1 && gzgetc(f) == 0 && gzgetc(f) == 'f', "before");
    CHECK(gzclose(f) == Z_OK, "close");
    unlink("sparse");
}

static void large_gzip_file(void)
{
    const int64_t far = ((int64_t)4 << 30) + 5;
    gzFile f = must(gzopen("large.gz", "w1"));
    CHECK(gzseek64(f, far, SEEK_SET) == far, "seek");
    CHECK(gzputs(f, "end") == 3 && gztell64(f) == far + 3 && gzclose(f) == Z_OK, "write");
    f = must(gzopen("large.gz", "r"));
    CHECK(gzseek64(f, far, SEEK_SET) == far && gzgets(f, line, 10) != NULL &&
              strcmp(line, "end") == 0 && gztell64(f) == far + 3, "read");
    CHECK(gzread(f, line, 1) == 0 && gzclose(f) == Z_OK, "close");
    unlink("large.gz");
}

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/*
 * zlib's own: a state of a few hundred bytes, and three times the buffer size at first use. A
 * reader has its window from then on too, where zlib allocates it in the middle of the file: an
 * allocation that fails there would lose what was just read.
 */
static void memory_is_stocks(void)
{
    const size_t window = 32768 + 512;
    unsigned char z[1000], out[100];
    z_stream s;
    size_t before, engine, opened, used;
    int writing;
    FILE *file;
    gzFile f = must(gzopen("memory", "w"));
    gzputs(f, "text");
    gzclose(f);
    for (writing = 0; writing < 2; writing++) {
        memset(&s, 0, sizeof s);
        before = in_use();
        if (writing) {
            deflateInit2(&s, -1, Z_DEFLATED, 31, 8, 0);
            engine = in_use() - before;
            deflateEnd(&s);
        } else {
            file = must(fopen("memory", "rb"));
            s.avail_in = (uInt)fread(z, 1, sizeof z, file);
            fclose(file);
            before = in_use();
            s.next_in = z, s.next_out = out, s.avail_out = sizeof out;
            inflateInit2(&s, 31);
            CHECK(inflate(&s, Z_NO_FLUSH) == Z_STREAM_END, "inflate");
            engine = in_use() - before;
            inflateEnd(&s);
        }
        before = in_use();
        f = must(gzopen("memory", writing ? "w" : "r"));
        opened = in_use() - before;
        if (writing)
            gzputc(f, 1);
        else
            gzread(f, out, 4);
        used = in_use() - before;
        gzclose(f);
        CHECK(in_use() == before, "leak");
        CHECK(opened > 100 && opened <= 1024, "%zu bytes to open", opened);
        if (!writing)
            engine += window;
        CHECK(used - opened <= engine + 3 * 8192 + 200, "%zu bytes of which the stream has %zu",
              used - opened, engine);
        printf("%s: %zu bytes open, %zu in use, without the stream\n",
               writing ? "writing" : "reading", opened, used > engine ? used - engine : 0);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    rng_state = 1;
    null_handles();
    wrong_arguments();
    opening();
    printf_of_any_length();
    complete_files_end_well();
    growing_file();
    stalled_writes("wbTN");
    stalled_writes("wb0N");
    stalled_writes("wb6N");
    failed_write_is_not_forgotten();
    tell_knows_a_seek_in_writing();
    large_plain_file();
    /* valgrind's malloc is not counted */
    if (getenv("ZCOMPAT_TEST_NO_MEMORY_COUNTS") == NULL)
        memory_is_stocks();
    if (argc > 1)
        large_gzip_file();
    printf("%u failures\n", failures);
    return failures != 0;
}
