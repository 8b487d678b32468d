/* What is right: straight from the specifications, one bit or byte at a time. */
#include "suite.h"

#include <string.h>

/* RFC 1952, section 8: the polynomial in reflected form. */
#define CRC_POLYNOMIAL 0xedb88320u

uint32_t ref_crc32(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
    }
    return ~crc;
}

/* RFC 1950, section 8.2. */
uint32_t ref_adler32(uint32_t adler, const uint8_t *data, size_t len)
{
    uint32_t a = adler & 0xffff, b = adler >> 16;
    for (size_t i = 0; i < len; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* The product of two polynomials over GF(2) modulo the CRC polynomial, reflected: bit 31 is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int i = 31; i >= 0; i--) {
        if (a >> i & 1)
            product ^= b;
        b = b & 1 ? b >> 1 ^ CRC_POLYNOMIAL : b >> 1;
    }
    return product;
}

/* len2 zero bytes multiply the first CRC by x^(8 * len2). */
uint32_t ref_crc32_combine(uint32_t crc1, uint32_t crc2, uint64_t len2)
{
    uint32_t power = 1u << 31, square = 1u << 23;
    for (; len2; len2 >>= 1) {
        if (len2 & 1)
            power = multiply(power, square);
        square = multiply(square, square);
    }
    return multiply(power, crc1) ^ crc2;
}

/* a = a1 + a2 - 1 and b = b1 + b2 + len2 * (a1 - 1), modulo 65521. */
uint32_t ref_adler32_combine(uint32_t adler1, uint32_t adler2, uint64_t len2)
{
    uint64_t a1 = adler1 & 0xffff, b1 = adler1 >> 16, a2 = adler2 & 0xffff, b2 = adler2 >> 16;
    uint64_t a = (a1 + a2 + 65520) % 65521;
    uint64_t b = (b1 + b2 + len2 % 65521 * ((a1 + 65520) % 65521)) % 65521;
    return b << 16 | a;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t read_le(const uint8_t *p, int bytes)
{
    uint64_t x = 0;
    while (bytes--)
        x = x << 8 | p[bytes];
    return x;
}

#define P1 0x9E3779B185EBCA87u
#define P2 0xC2B2AE3D27D4EB4Fu
#define P3 0x165667B19E3779F9u
#define P4 0x85EBCA77C2B2AE63u
#define P5 0x27D4EB2F165667C5u

static uint64_t xxh_round(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * P2, 31) * P1;
}

/* The XXH64 algorithm (xxHash's specification) with seed 0: zstd's content checksum is its low 32
 * bits (RFC 8878, section 3.1.1). */
uint64_t ref_xxh64(const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    uint64_t h = P5;
    if (len >= 32) {
        uint64_t lane[4] = {P1 + P2, P2, 0, -P1};
        for (; end - p >= 32; p += 32)
            for (int i = 0; i < 4; i++)
                lane[i] = xxh_round(lane[i], read_le(p + 8 * i, 8));
        h = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
        for (int i = 0; i < 4; i++)
            h = (h ^ xxh_round(0, lane[i])) * P1 + P4;
    }
    h += len;
    for (; end - p >= 8; p += 8)
        h = rotate(h ^ xxh_round(0, read_le(p, 8)), 27) * P1 + P4;
    if (end - p >= 4) {
        h = rotate(h ^ read_le(p, 4) * P1, 23) * P2 + P3;
        p += 4;
    }
    for (; p < end; p++)
        h = rotate(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

/* RFC 1951, one bit at a time. */
struct bits {
    const uint8_t *in;
    size_t len, bit;
    int bad;
};

static unsigned take(struct bits *b, int n)
{
    unsigned value = 0;
    for (int i = 0; i < n; i++, b->bit++) {
        if (b->bit / 8 >= b->len) {
            b->bad = 1;
            return 0;
        }
        value |= (unsigned)(b->in[b->bit / 8] >> b->bit % 8 & 1) << i;
    }
    return value;
}

/* Codes of each length in order of symbol: section 3.2.2 gives the code of each from these. */
struct code {
    uint16_t count[16], symbol[288];
};

static void make_code(struct code *code, const uint8_t *lengths, int symbols)
{
    int at = 0;
    memset(code->count, 0, sizeof code->count);
    for (int length = 1; length < 16; length++)
        for (int i = 0; i < symbols; i++)
            if (lengths[i] == length) {
                code->count[length]++;
                code->symbol[at++] = i;
            }
}

static int symbol(struct bits *b, const struct code *code)
{
    int word = 0, first = 0, index = 0;
    for (int length = 1; length < 16; length++) {
        word |= take(b, 1);
        int count = code->count[length];
        if (b->bad)
            return -1;
        if (word - first < count)
            return code->symbol[index + word - first];
        index += count;
        first = (first + count) << 1;
        word <<= 1;
    }
    b->bad = 1;
    return -1;
}

static void dynamic_codes(struct bits *b, struct code *literals, struct code *distances)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[320] = {0};
    int nlit = take(b, 5) + 257, ndist = take(b, 5) + 1, ncode = take(b, 4) + 4;
    for (int i = 0; i < ncode; i++)
        lengths[order[i]] = take(b, 3);
    struct code code;
    make_code(&code, lengths, 19);
    memset(lengths, 0, sizeof lengths);
    for (int i = 0; i < nlit + ndist && !b->bad;) {
        int s = symbol(b, &code), repeat = 1, value = s;
        if (s == 16) {
            if (i == 0)
                b->bad = 1;
            value = i ? lengths[i - 1] : 0;
            repeat = 3 + take(b, 2);
        } else if (s >= 17) {
            value = 0;
            repeat = s == 17 ? 3 + (int)take(b, 3) : 11 + (int)take(b, 7);
        }
        if (i + repeat > nlit + ndist)
            b->bad = 1;
        while (repeat-- && !b->bad)
            lengths[i++] = value;
    }
    make_code(literals, lengths, nlit);
    make_code(distances, lengths + nlit, ndist);
}

static void fixed_codes(struct code *literals, struct code *distances)
{
    uint8_t lengths[288];
    for (int i = 0; i < 288; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    make_code(literals, lengths, 288);
    memset(lengths, 5, 30);
    make_code(distances, lengths, 30);
}

/* The length that a length symbol stands for, section 3.2.5. */
static int match_length(struct bits *b, int s)
{
    if (s < 265)
        return s - 254;
    if (s == 285)
        return 258;
    int extra = (s - 261) / 4;
    return 3 + ((4 + (s - 261) % 4) << extra) + (int)take(b, extra);
}

static size_t match_distance(struct bits *b, int s)
{
    if (s < 4)
        return s + 1;
    int extra = s / 2 - 1;
    return 1 + ((size_t)(2 + s % 2) << extra) + take(b, extra);
}

long ref_inflate(const uint8_t *in, size_t in_len, size_t *used, const uint8_t *dict,
                 size_t dict_len, uint8_t *out, size_t out_len)
{
    struct bits b = {in, in_len, 0, 0};
    size_t at = 0;
    int last = 0;
    while (!last && !b.bad) {
        last = take(&b, 1);
        int type = take(&b, 2);
        if (type == 0) {
            b.bit = (b.bit + 7) / 8 * 8;
            unsigned len = take(&b, 16), not_len = take(&b, 16);
            if (len != (~not_len & 0xffff))
                return -1;
            while (len-- && !b.bad) {
                if (at == out_len)
                    return -1;
                out[at++] = take(&b, 8);
            }
            continue;
        }
        struct code literals, distances;
        if (type == 1)
            fixed_codes(&literals, &distances);
        else if (type == 2)
            dynamic_codes(&b, &literals, &distances);
        else
            return -1;
        while (!b.bad) {
            int s = symbol(&b, &literals);
            if (s < 0 || s > 285)
                return -1;
            if (s == 256)
                break;
            if (s < 256) {
                if (at == out_len)
                    return -1;
                out[at++] = s;
                continue;
            }
            int length = match_length(&b, s), d = symbol(&b, &distances);
            if (d < 0 || d > 29)
                return -1;
            size_t distance = match_distance(&b, d);
            if (b.bad || distance > at + dict_len || at + length > out_len)
                return -1;
            for (; length--; at++)
                out[at] = distance <= at ? out[at - distance] : dict[dict_len + at - distance];
        }
    }
    if (used)
        *used = (b.bit + 7) / 8;
    return b.bad ? -1 : (long)at;
}
