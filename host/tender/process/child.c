/* The child on its way from a copy of the tender to the mote. Everything is done
 * by plain system calls: nothing here may need what is about to go. */
#include "process.h"

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
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

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

_Noreturn static void fail(const struct tender *t, const char *what) {
    tender_complain(t, "process: %s: %s", what, strerror(errno));
    syscall(SYS_exit_group, EX_OSERR);
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
    long got = syscall(SYS_mmap, address, bytes, rights, flags | MAP_FIXED_NOREPLACE, fd, offset);
    if ((uint64_t)got == address)
        return;
    char what[80];
    if (got >= 0)
        errno = EEXIST; /* a kernel that takes the flag for a hint */
    snprintf(what, sizeof what, "mapping %llu bytes at %#llx", (unsigned long long)bytes,
             (unsigned long long)address);
    fail(t, what);
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
    map_low(t, MOTE_SHARED, MOTE_SHARED_BYTES, rw);
    map_low(t, MOTE_RINGS, MOTE_RINGS_BYTES, rw);
    map_low(t, MOTE_SIGNAL_STACK, MOTE_SIGNAL_STACK_BYTES, rw);
    if (t->config->image >= 0)
        map_low(t, MOTE_IMAGE_HEADER, MOTE_PAGE, PROT_READ);
    map_segments(t);
    map_low(t, MOTE_STACK_TOP - MOTE_STACK_BYTES, MOTE_STACK_BYTES, rw);
    map_arena(t);
    if (syscall(SYS_mremap, process_gate, MOTE_GATE_BYTES, MOTE_GATE_BYTES,
                MREMAP_MAYMOVE | MREMAP_FIXED, MOTE_GATE) != MOTE_GATE)
        fail(t, "placing the gate");
}

static void catch_crashes(const struct tender *t) {
    const struct action action = {.handler = in_gate(process_gate_crash),
                                  .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | RESTORER,
                                  .restorer = in_gate(process_gate_crash)};
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        if (syscall(SYS_rt_sigaction, crashes[i], &action, NULL, 8) != 0)
            fail(t, "signal handlers");
    }
}

/* The C library registered a place in its memory that the kernel writes to
 * whenever it moves the thread to another processor. */
static void leave_rseq(const struct tender *t) {
    enum { SIGNATURE = 0x53053053, LEAST = 32, MOST = 512 };
    if (__rseq_size == 0)
        return;
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
    for (unsigned bytes = LEAST; bytes <= MOST; bytes += LEAST / 4) {
        if (syscall(SYS_rseq, area, bytes, RSEQ_FLAG_UNREGISTER, SIGNATURE) == 0)
            return;
    }
    fail(t, "rseq");
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
    uint64_t *stack = (uint64_t *)(void *)(t->low + MOTE_STACK_TOP - 16);
    *stack = t->program.note.entry;
    r->frame.uc_flags = CONTEXT_SS | CONTEXT_STRICT_SS;
    r->frame.uc_stack.ss_sp = (void *)MOTE_SIGNAL_STACK;
    r->frame.uc_stack.ss_size = MOTE_SIGNAL_STACK_BYTES;
    const uint64_t mask = signal_mask();
    memcpy(&r->frame.uc_sigmask, &mask, sizeof mask);
    greg_t *g = r->frame.uc_mcontext.gregs;
    g[REG_RSP] = MOTE_STACK_TOP - 16;
    g[REG_RIP] = (greg_t)in_gate(process_gate_ready);
    g[REG_RBX] = MOTE_SIGNAL_STACK;
    g[REG_RDX] = (greg_t)(MOTE_SIGNAL_STACK + offsetof(struct gate_record, program));
    g[REG_R14] = GATE_FAILED + GATE_CALLS;
    g[REG_EFL] = 0x202;
    g[REG_CSGSFS] = CODE64 | (greg_t)((uint64_t)DATA64 << 48);
}

static void fill_record(const struct tender *t) {
    struct gate_record *r = (struct gate_record *)(void *)(t->low + MOTE_SIGNAL_STACK);
    add_call(r, SYS_munmap, 0, MOTE_BOOT);
    add_call(r, SYS_munmap, MOTE_LOW_END, MOTE_ARENA - MOTE_LOW_END);
    add_call(r, SYS_munmap, t->arena_end, USER_END - t->arena_end);
    add_call(r, SYS_arch_prctl, SET_FS, t->program.note.tls);
    fill_frame(t, r);
    _Static_assert(sizeof policy_mote <= sizeof r->filter, "PROCESS_FILTER_MAX");
    memcpy(r->filter, policy_mote, sizeof policy_mote);
    r->program.len = sizeof policy_mote / sizeof *policy_mote;
    r->program.filter =
        (struct sock_filter *)(MOTE_SIGNAL_STACK + offsetof(struct gate_record, filter));
}

static void close_descriptors(const struct tender *t) {
    if (syscall(SYS_dup2, t->doorbell, MOTE_DOORBELL_FD) < 0 ||
        syscall(SYS_close_range, 0, MOTE_DOORBELL_FD - 1, 0) != 0 ||
        syscall(SYS_close_range, MOTE_DOORBELL_FD + 1, ~0u, 0) != 0)
        syscall(SYS_exit_group, GATE_FAILED - 1);
}

void child_start(struct tender *t, int pid) {
    const struct rlimit none = {0, 0};
    if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) != 0)
        fail(t, "ending with the tender");
    if (syscall(SYS_getppid) != pid) /* it ended already */
        syscall(SYS_exit_group, EX_OSERR);
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL);
    map_all(t);
    catch_crashes(t);
    leave_rseq(t);
    fill_record(t);
    close_descriptors(t);
    __asm__ volatile("jmp *%0" ::"r"(in_gate(process_gate_begin)), "b"(MOTE_SIGNAL_STACK)
                     : "memory");
    __builtin_unreachable();
}
