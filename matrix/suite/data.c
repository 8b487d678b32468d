/* Test data that is the same in every run and on every machine. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A linear congruential generator; only its high bits are used. */
uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

const char *kind_name(int kind)
{
    static const char *const names[KINDS] = {"zeros", "random",  "words",  "runs",
                                             "table", "skewed", "far repeats"};
    return names[kind];
}

/* Words of a Zipf-like frequency: what text looks like to a match finder. */
static void fill_words(uint8_t *out, size_t len, uint32_t *state)
{
    size_t at = 0;
    while (at < len) {
        uint32_t rank = draw(state) % 400;
        rank = rank * (draw(state) % 400) / 400;
        uint32_t spelling = rank * 2654435761u + 1;
        size_t letters = 2 + rank % 9;
        for (size_t i = 0; i < letters && at < len; i++)
            out[at++] = 'a' + draw(&spelling) % 26;
        if (at < len)
            out[at++] = draw(state) % 12 ? ' ' : '\n';
    }
}

/* Fixed-size little-endian records whose fields count and wander. */
static void fill_table(uint8_t *out, size_t len, uint32_t *state)
{
    uint32_t value = 1000;
    for (size_t at = 0; at < len; at++) {
        uint32_t record = at / 16;
        if (at % 16 == 0)
            value += draw(state) % 7;
        uint32_t field = (at % 16) < 8 ? record : value;
        out[at] = field >> (8 * (at % 4));
    }
}

void fill(int kind, uint8_t *out, size_t len)
{
    uint32_t state = 12345u + kind;
    switch (kind) {
    case 0: memset(out, 0, len); return;
    case 1:
        for (size_t i = 0; i < len; i++)
            out[i] = draw(&state);
        return;
    case 2: fill_words(out, len, &state); return;
    case 3:
        for (size_t i = 0; i < len;) {
            size_t run = 1 + draw(&state) % (draw(&state) % 20 ? 12 : 700);
            uint8_t byte = draw(&state) % 5;
            while (run-- && i < len)
                out[i++] = byte;
        }
        return;
    case 4: fill_table(out, len, &state); return;
    case 5:
        /* Each byte value twice as rare as the next: long Huffman codes, few matches. */
        for (size_t i = 0; i < len; i++) {
            uint32_t bits = draw(&state) | 1u << 20, zeros = 0;
            while (!(bits >> zeros & 1))
                zeros++;
            out[i] = zeros * 9 + draw(&state) % 2;
        }
        return;
    default:
        /* Random, then pieces copied from far behind. */
        for (size_t i = 0; i < len;) {
            size_t back = 1 + draw(&state) % 32768, run = 3 + draw(&state) % 300;
            if (back > i || draw(&state) % 3 == 0) {
                for (run = 1 + run / 8; run && i < len; run--)
                    out[i++] = draw(&state);
                continue;
            }
            for (; run && i < len; run--, i++)
                out[i] = out[i - back];
        }
    }
}

void expect_same(const char *what, const uint8_t *got, size_t got_len, const uint8_t *want,
                 size_t want_len)
{
    size_t both = got_len < want_len ? got_len : want_len;
    for (size_t i = 0; i < both; i++)
        if (got[i] != want[i])
            fail("%s: byte %zu of %zu is 0x%02x, right is 0x%02x", what, i, want_len, got[i],
                 want[i]);
    if (got_len != want_len)
        fail("%s: %zu bytes, right is %zu", what, got_len, want_len);
}

void *must_alloc(size_t len)
{
    void *p = calloc(1, len ? len : 1);
    if (!p) {
        fprintf(stderr, "out of memory\n");
        abort();
    }
    return p;
}
