/*
 * start.S - the entry at a tender's door, its note (abi.h), and where a tender
 * goes on after a crash.
 */
#define __ASSEMBLER__ 1
#include "mote/abi.h"

        .cfi_sections .debug_frame

        .section .note.mote, "a", @note
        .balign 4
        .long   2f - 1f, 4f - 3f, MOTE_NOTE_TYPE
1:      .asciz  MOTE_NOTE_NAME
2:      .balign 4
3:      .long   MOTE_ABI_VERSION, 0
        .quad   tender_start
        .quad   kernel_tls
4:      .balign 4

        .text
/* The stack is as after a call, with 0 where the return address would be: the
 * end for whoever walks it. */
        .globl  tender_start
        .type   tender_start, @function
tender_start:
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        fninit
        pushq   $0x1f80                 /* exceptions masked, to nearest */
        ldmxcsr (%rsp)                  /* and the stack aligned for a call */
        call    tender_run
        ud2
        .cfi_endproc
        .size   tender_start, . - tender_start

        .globl  tender_crashed
        .type   tender_crashed, @function
tender_crashed:
        .cfi_startproc
        .cfi_undefined rip
        cld
        xorl    %ebp, %ebp
        andq    $-16, %rsp
        call    kernel_crashed
        ud2
        .cfi_endproc
        .size   tender_crashed, . - tender_crashed

        .section .note.GNU-stack, "", @progbits
