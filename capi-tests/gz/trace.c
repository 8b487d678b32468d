/* Random calls of the gz functions, each printed with all that it did.
 *
 *   trace read FIRST COUNT FILE...    reads the files
 *   trace pipe FIRST COUNT FILE...    the same through a non-blocking pipe
 *   trace write FIRST COUNT           writes to the current folder
 *   trace fork FIRST COUNT FILE...    both, with processes that fork between calls
 *   trace content FILE...             what the files decode to
 *   trace library                     which library this runs on
 *
 * FIRST and COUNT number the sequences. Two libraries with the same semantics print the same lines.
 * What zcompat does differently from zlib 1.3.2 on purpose (docs/gz.md) is kept out of the sequences,
 * at the places marked "Not". */
#include "common.h"

#include <dlfcn.h>
#include <sys/wait.h>

enum { ROOM = 1 << 17 };

static unsigned char data[ROOM];
/* The end of a gzip file was seen in this sequence. */
static int at_end;

static void show_state(gzFile f)
{
    int code;
    const char *text = gzerror(f, &code);
    printf(" | tell %ld eof %d error %d \"%s\"\n", (long)gztell(f), gzeof(f), code, text);
}

static void show_bytes(const char *call, unsigned asked, long got)
{
    printf("%s(%u) = %ld #%016llx", call, asked, got,
           (unsigned long long)hash(0, data, got > 0 ? (size_t)got : 0));
}

static unsigned buffer_size(void)
{
    static const unsigned sizes[] = {0, 8, 9, 16, 100, 512, 1000, 4096, 8192, 65536};
    return below(3) ? sizes[below(sizeof sizes / sizeof *sizes)] : skewed(70000);
}

static size_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

/* One random call on a file that is open for reading. */
static void reading_call(gzFile f, int clear)
{
    unsigned n = skewed(ROOM), i;
    long r = 0;
    switch (below(16)) {
    case 0: case 1: case 2: case 3:
        r = gzread(f, data, n);
        show_bytes("gzread", n, r);
        break;
    case 4: {
        unsigned size = 1 + skewed(300);
        r = (long)gzfread(data, size, n / size, f);
        printf("[%u]", size);
        show_bytes("gzfread", n / size, r);
        break;
    }
    case 5: {
        char *line;
        /* Not gzgets once the end was seen: zlib takes the file for a truncated one then. */
        if (at_end && clear == 0) {
            printf("-");
            break;
        }
        line = gzgets(f, (char *)data, (int)n);
        r = line == NULL ? -1 : (long)strlen(line);
        show_bytes("gzgets", n, r);
        break;
    }
    case 6: case 7:
        n %= 300;
        printf("gzgetc:");
        for (i = 0; i < n; i++) {
            /* the macro, and the function that it hides */
            int c = i & 1 ? gzgetc(f) : (gzgetc)(f);
            data[i] = (unsigned char)c;
            if (c == -1)
                break;
        }
        show_bytes("", n, i);
        break;
    case 8: {
        int c = below(10) ? (int)below(256) : -1;
        n = below(8) ? 1 + below(3) : skewed(30000);
        printf("gzungetc(%d) x %u:", c, n);
        for (i = 0; i < n && (r = gzungetc(c, f)) == c && c != -1; i++)
            ;
        printf(" %u then %ld", i, r);
        break;
    }
    case 9:
        r = (long)gzseek(f, n, SEEK_SET);
        printf("gzseek(%u, SET) = %ld", n, r);
        break;
    case 10:
        i = below(2);
        r = (long)gzseek(f, i ? -(long)n : (long)n, SEEK_CUR);
        printf("gzseek(%s%u, CUR) = %ld", i ? "-" : "", n, r);
        break;
    case 11:
        printf("gzrewind() = %d", gzrewind(f));
        break;
    case 12:
        printf("gzdirect() = %d", gzdirect(f));
        break;
    case 13:
        if (clear) {
            gzclearerr(f);
            printf("gzclearerr()");
            break;
        }
        /* fall through */
    case 14:
        printf("gzoffset() = %ld", (long)gzoffset(f));
        break;
    default:
        /* What is for writing, or wrong. */
        switch (below(8)) {
        case 0: printf("gzwrite() = %d", gzwrite(f, data, 1)); break;
        case 1: printf("gzputc() = %d", gzputc(f, 1)); break;
        case 2: printf("gzflush() = %d", gzflush(f, Z_FINISH)); break;
        case 3: printf("gzsetparams() = %d", gzsetparams(f, 1, 0)); break;
        case 4: printf("gzbuffer() = %d", gzbuffer(f, 1000)); break;
        case 5: printf("gzread(-1) = %d", gzread(f, data, (unsigned)-1)); break;
        case 6: printf("gzseek(END) = %ld", (long)gzseek(f, 0, SEEK_END)); break;
        case 7: printf("gzclose_w() = %d", gzclose_w(f)); break;
        }
    }
    at_end |= gzeof(f);
    show_state(f);
}

/* Reads to the end, so that the sequence covers what the file holds. */
static void read_rest(gzFile f)
{
    long r;
    unsigned n = 1 + skewed(ROOM - 1), calls = 0;
    do {
        r = gzread(f, data, n);
        if (r <= 0 || calls++ < 5) {
            show_bytes("rest", n, r);
            show_state(f);
        }
    } while (r > 0);
}

static int looks_like_gzip(const char *path)
{
    unsigned char magic[4] = {0};
    FILE *f = must(fopen(path, "rb"));
    size_t n = fread(magic, 1, 4, f);
    fclose(f);
    return n == 4 && magic[0] == 31 && magic[1] == 139 && magic[2] == 8 && magic[3] < 32;
}

/* A copy with some bytes changed, left out or added, or with another end. */
static const char *mutated(const char *path)
{
    static unsigned char bytes[2 * ROOM];
    static const char name[] = "mutated";
    FILE *f = must(fopen(path, "rb"));
    size_t len = fread(bytes, 1, ROOM, f);
    unsigned changes = 1 + below(4);
    fclose(f);
    while (changes-- && len != 0) {
        /* headers and trailers are as likely as the data between them */
        unsigned limit = (unsigned)len, at = below(limit), n = 1 + skewed(200);
        if (below(2))
            at = below(2) ? below(limit < 30 ? limit : 30) : limit - 1 - skewed(limit);
        if (n > len - at)
            n = (unsigned)len - at;
        switch (below(5)) {
        case 0:
            bytes[at] ^= (unsigned char)(1u << below(8));
            break;
        case 1:
            bytes[at] = (unsigned char)rng();
            break;
        case 2:
            memmove(bytes + at, bytes + at + n, len - at - n);
            len -= n;
            break;
        case 3:
            if (len + n > sizeof bytes)
                break;
            memmove(bytes + at + n, bytes + at, len - at);
            fill_random(bytes + at, n);
            len += n;
            break;
        default:
            len = at;
            break;
        }
    }
    f = must(fopen(name, "wb"));
    if (fwrite(bytes, 1, len, f) != len)
        exit(2);
    fclose(f);
    return name;
}

static void trace_read(const char *path)
{
    static const char *const modes[] = {"r", "rb", "rG", "rbe", "rN", "rTG", "r9h"};
    const char *mode = modes[below(sizeof modes / sizeof *modes)];
    unsigned size = buffer_size(), effective = size < 8 ? 8 : size, calls = below(40);
    int by_fd = below(3) == 0, offset = 0, clear;
    size_t len = file_size(path);
    gzFile f;
    printf("== %s mode %s buffer %u\n", path, mode, size);
    if (by_fd) {
        int fd = open(path, O_RDONLY);
        if (fd == -1)
            exit(2);
        if (below(4) == 0) {
            offset = (int)below(30);
            lseek(fd, offset, SEEK_SET);
            printf("from %d\n", offset);
        }
        f = gzdopen(fd, mode);
    } else {
        f = gzopen(path, mode);
    }
    if (f == NULL) {
        printf("not opened\n");
        return;
    }
    /* Not a buffer size that divides what there is to read, or zlib takes a complete file for a
       truncated one. */
    if (len > (size_t)offset && (len - (size_t)offset) % effective == 0)
        size = effective + 1;
    printf("gzbuffer(%u) = %d\n", size, gzbuffer(f, size));
    /* Not gzclearerr on gzip files, which lets zlib do the same. */
    clear = !looks_like_gzip(path) && strchr(mode, 'G') == NULL;
    at_end = 0;
    while (calls--)
        reading_call(f, clear);
    if (below(2))
        read_rest(f);
    printf("gzclose = %d\n", below(2) ? gzclose(f) : gzclose_r(f));
}

/* The file comes through a pipe, in pieces, each followed by one call. */
static void trace_pipe(const char *path)
{
    static unsigned char input[ROOM];
    size_t len, at = 0;
    int ends[2];
    unsigned size = buffer_size();
    gzFile f;
    FILE *in = must(fopen(path, "rb"));
    len = fread(input, 1, 60000, in);
    fclose(in);
    /* Not the end of a complete file, unless it comes with the bytes before: see trace_read. */
    if (size <= len && len > 9 && looks_like_gzip(path))
        len -= 9;
    printf("== %s buffer %u\n", path, size);
    if (pipe(ends) != 0)
        exit(2);
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20); /* what is fed always fits */
    if (below(2)) {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        f = gzdopen(ends[0], "r");
    } else {
        f = gzdopen(ends[0], "rN");
    }
    printf("gzbuffer(%u) = %d\n", size, gzbuffer(f, size));
    while (at < len) {
        size_t n = 1 + skewed(20000);
        unsigned calls = below(4);
        if (n > len - at)
            n = len - at;
        if (write(ends[1], input + at, n) != (ssize_t)n)
            exit(2);
        at += n;
        if (at == len)
            close(ends[1]);
        printf("fed %zu\n", n);
        while (calls-- || at == len) {
            unsigned want = 1 + skewed(ROOM - 1);
            long r = 0;
            errno = 0;
            switch (below(6)) {
            case 0:
                r = (gzgetc)(f);
                printf("gzgetc = %ld", r);
                break;
            case 1:
                /* Not before a header can be told from other data: zlib sets the end of file. */
                if (at < 4) {
                    printf("-");
                    break;
                }
                r = gzgets(f, (char *)data, (int)want) == NULL ? -1 : (long)strlen((char *)data);
                show_bytes("gzgets", want, r);
                break;
            case 2:
                r = (long)gzfread(data, 1, want, f);
                show_bytes("gzfread", want, r);
                break;
            case 3:
                r = gzdirect(f);
                printf("gzdirect = %ld", r);
                break;
            default:
                r = gzread(f, data, want);
                show_bytes("gzread", want, r);
                break;
            }
            printf(" errno %d", errno);
            show_state(f);
            if (at == len && (gzeof(f) || r == -1))
                break;
        }
    }
    printf("gzclose = %d\n", gzclose(f));
}

/* One random call on a file that is open for writing. */
static void writing_call(gzFile f, unsigned limit)
{
    unsigned n = skewed(ROOM), i;
    long r;
    if (below(2))
        fill_text(data, n);
    else
        fill_random(data, n);
    switch (below(14)) {
    case 0: case 1: case 2:
        r = gzwrite(f, data, n);
        printf("gzwrite(%u) = %ld", n, r);
        break;
    case 3: {
        unsigned size = 1 + skewed(300);
        r = (long)gzfwrite(data, size, n / size, f);
        printf("gzfwrite(%u, %u) = %ld", size, n / size, r);
        break;
    }
    case 4:
        n %= 200;
        for (i = 0, r = 0; i < n; i++)
            r += gzputc(f, data[i] - 128);
        printf("gzputc x %u = %ld", n, r);
        break;
    case 5:
        fill_text(data, ROOM);
        data[n] = 0;
        r = gzputs(f, (char *)data);
        printf("gzputs(%u) = %ld", n, r);
        break;
    case 6: case 7:
        /* Not longer than zlib has room for. */
        n %= limit;
        fill_text(data, ROOM);
        r = gzprintf(f, "%.*s", (int)n, (char *)data);
        printf("gzprintf(%u) = %ld", n, r);
        break;
    case 8:
        i = below(7);
        printf("gzflush(%d) = %d", (int)i - 1, gzflush(f, (int)i - 1));
        break;
    case 9:
        i = below(12);
        printf("gzsetparams(%d) = %d", (int)i - 1,
               gzsetparams(f, (int)i - 1, (int)below(6)));
        break;
    case 10:
        i = below(3);
        n %= 40000;
        r = i ? (long)gzseek(f, n, SEEK_CUR) : (long)gzseek(f, 1000 + n, SEEK_SET);
        printf("gzseek(%u, %s) = %ld", n, i ? "CUR" : "SET", r);
        break;
    case 11:
        printf("gzseek back = %ld", (long)gzseek(f, -1, SEEK_CUR));
        break;
    case 12:
        gzclearerr(f);
        printf("gzclearerr()");
        break;
    default:
        /* What is for reading, or wrong. */
        switch (below(9)) {
        case 0: printf("gzread() = %d", gzread(f, data, 1)); break;
        case 1: printf("gzgetc() = %d", gzgetc(f)); break;
        case 2: printf("gzungetc() = %d", gzungetc(1, f)); break;
        case 3: printf("gzgets() = %d", gzgets(f, (char *)data, 10) != NULL); break;
        case 4: printf("gzrewind() = %d", gzrewind(f)); break;
        case 5: printf("gzbuffer() = %d", gzbuffer(f, 1u << 31)); break;
        case 6: printf("gzwrite(-1) = %d", gzwrite(f, data, (unsigned)-1)); break;
        case 7: printf("gzdirect() = %d", gzdirect(f)); break;
        case 8: printf("gzclose_r() = %d", gzclose_r(f)); break;
        }
    }
    show_state(f);
}

static void content(const char *path)
{
    uint64_t h = 0, len = 0;
    int r;
    gzFile f = gzopen(path, "r");
    printf("%s:", path);
    if (f == NULL) {
        printf(" cannot be opened\n");
        return;
    }
    while ((r = gzread(f, data, ROOM)) > 0) {
        h = hash(h, data, (size_t)r);
        len += (unsigned)r;
    }
    printf(" %llu bytes #%016llx then %d", (unsigned long long)len, (unsigned long long)h, r);
    show_state(f);
    printf("gzclose = %d\n", gzclose(f));
}

static void trace_write(unsigned number)
{
    static const char *const modes[] = {"w",  "wb1", "wb9", "w0",  "w6h", "w6f", "wR",
                                        "wF", "wT",  "a",   "aT9", "wx",  "we",  "wGT"};
    const char *mode = modes[below(sizeof modes / sizeof *modes)];
    unsigned size = buffer_size(), calls = below(30);
    char path[32];
    gzFile f;
    sprintf(path, "written_%u", number);
    printf("== %s mode %s buffer %u\n", path, mode, size);
    f = below(3) ? gzopen(path, mode)
                 : gzdopen(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666), mode);
    if (f == NULL) {
        printf("not opened\n");
        return;
    }
    printf("gzbuffer(%u) = %d\n", size, gzbuffer(f, size));
    while (calls--)
        writing_call(f, size < 8 ? 8 : size);
    if (strchr(mode, 'T') != NULL)
        printf("gzoffset = %ld\n", (long)gzoffset(f));
    printf("gzclose = %d\n", below(2) ? gzclose(f) : gzclose_w(f));
    content(path);
    if (below(4) == 0) {
        f = gzopen(path, "a");
        printf("append: %d\n", gzputs(f, "appended"));
        printf("gzclose = %d\n", gzclose(f));
        content(path);
    }
}

/* Begins a child process that goes on with other random calls; 0 in the child. */
static pid_t forked(unsigned number)
{
    pid_t child;
    fflush(stdout);
    child = fork();
    if (child == -1) {
        perror("fork");
        exit(2);
    }
    if (child == 0)
        rng_state = number + 1000000;
    return child;
}

static void child_ends(void)
{
    fflush(stdout);
    _exit(0);
}

static void wait_for(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
        printf("the child ended with %d\n", status);
        exit(3);
    }
}

/* A file that is being read is read on by the child and then by its parent, which share the
   descriptor's place. */
static void fork_reading(unsigned number, const char *path)
{
    unsigned calls, buffer = buffer_size(), effective = buffer < 8 ? 8 : buffer;
    int gzip = looks_like_gzip(path);
    pid_t child;
    gzFile f = must(gzopen(path, "r"));
    if (file_size(path) % effective == 0)
        buffer = effective + 1; /* as in trace_read */
    printf("== %s buffer %u\n", path, buffer);
    gzbuffer(f, buffer);
    at_end = 0;
    for (calls = below(10); calls != 0; calls--)
        reading_call(f, !gzip);
    child = forked(number);
    printf(child == 0 ? "the child:\n" : "the parent:\n");
    if (child != 0)
        wait_for(child);
    for (calls = below(10); calls != 0; calls--)
        reading_call(f, !gzip);
    printf("gzclose = %d\n", gzclose(f));
    if (child == 0)
        child_ends();
}

/* Two files are being written; after the fork the child goes on with one and the parent with the
   other, and neither loses or doubles a byte. */
static void fork_writing(unsigned number)
{
    gzFile files[2];
    char path[2][32];
    unsigned i, calls, buffer = buffer_size();
    pid_t child;
    for (i = 0; i < 2; i++) {
        sprintf(path[i], "forked_%u_%u", number, i);
        files[i] = must(gzopen(path[i], below(4) == 0 ? "wT" : "w"));
        gzbuffer(files[i], buffer);
        for (calls = below(10); calls != 0; calls--)
            writing_call(files[i], buffer < 8 ? 8 : buffer);
    }
    child = forked(number);
    i = child == 0;
    printf(child == 0 ? "the child:\n" : "the parent:\n");
    if (child != 0)
        wait_for(child);
    for (calls = 1 + below(10); calls != 0; calls--)
        writing_call(files[i], buffer < 8 ? 8 : buffer);
    printf("gzclose = %d\n", gzclose(files[i]));
    if (child == 0)
        child_ends();
    for (i = 0; i < 2; i++)
        content(path[i]);
}

/* One file that is being written, at the end of a member: what the child and then its parent
   write follows it, a member each. */
static void fork_appending(unsigned number)
{
    char path[32];
    unsigned calls, buffer = buffer_size();
    pid_t child;
    gzFile f;
    sprintf(path, "forked_%u", number);
    f = must(gzopen(path, "w"));
    gzbuffer(f, buffer);
    for (calls = below(10); calls != 0; calls--)
        writing_call(f, buffer < 8 ? 8 : buffer);
    printf("gzflush = %d\n", gzflush(f, Z_FINISH));
    child = forked(number);
    printf(child == 0 ? "the child:\n" : "the parent:\n");
    if (child != 0)
        wait_for(child);
    printf("gzputs = %d\n", gzputs(f, child == 0 ? "the child's" : "the parent's"));
    for (calls = below(10); calls != 0; calls--)
        writing_call(f, buffer < 8 ? 8 : buffer);
    printf("gzclose = %d\n", gzclose(f));
    if (child == 0)
        child_ends();
    content(path);
}

int main(int argc, char **argv)
{
    unsigned i, first, count;
    if (argc > 2 && strcmp(argv[1], "content") == 0) {
        for (i = 2; i < (unsigned)argc; i++)
            content(argv[i]);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "library") == 0) {
        puts(dlsym(RTLD_DEFAULT, "zcompat_version") != NULL ? "zcompat" : "zlib");
        return 0;
    }
    if (argc < 4)
        return 2;
    first = (unsigned)atoi(argv[2]);
    count = (unsigned)atoi(argv[3]);
    for (i = first; i < first + count; i++) {
        rng_state = i;
        printf("sequence %u\n", i);
        if (strcmp(argv[1], "write") == 0)
            trace_write(i);
        else {
            const char *path = argv[4 + below((unsigned)argc - 4)];
            if (strcmp(argv[1], "fork") == 0) {
                switch (below(4)) {
                case 0: fork_writing(i); break;
                case 1: fork_appending(i); break;
                default: fork_reading(i, path); break;
                }
                continue;
            }
            if (below(3) == 0) {
                printf("mutated %s\n", path);
                path = mutated(path);
            }
            if (strcmp(argv[1], "read") == 0)
                trace_read(path);
            else
                trace_pipe(path);
        }
    }
    return 0;
}
