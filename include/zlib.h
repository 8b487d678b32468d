/* zlib.h: the interface of the zlib compression library, version 1.3.2.
   Written by `cargo xtask headers` from tools/generate/src/headers and src/ffi.

   Formats: zlib (RFC 1950), deflate (RFC 1951), gzip (RFC 1952). Names, values and layouts are
   those of zlib 1.3.2 by Jean-loup Gailly and Mark Adler.

   Sizes are in bytes. A function that returns int returns one of the codes below, unless it says
   something else. Each function may be called from any thread; calls on the same stream or file
   must not overlap. */

#ifndef ZLIB_H
#define ZLIB_H

#include "zconf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZLIB_VERSION "1.3.2"
#define ZLIB_VERNUM 0x1320
#define ZLIB_VER_MAJOR 1
#define ZLIB_VER_MINOR 3
#define ZLIB_VER_REVISION 2
#define ZLIB_VER_SUBREVISION 0

/* Memory for a stream: items * size bytes, aligned as malloc does, or NULL; and its return. */
typedef voidpf (*alloc_func)(voidpf opaque, uInt items, uInt size);
typedef void (*free_func)(voidpf opaque, voidpf address);

struct internal_state;

/* A stream. The program fills in zalloc, zfree and opaque before Init (NULL: malloc and free), and
   next_in, avail_in, next_out and avail_out before each call; the library moves the pointers and
   counts on. The other members are the library's, to be read only. After Init the structure
   must stay where it is until End: a copied one is refused. */
struct z_stream_s {
    /* Where the input goes on. */
    z_const Bytef *next_in;
    /* Bytes of input there. */
    uInt avail_in;
    /* Bytes of input taken since Init or Reset. */
    uLong total_in;
    /* Where the output goes on. */
    Bytef *next_out;
    /* Bytes of room there. */
    uInt avail_out;
    /* Bytes of output written since Init or Reset. */
    uLong total_out;
    /* What was wrong, after an error; else NULL. */
    z_const char *msg;
    /* The library's own; NULL when there is no stream. */
    struct internal_state *state;
    /* Gives the stream's memory. */
    alloc_func zalloc;
    /* Takes it back. */
    free_func zfree;
    /* The first argument of both. */
    voidpf opaque;
    /* deflate: Z_BINARY, Z_TEXT or Z_UNKNOWN. inflate: where it stopped. */
    int data_type;
    /* The check value of the uncompressed data so far: Adler-32, or CRC-32 for gzip. */
    uLong adler;
    /* Unused. */
    uLong reserved;
};
typedef struct z_stream_s z_stream;
typedef z_stream *z_streamp;

/* A gzip header, for deflateSetHeader and inflateGetHeader. */
struct gz_header_s {
    /* 1 if the data is said to be text. */
    int text;
    /* When the file was changed, in seconds since 1970; 0 for unknown. */
    uLong time;
    /* The XFL byte. Writing sets its own. */
    int xflags;
    /* The number of the system that wrote it: 3 is Unix. */
    int os;
    /* The extra field, NULL for none. */
    Bytef *extra;
    /* The length of the extra field. */
    uInt extra_len;
    /* Reading: the room at extra. */
    uInt extra_max;
    /* The file name with its NUL, NULL for none. */
    Bytef *name;
    /* Reading: the room at name. */
    uInt name_max;
    /* The comment with its NUL, NULL for none. */
    Bytef *comment;
    /* Reading: the room at comment. */
    uInt comm_max;
    /* 1 for a header with a check value of its own. */
    int hcrc;
    /* Reading: 0, then 1 when all is here, or -1 when the stream is no gzip. */
    int done;
};
typedef struct gz_header_s gz_header;
typedef gz_header *gz_headerp;

/* Return codes: errors are negative. */
#define Z_OK 0
#define Z_STREAM_END 1
#define Z_NEED_DICT 2
#define Z_ERRNO (-1)         /* errno says which */
#define Z_STREAM_ERROR (-2)  /* no such stream, or a parameter out of range */
#define Z_DATA_ERROR (-3)    /* the compressed data is corrupt */
#define Z_MEM_ERROR (-4)
#define Z_BUF_ERROR (-5)     /* nothing could be done: more input or more room is needed */
#define Z_VERSION_ERROR (-6) /* the program was compiled for another zlib.h */

/* The flush parameter of deflate and inflate. */
#define Z_NO_FLUSH 0
#define Z_PARTIAL_FLUSH 1
#define Z_SYNC_FLUSH 2
#define Z_FULL_FLUSH 3
#define Z_FINISH 4
#define Z_BLOCK 5
#define Z_TREES 6

/* Levels: 0 to 9, or the default, which is 6. */
#define Z_NO_COMPRESSION 0
#define Z_BEST_SPEED 1
#define Z_BEST_COMPRESSION 9
#define Z_DEFAULT_COMPRESSION (-1)

/* Strategies: what kind of data it is. Any of them gives a valid stream. */
#define Z_FILTERED 1
#define Z_HUFFMAN_ONLY 2
#define Z_RLE 3
#define Z_FIXED 4
#define Z_DEFAULT_STRATEGY 0

/* The guess in a deflate stream's data_type. */
#define Z_BINARY 0
#define Z_TEXT 1
#define Z_ASCII Z_TEXT
#define Z_UNKNOWN 2

#define Z_DEFLATED 8 /* the only method */
#define Z_NULL 0     /* for zalloc, zfree and opaque */

#define zlib_version zlibVersion()

/* The version of the library in use, "1.3.2": ZLIB_VERSION is the header's. */
ZEXTERN const char * ZEXPORT zlibVersion(void);

/* How the library was compiled: the sizes of uInt, uLong, a pointer and z_off_t in two bits each,
   from bit 0 on (0: 16 bits, 1: 32, 2: 64, 3: other). Further bits stand for options that are off. */
ZEXTERN uLong ZEXPORT zlibCompileFlags(void);

/* The text of a return code, "" for a number that is none. Static, never freed. */
ZEXTERN const char * ZEXPORT zError(int err);


/* ---- Compression ---- */

/* Init. level is 0 to 9 or Z_DEFAULT_COMPRESSION. method is Z_DEFLATED. windowBits is 9 to 15 for
   the zlib format, with a window of 1 << windowBits; -8 to -15 for raw deflate data without header
   and check value; 16 more than for zlib, for gzip. 8 stands for 9 in the zlib format. memLevel is
   1 to 9, 8 by default.

   Z_MEM_ERROR; Z_STREAM_ERROR for a parameter out of range; Z_VERSION_ERROR if version or
   stream_size is not this header's: call the macros, which pass them. */
ZEXTERN int ZEXPORT deflateInit_(z_streamp strm, int level, const char *version,
                                 int stream_size);
ZEXTERN int ZEXPORT deflateInit2_(z_streamp strm, int level, int method, int windowBits,
                                  int memLevel, int strategy, const char *version,
                                  int stream_size);
#define deflateInit(strm, level) \
    deflateInit_((strm), (level), ZLIB_VERSION, (int)sizeof(z_stream))
#define deflateInit2(strm, level, method, windowBits, memLevel, strategy) \
    deflateInit2_((strm), (level), (method), (windowBits), (memLevel), (strategy), \
                  ZLIB_VERSION, (int)sizeof(z_stream))

/* Compresses until the input is used up or the output is full. flush tells what has to come out:
     Z_NO_FLUSH       whatever compresses best
     Z_PARTIAL_FLUSH  all input so far, up to a bit boundary
     Z_SYNC_FLUSH     all input so far, up to a byte boundary
     Z_FULL_FLUSH     the same, and nothing later refers back: decompression can start there
     Z_BLOCK          all input so far but for up to 7 bits, at the end of a deflate block
     Z_FINISH         the whole rest of the stream
   As long as avail_out is 0 on return there may be more: call again with room and the same flush.

   Z_OK: progress was made. Z_STREAM_END: all of the stream has been written, after Z_FINISH only.
   Z_BUF_ERROR: no progress was possible, which ends nothing. Z_STREAM_ERROR: not such a stream, or
   a wrong flush. */
ZEXTERN int ZEXPORT deflate(z_streamp strm, int flush);

/* Frees the stream's memory. Z_DATA_ERROR, and freed all the same, in the middle of a stream. */
ZEXTERN int ZEXPORT deflateEnd(z_streamp strm);

/* Sets a dictionary of dictLength bytes, whose last 32 KiB later data may refer to: right after
   Init or Reset, for raw data also after a flush. strm->adler becomes its Adler-32, which a
   zlib stream carries. */
ZEXTERN int ZEXPORT deflateSetDictionary(z_streamp strm, const Bytef *dictionary,
                                         uInt dictLength);

/* Copies the data that may be referred to, at most 32 KiB, to dictionary, and its length to
   *dictLength. Either may be NULL. */
ZEXTERN int ZEXPORT deflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *dictLength);

/* Makes dest a second stream in the state of source. */
ZEXTERN int ZEXPORT deflateCopy(z_streamp dest, z_streamp source);

/* End and Init with the same parameters, at less cost. The Keep one keeps the history too. */
ZEXTERN int ZEXPORT deflateReset(z_streamp strm);
ZEXTERN int ZEXPORT deflateResetKeep(z_streamp strm);

/* Changes level and strategy in mid-stream. What was given before is compressed with the old ones
   first: Z_BUF_ERROR if there was no room for that, and nothing has changed. */
ZEXTERN int ZEXPORT deflateParams(z_streamp strm, int level, int strategy);

/* Sets how long the match search tries. For those who know the algorithm. */
ZEXTERN int ZEXPORT deflateTune(z_streamp strm, int good_length, int max_lazy, int nice_length,
                                int max_chain);

/* At most so many bytes come out for sourceLen bytes in one call of deflate with Z_FINISH: after
   Init, and after deflateSetHeader if that is used. Without a stream: for any parameters. */
ZEXTERN uLong ZEXPORT deflateBound(z_streamp strm, uLong sourceLen);
ZEXTERN z_size_t ZEXPORT deflateBound_z(z_streamp strm, z_size_t sourceLen);

/* The bytes (*pending) and bits (*bits, 0 to 7) of output that wait for room; either may be NULL.
   Z_BUF_ERROR if the bytes do not fit the type. */
ZEXTERN int ZEXPORT deflatePending(z_streamp strm, uInt *pending, int *bits);

/* How many bits, 0 to 8, of the last byte written so far are in use, to *bits. */
ZEXTERN int ZEXPORT deflateUsed(z_streamp strm, int *bits);

/* Puts the low bits (0 to 16) of value into the output, before what comes next. For raw data.
   Z_BUF_ERROR if there is no room. */
ZEXTERN int ZEXPORT deflatePrime(z_streamp strm, int bits, int value);

/* Sets the header of a gzip stream, before the first deflate. head stays in use until the header
   has been written. */
ZEXTERN int ZEXPORT deflateSetHeader(z_streamp strm, gz_headerp head);


/* ---- Decompression ---- */

/* Init. windowBits is 8 to 15 for the zlib format, at least the window that the data was made with,
   or 0 to take it from the data; -8 to -15 for raw deflate data; 16 more than for zlib, for gzip;
   32 more, for zlib or gzip, whichever it is. inflateInit is for zlib with 15. Codes as for
   deflateInit2. */
ZEXTERN int ZEXPORT inflateInit_(z_streamp strm, const char *version, int stream_size);
ZEXTERN int ZEXPORT inflateInit2_(z_streamp strm, int windowBits, const char *version,
                                  int stream_size);
#define inflateInit(strm) \
    inflateInit_((strm), ZLIB_VERSION, (int)sizeof(z_stream))
#define inflateInit2(strm, windowBits) \
    inflateInit2_((strm), (windowBits), ZLIB_VERSION, (int)sizeof(z_stream))

/* Decompresses until the input is used up or the output is full. flush is Z_NO_FLUSH or
   Z_SYNC_FLUSH; Z_FINISH, to tell that all output has room, which can save the window; Z_BLOCK, to
   stop at the next block boundary; Z_TREES, also at the end of each block's header.

   Z_OK: progress was made. Z_STREAM_END: the end of the stream was reached and its check value
   holds. Z_NEED_DICT: inflateSetDictionary has to come first; strm->adler says which.
   Z_DATA_ERROR: corrupt data, strm->msg says how. Z_BUF_ERROR: no progress was possible, which
   ends nothing. Z_MEM_ERROR. Z_STREAM_ERROR: not such a stream, or no buffer.

   data_type afterwards: unused bits of the last byte taken, plus 64 in the last block, plus 128
   right after a block or the header, plus 256 right after a block's own header. */
ZEXTERN int ZEXPORT inflate(z_streamp strm, int flush);

/* Frees the stream's memory. */
ZEXTERN int ZEXPORT inflateEnd(z_streamp strm);

/* Gives the dictionary that Z_NEED_DICT asked for, for raw data at any time. Z_DATA_ERROR: it is
   another one. */
ZEXTERN int ZEXPORT inflateSetDictionary(z_streamp strm, const Bytef *dictionary,
                                         uInt dictLength);

/* Copies the window, at most 32 KiB, to dictionary, and its length to *dictLength. Either may be
   NULL. */
ZEXTERN int ZEXPORT inflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *dictLength);

/* Skips input until after a full flush point. Z_OK: found. Z_DATA_ERROR: not in this input.
   Z_BUF_ERROR: there was no input. */
ZEXTERN int ZEXPORT inflateSync(z_streamp strm);

/* 1 if the stream stands in the length bytes of an empty stored block, which a flush leaves. */
ZEXTERN int ZEXPORT inflateSyncPoint(z_streamp strm);

/* Makes dest a second stream in the state of source. */
ZEXTERN int ZEXPORT inflateCopy(z_streamp dest, z_streamp source);

/* End and Init at less cost, with other windowBits for the second. The Keep one keeps the window. */
ZEXTERN int ZEXPORT inflateReset(z_streamp strm);
ZEXTERN int ZEXPORT inflateReset2(z_streamp strm, int windowBits);
ZEXTERN int ZEXPORT inflateResetKeep(z_streamp strm);

/* Puts the low bits (0 to 16) of value in front of the input; takes all such bits away again when
   bits is negative. For raw data. */
ZEXTERN int ZEXPORT inflatePrime(z_streamp strm, int bits, int value);

/* Where inflate stands. High 16 bits: how many bits back in the input the literal or match in
   progress began; the low 16 then say how many of its bytes are written. High -1: between blocks,
   or, when the low ones are not 0, in a stored block with so many bytes left. -65536 for what is no
   stream. */
ZEXTERN long ZEXPORT inflateMark(z_streamp strm);

/* Asks for the header of a gzip stream: it is put to head, and head->done becomes 1 (-1 if it is no
   gzip stream). Right after Init or Reset. head and its buffers stay in use until then. */
ZEXTERN int ZEXPORT inflateGetHeader(z_streamp strm, gz_headerp head);

/* 0 for check: check values are not looked at from here on. */
ZEXTERN int ZEXPORT inflateValidate(z_streamp strm, int check);

/* Would accept invalid distances in a library built for that: Z_DATA_ERROR in this one. */
ZEXTERN int ZEXPORT inflateUndermine(z_streamp strm, int subvert);

/* How many entries of the code tables are in use; (unsigned long)-1 for what is no stream. */
ZEXTERN unsigned long ZEXPORT inflateCodesUsed(z_streamp strm);

/* Raw data between two callbacks. in gives the address of more input and returns its length, 0 at
   the end; out takes the output and returns 0, or another number to stop. window has
   1 << windowBits bytes, windowBits is 8 to 15.

   inflateBack returns Z_STREAM_END; Z_BUF_ERROR if a callback stopped it, with next_in NULL if it
   was in; Z_DATA_ERROR; Z_STREAM_ERROR. */
typedef unsigned int (*in_func)(void *in_desc, z_const unsigned char **next);
typedef int (*out_func)(void *out_desc, unsigned char *data, uInt len);
ZEXTERN int ZEXPORT inflateBackInit_(z_streamp strm, int windowBits, unsigned char *window,
                                     const char *version, int stream_size);
ZEXTERN int ZEXPORT inflateBack(z_streamp strm, in_func in, void *in_desc, out_func out,
                                void *out_desc);
ZEXTERN int ZEXPORT inflateBackEnd(z_streamp strm);
#define inflateBackInit(strm, windowBits, window) \
    inflateBackInit_((strm), (windowBits), (window), ZLIB_VERSION, (int)sizeof(z_stream))


#ifndef Z_SOLO

/* ---- Whole buffers, in the zlib format ---- */

/* dest has room for *destLen bytes, which becomes what was written. compressBound(sourceLen) is
   always enough room to compress. Z_BUF_ERROR: not enough room; Z_MEM_ERROR; Z_STREAM_ERROR: wrong
   level; Z_DATA_ERROR: corrupt or incomplete. uncompress2 sets *sourceLen to what it used of the
   source. */
ZEXTERN int ZEXPORT compress(Bytef *dest, uLongf *destLen, const Bytef *source,
                             uLong sourceLen);
ZEXTERN int ZEXPORT compress_z(Bytef *dest, z_size_t *destLen, const Bytef *source,
                               z_size_t sourceLen);
ZEXTERN int ZEXPORT compress2(Bytef *dest, uLongf *destLen, const Bytef *source,
                              uLong sourceLen, int level);
ZEXTERN int ZEXPORT compress2_z(Bytef *dest, z_size_t *destLen, const Bytef *source,
                                z_size_t sourceLen, int level);
ZEXTERN uLong ZEXPORT compressBound(uLong sourceLen);
ZEXTERN z_size_t ZEXPORT compressBound_z(z_size_t sourceLen);
ZEXTERN int ZEXPORT uncompress(Bytef *dest, uLongf *destLen, const Bytef *source,
                               uLong sourceLen);
ZEXTERN int ZEXPORT uncompress_z(Bytef *dest, z_size_t *destLen, const Bytef *source,
                                 z_size_t sourceLen);
ZEXTERN int ZEXPORT uncompress2(Bytef *dest, uLongf *destLen, const Bytef *source,
                                uLong *sourceLen);
ZEXTERN int ZEXPORT uncompress2_z(Bytef *dest, z_size_t *destLen, const Bytef *source,
                                  z_size_t *sourceLen);


/* ---- gzip files ---- */

/* A file, NULL for none. The structure is there for the gzgetc macro: nobody else's business. */
typedef struct gzFile_s *gzFile;
struct gzFile_s {
    /* Bytes at next; the macro counts it down to 0 and then calls the function. */
    unsigned have;
    Bytef *next;
    /* Position in the uncompressed data. */
    z_off64_t pos;
};

/* Opens path, or the descriptor fd, which gzclose then closes. mode is as for fopen: r, w or a,
   then any of 0 to 9 (level), f h R F (strategies filtered, Huffman only, RLE, fixed), T (write
   without compression), G (read gzip only, no plain files), b, e (close on exec), x (must not
   exist), + is refused. Reading takes files that are no gzip as they are. NULL if the file cannot be
   opened, errno tells why, or if memory or mode are at fault. */
ZEXTERN gzFile ZEXPORT gzdopen(int fd, const char *mode);

/* Sets the size of the buffers, before the first read or write: 8192 by default. -1 if too late. */
ZEXTERN int ZEXPORT gzbuffer(gzFile file, uInt size);

/* Changes level and strategy for what is written from here on. */
ZEXTERN int ZEXPORT gzsetparams(gzFile file, int level, int strategy);

/* Reads len bytes, at the end of the file fewer. The number read, -1 for an error. gzfread counts
   in items of size bytes and returns full items. */
ZEXTERN int ZEXPORT gzread(gzFile file, voidp buf, uInt len);
ZEXTERN z_size_t ZEXPORT gzfread(voidp buf, z_size_t size, z_size_t nitems, gzFile file);

/* Writes len bytes. The number written, 0 for an error. gzfwrite counts in items. */
ZEXTERN int ZEXPORT gzwrite(gzFile file, voidpc buf, uInt len);
ZEXTERN z_size_t ZEXPORT gzfwrite(voidpc buf, z_size_t size, z_size_t nitems, gzFile file);

/* Writes as fprintf does. The number of bytes written, 0 for nothing; negative for an error. */
ZEXTERN int ZEXPORTVA gzprintf(gzFile file, const char *format, ...);
ZEXTERN int ZEXPORTVA gzvprintf(gzFile file, const char *format, va_list va);

/* Writes a string without its NUL. The number written, -1 for an error. */
ZEXTERN int ZEXPORT gzputs(gzFile file, const char *s);

/* Reads until len - 1 bytes, a newline or the end. buf, or NULL when there was nothing. */
ZEXTERN char * ZEXPORT gzgets(gzFile file, char *buf, int len);

/* One byte. gzungetc pushes c back, to be read next. -1 at the end or for an error. */
ZEXTERN int ZEXPORT gzputc(gzFile file, int c);
ZEXTERN int ZEXPORT gzgetc(gzFile file);
ZEXTERN int ZEXPORT gzgetc_(gzFile file);
ZEXTERN int ZEXPORT gzungetc(int c, gzFile file);
#define gzgetc(g) \
    ((g)->have ? ((g)->have--, (g)->pos++, *((g)->next)++) : (gzgetc)(g))

/* Writes what is in the buffers out, with deflate's flush. */
ZEXTERN int ZEXPORT gzflush(gzFile file, int flush);

/* Back to the start of a file that is read. */
ZEXTERN int ZEXPORT gzrewind(gzFile file);

/* 1 once a read has met the end. */
ZEXTERN int ZEXPORT gzeof(gzFile file);

/* 1 if the file is read or written as it is, without gzip. */
ZEXTERN int ZEXPORT gzdirect(gzFile file);

/* Ends the file and frees its memory. gzclose_r and gzclose_w are for files of which it is known
   that they are read or written: a static program then holds only that half. */
ZEXTERN int ZEXPORT gzclose(gzFile file);
ZEXTERN int ZEXPORT gzclose_r(gzFile file);
ZEXTERN int ZEXPORT gzclose_w(gzFile file);

/* The last error's text, and its code to *errnum (Z_ERRNO: see errno). Valid until the next call. */
ZEXTERN const char * ZEXPORT gzerror(gzFile file, int *errnum);

/* Forgets the error and the end, as clearerr does. */
ZEXTERN void ZEXPORT gzclearerr(gzFile file);

#endif


/* ---- Checksums ---- */

/* Continue a checksum with len bytes at buf. The first call gets the start value, which a call with
   buf NULL returns. */
ZEXTERN uLong ZEXPORT adler32(uLong adler, const Bytef *buf, uInt len);
ZEXTERN uLong ZEXPORT adler32_z(uLong adler, const Bytef *buf, z_size_t len);
ZEXTERN uLong ZEXPORT crc32(uLong crc, const Bytef *buf, uInt len);
ZEXTERN uLong ZEXPORT crc32_z(uLong crc, const Bytef *buf, z_size_t len);

/* The CRC-32 of two pieces in a row, from theirs and the operator that crc32_combine_gen gives for
   the length of the second. */
ZEXTERN uLong ZEXPORT crc32_combine_op(uLong crc1, uLong crc2, uLong op);

/* The table of the CRC-32, 256 entries. */
ZEXTERN const z_crc_t * ZEXPORT get_crc_table(void);

/* gzopen, and positions. gzseek goes to offset from SEEK_SET or SEEK_CUR, in uncompressed bytes, when
   writing only forward; gztell says where that is, gzoffset where the compressed file is; -1 for an
   error. adler32_combine and crc32_combine give the checksum of two pieces in a row from theirs and
   the length of the second.

   What the names end in follows the program's own off_t: see _LARGEFILE64_SOURCE and
   _FILE_OFFSET_BITS in zconf.h. */
#ifndef Z_SOLO
#  ifdef Z_LARGE64
ZEXTERN gzFile ZEXPORT gzopen64(const char *path, const char *mode);
ZEXTERN z_off64_t ZEXPORT gzseek64(gzFile file, z_off64_t offset, int whence);
ZEXTERN z_off64_t ZEXPORT gztell64(gzFile file);
ZEXTERN z_off64_t ZEXPORT gzoffset64(gzFile file);
ZEXTERN uLong ZEXPORT adler32_combine64(uLong adler1, uLong adler2, z_off64_t len2);
ZEXTERN uLong ZEXPORT crc32_combine64(uLong crc1, uLong crc2, z_off64_t len2);
ZEXTERN uLong ZEXPORT crc32_combine_gen64(z_off64_t len2);
#  endif
#  if !defined(ZLIB_INTERNAL) && defined(Z_WANT64)
#    define gzopen gzopen64
#    define gzseek gzseek64
#    define gztell gztell64
#    define gzoffset gzoffset64
#    define adler32_combine adler32_combine64
#    define crc32_combine crc32_combine64
#    define crc32_combine_gen crc32_combine_gen64
#    ifndef Z_LARGE64
ZEXTERN gzFile ZEXPORT gzopen64(const char *path, const char *mode);
ZEXTERN z_off64_t ZEXPORT gzseek64(gzFile file, z_off64_t offset, int whence);
ZEXTERN z_off64_t ZEXPORT gztell64(gzFile file);
ZEXTERN z_off64_t ZEXPORT gzoffset64(gzFile file);
ZEXTERN uLong ZEXPORT adler32_combine64(uLong adler1, uLong adler2, z_off64_t len2);
ZEXTERN uLong ZEXPORT crc32_combine64(uLong crc1, uLong crc2, z_off64_t len2);
ZEXTERN uLong ZEXPORT crc32_combine_gen64(z_off64_t len2);
#    endif
#  else
ZEXTERN gzFile ZEXPORT gzopen(const char *path, const char *mode);
ZEXTERN z_off_t ZEXPORT gzseek(gzFile file, z_off_t offset, int whence);
ZEXTERN z_off_t ZEXPORT gztell(gzFile file);
ZEXTERN z_off_t ZEXPORT gzoffset(gzFile file);
#  endif
#endif
#if defined(Z_SOLO) || defined(ZLIB_INTERNAL) || !defined(Z_WANT64)
ZEXTERN uLong ZEXPORT adler32_combine(uLong adler1, uLong adler2, z_off_t len2);
ZEXTERN uLong ZEXPORT crc32_combine(uLong crc1, uLong crc2, z_off_t len2);
ZEXTERN uLong ZEXPORT crc32_combine_gen(z_off_t len2);
#endif

#ifdef __cplusplus
}
#endif

#endif
