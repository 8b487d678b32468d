/* Run with the -DCPUID_MASK_OPCODE=0x060f build of cpuid_mask.c: asks each leaf twice, by CPUID and
 * by CLTS, which that build answers, and prints what the answers differ in, a line each:
 * `LEAF SUBLEAF REGISTER BIT`. */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>

static void ask(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __asm__ volatile("clts"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                     : "a"(leaf), "c"(subleaf));
}

int main(void)
{
    static const uint32_t leaves[][2] = {{0, 0}, {1, 0}, {7, 0}, {7, 1}, {0x80000001, 0}};
    for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        uint32_t plain[4], masked[4];
        __cpuid_count(leaves[i][0], leaves[i][1], plain[0], plain[1], plain[2], plain[3]);
        ask(leaves[i][0], leaves[i][1], masked);
        /* Leaf 1 has the number of the core in EBX. */
        for (int r = 0; r < 4; r++)
            for (int bit = 0; bit < 32; bit++)
                if ((plain[r] ^ masked[r]) >> bit & 1 && !(leaves[i][0] == 1 && r == 1))
                    printf("%x %x %d %d\n", leaves[i][0], leaves[i][1], r, bit);
    }
    printf("end\n");
    return 0;
}
