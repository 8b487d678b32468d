/* crc32_z and adler32_z past 4 GiB in one call, on the same 32 MiB mapped over and over. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

int main(void) {
  const size_t piece = (size_t)32 << 20, pieces = 130, odd = 12345;
  int file = memfd_create("pages", 0);
  if (file < 0 || ftruncate(file, (off_t)piece) != 0) {
    perror("memfd");
    return 2;
  }
  unsigned char *base =
      mmap(NULL, pieces * piece, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    perror("mmap");
    return 2;
  }
  for (size_t i = 0; i < pieces; i++) {
    void *at = mmap(base + i * piece, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    if (at == MAP_FAILED) {
      perror("mmap");
      return 2;
    }
  }
  uint64_t r = 88172645463325252u;
  for (size_t i = 0; i < piece; i++) {
    r ^= r << 13, r ^= r >> 7, r ^= r << 17;
    base[i] = (unsigned char)r;
  }

  /* Piece by piece, then all at once: more than 2^32 bytes, and not a multiple of anything. */
  const size_t length = pieces * piece - odd;
  uLong crc = 0, adler = 1;
  for (size_t i = 0; i < pieces; i++) {
    const uInt part = (uInt)(i + 1 < pieces ? piece : piece - odd);
    crc = crc32(crc, base, part);
    adler = adler32(adler, base, part);
  }
  const uLong crc_z = crc32_z(0, base, length), adler_z = adler32_z(1, base, length);
  printf("%zu bytes: crc32 %08lx, by pieces %08lx; adler32 %08lx, by pieces %08lx\n", length, crc_z,
         crc, adler_z, adler);
  return crc_z != crc || adler_z != adler || length <= UINT32_MAX;
}
