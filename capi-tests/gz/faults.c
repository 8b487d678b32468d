/* Memory that runs out and system calls that fail under the gz functions.
 *
 * malloc and the system calls that libz.so imports are defined here, so that any one of them can be
 * made to fail. Every allocation and every descriptor has to be given back whatever fails. */
#include "common.h"

#include <sys/syscall.h>

enum { TEXT = 60000, MARGIN = 100000 };

/* ---- memory ---- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static int counting;         /* only while the library may allocate */
static long live;            /* blocks that were not given back */
static long fail_in;         /* the allocation that fails, counted down; 0: none */
static int failed;           /* it has */

static int fails(void)
{
    if (!counting || fail_in == 0 || --fail_in != 0)
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *p)
{
    if (counting && p != NULL)
        live++;
    return p;
}

void *malloc(size_t n)
{
    return fails() ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (p == NULL)
        return malloc(n);
    return fails() ? NULL : __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
    return fails() ? NULL : counted(__libc_memalign(align, n));
}

void *aligned_alloc(size_t align, size_t n)
{
    return memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    *p = memalign(align, n);
    return *p == NULL ? ENOMEM : 0;
}

void free(void *p)
{
    if (counting && p != NULL)
        live--;
    __libc_free(p);
}

/* ---- system calls ---- */

enum fault { NONE, SHORT, ONCE, FROM_THEN_ON, AT_RANDOM };

static enum fault fault;
static int fault_errno;      /* 0: the call does nothing and says so */
static long fault_in;        /* the call that fails, counted down */
static int faulted;          /* one has */
static long open_fds;

static int call_fails(void)
{
    int yes = 0;
    if (!counting)
        return 0;
    if (fault == ONCE)
        yes = fault_in > 0 && --fault_in == 0;
    else if (fault == FROM_THEN_ON)
        yes = fault_in <= 1 || --fault_in == 0;
    else if (fault == AT_RANDOM)
        yes = below(3) == 0;
    if (yes) {
        faulted = 1;
        errno = fault_errno;
    }
    return yes;
}

static size_t cut(size_t n)
{
    return counting && (fault == SHORT || fault == AT_RANDOM) && n > 1 ? 1 + skewed((unsigned)n)
                                                                       : n;
}

ssize_t read(int fd, void *buf, size_t n)
{
    return call_fails() ? (fault_errno ? -1 : 0) : syscall(SYS_read, fd, buf, cut(n));
}

ssize_t write(int fd, const void *buf, size_t n)
{
    return call_fails() ? (fault_errno ? -1 : 0) : syscall(SYS_write, fd, buf, cut(n));
}

int open(const char *path, int flags, ...)
{
    int fd;
    va_list rest;
    va_start(rest, flags);
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, va_arg(rest, int));
    va_end(rest);
    if (counting && fd != -1)
        open_fds++;
    return fd;
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int close(int fd)
{
    if (counting)
        open_fds--;
    return (int)syscall(SYS_close, fd);
}

/* ---- what is done with a file ---- */

static unsigned char text[TEXT];
static unsigned char wanted[TEXT + MARGIN];
static size_t wanted_len;
static unsigned char got[TEXT + 2 * MARGIN];
static const char *const modes[] = {"wb", "wbT"};

/* What the last failed call said. */
static int last_code;
static char last_text[200];
static int last_errno;

static void note_error(gzFile f)
{
    const char *message;
    last_errno = errno;
    message = gzerror(f, &last_code);
    strncpy(last_text, message, sizeof last_text - 1);
}

static void want(const void *bytes, size_t n)
{
    memcpy(wanted + wanted_len, bytes, n);
    wanted_len += n;
}

/* Repeats `call` until it is `done`, clearing the error; gives up after `tries`. */
#define RETRY(call, done)                                                                        \
    do {                                                                                         \
        int left_ = tries;                                                                       \
        for (;;) {                                                                               \
            r = (long)(call);                                                                    \
            if (done)                                                                            \
                break;                                                                           \
            note_error(f);                                                                       \
            if (left_-- == 0)                                                                    \
                goto out;                                                                        \
            gzclearerr(f);                                                                       \
        }                                                                                        \
    } while (0)

/* Bytes, of which a call may take only some. */
static int write_bytes(gzFile f, const unsigned char *p, size_t n, int tries)
{
    long r;
    want(p, n);
    while (n != 0) {
        RETRY(gzwrite(f, p, (unsigned)n), r > 0);
        p += r;
        n -= (size_t)r;
    }
    return 1;
out:
    return 0;
}

static void write_file(const char *mode, unsigned buffer, int tries, int *closed)
{
    size_t i;
    long r;
    unsigned char zeros[700] = {0};
    gzFile f = gzopen("faults.gz", mode);
    *closed = 99;
    wanted_len = 0;
    if (f == NULL) {
        last_errno = errno;
        last_code = Z_ERRNO;
        return;
    }
    gzbuffer(f, buffer);
    for (i = 0; i < 3000; i += 100)
        if (!write_bytes(f, text + i, 100, tries))
            goto out;
    RETRY(gzputc(f, 'c'), r == 'c');
    want("c", 1);
    RETRY(gzprintf(f, "%d %s", 42, "abc"), r == 6);
    want("42 abc", 6);
    gzclearerr(f); /* gzseek refuses after a stall */
    r = gzseek(f, sizeof zeros, SEEK_CUR);
    CHECK(r != -1, "seek");
    RETRY(gzputc(f, 'd'), r == 'd');
    want(zeros, sizeof zeros);
    want("d", 1);
    if (mode[2] != 'T')
        RETRY(gzsetparams(f, 9, Z_FILTERED), r == Z_OK);
    RETRY(gzflush(f, Z_SYNC_FLUSH), r == Z_OK);
    if (!write_bytes(f, text, 30000, tries))
        goto out;
    /* longer than the buffer; in pieces when the descriptor stalls */
    for (i = 0; i < 9000; i += (size_t)r)
        RETRY(gzprintf(f, "%.*s", (int)(9000 - i), text + i), r > 0);
    want(text, 9000);
    RETRY(gzflush(f, Z_FINISH), r == Z_OK);
    if (!write_bytes(f, text, 20, tries))
        goto out;
    RETRY(gzflush(f, Z_FINISH), r == Z_OK);
    if (fault == AT_RANDOM)
        fault = NONE; /* gzclose cannot be repeated */
out:
    *closed = gzclose(f);
}

/* Reads all of faults.gz to `got` in several ways; returns the number of bytes, -1 for an error. */
static long read_file(unsigned buffer, int tries, int *closed)
{
    long r, len = -1;
    size_t at = 0;
    int first;
    gzFile f = gzopen("faults.gz", "rb");
    *closed = 99;
    if (f == NULL) {
        last_errno = errno;
        last_code = Z_ERRNO;
        return -1;
    }
    gzbuffer(f, buffer);
    gzdirect(f);
    gzclearerr(f);
    RETRY(gzgetc(f), r != -1);
    first = (int)r;
    RETRY(gzungetc(first, f), r != -1);
    while (at < wanted_len) {
        size_t n = 1 + (at * 7 + 11) % 5000;
        switch (at % 3) {
        case 0:
            RETRY(gzread(f, got + at, (unsigned)n), r > 0);
            at += (size_t)r;
            break;
        case 1:
            RETRY(gzgetc(f), r != -1);
            got[at++] = (unsigned char)r;
            break;
        default:
            RETRY(gzfread(got + at, 1, n, f), r > 0);
            at += (size_t)r;
            break;
        }
    }
    len = (long)at;
    /* back to the start, over some bytes, and once more to the end */
    RETRY(gzseek(f, 1000, SEEK_SET), r == 1000);
    RETRY(gzgetc(f), r != -1);
    CHECK(r == wanted[1000], "after seek: %ld", r);
    if (fault != NONE && fault != SHORT)
        goto out; /* the end of the file is an error that a retry would clear */
    while ((r = gzread(f, got + MARGIN + TEXT, MARGIN)) > 0)
        ;
    if (r < 0) {
        note_error(f);
        len = -1;
    }
out:
    *closed = gzclose(f);
    return len;
}

static void begin(void)
{
    live = open_fds = 0;
    failed = faulted = 0;
    last_code = 0;
    last_text[0] = 0;
    counting = 1;
}

static void end(const char *what, long n)
{
    counting = 0;
    CHECK(live == 0, "%s %ld: %ld blocks not given back", what, n, live);
    CHECK(open_fds == 0, "%s %ld: %ld descriptors not closed", what, n, open_fds);
}

static void check_content(const char *what, long n)
{
    int closed;
    long len;
    enum fault f = fault;
    long m = fail_in;
    fault = NONE;
    fail_in = 0;
    len = read_file(8192, 0, &closed);
    CHECK(len == (long)wanted_len && memcmp(got, wanted, wanted_len) == 0 && closed == Z_OK,
          "%s %ld: %ld of %zu bytes, %s, close %d", what, n, len, wanted_len, last_text, closed);
    fault = f;
    fail_in = m;
}

/* ---- the tests ---- */

static void memory_fails(const char *mode, unsigned buffer)
{
    long n;
    int closed;
    for (n = 1;; n++) {
        fail_in = n;
        begin();
        write_file(mode, buffer, 0, &closed);
        end("write without memory", n);
        if (!failed)
            break;
        CHECK(closed == Z_MEM_ERROR || closed == 99 || closed == Z_OK, "close %d", closed);
        CHECK(closed == 99 || (last_code == Z_MEM_ERROR && strcmp(last_text, "out of memory") == 0),
              "n %ld: %d %s", n, last_code, last_text);
        /* The same once more, with a second try of the call that failed. */
        fail_in = n;
        begin();
        write_file(mode, buffer, 1, &closed);
        end("write with memory again", n);
        fail_in = 0;
        if (closed != 99)
            check_content("write with memory again", n);
    }
    CHECK(n > 3, "only %ld allocations", n - 1);
    check_content("write", n);
    for (n = 1;; n++) {
        fail_in = n;
        begin();
        read_file(buffer, 0, &closed);
        end("read without memory", n);
        if (!failed)
            break;
        fail_in = n;
        begin();
        memset(got, 0, sizeof got);
        read_file(buffer, 1, &closed);
        end("read with memory again", n);
        CHECK(closed == 99 || memcmp(got, wanted, wanted_len) == 0, "read again %ld", n);
    }
    CHECK(n > 3, "only %ld allocations", n - 1);
    fail_in = 0;
}

static void writes_fail(const char *mode, unsigned buffer, int error, enum fault kind)
{
    long n;
    int closed;
    char message[200];
    sprintf(message, "faults.gz: %s", strerror(error ? error : EIO));
    for (n = 1; n < 2000; n += 1 + n / 40) {
        fault = kind;
        fault_errno = error;
        fault_in = n;
        begin();
        write_file(mode, buffer, 0, &closed);
        end(message, n);
        fault = NONE;
        if (!faulted)
            break;
        CHECK(last_code == 0 || (last_code == Z_ERRNO && strcmp(last_text, message) == 0 &&
                                 last_errno == (error ? error : EIO)),
              "%s %ld: %d %s errno %d", message, n, last_code, last_text, last_errno);
        CHECK(last_code != 0 || closed == Z_ERRNO, "%s %ld: nobody was told", message, n);
        if (kind == FROM_THEN_ON)
            CHECK(closed == Z_ERRNO, "%s %ld: close %d", message, n, closed);
    }
    CHECK(n > 1, "%s: no write failed", message);
}

static void reads_fail(unsigned buffer, int error)
{
    long n, len;
    int closed;
    char message[200];
    sprintf(message, "faults.gz: %s", strerror(error));
    for (n = 1; n < 5000; n += 1 + n / 40) {
        fault = ONCE;
        fault_errno = error;
        fault_in = n;
        begin();
        len = read_file(buffer, 0, &closed);
        end(message, n);
        if (faulted && last_code != 0)
            CHECK(len != (long)wanted_len || last_code == Z_ERRNO, "%s: %d", message, last_code);
        if (faulted && len == -1)
            CHECK(last_code == Z_ERRNO && strcmp(last_text, message) == 0 && last_errno == error,
                  "%s %ld: %d %s errno %d", message, n, last_code, last_text, last_errno);
        /* Cleared, reading goes on and nothing is lost. */
        fault = ONCE;
        fault_in = n;
        begin();
        memset(got, 0, sizeof got);
        len = read_file(buffer, 1, &closed);
        end(message, n);
        fault = NONE;
        CHECK(len == (long)wanted_len && memcmp(got, wanted, wanted_len) == 0,
              "%s %ld: %ld of %zu bytes", message, n, len, wanted_len);
        if (!faulted)
            break;
    }
    CHECK(n > 1, "%s: no read failed", message);
}

/* Short transfers, or stalls of a non-blocking descriptor: everything arrives all the same. */
static void transfers_are_short(const char *mode, unsigned buffer, enum fault kind)
{
    int closed, round;
    long len;
    for (round = 0; round < 10; round++) {
        rng_state = (uint64_t)round;
        fault = kind;
        fault_errno = EAGAIN;
        begin();
        write_file(mode, buffer, 100000, &closed);
        end("short writes", round);
        CHECK(closed == Z_OK, "close %d", closed);
        fault = NONE;
        check_content("short writes", round);
        fault = kind;
        begin();
        memset(got, 0, sizeof got);
        len = read_file(buffer, 100000, &closed);
        end("short reads", round);
        fault = NONE;
        CHECK(len == (long)wanted_len && memcmp(got, wanted, wanted_len) == 0,
              "short reads: %ld of %zu bytes", len, wanted_len);
    }
}

static void device_is_full(const char *mode)
{
    int code, closed;
    gzFile f = must(gzopen("/dev/full", mode));
    int r = gzwrite(f, text, TEXT);
    /* Compressed text may still be in the buffer. */
    if (r != 0)
        r = gzflush(f, Z_FINISH) == Z_OK;
    CHECK(r == 0, "/dev/full took it");
    CHECK(errno == ENOSPC, "errno %d", errno);
    CHECK(strcmp(gzerror(f, &code), "/dev/full: No space left on device") == 0 && code == Z_ERRNO,
          "%d %s", code, gzerror(f, NULL));
    CHECK(gzwrite(f, text, 1) == 0, "goes on after the error");
    closed = gzclose(f);
    CHECK(closed == Z_ERRNO, "close %d", closed);
}

int main(void)
{
    static const unsigned buffers[] = {8, 600, 8192};
    static char out[4096];
    unsigned i, m;
    setvbuf(stdout, out, _IOFBF, sizeof out); /* printf is not to allocate */
    fill_text(text, TEXT);
    for (m = 0; m < 2; m++) {
        device_is_full(modes[m]);
        for (i = 0; i < 3; i++) {
            int closed;
            memory_fails(modes[m], buffers[i]);
            writes_fail(modes[m], buffers[i], ENOSPC, FROM_THEN_ON);
            writes_fail(modes[m], buffers[i], EINTR, ONCE);
            writes_fail(modes[m], buffers[i], 0, FROM_THEN_ON);
            transfers_are_short(modes[m], buffers[i], SHORT);
            transfers_are_short(modes[m], buffers[i], AT_RANDOM);
            write_file(modes[m], 8192, 0, &closed);
            reads_fail(buffers[i], EIO);
            reads_fail(buffers[i], EINTR);
        }
    }
    printf("%u failures\n", failures);
    return failures != 0;
}
