/* gzip files: written, looked at by the reference, and read back. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEN = 60000 };

static void check_file(const struct libraries *l)
{
    const struct libz *z = l->z;
    NEED(z, gzopen);
    NEED(z, gzwrite);
    NEED(z, gzread);
    NEED(z, gzclose);
    static uint8_t data[LEN], out[LEN + 1], coded[LEN * 2];
    char path[] = "/tmp/zcompat-suite-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        skip("no temporary file");
    close(fd);
    for (int kind = 0; kind < KINDS; kind++) {
        static const char *const modes[] = {"wb", "wb1", "wb9", "wb6f", "wb6h", "wb6R", "wb6F"};
        fill(kind, data, LEN);
        gzFile f = z->gzopen(path, modes[kind]);
        if (!f)
            fail("gzopen(\"%s\") fails", modes[kind]);
        for (int at = 0; at < LEN; at += 7500)
            if (z->gzwrite(f, data + at, 7500) != 7500)
                fail("gzwrite fails at byte %d", at);
        int code = z->gzclose(f);
        if (code != Z_OK)
            fail("gzclose gives %d", code);
        FILE *file = fopen(path, "rb");
        size_t coded_len = file ? fread(coded, 1, sizeof coded, file) : 0;
        if (file)
            fclose(file);
        if (coded_len < 18)
            fail("the file has only %zu bytes", coded_len);
        hash_output(coded, coded_len);
        long got = ref_inflate(coded + 10, coded_len - 18, NULL, NULL, 0, out, LEN + 1);
        if (got < 0)
            fail("the reference cannot read mode %s", modes[kind]);
        expect_same("gzwrite, read by the reference", out, got, data, LEN);

        memset(out, 0xa5, sizeof out);
        f = z->gzopen(path, "rb");
        if (!f)
            fail("gzopen(\"rb\") fails");
        int read = z->gzread(f, out, LEN + 1);
        if (read < 0)
            fail("gzread gives %d", read);
        expect_same("gzread", out, read, data, LEN);
        if (z->gzseek) {
            if (z->gzseek(f, 12345, SEEK_SET) != 12345 || z->gzread(f, out, 100) != 100)
                fail("gzseek or the gzread after it fails");
            expect_same("gzread after gzseek", out, 100, data + 12345, 100);
        }
        z->gzclose(f);
        count_case();
    }
    unlink(path);
}

const struct check gz_checks[] = {
    {"gz/file", 'z', check_file},
    {NULL, 0, NULL},
};
