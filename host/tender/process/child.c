/* The child on its way from a copy of the tender to the mote. Everything is done
 * by plain system calls: nothing here may need what is about to go. */
#include "process.h"
#include "raw.h"

#include "tender_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* asm/prctl.h, asm/ucontext.h, asm/segment.h; the user address space of x86-64 */
enum { SET_FS = 0x1002, CONTEXT_SS = 2, CONTEXT_STRICT_SS = 4, CODE64 = 0x33, DATA64 = 0x2b };
#define USER_END UINT64_C(0x7ffffffff000)

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

/* The kernel's struct sigaction. */
struct action {
    uint64_t handler, flags, restorer, mask;
};
enum { RESTORER = 0x04000000 };

_Noreturn static void fail(const struct tender *t, const char *what, int64_t error) {
    tender_complain(t, "process: %s: %s", what, strerror((int)-error));
    RAW2(SYS_exit_group, EX_OSERR, 0);
    __builtin_trap();
}

static uint64_t in_gate(const uint8_t *place) {
    return MOTE_GATE + (uint64_t)(place - process_gate);
}

/* Exactly there, or not at all: something of the tender's is never replaced. */
static void map(const struct tender *t, uint64_t address, uint64_t bytes, int rights, int flags,
                int fd, uint64_t offset) {
    if (bytes == 0)
        return;
    int64_t got = raw_call(SYS_mmap, address, bytes, (uint64_t)rights,
                           (uint64_t)(flags | MAP_FIXED_NOREPLACE), (uint64_t)fd, offset);
    if ((uint64_t)got == address)
        return;
    char what[80];
    snprintf(what, sizeof what, "mapping %llu bytes at %#llx", (unsigned long long)bytes,
             (unsigned long long)address);
    fail(t, what, got < 0 ? got : -EEXIST); /* old kernels take the flag for a hint */
}

static void map_low(const struct tender *t, uint64_t address, uint64_t bytes, int rights) {
    map(t, address, bytes, rights, MAP_SHARED, t->memory, address);
}

static uint64_t page_up(uint64_t n) {
    return (n + MOTE_PAGE - 1) & ~(uint64_t)(MOTE_PAGE - 1);
}

static void map_segments(const struct tender *t) {
    for (unsigned i = 0; i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        if (s->writable)
            map_low(t, s->address, page_up(s->bytes), PROT_READ | PROT_WRITE);
        else
            map(t, s->address, page_up(s->bytes), PROT_READ | (s->executable ? PROT_EXEC : 0),
                MAP_PRIVATE, t->program.fd, s->file_offset);
    }
}

/* The image lies in the middle of the arena. */
static void map_arena(const struct tender *t) {
    const int flags = MAP_SHARED | MAP_NORESERVE, rights = PROT_READ | PROT_WRITE;
    uint64_t below = MOTE_IMAGE_BASE - MOTE_ARENA;
    if (t->image_end == MOTE_IMAGE_BASE) {
        map(t, MOTE_ARENA, t->arena_end - MOTE_ARENA, rights, flags, t->memory, MOTE_LOW_END);
        return;
    }
    map(t, MOTE_ARENA, below, rights, flags, t->memory, MOTE_LOW_END);
    map(t, MOTE_IMAGE_BASE, t->image_end - MOTE_IMAGE_BASE, rights, MAP_PRIVATE | MAP_NORESERVE,
        t->config->image, MOTE_PAGE);
    map(t, t->image_end, t->arena_end - t->image_end, rights, flags, t->memory,
        MOTE_LOW_END + t->image_end - MOTE_ARENA);
}

static void map_all(const struct tender *t) {
    const int rw = PROT_READ | PROT_WRITE;
    map_low(t, MOTE_BOOT, MOTE_BOOT_BYTES, PROT_READ);
    map_low(t, MOTE_CLOCK, MOTE_PAGE, PROT_READ);
    map_low(t, MOTE_GATE, MOTE_GATE_BYTES, PROT_READ | PROT_EXEC);
    map_low(t, MOTE_SHARED, MOTE_SHARED_BYTES, rw);
    map_low(t, MOTE_RINGS, MOTE_RINGS_BYTES, rw);
    map_low(t, MOTE_SIGNAL_STACK, MOTE_SIGNAL_STACK_BYTES, rw);
    if (t->config->image >= 0)
        map_low(t, MOTE_IMAGE_HEADER, MOTE_PAGE, PROT_READ);
    map_segments(t);
    map_low(t, MOTE_STACK_TOP - MOTE_STACK_BYTES, MOTE_STACK_BYTES, rw);
    map_arena(t);
}

static void catch_crashes(const struct tender *t) {
    const struct action action = {.handler = in_gate(process_gate_crash),
                                  .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | RESTORER,
                                  .restorer = in_gate(process_gate_crash)};
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        int64_t error = RAW4(SYS_rt_sigaction, crashes[i], &action, 0, 8);
        if (error != 0)
            fail(t, "signal handlers", error);
    }
}

static void add_call(struct gate_record *r, uint64_t number, uint64_t a, uint64_t b) {
    r->call[r->count].number = number;
    r->call[r->count].argument[0] = a;
    r->call[r->count].argument[1] = b;
    r->count++;
}

/* All signals wait but those of a crash and those that stop and continue a job. */
static uint64_t signal_mask(void) {
    uint64_t mask = ~UINT64_C(0);
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++)
        mask &= ~(UINT64_C(1) << (crashes[i] - 1));
    return mask & ~(UINT64_C(1) << (SIGTSTP - 1)) & ~(UINT64_C(1) << (SIGCONT - 1));
}

/* The registers at process_gate_ready; no state of the FPU means its first one. */
static void fill_frame(const struct tender *t, struct gate_record *r) {
    *(volatile uint64_t *)GATE_STACK = t->program.note.entry;
    r->frame.uc_flags = CONTEXT_SS | CONTEXT_STRICT_SS;
    r->frame.uc_stack.ss_sp = (void *)MOTE_SIGNAL_STACK;
    r->frame.uc_stack.ss_size = MOTE_SIGNAL_STACK_BYTES;
    *(uint64_t *)&r->frame.uc_sigmask = signal_mask();
    greg_t *g = r->frame.uc_mcontext.gregs;
    g[REG_RSP] = GATE_STACK;
    g[REG_RIP] = (greg_t)in_gate(process_gate_ready);
    g[REG_RBX] = (greg_t)(uintptr_t)r;
    g[REG_RDX] = (greg_t)(uintptr_t)&r->program;
    g[REG_R14] = GATE_FAILED + GATE_CALLS;
    g[REG_EFL] = 0x202;
    g[REG_CSGSFS] = CODE64 | (greg_t)((uint64_t)DATA64 << 48);
}

/* In the mote's memory, which is in place by now, and zero. */
static struct gate_record *fill_record(const struct tender *t) {
    struct gate_record *r = (struct gate_record *)GATE_RECORD;
    add_call(r, SYS_munmap, 0, MOTE_BOOT);
    add_call(r, SYS_munmap, MOTE_LOW_END, MOTE_ARENA - MOTE_LOW_END);
    add_call(r, SYS_munmap, t->arena_end, USER_END - t->arena_end);
    add_call(r, SYS_arch_prctl, SET_FS, t->program.note.tls);
    fill_frame(t, r);
    _Static_assert(sizeof policy_mote <= sizeof r->filter, "PROCESS_FILTER_MAX");
    r->program.len = sizeof policy_mote / sizeof *policy_mote;
    r->program.filter = r->filter;
    for (unsigned i = 0; i < r->program.len; i++)
        r->filter[i] = policy_mote[i];
    return r;
}

static void close_descriptors(const struct tender *t) {
    if (RAW2(SYS_dup2, t->doorbell, MOTE_DOORBELL_FD) < 0 ||
        RAW4(SYS_close_range, 0, MOTE_DOORBELL_FD - 1, 0, 0) != 0 ||
        RAW4(SYS_close_range, MOTE_DOORBELL_FD + 1, ~0u, 0, 0) != 0)
        RAW2(SYS_exit_group, GATE_FAILED - 1, 0);
}

void child_start(struct tender *t, int pid) {
    const struct rlimit none = {0, 0};
    int64_t error = RAW2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (error != 0)
        fail(t, "ending with the tender", error);
    if (RAW2(SYS_getppid, 0, 0) != pid) /* it ended already */
        RAW2(SYS_exit_group, EX_OSERR, 0);
    RAW4(SYS_prlimit64, 0, RLIMIT_CORE, &none, 0);
    map_all(t);
    catch_crashes(t);
    struct gate_record *record = fill_record(t);
    close_descriptors(t);
    __asm__ volatile("jmp *%0" ::"r"(in_gate(process_gate_begin)), "b"(record) : "memory");
    __builtin_unreachable();
}
