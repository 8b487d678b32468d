/* An allocator for LD_PRELOAD whose every block is a multiple of 8 and none of 16, unless more is
 * asked for: what C guarantees on some platforms and what stock zlib is content with. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__libc_malloc(size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

enum { HEADER = 24 };

/* In front of each block: where it really begins, and its size. */
struct block {
    void *start;
    size_t size;
};

static void *in_block(char *start, size_t header, size_t size)
{
    char *body;
    if (start == NULL)
        return NULL;
    body = start + header;
    ((struct block *)body)[-1] = (struct block){start, size};
    return body;
}

static struct block *block_of(void *body)
{
    return (struct block *)body - 1;
}

void *malloc(size_t size)
{
    if (size > PTRDIFF_MAX - HEADER) {
        errno = ENOMEM;
        return NULL;
    }
    return in_block(__libc_malloc(size + HEADER), HEADER, size);
}

void *calloc(size_t count, size_t size)
{
    void *body;
    if (__builtin_mul_overflow(count, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    body = malloc(size);
    return body == NULL ? NULL : memset(body, 0, size);
}

void free(void *body)
{
    if (body != NULL)
        __libc_free(block_of(body)->start);
}

void *realloc(void *old, size_t size)
{
    void *body = malloc(size);
    if (body != NULL && old != NULL) {
        size_t before = block_of(old)->size;
        memcpy(body, old, before < size ? before : size);
        free(old);
    }
    return body;
}

void *memalign(size_t align, size_t size)
{
    if (align <= 8)
        return malloc(size);
    /* a multiple of the alignment with room for what is in front of it */
    if (align < HEADER)
        align = 32;
    return in_block(__libc_memalign(align, align + size), align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **place, size_t align, size_t size)
{
    *place = memalign(align, size);
    return *place == NULL ? ENOMEM : 0;
}
