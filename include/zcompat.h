/* zcompat.h: what libz and libzstd of zcompat have beside the libraries that they replace.
   Written by `cargo xtask headers` from tools/generate/src/headers and src/ffi. */

#ifndef ZCOMPAT_H
#define ZCOMPAT_H

#ifndef ZEXTERN
#  define ZEXTERN extern
#endif
#ifndef ZEXPORT
#  define ZEXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of zcompat, "MAJOR.MINOR.PATCH". In both libraries. Static, never freed. */
ZEXTERN const char * ZEXPORT zcompat_version(void);

/* The name of the tier of CPU instructions that libz's checksums use in this process: what the CPU
   has, or a lower one that ZCOMPAT_CPU asked for in the environment that the process was started
   with. Static, never freed. */
ZEXTERN const char * ZEXPORT zcompat_cpu_tier(void);

#ifdef __cplusplus
}
#endif

#endif
