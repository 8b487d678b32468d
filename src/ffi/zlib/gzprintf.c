/* gzprintf and gzvprintf: stable Rust calls variadic functions but cannot define one.
 *
 * A text that fits the buffer of the file is formatted there, as zlib does. For a longer one,
 * which zlib refuses, memory is allocated. */

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct gzFile_s *gzFile;

enum { STREAM_ERROR = -2 }; /* Z_STREAM_ERROR of zlib.h */

/* src/ffi/zlib/gz.rs. Hidden here is enough to keep them out of the shared library's exports: the
 * linker takes the narrowest visibility that any object asks for. */
#pragma GCC visibility push(hidden)
int gz_printf_room(gzFile file, char **room, size_t *size);
int gz_printf_commit(gzFile file, size_t len);
int gz_printf_long(gzFile file, const void *text, size_t len);
#pragma GCC visibility pop

int gzvprintf(gzFile file, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
int gzprintf(gzFile file, const char *format, ...) __attribute__((format(printf, 2, 3)));

int gzvprintf(gzFile file, const char *format, va_list args)
{
    char *room;
    size_t size;
    va_list again;
    int len, result;

    if (format == NULL)
        return STREAM_ERROR;
    result = gz_printf_room(file, &room, &size);
    if (result != 0)
        return result;

    va_copy(again, args);
    len = vsnprintf(room, size, format, args);
    if (len <= 0) {
        /* Nothing to write, or a conversion that failed: zlib tells neither from the other. */
        result = 0;
    } else if ((size_t)len < size) {
        result = gz_printf_commit(file, (size_t)len);
    } else {
        size_t long_size = (size_t)len + 1;
        char *text = malloc(long_size);
        if (text != NULL) {
            len = vsnprintf(text, long_size, format, again);
            /* Should another thread have changed an argument in between: what there is room for. */
            if (len > 0 && (size_t)len >= long_size)
                len = (int)(long_size - 1);
        }
        result = len <= 0 ? 0 : gz_printf_long(file, text, (size_t)len);
        free(text);
    }
    va_end(again);
    return result;
}

int gzprintf(gzFile file, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = gzvprintf(file, format, args);
    va_end(args);
    return result;
}
