/* What zlib.h and zlib 1.3.2 say about the checksum functions' corner cases. */
#define _LARGEFILE64_SOURCE 1 /* the functions with 64 in their names */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

const char *zcompat_cpu_tier(void);

static int failures;

static void check(const char *what, unsigned long found, unsigned long wanted) {
  if (found != wanted) {
    printf("%s: %#lx, wanted %#lx\n", what, found, wanted);
    failures++;
  }
}
#define CHECK(call, wanted) check(#call, (call), (wanted))

int main(void) {
  const unsigned char *text = (const unsigned char *)"123456789";
  const uLong high = sizeof(uLong) > 4 ? (uLong)0xabcdef12 << 16 << 16 : 0;

  CHECK(crc32(0, text, 9), 0xcbf43926);
  CHECK(adler32(1, text, 9), 0x091e01de);
  CHECK(crc32_z(0, text, 9), 0xcbf43926);
  CHECK(adler32_z(1, text, 9), 0x091e01de);

  /* NULL gives the start value, whatever the other arguments are. */
  CHECK(crc32(0x12345678, Z_NULL, 0), 0);
  CHECK(crc32(0x12345678, Z_NULL, 100), 0);
  CHECK(crc32_z(0x12345678, Z_NULL, (size_t)-1), 0);
  CHECK(adler32(0x12345678, Z_NULL, 0), 1);
  CHECK(adler32(0x12345678, Z_NULL, 100), 1);
  CHECK(adler32_z(0x12345678, Z_NULL, (size_t)-1), 1);

  /* Nothing to add: the start value, an Adler-32 with its halves reduced. */
  CHECK(crc32(0x12345678, text, 0), 0x12345678);
  CHECK(adler32(0x12345678, text, 0), 0x12345678);
  CHECK(adler32(0xffffffff, text, 0), 0x000e000e);
  CHECK(adler32(0xfff1fff1, text, 0), 0);
  CHECK(adler32(0xffffffff, text, 1), 0x004d003f);

  /* Bits above the low 32 are ignored and never set. */
  CHECK(crc32(high, text, 9), 0xcbf43926);
  CHECK(crc32(high | 5, text, 0), 5);
  CHECK(adler32(high | 1, text, 9), 0x091e01de);
  CHECK(crc32_combine(high, high | 7, 3), 7);
  CHECK(crc32_combine_op(high, high | 7, 0x80000000), 7);
  CHECK(adler32_combine(high | 1, high | 1, 0), 1);

  /* Lengths: the identity for 0; no length at all if negative. */
  CHECK(crc32_combine_gen(0), 0x80000000);
  CHECK(crc32_combine(0x12345678, 0x9abcdef0, 0), 0x12345678 ^ 0x9abcdef0);
  CHECK(crc32_combine_gen(-1), 0);
  CHECK(crc32_combine(0x12345678, 0x9abcdef0, -1), 0);
  CHECK(crc32_combine(0x12345678, 0x9abcdef0, LONG_MIN), 0);
  CHECK(crc32_combine64(0x12345678, 0x9abcdef0, -1), 0);
  CHECK(crc32_combine_gen64(-1), 0);
  CHECK(crc32_combine_op(0x12345678, 0x9abcdef0, 0), 0);
  CHECK(adler32_combine(1, 1, -1), 0xffffffff);
  CHECK(adler32_combine64(0x12345678, 0x9abcdef0, LONG_MIN), 0xffffffff);

  /* "1234" followed by "56789". */
  const uLong first = crc32(0, text, 4), second = crc32(0, text + 4, 5);
  CHECK(crc32_combine(first, second, 5), 0xcbf43926);
  CHECK(crc32_combine64(first, second, 5), 0xcbf43926);
  CHECK(crc32_combine_op(first, second, crc32_combine_gen(5)), 0xcbf43926);
  CHECK(crc32_combine_op(first, second, crc32_combine_gen64(5)), 0xcbf43926);
  CHECK(adler32_combine(adler32(1, text, 4), adler32(1, text + 4, 5), 5), 0x091e01de);

  /* An operator whose low half is 0: zlib does not come back; the zero polynomial adds nothing. */
  if (high != 0) CHECK(crc32_combine_op(0x12345678, 7, high), 7);

  const z_crc_t *table = get_crc_table();
  CHECK(table[0], 0);
  CHECK(table[1], 0x77073096);
  CHECK(table[128], 0xedb88320);
  CHECK(table[255], 0x2d02ef8d);

  if (strlen(zcompat_cpu_tier()) == 0) failures++;
  return failures != 0;
}
