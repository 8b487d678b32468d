/* Fills the tables of functions: by dlopen, or by the linker. */
#define _GNU_SOURCE
#include "suite.h"

#include <dlfcn.h>
#include <stdio.h>

#ifndef RTLD_DEEPBIND
/* musl has none: there, only ours is loaded. */
#define RTLD_DEEPBIND 0
#endif

/* RTLD_DEEPBIND: a library built without -Bsymbolic must call its own functions, not those of
 * another copy that the program is linked with. Absolute paths keep copies with one soname apart. */
static void *open_library(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!handle)
        fprintf(stderr, "%s\n", dlerror());
    return handle;
}

struct libz *libz_open(const char *path)
{
    void *handle = open_library(path);
    if (!handle)
        return NULL;
    struct libz *z = must_alloc(sizeof *z);
    z->path = path;
#define FIND(name) z->name = (__typeof__(z->name))dlsym(handle, #name);
    LIBZ_FUNCTIONS(FIND)
    FIND(zcompat_cpu_tier)
#undef FIND
    return z;
}

struct libzstd *libzstd_open(const char *path)
{
    void *handle = open_library(path);
    if (!handle)
        return NULL;
    struct libzstd *zstd = must_alloc(sizeof *zstd);
    zstd->path = path;
#define FIND(name) zstd->name = (__typeof__(zstd->name))dlsym(handle, #name);
    LIBZSTD_FUNCTIONS(FIND)
#undef FIND
    return zstd;
}

#ifdef SUITE_LINKED
extern const char *zcompat_cpu_tier(void) __attribute__((weak));

struct libz *libz_linked(void)
{
    struct libz *z = must_alloc(sizeof *z);
    z->path = "linked";
#define TAKE(name) z->name = name;
    LIBZ_FUNCTIONS(TAKE)
#undef TAKE
    z->zcompat_cpu_tier = zcompat_cpu_tier;
    return z;
}

struct libzstd *libzstd_linked(void)
{
    struct libzstd *zstd = must_alloc(sizeof *zstd);
    zstd->path = "linked";
#define TAKE(name) zstd->name = name;
    LIBZSTD_FUNCTIONS(TAKE)
#undef TAKE
    return zstd;
}
#endif
