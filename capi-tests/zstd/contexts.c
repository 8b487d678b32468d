/* Creates contexts and compresses over and over, in several threads too: what a debugger watches
 * to count how often the library asks CPUID. */
#include <pthread.h>
#include <stdio.h>
#include <zstd.h>

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        char in[1024] = "zstd", out[2048], back[1024];
        ZSTD_freeDCtx(ZSTD_createDCtx());
        ZSTD_freeCCtx(ZSTD_createCCtx());
        size_t n = ZSTD_compress(out, sizeof out, in, sizeof in, 3);
        if (ZSTD_decompress(back, sizeof back, out, n) != sizeof back) return (void *)1;
    }
    return NULL;
}

int main(void)
{
    void *bad = work(NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    void *also = NULL;
    pthread_join(thread, &also);
    puts(bad || also ? "failed" : "done");
    return bad || also;
}
