/* Writes the files that trace.c reads into the current folder: good, odd and broken gzip files. */
#include "common.h"

enum { MANY = 50 };

/* Compresses `len` bytes as one gzip member; returns its length. */
static size_t member(unsigned char *out, size_t room, const unsigned char *data, size_t len,
                     int level, gz_headerp header)
{
    z_stream s;
    memset(&s, 0, sizeof s);
    if (deflateInit2(&s, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(2);
    if (header != NULL)
        deflateSetHeader(&s, header);
    s.next_in = (unsigned char *)data;
    s.avail_in = (uInt)len;
    s.next_out = out;
    s.avail_out = (uInt)room;
    if (deflate(&s, Z_FINISH) != Z_STREAM_END)
        exit(2);
    deflateEnd(&s);
    return s.total_out;
}

/* Writes the parts, each a pointer and a length, up to a NULL. */
static void save(const char *name, ...)
{
    va_list parts;
    const void *part;
    FILE *f = must(fopen(name, "wb"));
    va_start(parts, name);
    while ((part = va_arg(parts, const void *)) != NULL) {
        size_t len = va_arg(parts, size_t);
        if (fwrite(part, 1, len, f) != len)
            exit(2);
    }
    va_end(parts);
    if (fclose(f) != 0)
        exit(2);
}

int main(void)
{
    size_t text_len = 40000, big_len = 300000, room = 400000;
    unsigned char *text = must(malloc(text_len)), *noise = must(malloc(text_len));
    unsigned char *big = must(malloc(big_len));
    unsigned char *one = must(malloc(room)), *two = must(malloc(room)), *z = must(malloc(room));
    unsigned char zeros[600] = {0};
    char name[32];
    size_t one_len, two_len, len;
    int i;

    rng_state = 1;
    fill_text(text, text_len);
    fill_random(noise, text_len);
    fill_text(big, big_len);
    memset(big + 100000, 'x', 70000); /* a line longer than any buffer */
    one_len = member(one, room, text, text_len, 6, NULL);
    two_len = member(two, room, noise, 3000, 9, NULL);

    save("empty", NULL);
    save("plain", text, text_len, NULL);
    save("plain_noise", noise, text_len, NULL);
    save("plain_3", "abc", (size_t)3, NULL);
    save("plain_magic_2", "\x1f\x8b", (size_t)2, NULL);
    save("plain_magic_3", "\x1f\x8b\x08", (size_t)3, NULL);
    save("plain_magic_flags", "\x1f\x8b\x08\x20xyz", (size_t)7, NULL);
    save("plain_magic_method", "\x1f\x8b\x07\x00xyz", (size_t)7, NULL);

    save("one.gz", one, one_len, NULL);
    save("two.gz", one, one_len, two, two_len, NULL);
    save("stored.gz", z, member(z, room, noise, text_len, 0, NULL), NULL);
    save("big.gz", z, member(z, room, big, big_len, 6, NULL), NULL);
    len = member(z, room, zeros, 0, 6, NULL);
    save("nothing.gz", z, len, NULL);
    save("nothing_then_one.gz", z, len, z, len, one, one_len, z, len, NULL);
    {
        FILE *f = must(fopen("many.gz", "wb"));
        for (i = 0; i < MANY; i++) {
            len = member(z, room, text + 10 * i, (size_t)(i % 7) * 30, i % 10, NULL);
            fwrite(z, 1, len, f);
        }
        fclose(f);
    }
    {
        gz_header header;
        memset(&header, 0, sizeof header);
        header.text = 1;
        header.time = 1234567;
        header.extra = zeros;
        header.extra_len = 500;
        header.name = (Bytef *)"name";
        header.comment = (Bytef *)"comment";
        header.hcrc = 1;
        len = member(z, room, text, 5000, 6, &header);
        save("header.gz", z, len, NULL);
        save("one_then_header.gz", one, one_len, z, len, NULL);
        z[300] ^= 1; /* in the extra field, so that the header's CRC is wrong */
        save("header_crc.gz", z, len, NULL);
        save("one_then_header_crc.gz", one, one_len, z, len, NULL);
    }

    save("garbage_zeros", one, one_len, zeros, sizeof zeros, NULL);
    save("garbage_text", two, two_len, text, text_len, NULL);
    save("garbage_1f", one, one_len, "\x1f", (size_t)1, NULL);
    save("garbage_1f8b", one, one_len, "\x1f\x8b", (size_t)2, NULL);
    save("garbage_method", one, one_len, "\x1f\x8b\x07zzzzzzzz", (size_t)11, NULL);
    save("garbage_flags", one, one_len, "\x1f\x8b\x08\xe0zzzzzz", (size_t)10, NULL);
    save("garbage_half_header", one, one_len, "\x1f\x8b\x08\0\0\0", (size_t)6, NULL);
    save("garbage_bad_block", one, one_len, "\x1f\x8b\x08\0\0\0\0\0\0\0\x07zz", (size_t)13, NULL);
    save("bad_first_block.gz", "\x1f\x8b\x08\0\0\0\0\0\0\0\x07zzzzzzz", (size_t)18, NULL);
    save("header_only.gz", "\x1f\x8b\x08\0\0\0\0\0\0\0", (size_t)10, NULL);

    for (i = 0; i < 6; i++) {
        static const size_t ends[] = {1, 4, 7, 8, 9, 1000};
        sprintf(name, "cut_%d.gz", (int)ends[i]);
        save(name, one, one_len - ends[i], NULL);
        sprintf(name, "cut_second_%d.gz", (int)ends[i]);
        save(name, one, one_len, two, two_len - ends[i], NULL);
    }
    for (i = 4; i <= 12; i += 2) {
        sprintf(name, "head_%d.gz", i);
        save(name, one, (size_t)i, NULL);
    }
    memcpy(z, two, two_len);
    z[two_len - 6] ^= 1;
    save("bad_crc.gz", z, two_len, NULL);
    save("bad_crc_second.gz", one, one_len, z, two_len, NULL);
    z[two_len - 6] ^= 1;
    z[two_len - 2] ^= 1;
    save("bad_length.gz", z, two_len, one, one_len, NULL);
    for (i = 0; i < 12; i++) {
        memcpy(z, one, one_len);
        z[12 + below((unsigned)one_len - 20)] ^= (unsigned char)(1u << below(8));
        sprintf(name, "corrupt_%d.gz", i);
        save(name, z, one_len, NULL);
    }
    free(text), free(noise), free(big), free(one), free(two), free(z);
    return 0;
}
