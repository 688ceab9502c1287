/*
 * operand.c - the address behind a general protection fault. The processor does
 * not tell it, but most of them come from a pointer outside the address space: a
 * damaged object reference, say. So the instruction is decoded as far as its
 * memory operand (SDM volume 2, chapter 2 and appendix A). VEX and EVEX are left
 * out: a mote is built for baseline x86-64.
 */
#include "report.h"

enum { PREFIX_FS = 0x64, PREFIX_GS = 0x65, TWO_BYTES = 0x0f };
enum { REX_X = 2, REX_B = 1 };

/* Opcodes with a ModRM byte that touch memory (so not lea): a row for each high
 * half, a bit for each low half. Those of two bytes without hints. */
static const uint16_t one_byte[16] = {0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0,      0, 0x0a08, 0, 0xdfff,
                                      0,      0,      0,      0x00c3, 0xff0f, 0, 0xc0c0};
static const uint16_t two_bytes[16] = {0, 0x00ff, 0xff00, 0,      0xffff, 0xffff, 0xffff, 0xf07f,
                                       0, 0xffff, 0xf838, 0xffff, 0x00ff, 0xffff, 0xffff, 0x7fff};

static bool in_map(const uint16_t map[16], unsigned op) {
    return map[op >> 4] >> (op & 15) & 1;
}

/* Bits 47 to 63 of an address are equal. */
static bool is_wild(uint64_t address) {
    return address + (UINT64_C(1) << 47) >= UINT64_C(1) << 48;
}

/* Registers in the order of their encoding. */
static uint64_t register_value(const uint64_t r[CRASH_REGISTERS], unsigned number) {
    static const uint8_t low[8] = {CRASH_RAX, CRASH_RCX, CRASH_RDX, CRASH_RBX,
                                   CRASH_RSP, CRASH_RBP, CRASH_RSI, CRASH_RDI};
    return number < 8 ? r[low[number]] : r[CRASH_R8 + number - 8];
}

/* Does `c` stand at a ModRM byte with a memory operand? Not one relative to rip,
 * which is never wild. */
static bool memory_operand(struct cursor *c, unsigned rex, const uint64_t r[CRASH_REGISTERS],
                           uint64_t *address) {
    unsigned modrm = (unsigned)take(c, 1), mod = modrm >> 6, rm = modrm & 7;
    uint64_t sum = 0;
    if (c->bad || mod == 3 || (mod == 0 && rm == 5))
        return false;
    if (rm == 4) {
        unsigned sib = (unsigned)take(c, 1), base = sib & 7;
        unsigned index = (sib >> 3 & 7) | (rex & REX_X ? 8 : 0);
        if (index != 4)
            sum = register_value(r, index) << (sib >> 6);
        if (base == 5 && mod == 0)
            sum += (uint64_t)(int32_t)take(c, 4);
        else
            sum += register_value(r, base | (rex & REX_B ? 8 : 0));
    } else {
        sum = register_value(r, rm | (rex & REX_B ? 8 : 0));
    }
    if (mod == 1)
        sum += (uint64_t)(int8_t)take(c, 1);
    else if (mod == 2)
        sum += (uint64_t)(int32_t)take(c, 4);
    *address = sum;
    return !c->bad;
}

/* movs, cmps, stos, lods, scas work on [rsi] and [rdi]. */
static bool string_operand(unsigned op, const uint64_t r[CRASH_REGISTERS], uint64_t *address) {
    static const uint16_t from = 0x30f0, to = 0xccf0; /* of opcodes a0 to af */
    if (op >> 4 != 0xa)
        return false;
    if (from >> (op & 15) & 1 && is_wild(*address = r[CRASH_RSI]))
        return true;
    return to >> (op & 15) & 1 && is_wild(*address = r[CRASH_RDI]);
}

static bool is_prefix(unsigned op) {
    return op == 0x66 || op == 0xf0 || op == 0xf2 || op == 0xf3 || op == 0x2e || op == 0x3e;
}

bool wild_operand(struct cursor c, const uint64_t r[CRASH_REGISTERS], uint64_t *address) {
    unsigned op = (unsigned)take(&c, 1), rex = 0;
    while (is_prefix(op))
        op = (unsigned)take(&c, 1);
    if (op >> 4 == 4) {
        rex = op;
        op = (unsigned)take(&c, 1);
    }
    if (op == PREFIX_FS || op == PREFIX_GS || c.bad) /* their bases are not known here */
        return false;
    if (string_operand(op, r, address))
        return true;
    const uint16_t *map = one_byte;
    if (op == TWO_BYTES) {
        map = two_bytes;
        op = (unsigned)take(&c, 1);
        if (op == 0x38 || op == 0x3a) { /* three bytes: all have one */
            take(&c, 1);
            return memory_operand(&c, rex, r, address) && is_wild(*address);
        }
    }
    return in_map(map, op) && memory_operand(&c, rex, r, address) && is_wild(*address);
}
