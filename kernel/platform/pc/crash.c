/* What an exception becomes that nobody handles: a report on standard error, in
 * the words of host/tender/report, and then the program's own. Where the command
 * line names a status port, the host reports, who knows the symbols (mote/dump.h).
 *
 * The handler sends the interrupted machine to the crash stack and ends, so that
 * page faults (the report may touch memory for the first time) work as before. A
 * second crash, in the report, says so on the serial port and ends it. */
#include "pc.h"

#include "../../console.h"
#include "cpu.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mote/dump.h"

enum { PAGE_FAULT = 14, FAULT_WRITE = 2, FAULT_EXECUTE = 16, FRAMES = 32, WORDS_LOOKED_AT = 4096 };
enum { GUARD_BYTES = 0x10000, SETTLE_TICKS = 20000000 };

extern const uint8_t __text_start[], __text_end[];

static struct trap crashed;
static uint64_t fault_address;

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
    char line[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    struct console *c = kernel.errors != NULL ? kernel.errors : kernel.console;
    if (c != NULL)
        c->write(c, line, size);
    else
        serial_write(line, size);
}

static void print_what(const struct trap *t) {
    static const char *const names[] = {
        [0] = "division by zero or out of range",
        [1] = "a debug exception",
        [2] = "a non-maskable interrupt",
        [3] = "a breakpoint",
        [4] = "an overflow trap",
        [6] = "an undefined instruction",
        [8] = "a double fault: the stack for page faults is gone",
        [13] = "an access or instruction that is not allowed",
        [16] = "a floating point exception",
        [17] = "an unaligned access",
        [18] = "a machine check",
        [19] = "a floating point exception",
    };
    const char *name = kernel.image_name != NULL ? kernel.image_name : "program";
    if (t->vector == PAGE_FAULT)
        print("mote: %s: crash: %s 0x%llx%s\n", name,
              t->error & FAULT_EXECUTE ? "a jump to"
              : t->error & FAULT_WRITE ? "a write to"
                                       : "a read of",
              (unsigned long long)fault_address,
              memory_is_promised(fault_address) ? ", and there is no memory left" : "");
    else if (t->vector < sizeof names / sizeof names[0] && names[t->vector] != NULL)
        print("mote: %s: crash: %s\n", name, names[t->vector]);
    else
        print("mote: %s: crash: exception %llu, error code 0x%llx\n", name,
              (unsigned long long)t->vector, (unsigned long long)t->error);
}

static void print_registers(const struct trap *t) {
    const struct {
        const char *name;
        uint64_t value;
    } r[] = {
        {"rax", t->rax}, {"rbx", t->rbx}, {"rcx", t->rcx}, {"rdx", t->rdx},
        {"rsi", t->rsi}, {"rdi", t->rdi}, {"rbp", t->rbp}, {"rsp", t->rsp},
        {"r8 ", t->r8},  {"r9 ", t->r9},  {"r10", t->r10}, {"r11", t->r11},
        {"r12", t->r12}, {"r13", t->r13}, {"r14", t->r14}, {"r15", t->r15},
    };
    print("  registers:\n");
    for (unsigned i = 0; i < sizeof r / sizeof r[0]; i++)
        print("%s%s %016llx%s", i % 4 == 0 ? "    " : "  ", r[i].name,
              (unsigned long long)r[i].value, i % 4 == 3 ? "\n" : "");
    print("    rip %016llx  flags %08llx\n", (unsigned long long)t->rip,
          (unsigned long long)t->flags);
}

static bool is_text(uint64_t at) {
    return at >= (uint64_t)__text_start && at < (uint64_t)__text_end;
}

/* Does a call end here: e8 + 4 bytes, or ff /2 in one of its lengths? */
static bool after_call(uint64_t at) {
    if (!is_text(at) || at - (uint64_t)__text_start < 8)
        return false;
    const uint8_t *p = (const uint8_t *)at;
    if (p[-5] == 0xe8)
        return true;
    for (unsigned length = 2; length <= 7; length++)
        if (p[-(int)length] == 0xff && (p[1 - (int)length] >> 3 & 7) == 2)
            return true;
    return false;
}

/* Without frame pointers: what looks like a return address. */
static void print_frames(const struct trap *t) {
    print("  C frames, innermost first (addresses on the stack that follow a call):\n");
    unsigned n = 0;
    if (is_text(t->rip))
        print("    #%-2u 0x%llx\n", n++, (unsigned long long)t->rip);
    uint64_t at = (t->rsp + 7) & ~UINT64_C(7), end = MOTE_STACK_TOP;
    if (at < end - MOTE_STACK_BYTES) /* it overflowed: from where it starts */
        at = at >= end - MOTE_STACK_BYTES - GUARD_BYTES ? end - MOTE_STACK_BYTES : end;
    for (unsigned i = 0; at < end && i < WORDS_LOOKED_AT && n < FRAMES; at += 8, i++)
        if (after_call(*(const uint64_t *)at))
            print("    #%-2u 0x%llx\n", n++, *(const unsigned long long *)at);
}

/* ---- For the host ------------------------------------------------------------- */

/* What there is of the stack from rsp on; a wild one has nothing to show. */
static void find_stack(struct mote_dump *d, uint64_t rsp) {
    uint64_t top = MOTE_STACK_TOP, bottom = top - MOTE_STACK_BYTES;
    if (rsp < crash_stack_top() && rsp >= crash_stack_top() - MOTE_DUMP_MOST) {
        top = crash_stack_top();
        bottom = top - MOTE_DUMP_MOST;
    }
    d->stack = rsp < bottom || rsp > top - MOTE_DUMP_LEAST ? top - MOTE_DUMP_LEAST : rsp;
    if (rsp < bottom && bottom - rsp < GUARD_BYTES)
        d->stack = bottom; /* it overflowed */
    d->stack_bytes = top - d->stack < MOTE_DUMP_MOST ? top - d->stack : MOTE_DUMP_MOST;
}

/* What was written has been given to the device, which may not have taken it yet.
 * A console that has crashed cannot be flushed: give it a little time. */
static void settle(void) {
    for (uint64_t start = read_tsc(); read_tsc() - start < SETTLE_TICKS;)
        cpu_pause();
}

static void dump(const struct trap *t) {
    settle();
    struct mote_dump d = {
        .magic = MOTE_DUMP_MAGIC,
        .vector = t->vector,
        .error = t->error,
        .address = fault_address,
        .registers = {t->rax, t->rdx, t->rcx, t->rbx, t->rsi, t->rdi, t->rbp, t->rsp, t->r8, t->r9,
                      t->r10, t->r11, t->r12, t->r13, t->r14, t->r15, t->rip},
        .flags = t->flags,
    };
    find_stack(&d, t->rsp);
    exit_dump(&d, sizeof d);
    exit_dump((const void *)d.stack, d.stack_bytes);
}

/* ---- The way through it ---------------------------------------------------------- */

static void report(void) {
    if (exit_has_status_port()) {
        dump(&crashed);
    } else {
        print_what(&crashed);
        print_registers(&crashed);
        print_frames(&crashed);
    }
    kernel_crashed();
}

void crash(struct trap *t) {
    static unsigned crashes;
    __asm__ volatile("mov %%cr2, %0" : "=r"(fault_address));
    if (crashes++ > 0) {
        static const char text[] = "mote: a second crash, in the report of the first\n";
        if (exit_has_status_port() && crashes == 2)
            dump(t);
        else
            serial_write(text, sizeof text - 1);
        exit_at_once(EXIT_CRASH);
    }
    crashed = *t;
    t->rip = (uint64_t)pc_go_on;
    t->rdi = (uint64_t)report;
    t->rsi = crash_stack_top();
    t->flags = 2;
}
