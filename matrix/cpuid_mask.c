/* An LD_PRELOAD library that answers CPUID with features taken out, for programs as they are.
 *
 * Where the CPU and the kernel offer CPUID faulting (`cpuid_fault` in /proc/cpuinfo), the kernel
 * turns the program's CPUID into SIGSEGV (arch_prctl(2), ARCH_SET_CPUID); the handler executes it in
 * the program's place and clears bits. Hidden features are not taken away: code that does not ask
 * still runs.
 *
 * CPUID_MASK lists what to hide, by commas. CPUID_MASK_LOG=1 reports each answer on stderr.
 *
 * With -DCPUID_MASK_OPCODE=0x060f the trapped instruction is CLTS instead, which faults in every
 * user program: so the handler can be tested where CPUID does not fault. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef ARCH_SET_CPUID
#define ARCH_SET_CPUID 0x1012
#endif

#ifdef CPUID_MASK_OPCODE
#define OPCODE CPUID_MASK_OPCODE
#define FAULTS_ANYWAY 1
#else
#define OPCODE 0xa20f
#define FAULTS_ANYWAY 0
#endif

enum reg { EAX, EBX, ECX, EDX };

/* Intel's manual, volume 2A, CPUID: the bits that name each feature. */
static const struct bit {
    const char *name;
    uint32_t leaf, subleaf;
    enum reg reg;
    unsigned bit;
} bits[] = {
    {"sse3", 1, 0, ECX, 0},          {"pclmulqdq", 1, 0, ECX, 1},   {"ssse3", 1, 0, ECX, 9},
    {"fma", 1, 0, ECX, 12},          {"sse4.1", 1, 0, ECX, 19},     {"sse4.2", 1, 0, ECX, 20},
    {"movbe", 1, 0, ECX, 22},        {"popcnt", 1, 0, ECX, 23},     {"aes", 1, 0, ECX, 25},
    {"avx", 1, 0, ECX, 28},          {"f16c", 1, 0, ECX, 29},       {"bmi1", 7, 0, EBX, 3},
    {"avx2", 7, 0, EBX, 5},          {"bmi2", 7, 0, EBX, 8},        {"avx512", 7, 0, EBX, 16},
    {"avx512", 7, 0, EBX, 17},       {"avx512", 7, 0, EBX, 21},     {"avx512", 7, 0, EBX, 28},
    {"avx512", 7, 0, EBX, 30},       {"avx512", 7, 0, EBX, 31},     {"avx512", 7, 0, ECX, 1},
    {"avx512", 7, 0, ECX, 6},        {"avx512", 7, 0, ECX, 11},     {"avx512", 7, 0, ECX, 12},
    {"avx512", 7, 0, ECX, 14},       {"avx512", 7, 0, EDX, 8},      {"avx512", 7, 0, EDX, 23},
    {"avx512", 7, 1, EAX, 5},        {"gfni", 7, 0, ECX, 8},        {"vaes", 7, 0, ECX, 9},
    {"vpclmulqdq", 7, 0, ECX, 10},   {"avxvnni", 7, 1, EAX, 4},     {"lzcnt", 0x80000001, 0, ECX, 5},
};

static char hidden[256];
static int logging;

static int is_hidden(const char *name)
{
    size_t len = strlen(name);
    for (const char *p = hidden; (p = strstr(p, name)); p += len)
        if ((p == hidden || p[-1] == ',') && (p[len] == ',' || p[len] == 0))
            return 1;
    return 0;
}

/* The answer to a leaf, without what is hidden. */
static void answer(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __cpuid_count(leaf, subleaf, regs[EAX], regs[EBX], regs[ECX], regs[EDX]);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        const struct bit *b = &bits[i];
        /* Leaves below 7 have no subleaves. */
        int here = b->leaf == leaf && (leaf != 7 || b->subleaf == subleaf);
        if (here && is_hidden(b->name))
            regs[b->reg] &= ~(UINT32_C(1) << b->bit);
    }
}

static void set_cpuid(unsigned long enabled)
{
    if (!FAULTS_ANYWAY)
        syscall(SYS_arch_prctl, ARCH_SET_CPUID, enabled);
}

/* What the program itself has installed for SIGSEGV. */
static struct sigaction programs;

static int real_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (!real)
        real = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT,
                                                                                "sigaction");
    return real(number, action, old);
}

/* A fault that is not CPUID's goes to the program's handler, or to the default. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    if (programs.sa_flags & SA_SIGINFO)
        programs.sa_sigaction(number, info, context);
    else if (programs.sa_handler != SIG_DFL && programs.sa_handler != SIG_IGN)
        programs.sa_handler(number);
    else
        real_sigaction(number, &programs, NULL);
}

static void handler(int number, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    greg_t *g = c->uc_mcontext.gregs;
    uint16_t opcode = 0;
    /* A fault without an address is a protection fault of an instruction, which can be read. */
    if (info->si_code == SI_KERNEL)
        memcpy(&opcode, (const void *)g[REG_RIP], sizeof opcode);
    if (opcode != OPCODE) {
        pass_on(number, info, context);
        return;
    }
    uint32_t regs[4], leaf = g[REG_RAX], subleaf = g[REG_RCX];
    set_cpuid(1);
    answer(leaf, subleaf, regs);
    set_cpuid(0);
    g[REG_RAX] = regs[EAX];
    g[REG_RBX] = regs[EBX];
    g[REG_RCX] = regs[ECX];
    g[REG_RDX] = regs[EDX];
    g[REG_RIP] += 2;
    if (logging) {
        char line[100];
        int len = snprintf(line, sizeof line, "cpuid %x.%x: %08x %08x %08x %08x\n", leaf, subleaf,
                           regs[EAX], regs[EBX], regs[ECX], regs[EDX]);
        if (write(2, line, len) < 0)
            logging = 0;
    }
}

/* A program that handles SIGSEGV itself must not take the signal away from us. */
static int active;

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (number != SIGSEGV || !active)
        return real_sigaction(number, action, old);
    if (old)
        *old = programs;
    if (action)
        programs = *action;
    return 0;
}

sighandler_t signal(int number, sighandler_t function)
{
    struct sigaction action = {.sa_handler = function, .sa_flags = SA_RESTART}, old;
    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

__attribute__((constructor)) static void install(void)
{
    const char *list = getenv("CPUID_MASK");
    if (!list || !*list)
        return;
    if (strlen(list) >= sizeof hidden) {
        fprintf(stderr, "cpuid_mask: CPUID_MASK is too long\n");
        _exit(2);
    }
    strcpy(hidden, list);
    logging = getenv("CPUID_MASK_LOG") != NULL;
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
    real_sigaction(SIGSEGV, &action, &programs);
    active = 1;
    if (!FAULTS_ANYWAY && syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0UL) != 0) {
        fprintf(stderr, "cpuid_mask: this kernel or CPU has no CPUID faulting\n");
        _exit(2);
    }
}
