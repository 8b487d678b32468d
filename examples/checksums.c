/* crc32 and adler32 of a buffer, whole and in two parts joined by the combine functions.
 *
 * Every way of cutting buffers of many lengths, at every alignment, must give the checksum of the
 * whole, and the whole that of a bit-by-bit calculation of the definitions in RFC 1952 and 1950. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static uLong crc32_by_bits(const unsigned char *data, size_t length) {
    unsigned long crc = 0xffffffffUL;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320UL : crc >> 1;
    }
    return crc ^ 0xffffffffUL;
}

static uLong adler32_by_sums(const unsigned char *data, size_t length) {
    unsigned long a = 1, b = 0;
    for (size_t i = 0; i < length; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

struct kind {
    const char *name;
    uLong (*update)(uLong, const Bytef *, uInt);
    uLong (*combine)(uLong, uLong, z_off_t);
    uLong (*reference)(const unsigned char *, size_t);
    unsigned long cuts, wrong;
};

static void check(struct kind *kind, const char *what, size_t length, size_t cut, uLong got,
                  uLong expected) {
    if (got == expected) return;
    if (kind->wrong++ < 5)
        fprintf(stderr, "%s of %zu bytes, %s at %zu: %08lx, not %08lx\n", kind->name, length, what,
                cut, got, expected);
}

static void check_length(struct kind *kind, const unsigned char *data, size_t length) {
    uLong start = kind->update(0, Z_NULL, 0);
    uLong whole = kind->reference(data, length);
    size_t step = length < 600 ? 1 : length / 97;
    check(kind, "whole", length, length, kind->update(start, data, (uInt)length), whole);
    for (size_t cut = 0; cut <= length; cut += step) {
        uLong first = kind->update(start, data, (uInt)cut);
        uLong second = kind->update(start, data + cut, (uInt)(length - cut));
        uLong on = kind->update(first, data + cut, (uInt)(length - cut));
        check(kind, "continued", length, cut, on, whole);
        check(kind, "combined", length, cut,
              kind->combine(first, second, (z_off_t)(length - cut)), whole);
        kind->cuts++;
    }
}

int main(void) {
    static unsigned char buffer[70000];
    static const size_t lengths[] = {0,   1,   2,   3,   15,  16,   17,   63,   64,    65,   96,
                                     127, 128, 129, 255, 256, 511,  1000, 4096, 5551,  5552, 5553,
                                     8191, 65521, 65536, 69000};
    struct kind kinds[] = {
        {"crc32", crc32, crc32_combine, crc32_by_bits, 0, 0},
        {"adler32", adler32, adler32_combine, adler32_by_sums, 0, 0},
    };
    unsigned long wrong = 0;
    unsigned int seed = 2166136261u;

    for (size_t i = 0; i < sizeof buffer; i++) {
        seed = seed * 1664525u + 1013904223u;
        /* Runs of 255 drive the sums of adler32 as high as they go. */
        buffer[i] = i / 4096 % 3 == 1 ? 255 : (unsigned char)(seed >> 24);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            check_length(&kinds[k], buffer + i % 17, lengths[i]);
        for (size_t offset = 0; offset < 64; offset++)
            check_length(&kinds[k], buffer + offset, 320);
        printf("%s: %lu cuts, %lu wrong\n", kinds[k].name, kinds[k].cuts, kinds[k].wrong);
        wrong += kinds[k].wrong;
    }
    if (strcmp(zlibVersion(), ZLIB_VERSION) != 0) {
        fprintf(stderr, "library %s, header %s\n", zlibVersion(), ZLIB_VERSION);
        return 1;
    }
    return wrong != 0;
}
