/* Prints "TIER CRC ADLER SECURE": the tier in use, checksums of a fixed buffer, and whether the
 * program runs with more rights than its caller. With an argument, sets ZCOMPAT_CPU to it first. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include <zlib.h>

const char *zcompat_cpu_tier(void);

int main(int argc, char **argv) {
  if (argc > 1) setenv("ZCOMPAT_CPU", argv[1], 1);
  static unsigned char data[70000];
  for (unsigned i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * i >> 3);
  uLong crc = 0, adler = 1;
  for (unsigned n = 0; n < 1500; n++) {
    crc = crc32(crc, data + n, n);
    adler = adler32(adler, data + n, n);
  }
  crc = crc32(crc, data, sizeof data);
  adler = adler32(adler, data, sizeof data);
  printf("%s %08lx %08lx %lu\n", zcompat_cpu_tier(), crc, adler, getauxval(AT_SECURE));
  return 0;
}
