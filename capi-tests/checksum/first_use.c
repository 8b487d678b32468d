/* Threads that all make the process's first checksum at once: for ThreadSanitizer. With -DRACE also
 * a data race, which it must find. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

unsigned long crc32(unsigned long, const unsigned char *, unsigned);
unsigned long adler32(unsigned long, const unsigned char *, unsigned);
const char *zcompat_cpu_tier(void);

enum { THREADS = 8 };
static pthread_barrier_t barrier;
static unsigned long wrong[THREADS];
#ifdef RACE
static int shared;
#endif

static void *first_use(void *arg) {
  const unsigned char *text = (const unsigned char *)"123456789";
  const int me = *(const int *)arg;
  pthread_barrier_wait(&barrier);
#ifdef RACE
  shared++;
#endif
  for (int i = 0; i < 100; i++) {
    wrong[me] += crc32(0, text, 9) != 0xcbf43926;
    wrong[me] += adler32(1, text, 9) != 0x091e01de;
    wrong[me] += strlen(zcompat_cpu_tier()) == 0;
  }
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  int ids[THREADS];
  unsigned long all = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    ids[i] = i;
    if (pthread_create(&threads[i], NULL, first_use, &ids[i]) != 0) return 2;
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    all += wrong[i];
  }
#ifdef RACE
  printf("%d\n", shared);
#endif
  return all != 0;
}
