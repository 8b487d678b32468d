/* Streams a file through deflate and inflate and compares: `stream FILE [LEVEL]`.
 *
 * Both streams run at once in small buffers: what deflate puts out goes straight into inflate, and
 * what inflate puts out is compared with the file as read a second time. Nothing is held whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { READ = 16384, PIPE = 4096, OUT = 8192 };

struct check {
    z_stream stream;
    FILE *again;
    int ended;
};

static void die(const char *what, const char *why) {
    fprintf(stderr, "stream: %s: %s\n", what, why ? why : "no message");
    exit(1);
}

/* Inflates `size` bytes and compares what comes out with the file. */
static void drain(struct check *check, unsigned char *data, size_t size) {
    unsigned char out[OUT], expected[OUT];
    check->stream.next_in = data;
    check->stream.avail_in = (uInt)size;
    do {
        check->stream.next_out = out;
        check->stream.avail_out = OUT;
        int code = inflate(&check->stream, Z_NO_FLUSH);
        size_t have = OUT - check->stream.avail_out;
        if (code == Z_STREAM_END) check->ended = 1;
        else if (code != Z_OK && code != Z_BUF_ERROR) die("inflate", check->stream.msg);
        if (fread(expected, 1, have, check->again) != have || memcmp(out, expected, have) != 0)
            die("comparison", "the decoded bytes are not the file's");
    } while (check->stream.avail_out == 0 && !check->ended);
    if (check->stream.avail_in != 0) die("inflate", "left some of the stream unread");
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) die("usage", "stream FILE [LEVEL]");
    FILE *file = fopen(argv[1], "rb");
    struct check check = {.again = fopen(argv[1], "rb")};
    z_stream deflater = {0};
    unsigned char in[READ], pipe[PIPE];
    int level = argc == 3 ? atoi(argv[2]) : Z_DEFAULT_COMPRESSION, code, last;

    if (!file || !check.again) die(argv[1], "cannot be read");
    if (deflateInit(&deflater, level) != Z_OK) die("deflateInit", deflater.msg);
    if (inflateInit(&check.stream) != Z_OK) die("inflateInit", check.stream.msg);
    do {
        deflater.next_in = in;
        deflater.avail_in = (uInt)fread(in, 1, READ, file);
        if (ferror(file)) die(argv[1], "cannot be read");
        last = feof(file);
        do {
            deflater.next_out = pipe;
            deflater.avail_out = PIPE;
            code = deflate(&deflater, last ? Z_FINISH : Z_NO_FLUSH);
            if (code == Z_STREAM_ERROR) die("deflate", deflater.msg);
            if (deflater.avail_out < PIPE) drain(&check, pipe, PIPE - deflater.avail_out);
        } while (deflater.avail_out == 0);
    } while (!last);
    if (code != Z_STREAM_END || !check.ended) die("end", "one of the streams did not end");
    if (getc(check.again) != EOF) die("comparison", "the file goes on after the stream's end");
    if (deflater.adler != check.stream.adler || deflater.total_in != check.stream.total_out)
        die("comparison", "the two streams disagree on checksum or length");

    printf("%lu bytes -> %lu -> %lu, adler32 %08lx\n", deflater.total_in, deflater.total_out,
           check.stream.total_out, check.stream.adler);
    deflateEnd(&deflater);
    inflateEnd(&check.stream);
    fclose(file);
    fclose(check.again);
    return 0;
}
