/* A crash of the mote, as the handler in the gate found it. What it says is as
 * hostile as all that the mote can write: a mote may claim a crash, and gets the
 * end that goes with one. */
#include "process.h"

#include "../crash.h"
#include "../guest.h"

#include <limits.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

enum { PAGE_FAULT = 14, FAULT_WRITE = 2, FAULT_FETCH = 16 }; /* SDM volume 3, 6.15, 4.7 */

/* A copy of what lies on the signal stack; zeros if it does not. */
static void copy_in(const struct tender *t, uint64_t address, void *out, size_t bytes) {
    if (address >= MOTE_SIGNAL_STACK && address <= MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES &&
        bytes <= MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES - address)
        memcpy(out, t->low + address, bytes);
    else
        memset(out, 0, bytes);
}

static void get_registers(const ucontext_t *u, struct crash *c) {
    static const uint8_t place[CRASH_REGISTERS] = {
        [CRASH_RAX] = REG_RAX, [CRASH_RDX] = REG_RDX, [CRASH_RCX] = REG_RCX, [CRASH_RBX] = REG_RBX,
        [CRASH_RSI] = REG_RSI, [CRASH_RDI] = REG_RDI, [CRASH_RBP] = REG_RBP, [CRASH_RSP] = REG_RSP,
        [CRASH_R8] = REG_R8,   [CRASH_R9] = REG_R9,   [CRASH_R10] = REG_R10, [CRASH_R11] = REG_R11,
        [CRASH_R12] = REG_R12, [CRASH_R13] = REG_R13, [CRASH_R14] = REG_R14, [CRASH_R15] = REG_R15,
        [CRASH_RIP] = REG_RIP};
    for (unsigned i = 0; i < CRASH_REGISTERS; i++)
        c->registers[i] = (uint64_t)u->uc_mcontext.gregs[place[i]];
    c->flags = (uint64_t)u->uc_mcontext.gregs[REG_EFL];
    c->has_registers = true;
}

static void name_access(const ucontext_t *u, const siginfo_t *info, struct crash *c) {
    uint64_t error = (uint64_t)u->uc_mcontext.gregs[REG_ERR];
    if (u->uc_mcontext.gregs[REG_TRAPNO] != PAGE_FAULT) {
        c->kind = CRASH_INSTRUCTION;
        c->what = "a privileged instruction, or an address that no memory can have";
        return;
    }
    c->kind = error & FAULT_FETCH ? CRASH_EXECUTE : error & FAULT_WRITE ? CRASH_WRITE : CRASH_READ;
    c->address = (uint64_t)(uintptr_t)info->si_addr;
}

static bool in_file(const struct tender *t, uint64_t address) {
    return address < MOTE_LOW_END || (address >= MOTE_IMAGE_BASE && address < t->image_end);
}

static void name_bus(const struct tender *t, const siginfo_t *info, struct crash *c) {
    c->address = (uint64_t)(uintptr_t)info->si_addr;
    if (info->si_code == BUS_ADRERR && in_file(t, c->address)) {
        c->kind = CRASH_FILE;
    } else {
        c->kind = CRASH_OTHER;
        c->what =
            info->si_code == BUS_ADRERR ? "the host has no memory for it" : "a bus error (SIGBUS)";
    }
}

static void name(const struct tender *t, int number, const ucontext_t *u, const siginfo_t *info,
                 struct crash *c) {
    switch (number) {
    case SIGSEGV:
        name_access(u, info, c);
        return;
    case SIGBUS:
        name_bus(t, info, c);
        return;
    case SIGFPE:
        c->kind = info->si_code == FPE_INTDIV ? CRASH_DIVIDE : CRASH_OTHER;
        c->what = info->si_code == FPE_INTDIV ? NULL : "a floating-point exception";
        return;
    case SIGTRAP:
        c->kind = info->si_code == TRAP_TRACE ? CRASH_OTHER : CRASH_BREAKPOINT;
        c->what = info->si_code == TRAP_TRACE ? "a debug trap" : NULL;
        return;
    case SIGILL:
        c->kind = CRASH_INSTRUCTION;
        return;
    case SIGSYS:
        c->kind = CRASH_SYSTEM_CALL;
        c->address = (uint32_t)info->si_syscall;
        c->what = info->si_arch == AUDIT_ARCH_X86_64 ? NULL : "in the 32-bit way";
        return;
    default:
        c->kind = CRASH_OTHER;
        c->what = "a signal that cannot be";
    }
}

static bool may_go_on(const struct tender *t) {
    enum { LEAST_STACK = 4096 };
    uint64_t entry = __atomic_load_n(&t->shared->crash_entry, __ATOMIC_ACQUIRE);
    uint64_t stack = __atomic_load_n(&t->shared->crash_stack, __ATOMIC_ACQUIRE) & ~UINT64_C(15);
    bool executable = false;
    for (unsigned i = 0; i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        executable |= s->executable && entry - s->address < s->bytes;
    }
    return executable && stack >= LEAST_STACK &&
           guest_at(t, guest(stack - LEAST_STACK), LEAST_STACK) != NULL;
}

void process_crash(struct tender *t) {
    uint64_t number = __atomic_load_n(&t->shared->signal, __ATOMIC_ACQUIRE);
    if (number == 0)
        return;
    siginfo_t info;
    ucontext_t u;
    struct crash c = {0};
    copy_in(t, __atomic_load_n(&t->shared->siginfo, __ATOMIC_ACQUIRE), &info, sizeof info);
    copy_in(t, __atomic_load_n(&t->shared->ucontext, __ATOMIC_ACQUIRE), &u, sizeof u);
    get_registers(&u, &c);
    name(t, number < INT_MAX ? (int)number : 0, &u, &info, &c);
    bool again = t->crashed;
    t->crashed = true;
    t->status = EX_SOFTWARE;
    serve_output(t);
    crash_report(t, &c);
    if (again || !may_go_on(t)) {
        t->ended = true;
        return;
    }
    __atomic_store_n(&t->shared->signal, 0, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &t->shared->signal, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
