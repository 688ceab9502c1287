/* The host's system calls. The process tender's gate makes three of them; the
 * guest tries all others, and those three with other arguments. Each must end the
 * mote before the host has done anything. Where one comes back after all, the
 * guest says so and ends with status 1; what they ask for is harmless. */
#include "guest.h"

#include <sys/syscall.h>

static int64_t system_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = 0;
    register uint64_t r9 __asm__("r9") = 0;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define SYSTEM_CALL(name, ...)                                  \
    CASE(system_call_##name, PROCESS, 70, "system call") {      \
        uint64_t a[5] = {__VA_ARGS__};                          \
        system_call(a[0], a[1], a[2], a[3], a[4]);              \
        check(false, "the host did a call outside the policy"); \
    }

/* What the calls below are given to read or write: in writable memory. */
static uint64_t zeros[16];
static char path[] = "created-by-a-mote";
static uint64_t one[2] = {1, 1};
#define DATA ADDRESS(zeros)
#define PATH ADDRESS(path)
enum { AT_CWD = -100, CREATE = 0101, THREAD = 0x10f00, SIGCHILD = 17 };

/* Files. */
SYSTEM_CALL(open, SYS_open, PATH, CREATE, 0600)
SYSTEM_CALL(openat, SYS_openat, (uint64_t)AT_CWD, PATH, CREATE, 0600)
SYSTEM_CALL(creat, SYS_creat, PATH, 0600)
SYSTEM_CALL(mkdir, SYS_mkdir, PATH, 0700)
SYSTEM_CALL(unlink, SYS_unlink, PATH)
SYSTEM_CALL(rename, SYS_rename, PATH, PATH)
SYSTEM_CALL(stat, SYS_stat, PATH, DATA)
SYSTEM_CALL(read_doorbell, SYS_read, MOTE_DOORBELL_FD, DATA, 8)
SYSTEM_CALL(read_input, SYS_read, 0, DATA, 8)
SYSTEM_CALL(ioctl, SYS_ioctl, 0, 0x5401, DATA)
SYSTEM_CALL(dup, SYS_dup, MOTE_DOORBELL_FD)
SYSTEM_CALL(fcntl, SYS_fcntl, MOTE_DOORBELL_FD, 4, 04000)
SYSTEM_CALL(memfd_create, SYS_memfd_create, PATH, 0)
SYSTEM_CALL(pipe, SYS_pipe, DATA)
SYSTEM_CALL(chroot, SYS_chroot, PATH)
SYSTEM_CALL(io_uring_setup, SYS_io_uring_setup, 1, DATA)

/* The doorbell's call with other descriptors, sizes and sources. */
SYSTEM_CALL(write_output, SYS_write, 1, PATH, 8)
SYSTEM_CALL(write_errors, SYS_write, 2, PATH, 8)
SYSTEM_CALL(write_next_descriptor, SYS_write, 4, PATH, 8)
SYSTEM_CALL(write_other_size, SYS_write, MOTE_DOORBELL_FD, ADDRESS(one), 16)
SYSTEM_CALL(write_nothing, SYS_write, MOTE_DOORBELL_FD, ADDRESS(one), 0)
SYSTEM_CALL(write_descriptor_2_to_the_32, SYS_write, 0x100000001, PATH, 8)
SYSTEM_CALL(writev, SYS_writev, 1, DATA, 1)
SYSTEM_CALL(pwrite, SYS_pwrite64, MOTE_DOORBELL_FD, DATA, 8)
SYSTEM_CALL(sendmsg, SYS_sendmsg, 1, DATA, 0)

/* Memory. */
SYSTEM_CALL(mmap, SYS_mmap, 0x40000000, 4096, 7, 0x32)
SYSTEM_CALL(mprotect_text, SYS_mprotect, ADDRESS(__text_start), 4096, 7)
SYSTEM_CALL(mprotect_gate, SYS_mprotect, MOTE_GATE, 4096, 7)
SYSTEM_CALL(munmap, SYS_munmap, MOTE_BOOT, 4096)
SYSTEM_CALL(mremap, SYS_mremap, MOTE_SHARED, 4096, 8192, 1)
SYSTEM_CALL(madvise, SYS_madvise, MOTE_ARENA, 4096, 4)
SYSTEM_CALL(brk, SYS_brk, 0)
SYSTEM_CALL(shmget, SYS_shmget, 0, 4096, 01600)
SYSTEM_CALL(userfaultfd, SYS_userfaultfd, 0)
SYSTEM_CALL(process_vm_readv, SYS_process_vm_readv, 1, DATA, 0, DATA)
SYSTEM_CALL(process_vm_writev, SYS_process_vm_writev, 1, DATA, 0, DATA)

/* Processes. */
SYSTEM_CALL(fork, SYS_fork)
SYSTEM_CALL(vfork, SYS_vfork)
SYSTEM_CALL(clone, SYS_clone, SIGCHILD)
SYSTEM_CALL(clone_thread, SYS_clone, THREAD, ADDRESS(page) + 4096)
SYSTEM_CALL(clone3, SYS_clone3, DATA, 64)
SYSTEM_CALL(execve, SYS_execve, PATH, 0, 0)
SYSTEM_CALL(ptrace, SYS_ptrace, 16, 1)
SYSTEM_CALL(kill, SYS_kill, 1, 0)
SYSTEM_CALL(tgkill, SYS_tgkill, 1, 1, 0)
SYSTEM_CALL(getpid, SYS_getpid)
SYSTEM_CALL(wait4, SYS_wait4, UINT64_MAX, 0, 1)
SYSTEM_CALL(prctl_dumpable, SYS_prctl, 4, 1)
SYSTEM_CALL(arch_prctl, SYS_arch_prctl, 0x1002, DATA)
SYSTEM_CALL(seccomp, SYS_seccomp, 2, 0, DATA)
SYSTEM_CALL(personality, SYS_personality, 0x0040000)
SYSTEM_CALL(unshare, SYS_unshare, 0)
SYSTEM_CALL(setuid, SYS_setuid, 0)
SYSTEM_CALL(setrlimit, SYS_prlimit64, 0, 3, 0)
SYSTEM_CALL(modify_ldt, SYS_modify_ldt, 0, DATA, 16)
SYSTEM_CALL(iopl, SYS_iopl, 3)
SYSTEM_CALL(bpf, SYS_bpf, 0, DATA, 0)
SYSTEM_CALL(perf_event_open, SYS_perf_event_open, DATA, 0)
SYSTEM_CALL(pidfd_open, SYS_pidfd_open, 1, 0)

/* Signals: the crash handler stays, and nothing is sent past it. */
SYSTEM_CALL(rt_sigaction, SYS_rt_sigaction, 11, 0, DATA, 8)
SYSTEM_CALL(sigaltstack, SYS_sigaltstack, 0, DATA)
SYSTEM_CALL(alarm, SYS_alarm, 0)

/* Sockets. */
SYSTEM_CALL(socket, SYS_socket, 1, 1, 0)
SYSTEM_CALL(socketpair, SYS_socketpair, 1, 1, 0, DATA)

/* The futex call, which waiting needs, with other words and operations. */
SYSTEM_CALL(futex_wake, SYS_futex, ADDRESS(zeros), 1, 1)
SYSTEM_CALL(futex_requeue, SYS_futex, MOTE_SHARED, 3, 1, 1)
SYSTEM_CALL(futex_lock_pi, SYS_futex, MOTE_SHARED, 6, 0, 0)
SYSTEM_CALL(futex_wake_op, SYS_futex, MOTE_SHARED, 5, 1, 1)

/* Numbers that no table has; the x32 table's are others with a bit set. */
SYSTEM_CALL(number_10000, 10000)
SYSTEM_CALL(number_minus_1, UINT64_MAX)
SYSTEM_CALL(x32_write, 0x40000000 | SYS_write, MOTE_DOORBELL_FD, ADDRESS(one), 8)

/* All of the low numbers, by chance order of what is allowed: whatever comes
 * back, nothing may be open afterwards but the doorbell. Ends at the first that
 * is outside the policy. */
CASE(system_call_all_in_turn, PROCESS, 70, "system call") {
    for (uint64_t number = 0; number < 512; number++) {
        if (number != SYS_write && number != SYS_futex && number != SYS_exit_group &&
            number != SYS_exit && number != SYS_rt_sigreturn)
            system_call(number, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    }
}

/* The same by the 32-bit entry, where 5 is open and 1 exit, and 20 getpid. */
CASE(system_call_by_int_0x80, PROCESS, 70, "system call") {
    __asm__ volatile("int $0x80" ::"a"(5), "b"(path), "c"(CREATE), "d"(0600) : "memory");
    check(false, "the host did a 32-bit call");
}
CASE(system_call_4_by_int_0x80, PROCESS, 70, "system call") {
    __asm__ volatile("int $0x80" ::"a"(4), "b"(MOTE_DOORBELL_FD), "c"(one), "d"(8) : "memory");
    check(false, "the host did a 32-bit call with the number of an allowed one");
}

/* A forged signal frame is a way to load all registers, and no more than that. */
CASE(system_call_rt_sigreturn, PROCESS, 70, "") {
    static uint64_t frame[256];
    __asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" ::"r"(ADDRESS(frame)) : "memory");
}
/* Ending without the tender's knowledge is a crash. */
CASE(system_call_exit, PROCESS, 70, "") {
    system_call(SYS_exit, 0, 0, 0, 0);
}
CASE(system_call_exit_group, PROCESS, 70, "") {
    system_call(SYS_exit_group, 0, 0, 0, 0);
}
