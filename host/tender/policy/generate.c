/* Makes tender_policy.h: the seccomp filters as BPF programs in C arrays, so that
 * nothing is compiled when a mote starts and the command does not need libseccomp.
 *     generate > tender_policy.h
 *
 * The tender's filters answer EPERM to what is not listed: it then fails in an
 * orderly way. The mote's traps, which becomes a crash report. */
#include "lists.h"
#include "mote/abi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/kvm.h>
#include <seccomp.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check(int error, const char *what) {
    if (error < 0) {
        fprintf(stderr, "generate: %s: error %d\n", what, -error);
        exit(1);
    }
}

#define ALLOW(c, call, ...) \
    check(seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(call), __VA_ARGS__), #call)

static scmp_filter_ctx begin(uint32_t otherwise) {
    scmp_filter_ctx c = seccomp_init(otherwise);
    if (c == NULL)
        check(-ENOMEM, "seccomp_init");
    check(seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2), "tree");
    check(seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, otherwise), "architecture");
    return c;
}

/* The kernel tries a new filter on every system call number, to know which pass
 * always; that takes longer than most motes' tenders will ever gain by it. It does
 * not try past an instruction that it does not expect. */
static void put_prefix(void) {
    printf("    {BPF_MISC | BPF_TAX, 0, 0, 0},\n");
}

static void end(scmp_filter_ctx c, const char *name) {
    FILE *file = tmpfile();
    if (file == NULL)
        check(-errno, "tmpfile");
    check(seccomp_export_bpf(c, fileno(file)), "export");
    seccomp_release(c);
    rewind(file);
    struct sock_filter f;
    printf("\nstatic const struct sock_filter policy_%s[] = {\n", name);
    put_prefix();
    while (fread(&f, sizeof f, 1, file) == 1)
        printf("    {0x%02x, %u, %u, 0x%08x},\n", f.code, f.jt, f.jf, f.k);
    printf("};\n");
    fclose(file);
}

/* The mote: sleep on a futex until a time, and ring the doorbell. */
static void mote(void) {
    scmp_filter_ctx c = begin(SCMP_ACT_TRAP);
    ALLOW(c, futex, 1, SCMP_A1_32(SCMP_CMP_EQ, FUTEX_WAIT_BITSET));
    ALLOW(c, write, 2, SCMP_A0_32(SCMP_CMP_EQ, MOTE_DOORBELL_FD), SCMP_A2(SCMP_CMP_EQ, 8));
    end(c, "mote");
}

/* Serving devices, memory for a report, the end. */
static void common(scmp_filter_ctx c) {
    static const int calls[] = {
        SCMP_SYS(read),          SCMP_SYS(readv),          SCMP_SYS(write),
        SCMP_SYS(writev),        SCMP_SYS(pwritev2),       SCMP_SYS(poll),
        SCMP_SYS(ppoll),         SCMP_SYS(futex),          SCMP_SYS(getrandom),
        SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(close),
        SCMP_SYS(munmap),        SCMP_SYS(madvise),        SCMP_SYS(brk),
        SCMP_SYS(fstat),         SCMP_SYS(lseek),          SCMP_SYS(pread64),
        SCMP_SYS(fallocate),     SCMP_SYS(ftruncate),      SCMP_SYS(restart_syscall),
        SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(sched_yield),
        SCMP_SYS(getpid),        SCMP_SYS(gettid),         SCMP_SYS(exit),
        SCMP_SYS(exit_group)};
    for (unsigned i = 0; i < COUNT(calls); i++)
        check(seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0), "common");
    /* No new code, ever. */
    ALLOW(c, mmap, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ALLOW(c, mprotect, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ALLOW(c, mremap, 0);
    ALLOW(c, prctl, 1, SCMP_A0_32(SCMP_CMP_EQ, PR_SET_TIMERSLACK));
    ALLOW(c, newfstatat, 1, SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    ALLOW(c, tgkill, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_TENDER_PID));
}

static void process(scmp_filter_ctx c) {
    ALLOW(c, process_vm_readv, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_CHILD_PID));
    ALLOW(c, pidfd_send_signal, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_CHILD_FD));
    ALLOW(c, kill, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_CHILD_PID));
    ALLOW(c, waitid, 1, SCMP_A1_32(SCMP_CMP_EQ, POLICY_CHILD_FD));
}

/* The vCPU, memory slots, and the thread that serves the devices. */
static void kvm(scmp_filter_ctx c) {
    static const unsigned long requests[] = {KVM_RUN,
                                             KVM_GET_REGS,
                                             KVM_SET_REGS,
                                             KVM_GET_SREGS,
                                             KVM_SET_SREGS,
                                             KVM_GET_FPU,
                                             KVM_SET_FPU,
                                             KVM_GET_MSRS,
                                             KVM_SET_MSRS,
                                             KVM_GET_VCPU_EVENTS,
                                             KVM_SET_VCPU_EVENTS,
                                             KVM_GET_XSAVE,
                                             KVM_GET_DEBUGREGS,
                                             KVM_GET_TSC_KHZ,
                                             KVM_SET_USER_MEMORY_REGION,
                                             KVM_IOEVENTFD};
    for (unsigned i = 0; i < COUNT(requests); i++)
        ALLOW(c, ioctl, 1, SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)requests[i]));
    /* Its own memory, for a report: a file may have shrunk under a mapping. */
    ALLOW(c, process_vm_readv, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_TENDER_PID));
    ALLOW(c, clone, 1,
          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    /* Its arguments lie in memory: the C library goes back to clone. */
    check(seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
    static const int calls[] = {SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
                                SCMP_SYS(set_tid_address), SCMP_SYS(sigaltstack)};
    for (unsigned i = 0; i < COUNT(calls); i++)
        check(seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0), "kvm");
}

/* Files only by the image's directory. An absolute path passes this, and is
 * Landlock's to refuse. */
static void save(scmp_filter_ctx c) {
    ALLOW(c, openat, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, newfstatat, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, faccessat, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, faccessat2, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, renameat, 2, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD),
          SCMP_A2_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, unlinkat, 1, SCMP_A0_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    ALLOW(c, linkat, 1, SCMP_A2_32(SCMP_CMP_EQ, POLICY_DIRECTORY_FD));
    static const int calls[] = {SCMP_SYS(access),  SCMP_SYS(pwrite64), SCMP_SYS(fsync),
                                SCMP_SYS(fchmod),  SCMP_SYS(fchown),   SCMP_SYS(geteuid),
                                SCMP_SYS(getegid), SCMP_SYS(fcntl)};
    for (unsigned i = 0; i < COUNT(calls); i++)
        check(seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0), "save");
}

static void tender(const char *name, void (*door)(scmp_filter_ctx), bool saves) {
    scmp_filter_ctx c = begin(SCMP_ACT_ERRNO(EPERM));
    common(c);
    door(c);
    if (saves)
        save(c);
    end(c, name);
}

int main(void) {
    puts("/* Made by host/tender/policy/generate.c. Do not edit. */\n"
         "#include <linux/filter.h>");
    mote();
    tender("process", process, false);
    tender("process_save", process, true);
    tender("kvm", kvm, false);
    tender("kvm_save", kvm, true);
    return 0;
}
