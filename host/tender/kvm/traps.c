/* What the mote's processor finds outside the program: the gate through which it
 * calls, and descriptor tables whose gates lead into ring-3 stubs. A stub leaves
 * for the tender by one `out`, whose port is the vector, with all registers as
 * they were; the frame of the exception is on the mote's stack. */
#include "kvm.h"

#include <string.h>

enum {
    CODE_TYPE = 0xfb, /* present, ring 3, execute and read, accessed (SDM 3.4.5) */
    DATA_TYPE = 0xf3, /* present, ring 3, read and write, accessed */
    GATE_TYPE = 0x8e, /* present, 64-bit interrupt gate (SDM 6.14.1) */
    GATE_FROM_RING_3 = 0x60,
    LONG_CODE = 0xa,  /* granularity and L */
    LARGE_DATA = 0xc, /* granularity and D/B */
};

/* int64_t gate(number, a, b, c, d): rdi, rsi, rdx, rcx, r8. */
__attribute__((naked, used)) static void gate(void) {
    __asm__ volatile(
        ".globl kvm_gate_start, kvm_gate_end\n"
        "kvm_gate_start:\n"
        "    test %%edi, %%edi\n"
        "    jnz 1f\n"
        "    xor %%eax, %%eax\n"
        "    mov %[doorbell], %%edx\n"
        "    out %%eax, %%dx\n"
        "    ret\n"
        "1:  mov %[shared], %%r9d\n"
        "    mov %%edi, %c[number](%%r9)\n"
        "    mov %%rsi, %c[argument](%%r9)\n"
        "    mov %%rdx, %c[argument] + 8(%%r9)\n"
        "    mov %%rcx, %c[argument] + 16(%%r9)\n"
        "    mov %%r8, %c[argument] + 24(%%r9)\n"
        "    movl %[posted], %c[state](%%r9)\n"
        "    mov %[call], %%edx\n"
        "    out %%eax, %%dx\n"
        "    mov %c[result](%%r9), %%rax\n"
        "    ret\n"
        "kvm_gate_end:\n"
        :
        : [doorbell] "i"(MOTE_PORT_DOORBELL), [call] "i"(MOTE_PORT_CALL), [shared] "i"(MOTE_SHARED),
          [posted] "i"(MOTE_CALL_POSTED), [state] "i"(offsetof(struct mote_shared, call.state)),
          [number] "i"(offsetof(struct mote_shared, call.number)),
          [argument] "i"(offsetof(struct mote_shared, call.argument)),
          [result] "i"(offsetof(struct mote_shared, call.result)));
}
extern const uint8_t kvm_gate_start[], kvm_gate_end[];

/* Base 0, limit 4 GiB; SDM figure 3-8. */
static uint64_t segment(uint64_t type, uint64_t flags) {
    return UINT64_C(0x000f00000000ffff) | type << 40 | flags << 52;
}

/* SDM figures 8-11 and 19-2: after the map's address in the last word of the TSS, a
 * bit for each port, set for those that a mote may not use. */
static void permit_ports(uint8_t *tss) {
    tss[TRAPS_TSS_HEAD - 2] = TRAPS_TSS_HEAD;
    uint8_t *map = tss + TRAPS_TSS_HEAD;
    memset(map, 0xff, TRAPS_TSS_BYTES - TRAPS_TSS_HEAD);
    memset(map + MOTE_PORT_CRASH / 8, 0, TRAPS_VECTORS / 8);
    map[MOTE_PORT_CALL / 8] = 0; /* and MOTE_PORT_DOORBELL */
}
_Static_assert(MOTE_PORT_CRASH % 8 == 0 && MOTE_PORT_CALL % 8 == 0 &&
                   MOTE_PORT_DOORBELL == MOTE_PORT_CALL + 4,
               "whole bytes of the map");

void traps_build(uint8_t *low) {
    memcpy(low + MOTE_GATE, kvm_gate_start, (size_t)(kvm_gate_end - kvm_gate_start));

    uint64_t *gdt = (uint64_t *)(void *)(low + TRAPS_GDT);
    gdt[TRAPS_DATA / 8] = segment(DATA_TYPE, LARGE_DATA);
    gdt[TRAPS_CODE / 8] = segment(CODE_TYPE, LONG_CODE);
    permit_ports(low + TRAPS_TSS);

    uint64_t *idt = (uint64_t *)(void *)(low + TRAPS_IDT);
    for (unsigned vector = 0; vector < TRAPS_VECTORS; vector++) {
        uint64_t stub = TRAPS_STUBS + vector * TRAPS_STUB_BYTES;
        uint64_t type = GATE_TYPE;
        if (vector == VECTOR_BREAKPOINT)
            type |= GATE_FROM_RING_3;
        idt[2 * vector] =
            (stub & 0xffff) | (uint64_t)TRAPS_CODE << 16 | type << 40 | (stub >> 16 & 0xffff) << 48;
        idt[2 * vector + 1] = stub >> 32;
        const uint8_t code[] = {0xe6, (uint8_t)(MOTE_PORT_CRASH + vector), 0xf4}; /* out, hlt */
        memcpy(low + stub, code, sizeof code);
    }
}
