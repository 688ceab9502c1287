/*
 * traps.S - where exceptions and interrupts come in, each on a stack of its own
 * (interrupts.c sets the IST), and how they go back. The frame is struct trap.
 */
    .cfi_sections .debug_frame

    .section .text.traps, "ax", @progbits

/* The processor pushes an error code for 8, 10-14, 17, 21, 29 and 30. */
#define WITH_ERROR_CODE 0x60227d00

.altmacro
.macro stub vector
trap_\vector:
    .if (\vector >= 32) || !((WITH_ERROR_CODE >> (\vector & 31)) & 1)
    pushq $0
    .endif
    pushq $\vector
    jmp trap_common
.endm

.set n, 0
.rept 32
    stub %n
    .set n, n + 1
.endr
    stub 0x40
    stub 0x41
    stub 0xff

trap_common:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $512, %rsp
    fxsave64 (%rsp)
    cld
    movq %rsp, %rdi
    call trap
    fxrstor64 (%rsp)
    addq $512, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq

/* void pc_go_on(void (*to)(void), uint64_t stack): on another stack, and never
 * back. Whoever walks that one finds its end here. */
    .globl pc_go_on
    .type pc_go_on, @function
pc_go_on:
    .cfi_startproc
    .cfi_undefined rip
    movq %rsi, %rsp
    xorl %ebp, %ebp
    call *%rdi
    ud2
    .cfi_endproc
    .size pc_go_on, . - pc_go_on

/* Unused interrupt vectors: nothing asked for them. */
    .globl trap_nothing
trap_nothing:
    iretq

    .section .rodata.traps, "a", @progbits
    .balign 8
    .globl trap_stubs
.macro address vector
    .quad trap_\vector
.endm
trap_stubs:
.set n, 0
.rept 32
    address %n
    .set n, n + 1
.endr
    .globl trap_timer, trap_device, trap_spurious
.set trap_timer, trap_0x40
.set trap_device, trap_0x41
.set trap_spurious, trap_nothing

    .section .note.GNU-stack, "", @progbits
