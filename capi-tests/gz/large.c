/* Offsets behind 2 and 4 GiB, and the functions with 64 in their names: what each call answers.
 *
 * Usage: large FILE, a name for a file of 5 GiB without contents, which a gz file passes on as it is.
 * Built as it is, with -D_LARGEFILE64_SOURCE and with -D_FILE_OFFSET_BITS=64, which where C's long has
 * 32 bits are three programs. Two libraries with the same semantics print the same lines. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define GIB ((long long)1 << 30)
#define SAY(what, value) printf("%d: %s = %lld\n", __LINE__, what, (long long)(value))
#define CALL(call) SAY(#call, (call))

/* Declared by zlib.h for those who ask for them; exported in any case. */
extern gzFile gzopen64(const char *, const char *);
extern unsigned long adler32_combine64(unsigned long, unsigned long, off64_t);
extern unsigned long crc32_combine64(unsigned long, unsigned long, off64_t);
extern unsigned long crc32_combine_gen64(off64_t);
extern off64_t gzseek64(gzFile, off64_t, int);
extern off64_t gztell64(gzFile);
extern off64_t gzoffset64(gzFile);

static void where(gzFile file)
{
    CALL(gztell64(file));
    CALL(gzoffset64(file));
    CALL(gztell(file));
    CALL(gzoffset(file));
}

static void checks(void)
{
    static const long long lengths[] = {0, 1, 100, GIB, 2 * GIB - 1, 2 * GIB, 3 * GIB, 4 * GIB + 5,
                                        65521LL * 1000000, 1LL << 40, 0x7fffffffffffffffLL, -1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        long long len = lengths[i];
        CALL(crc32_combine64(0x12345678, 0x9abcdef0, len));
        CALL(adler32_combine64(0x12345678, 0x1abcdef0, len));
        CALL(crc32_combine_gen64(len));
        CALL(crc32_combine_op(1, 2, crc32_combine_gen64(len)));
        /* Cut to z_off_t, as the compiler does for a caller. */
        CALL(crc32_combine(0x12345678, 0x9abcdef0, (z_off_t)len));
        CALL(adler32_combine(0x12345678, 0x1abcdef0, (z_off_t)len));
        CALL(crc32_combine_gen((z_off_t)len));
    }
}

static void reading(gzFile file)
{
    char bytes[8] = {0};
    if (!file) {
        printf("%d: not opened\n", __LINE__);
        return;
    }
    CALL(gzread(file, bytes, 4));
    where(file);
    CALL(gzseek64(file, 3 * GIB, SEEK_SET));
    where(file);
    CALL(gzread(file, bytes, 4));
    SAY("bytes", memcmp(bytes, "3GiB", 4));
    CALL(gzseek64(file, 2 * GIB - 8, SEEK_CUR));
    where(file);
    CALL(gzread(file, bytes, 8));
    SAY("bytes", memcmp(bytes, "at 5 GiB", 8));
    CALL(gzread(file, bytes, 8));
    CALL(gzeof(file));
    where(file);
    /* Back, with what this program has for an offset. */
    CALL(gzrewind(file));
    CALL(gzseek(file, (z_off_t)(2 * GIB - 1), SEEK_SET));
    where(file);
    CALL(gzseek(file, 1, SEEK_CUR));
    where(file);
    CALL(gzseek(file, -1, SEEK_SET));
    CALL(gzseek64(file, -5 * GIB, SEEK_CUR));
    CALL(gzseek64(file, 0x7fffffffffffffffLL, SEEK_CUR));
    where(file);
    CALL(gzclose(file));
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    SAY("sizeof (uLong)", sizeof(uLong));
    SAY("sizeof (z_off_t)", sizeof(z_off_t));
    SAY("sizeof (z_stream)", sizeof(z_stream));
    CALL(zlibCompileFlags());
    checks();

    int fd = open64(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate64(fd, 5 * GIB) || pwrite64(fd, "data", 4, 0) != 4 ||
        pwrite64(fd, "3GiB", 4, 3 * GIB) != 4 || pwrite64(fd, "at 5 GiB", 8, 5 * GIB - 4) != 8) {
        perror(argv[1]);
        return 2;
    }
    close(fd);
    reading(gzopen(argv[1], "r"));
    reading(gzopen64(argv[1], "r"));
    reading(gzdopen(open64(argv[1], O_RDONLY), "r"));

    /* What is written behind 5 GiB of the file itself. */
    gzFile file = gzopen64(argv[1], "a");
    CALL(file != NULL);
    CALL(gzputs(file, "more"));
    CALL(gzflush(file, Z_SYNC_FLUSH));
    where(file);
    CALL(gzclose(file));
    unlink(argv[1]);
    return 0;
}
