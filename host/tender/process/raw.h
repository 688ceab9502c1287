/*
 * raw.h - a system call without the C library: for the child on its way to the
 * mote, which is about to lose the library's memory, and which should touch few
 * pages of it (each costs a fault after fork). Answers as the kernel does: below 0
 * is a negative errno.
 */
#ifndef MOTE_TENDER_RAW_H
#define MOTE_TENDER_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

static inline int64_t raw_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                               uint64_t e, uint64_t f) {
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define RAW2(number, a, b) raw_call(number, (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define RAW4(number, a, b, c, d) \
    raw_call(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)

#endif
