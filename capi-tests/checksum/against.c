/* Usage: against OURS THEIRS: the checksum functions of two libraries on the same random arguments.
 * Each is loaded by its path and must really be that file. */
#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned long (*sum_fn)(unsigned long, const unsigned char *, unsigned);
typedef unsigned long (*sum_z_fn)(unsigned long, const unsigned char *, size_t);
typedef unsigned long (*combine_fn)(unsigned long, unsigned long, long);
typedef unsigned long (*gen_fn)(long);
typedef unsigned long (*op_fn)(unsigned long, unsigned long, unsigned long);
typedef const uint32_t *(*table_fn)(void);

struct library {
  sum_fn sum[2];
  sum_z_fn sum_z[2];
  combine_fn combine[4];
  gen_fn gen[2];
  op_fn op;
  table_fn table;
};

static void *named(void *handle, const char *name) {
  void *address = dlsym(handle, name);
  if (!address) {
    printf("%s\n", dlerror());
    exit(2);
  }
  return address;
}

static struct library library(const char *path) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    printf("%s\n", dlerror());
    exit(2);
  }
  struct library l = {
      {(sum_fn)named(handle, "crc32"), (sum_fn)named(handle, "adler32")},
      {(sum_z_fn)named(handle, "crc32_z"), (sum_z_fn)named(handle, "adler32_z")},
      {(combine_fn)named(handle, "crc32_combine"), (combine_fn)named(handle, "crc32_combine64"),
       (combine_fn)named(handle, "adler32_combine"), (combine_fn)named(handle, "adler32_combine64")},
      {(gen_fn)named(handle, "crc32_combine_gen"), (gen_fn)named(handle, "crc32_combine_gen64")},
      (op_fn)named(handle, "crc32_combine_op"),
      (table_fn)named(handle, "get_crc_table")};
  return l;
}

static uint64_t state = 88172645463325252u;

/* Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* Mostly what programs pass; often at a limit. */
static unsigned long word(void) {
  static const unsigned long limits[] = {
      0, 1, 65520, 65521, 65535, 0xfff0fff0, 0xfff1fff1, 0xffffffff, 0x80000000, ULONG_MAX};
  uint64_t r = next();
  if (r % 4 == 0) return limits[(r >> 8) % (sizeof limits / sizeof *limits)];
  return r % 4 == 1 ? next() : next() & 0xffffffff;
}

static long length(void) {
  /* The last three are cut where a long has 32 bits. */
  static const long limits[] = {
      0,        1,        -1,           65520, 65521, 65522,  5552,
      INT_MAX,  INT_MIN,  LONG_MAX - 1, 65535, 65536, 131042,
      LONG_MAX, LONG_MIN, (long)4294967295ll,  (long)4294967296ll, (long)4294967297ll};
  uint64_t r = next();
  if (r % 3 == 0) return limits[(r >> 8) % (sizeof limits / sizeof *limits)];
  return (long)(next() >> (r >> 8) % 64);
}

static void same(const char *what, unsigned long a, unsigned long b) {
  if (a != b) {
    printf("%s: %#lx, theirs %#lx\n", what, a, b);
    exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const struct library ours = library(argv[1]), theirs = library(argv[2]);
  if (ours.op == theirs.op) {
    printf("both are the same library\n");
    return 2;
  }
  enum { SIZE = 1 << 16 };
  unsigned char *data = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) data[i] = (unsigned char)next();
  for (int i = 0; i < SIZE / 4; i++) data[i] = 0xff;

  for (int i = 0; i < 256; i++) same("get_crc_table", ours.table()[i], theirs.table()[i]);
  for (int round = 0; round < 200000; round++) {
    const unsigned long a = word(), b = word();
    const long n = length();
    unsigned size = (unsigned)(next() % 300);
    if (round % 50 == 0) size = (unsigned)(next() % SIZE);
    const unsigned char *from = data + next() % (SIZE - size + 1);
    for (int i = 0; i < 2; i++) {
      same(i ? "adler32" : "crc32", ours.sum[i](a, from, size), theirs.sum[i](a, from, size));
      same(i ? "adler32_z" : "crc32_z", ours.sum_z[i](a, from, size),
           theirs.sum_z[i](a, from, size));
    }
    for (int i = 0; i < 4; i++)
      same("combine", ours.combine[i](a, b, n), theirs.combine[i](a, b, n));
    for (int i = 0; i < 2; i++) same("combine_gen", ours.gen[i](n), theirs.gen[i](n));
    /* Theirs does not come back from an operator whose low 32 bits are 0, unless all are. */
    const unsigned long op = word();
    if (op == 0 || (op & 0xffffffff) != 0) same("combine_op", ours.op(a, b, op), theirs.op(a, b, op));
  }
  return 0;
}
