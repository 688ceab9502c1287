/*
 * gate.S - the page at MOTE_GATE of the process door. It is copied there, so it must
 * not refer to anything outside itself but by abi.h's addresses. See process.h.
 */
#include "process.h"

#define SYS_WRITE 1
#define SYS_RT_SIGRETURN 15
#define SYS_PRCTL 157
#define SYS_FUTEX 202
#define SYS_EXIT_GROUP 231

#define FUTEX_WAIT_BITSET 9
#define PR_SET_SECCOMP 22
#define SECCOMP_MODE_FILTER 2

/* struct mote_shared */
#define WAKE (MOTE_SHARED + 4)
#define CRASH_ENTRY (MOTE_SHARED + 32)
#define CRASH_STACK (MOTE_SHARED + 40)
#define CALL_STATE (MOTE_SHARED + 48)
#define CALL_NUMBER (MOTE_SHARED + 52)
#define CALL_ARGUMENT (MOTE_SHARED + 56)
#define CALL_RESULT (MOTE_SHARED + 88)
#define SIGNAL (MOTE_SHARED + 96)
#define SIGINFO (MOTE_SHARED + 104)
#define UCONTEXT (MOTE_SHARED + 112)

#define CALL_DOORBELL 0
#define CALL_WAIT 1
#define CALL_POSTED 1
#define CALL_DONE 2

    .section .rodata.process_gate, "a", @progbits
    .balign 16
    .globl process_gate, process_gate_begin, process_gate_ready, process_gate_crash, process_gate_end

/* int64_t gate(number, a, b, c, d) */
process_gate:
    cmpl $CALL_WAIT, %edi
    je wait
    cmpl $CALL_DOORBELL, %edi
    je ring

    movl %edi, CALL_NUMBER
    movq %rsi, CALL_ARGUMENT
    movq %rdx, CALL_ARGUMENT + 8
    movq %rcx, CALL_ARGUMENT + 16
    movq %r8, CALL_ARGUMENT + 24
    movl $CALL_POSTED, CALL_STATE
    call ring
answered:
    movl CALL_STATE, %edx
    cmpl $CALL_DONE, %edx
    je 1f
    movl $CALL_STATE, %edi
    xorl %r10d, %r10d
    call sleep
    jmp answered
1:  movl $0, CALL_STATE
    movq CALL_RESULT, %rax
    ret

ring:
    movl $MOTE_DOORBELL_FD, %edi
    leaq one(%rip), %rsi
    movl $8, %edx
    movl $SYS_WRITE, %eax
    syscall
    xorl %eax, %eax
    ret

/* esi: the value of wake, rdx: the deadline. The mote's monotonic time is the
 * host's CLOCK_MONOTONIC. */
wait:
    xorl %r10d, %r10d
    movq %rdx, %rax
    movl %esi, %edx
    movl $WAKE, %edi
    cmpq $-1, %rax
    je sleep
    movl %edx, %r9d
    xorl %edx, %edx
    movl $1000000000, %ecx
    divq %rcx
    pushq %rdx
    pushq %rax
    movl %r9d, %edx
    movq %rsp, %r10
    call sleep
    addq $16, %rsp
    ret

/* futex wait: edi the word, edx its value, r10 a struct timespec or 0 */
sleep:
    movl $FUTEX_WAIT_BITSET, %esi
    xorl %r8d, %r8d
    movl $-1, %r9d
    movl $SYS_FUTEX, %eax
    syscall
    xorl %eax, %eax
    ret

/* The handler of a crash: edi signal, rsi siginfo, rdx ucontext. The tender reads
 * them, and either ends us or clears `signal`. */
process_gate_crash:
    movq %rsi, SIGINFO
    movq %rdx, UCONTEXT
    movl %edi, %ebx
    movq %rbx, SIGNAL
    call ring
1:  cmpl %ebx, SIGNAL
    jne 2f
    movl %ebx, %edx
    movl $SIGNAL, %edi
    xorl %r10d, %r10d
    call sleep
    jmp 1b
2:  movq CRASH_STACK, %rsp
    andq $-16, %rsp
    subq $8, %rsp
    xorl %ebp, %ebp
    jmpq *CRASH_ENTRY

/* From child.c: rbx the record. No stack. */
process_gate_begin:
    leaq GATE_CALL(%rbx), %r12
    movq GATE_COUNT(%rbx), %r13
    movl $GATE_FAILED, %r14d
1:  movq 0(%r12), %rax
    movq 8(%r12), %rdi
    movq 16(%r12), %rsi
    movq 24(%r12), %rdx
    movq 32(%r12), %r10
    movq 40(%r12), %r8
    movq 48(%r12), %r9
    syscall
    testq %rax, %rax
    js failed
    addq $GATE_CALL_BYTES, %r12
    incl %r14d
    decq %r13
    jnz 1b
    leaq GATE_FRAME(%rbx), %rsp
    movl $SYS_RT_SIGRETURN, %eax
    syscall
failed:
    movl %r14d, %edi
    movl $SYS_EXIT_GROUP, %eax
    syscall
    ud2

/* From the signal frame: rsp the mote's stack with its entry on top, rbx the
 * record, rdx the filter program, r14 the status of a failure. */
process_gate_ready:
    movl $PR_SET_SECCOMP, %edi
    movl $SECCOMP_MODE_FILTER, %esi
    movl $SYS_PRCTL, %eax
    syscall
    testq %rax, %rax
    js failed
    movq %rbx, %rdi /* the record is not the mote's business */
    movl $GATE_RECORD_BYTES / 8, %ecx
    xorl %eax, %eax
    rep stosq
1:  movl CALL_STATE, %edx /* the tender says when */
    cmpl $CALL_DONE, %edx
    je 2f
    movl $CALL_STATE, %edi
    xorl %r10d, %r10d
    movl $FUTEX_WAIT_BITSET, %esi
    xorl %r8d, %r8d
    movl $-1, %r9d
    movl $SYS_FUTEX, %eax
    syscall
    jmp 1b
2:  movl $0, CALL_STATE
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r14d, %r14d
    ret

    .balign 8
one:
    .quad 1
process_gate_end:
    .org process_gate + MOTE_GATE_BYTES /* an error if that is behind us */

    .section .note.GNU-stack, "", @progbits
