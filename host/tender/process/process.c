/* The process door: a child with the mote's memory and nothing else. */
#include "process.h"

#include "../crash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "mote/platform.h"

extern const char __executable_start[]; /* the linker's */

static const char *unavailable(void) {
    if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL)
        return "this host has no seccomp filters";
    return NULL;
}

/* The C library registered a place in its memory that the kernel writes to when it
 * moves a thread to another processor. The child will not have that memory. */
static int leave_rseq(const struct tender *t) {
    enum { SIGNATURE = 0x53053053, LEAST = 32, MOST = 512 };
    if (__rseq_size == 0)
        return 0;
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
    for (unsigned bytes = LEAST; bytes <= MOST; bytes += LEAST / 4) {
        if (syscall(SYS_rseq, area, bytes, RSEQ_FLAG_UNREGISTER, SIGNATURE) == 0)
            return 0;
    }
    tender_complain(t, "process: rseq: %s", strerror(errno));
    return EX_OSERR;
}

static int create(struct tender *t) {
    if ((uintptr_t)__executable_start < MOTE_LOW_END) {
        tender_complain(t,
                        "process: this program lies at %p, where the mote's memory goes; link "
                        "it above %#x",
                        (const void *)__executable_start, MOTE_LOW_END);
        return EX_OSERR;
    }
    int status = sandbox_files(t); /* before the child: who is outside cannot read one inside */
    if (status == 0)
        status = leave_rseq(t);
    if (status != 0)
        return status;
    memcpy(t->low + MOTE_GATE, process_gate, (size_t)(process_gate_end - process_gate));
    int self = (int)getpid();
    long child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &t->child, 0, 0);
    if (child == 0)
        child_start(t, self);
    if (child < 0) {
        tender_complain(t, "process: clone: %s", strerror(errno));
        return EX_OSERR;
    }
    t->child_pid = (int)child;
    return 0;
}

static void wake(uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void rung(struct tender *t) {
    if (__atomic_load_n(&t->shared->call.state, __ATOMIC_ACQUIRE) == MOTE_CALL_POSTED) {
        tender_call(t);
        if (!t->exiting)
            wake(&t->shared->call.state);
    }
    process_crash(t);
}

/* How a mote ended that had not called MOTE_CALL_EXIT. */
static int end_of_child(struct tender *t, const siginfo_t *end) {
    if (end->si_code == CLD_EXITED && end->si_status == EX_OSERR)
        return EX_OSERR; /* it said why */
    if (end->si_code == CLD_EXITED) {
        tender_complain(t, "process: this host refuses step %d of setting it up",
                        end->si_status - GATE_FAILED);
        return EX_OSERR;
    }
    const struct crash c = {.kind = CRASH_KILLED, .address = (uint64_t)end->si_status};
    crash_report(t, &c);
    return EX_SOFTWARE;
}

static int run(struct tender *t) {
    __atomic_store_n(&t->shared->call.state, MOTE_CALL_DONE, __ATOMIC_SEQ_CST);
    wake(&t->shared->call.state);
    serve(t);
    bool by_itself = !t->exiting && !t->crashed && !t->gave_up;
    siginfo_t end = {0};
    if (!by_itself && syscall(SYS_pidfd_send_signal, t->child, SIGKILL, NULL, 0) != 0)
        kill(t->child_pid, SIGKILL); /* ours until it is waited for */
    while (waitid(P_PIDFD, (id_t)t->child, &end, WEXITED) != 0 && errno == EINTR)
        ;
    return by_itself ? end_of_child(t, &end) : t->status;
}

static int64_t discard(struct tender *t, uint64_t address, uint64_t bytes) {
    off_t at = (off_t)(MOTE_LOW_END + address - MOTE_ARENA);
    if (fallocate(t->memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)bytes) == 0)
        return 0;
    return errno == ENOMEM ? PLATFORM_ENOMEM : PLATFORM_EIO;
}

/* Page by page: one call stops at the first that is not there. */
static size_t read_memory(struct tender *t, uint64_t address, void *out, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        size_t part = MOTE_PAGE - (address + done) % MOTE_PAGE;
        if (part > bytes - done)
            part = bytes - done;
        struct iovec to = {(char *)out + done, part};
        struct iovec from = {(void *)(uintptr_t)(address + done), part};
        if (process_vm_readv(t->child_pid, &to, 1, &from, 1, 0) != (ssize_t)part)
            break;
        done += part;
    }
    return done;
}

const struct tender_door tender_process = {.name = "process",
                                           .unavailable = unavailable,
                                           .create = create,
                                           .run = run,
                                           .discard = discard,
                                           .read = read_memory,
                                           .rung = rung};
