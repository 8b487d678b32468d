/* zconf.h: the types and build conditions of zlib.h.
   Written by `cargo xtask headers` from tools/generate/src/headers and src/ffi. */

#ifndef ZCONF_H
#define ZCONF_H

/* This library is built for Linux and needs C99 or C++ from its users. What older compilers and
   other systems need from this file is left out; names that programs test for are kept. */

#if defined(__STDC_VERSION__) || defined(__STDC__) || defined(__cplusplus) || defined(__GNUC__)
#  ifndef STDC
#    define STDC
#  endif
#endif
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L
#  ifndef STDC99
#    define STDC99
#  endif
#endif

/* With ZLIB_CONST defined, the members and parameters that zlib only reads from are const. They
   are not by default, for the programs that assign them to plain pointers. */
#ifndef z_const
#  ifdef ZLIB_CONST
#    define z_const const
#  else
#    define z_const
#  endif
#endif

/* Z_SOLO asks for the stream and checksum functions only, without any system header. */
#ifdef Z_SOLO
typedef unsigned long z_size_t;
#else
#  include <limits.h>
#  include <stdarg.h>
#  include <stddef.h>
#  include <sys/types.h>
#  include <unistd.h>
typedef size_t z_size_t;
#endif

/* <unistd.h> and <stdarg.h> are there: programs look at these two. */
#ifndef Z_HAVE_UNISTD_H
#  define Z_HAVE_UNISTD_H
#endif
#ifndef Z_HAVE_STDARG_H
#  define Z_HAVE_STDARG_H
#endif

/* The largest memLevel and windowBits. A program may lower them for itself. */
#ifndef MAX_MEM_LEVEL
#  define MAX_MEM_LEVEL 9
#endif
#ifndef MAX_WBITS
#  define MAX_WBITS 15
#endif

/* How functions are declared: nothing special on this system. */
#ifndef OF
#  define OF(args) args
#endif
#ifndef ZEXTERN
#  define ZEXTERN extern
#endif
#ifndef ZEXPORT
#  define ZEXPORT
#endif
#ifndef ZEXPORTVA
#  define ZEXPORTVA
#endif
#ifndef FAR
#  define FAR
#endif

typedef unsigned char Byte;
typedef unsigned int uInt;
typedef unsigned long uLong;
typedef Byte Bytef;
typedef char charf;
typedef int intf;
typedef uInt uIntf;
typedef uLong uLongf;
typedef const void *voidpc;
typedef void *voidpf;
typedef void *voidp;

/* An element of the CRC-32 table. With Z_SOLO, without <limits.h> that is, zlib.h has always
   said unsigned long here; the table's elements have 32 bits all the same. */
#if !defined(Z_U4) && !defined(Z_SOLO)
#  define Z_U4 unsigned
#endif
#ifdef Z_U4
typedef Z_U4 z_crc_t;
#else
typedef unsigned long z_crc_t;
#endif

/* File positions. _LARGEFILE64_SOURCE adds the functions whose names end in 64 and the type
   off64_t; _FILE_OFFSET_BITS=64 makes the plain names stand for them. A _LARGEFILE64_SOURCE that
   is defined as 0 counts as not defined, one that is defined as nothing counts as defined. */
#if defined(_LARGEFILE64_SOURCE) && 1 - _LARGEFILE64_SOURCE - 1 == 0
#  undef _LARGEFILE64_SOURCE
#endif
#if defined(_LFS64_LARGEFILE) && _LFS64_LARGEFILE - 0
#  define Z_LFS64
#  ifdef _LARGEFILE64_SOURCE
#    define Z_LARGE64
#  endif
#  if defined(_FILE_OFFSET_BITS) && _FILE_OFFSET_BITS - 0 == 64
#    define Z_WANT64
#  endif
#endif
#ifndef z_off_t
#  ifdef Z_SOLO
#    define z_off_t long long
#  else
#    define z_off_t off_t
#  endif
#endif
#ifdef Z_LARGE64
#  define z_off64_t off64_t
#else
#  define z_off64_t z_off_t
#endif

#if !defined(SEEK_SET) && !defined(Z_SOLO)
#  define SEEK_SET 0
#  define SEEK_CUR 1
#  define SEEK_END 2
#endif

#endif
