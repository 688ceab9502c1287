/*
 * pvh.S - the PVH entry point: 32-bit protected mode, paging off, interrupts
 * off, ebx = physical address of the start information. Goes to 64-bit mode on
 * page tables that map the first 4 GiB, and on to pc_start (platform/pc/start.c).
 */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define CR0 0x80010033 /* PG WP NE ET MP PE */
#define CR4 0x6a0      /* OSXMMEXCPT OSFXSR PGE PAE */
#define EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define CPUID_LM_NX 0x20100000
#define PRESENT_WRITABLE 3
#define PRESENT_WRITABLE_LARGE 0x83

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_start /* loaders read 4 or 8 bytes of it */

    .section .text.pvh_start, "ax", @progbits
    .code32
    .globl pvh_start
    .type pvh_start, @function
pvh_start:
    cli
    cld
    movl $boot_stack_top, %esp
    movl %ebx, %ebp

    movl $0x80000001, %eax
    cpuid
    andl $CPUID_LM_NX, %edx
    cmpl $CPUID_LM_NX, %edx
    jne no_long_mode

    movl $boot_pdpt + PRESENT_WRITABLE, boot_pml4
    movl $boot_pd + PRESENT_WRITABLE, %eax
    movl $boot_pdpt, %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b
    movl $PRESENT_WRITABLE_LARGE, %eax
    movl $boot_pd, %edi
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b

    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $CR4, %eax
    movl %eax, %cr4
    movl $EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $8, $pvh_long

/* A machine that cannot run the kernel: say so where somebody may look. */
no_long_mode:
    movl $no_long_mode_text, %esi
1:  lodsb
    testb %al, %al
    jz 2f
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
2:  hlt
    jmp 2b

    .code64
pvh_long:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $boot_stack_top, %esp
    fninit
    ldmxcsr default_mxcsr
    movl %ebp, %edi
    xorl %ebp, %ebp
    call pc_start
    ud2
    .size pvh_start, . - pvh_start

    .section .rodata.pvh, "a", @progbits
    .balign 8
boot_gdt: /* accessed bits set: nobody writes here */
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
boot_gdt_pointer:
    .word boot_gdt_pointer - boot_gdt - 1
    .long boot_gdt
default_mxcsr:
    .long 0x1f80
no_long_mode_text:
    .asciz "mote: this processor has no 64-bit mode with no-execute pages\r\n"

    .section .bss.pvh, "aw", @nobits
    .balign 0x1000
boot_pml4:
    .skip 0x1000
boot_pdpt:
    .skip 0x1000
boot_pd:
    .skip 0x4000
boot_stack:
    .skip 0x4000
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
