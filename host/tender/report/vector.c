/* What an exception of the processor means. */
#include "../crash.h"

enum { FAULT_WRITE = 2, FAULT_FETCH = 16 }; /* a page fault's error code: SDM volume 3, 4.7 */

void crash_from_vector(uint64_t vector, uint64_t error, uint64_t address, struct crash *c) {
    c->kind = CRASH_OTHER;
    switch (vector) {
    case VECTOR_DIVIDE_ERROR:
        c->kind = CRASH_DIVIDE;
        return;
    case VECTOR_DEBUG:
        c->what = "a debug trap";
        return;
    case VECTOR_NMI:
        c->what = "a non-maskable interrupt";
        return;
    case VECTOR_BREAKPOINT:
        c->kind = CRASH_BREAKPOINT;
        return;
    case VECTOR_OVERFLOW:
        c->what = "an overflow trap";
        return;
    case VECTOR_INVALID_OPCODE:
        c->kind = CRASH_INSTRUCTION;
        return;
    case VECTOR_DOUBLE_FAULT:
        c->kind = CRASH_STACK;
        return;
    case VECTOR_STACK_FAULT:
        c->what = "a stack address that no memory can have";
        return;
    case VECTOR_GENERAL_PROTECTION:
        c->what = "general protection: an address that no memory can have, a misaligned vector "
                  "or an instruction that is not allowed";
        return;
    case VECTOR_PAGE_FAULT:
        c->kind = error & FAULT_FETCH   ? CRASH_EXECUTE
                  : error & FAULT_WRITE ? CRASH_WRITE
                                        : CRASH_READ;
        c->address = address;
        return;
    case VECTOR_X87_ERROR:
    case VECTOR_SIMD_ERROR:
        c->what = "a floating-point exception";
        return;
    case VECTOR_ALIGNMENT:
        c->what = "a misaligned access";
        return;
    case VECTOR_MACHINE_CHECK:
        c->what = "a machine check";
        return;
    default:
        c->what = "an exception that cannot be";
    }
}
