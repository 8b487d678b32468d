/* Runs the checks and prints one line an event, its fields separated by tabs:
 *
 *   library z|zstd PATH VERSION      what is tested (PATH "linked" or a file)
 *   tier    NAME                     the tier that the checksums use, where the library tells
 *   run     CHECK                    about to run
 *   pass    CHECK CASES
 *   fail    CHECK MESSAGE            the first wrong value and the right one
 *   skip    CHECK REASON
 *   hash    CHECK HEX                of all output that must not depend on the CPU
 *   either  CHECK HEX                of output that depends on it in one thing: whether zstd's decoders
 *                                    use BMI2
 *   end
 *
 * A run without "end" has crashed in the check of the last "run" line. Exit status: 0 all passed,
 * 1 a check failed, 2 it could not begin. */
#include "suite.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static jmp_buf out_of_check;
static const char *running = "";
static uint64_t hash;
static int hashed, either, failures;
static unsigned long cases;
/* What a check may take; a check takes seconds, under an emulator on a busy machine minutes. */
static unsigned limit = 900;

enum { PASSED, FAILED, SKIPPED };

static void event(const char *kind, const char *format, va_list args)
{
    printf("%s\t%s\t", kind, running);
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
}

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    event("fail", format, args);
    va_end(args);
    longjmp(out_of_check, FAILED);
}

void skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    event("skip", format, args);
    va_end(args);
    longjmp(out_of_check, SKIPPED);
}

/* FNV-1a, 64 bits. */
void hash_output(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 0x100000001b3;
    hashed = 1;
}

static const uint8_t *in_bytes(int code)
{
    static uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)((unsigned)code >> 8 * i);
    return bytes;
}

void hash_code(int code)
{
    hash_output(in_bytes(code), 4);
}

void hash_of_either(const void *bytes, size_t len)
{
    hash_output(bytes, len);
    either = 1;
}

void hash_code_of_either(int code)
{
    hash_of_either(in_bytes(code), 4);
}

void count_case(void)
{
    cases++;
}

static void run_check(const struct check *check, const struct libraries *libraries)
{
    running = check->name;
    hash = 0xcbf29ce484222325;
    hashed = either = 0;
    cases = 0;
    printf("run\t%s\n", running);
    fflush(stdout);
    alarm(limit);
    int how = setjmp(out_of_check);
    if (how == FAILED) {
        failures++;
        return;
    }
    if (how == SKIPPED)
        return;
    check->run(libraries);
    printf("pass\t%s\t%lu\n", running, cases);
    if (hashed)
        printf("%s\t%s\t%016llx\n", either ? "either" : "hash", running, (unsigned long long)hash);
}

/* Only async-signal-safe calls: the library may have been inside malloc. */
static void crashed(int number)
{
    static const char *const names[] = {[SIGSEGV] = "SIGSEGV", [SIGILL] = "SIGILL",
                                        [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
                                        [SIGABRT] = "SIGABRT", [SIGTRAP] = "SIGTRAP"};
    int late = number == SIGALRM;
    const char *parts[] = {"fail\t", running, late ? "\tdoes not come to an end" : "\tcrashed with ",
                           late ? "" : names[number], "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (write(1, parts[i], strlen(parts[i])) < 0)
            break;
    _exit(1);
}

static int applies(const struct check *check, const struct libraries *l)
{
    switch (check->library) {
    case 'z': return l->z != NULL;
    case 's': return l->zstd != NULL;
    case 'Z': return l->z && l->peer_z;
    default: return l->zstd && l->peer_zstd;
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: suite [--libz PATH] [--libzstd PATH] [--peer-libz PATH] "
                    "[--peer-libzstd PATH] [--only TEXT]... [--seconds N] [--list]\n"
                    "--only: the checks whose name begins with TEXT\n"
                    "--seconds: what a check may take\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct libraries l = {NULL, NULL, NULL, NULL};
    const char *only[16];
    int onlys = 0, list = 0;
#ifdef SUITE_LINKED
    l.z = libz_linked();
    l.zstd = libzstd_linked();
#endif
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--list")) {
            list = 1;
            continue;
        }
        if (i + 1 == argc)
            return usage();
        const char *option = argv[i], *value = argv[++i];
        void *got;
        if (!strcmp(option, "--libz"))
            got = l.z = libz_open(value);
        else if (!strcmp(option, "--libzstd"))
            got = l.zstd = libzstd_open(value);
        else if (!strcmp(option, "--peer-libz"))
            got = l.peer_z = libz_open(value);
        else if (!strcmp(option, "--peer-libzstd"))
            got = l.peer_zstd = libzstd_open(value);
        else if (!strcmp(option, "--seconds"))
            got = (limit = strtoul(value, NULL, 10)) ? &limit : NULL;
        else if (!strcmp(option, "--only") && onlys < 16)
            got = (void *)(only[onlys++] = value);
        else
            return usage();
        if (!got)
            return 2;
    }

    static const int signals[] = {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGABRT, SIGTRAP, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], crashed);

    if (l.z && l.z->zlibVersion)
        printf("library\tz\t%s\t%s\n", l.z->path, l.z->zlibVersion());
    if (l.zstd && l.zstd->ZSTD_versionString)
        printf("library\tzstd\t%s\t%s\n", l.zstd->path, l.zstd->ZSTD_versionString());
    if (l.z && l.z->zcompat_cpu_tier)
        printf("tier\t%s\n", l.z->zcompat_cpu_tier());

    const struct check *const all[] = {checksum_checks, deflate_checks, inflate_checks,
                                       gz_checks,       zstd_checks,    peer_checks};
    for (size_t g = 0; g < sizeof all / sizeof *all; g++) {
        for (const struct check *check = all[g]; check->name; check++) {
            int wanted = onlys == 0;
            for (int i = 0; i < onlys; i++)
                wanted |= !strncmp(check->name, only[i], strlen(only[i]));
            if (list)
                printf("%s\n", check->name);
            else if (wanted && applies(check, &l))
                run_check(check, &l);
        }
    }
    printf("end\n");
    return failures != 0;
}
