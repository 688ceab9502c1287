/* Instructions that are not for programs, and processor states that no program
 * needs. (cli and sti are legal at IOPL 3: nothing is demanded of them.) */
#include "guest.h"

/* `text` may use %rax, which holds an address of writable memory. */
#define INSTRUCTION(name, doors, words, text)                                                     \
    CASE(instruction_##name, doors, 70, words) {                                                  \
        uint64_t at = ADDRESS(page);                                                              \
        __asm__ volatile(text                                                                     \
                         : "+a"(at)::"rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", \
                           "memory", "cc");                                                       \
    }
#define NOT_ALLOWED "instruction"

INSTRUCTION(hlt, BOTH, NOT_ALLOWED, "hlt")
INSTRUCTION(read_cr0, BOTH, NOT_ALLOWED, "mov %%cr0, %%rax")
INSTRUCTION(write_cr0, BOTH, NOT_ALLOWED, "mov %%rax, %%cr0")
INSTRUCTION(read_cr2, BOTH, NOT_ALLOWED, "mov %%cr2, %%rax")
INSTRUCTION(read_cr3, BOTH, NOT_ALLOWED, "mov %%cr3, %%rax")
INSTRUCTION(write_cr3, BOTH, NOT_ALLOWED, "mov %%rax, %%cr3")
INSTRUCTION(write_cr4, BOTH, NOT_ALLOWED, "mov %%rax, %%cr4")
INSTRUCTION(write_cr8, BOTH, NOT_ALLOWED, "mov %%rax, %%cr8")
INSTRUCTION(write_dr7, BOTH, NOT_ALLOWED, "mov %%rax, %%dr7")
INSTRUCTION(lmsw, BOTH, NOT_ALLOWED, "lmsw %%ax")
INSTRUCTION(clts, BOTH, NOT_ALLOWED, "clts")
INSTRUCTION(lgdt, BOTH, NOT_ALLOWED, "lgdt (%%rax)")
INSTRUCTION(lidt, BOTH, NOT_ALLOWED, "lidt (%%rax)")
INSTRUCTION(lldt, BOTH, NOT_ALLOWED, "lldt %%ax")
INSTRUCTION(ltr, BOTH, NOT_ALLOWED, "ltr %%ax")
INSTRUCTION(wrmsr, BOTH, NOT_ALLOWED, "mov $0xc0000082, %%ecx; wrmsr")
INSTRUCTION(rdmsr, BOTH, NOT_ALLOWED, "mov $0xc0000082, %%ecx; rdmsr")
INSTRUCTION(invlpg, BOTH, NOT_ALLOWED, "invlpg (%%rax)")
INSTRUCTION(invd, BOTH, NOT_ALLOWED, "invd")
INSTRUCTION(wbinvd, BOTH, NOT_ALLOWED, "wbinvd")
INSTRUCTION(swapgs, BOTH, NOT_ALLOWED, "swapgs")
INSTRUCTION(sysret, BOTH, NOT_ALLOWED, "mov %%rax, %%rcx; sysretq")
INSTRUCTION(xsetbv, BOTH, NOT_ALLOWED, "xor %%ecx, %%ecx; xor %%edx, %%edx; mov $7, %%eax; xsetbv")
INSTRUCTION(undefined, BOTH, NOT_ALLOWED, "ud2")
INSTRUCTION(too_long, BOTH, NOT_ALLOWED, ".fill 15, 1, 0x66; nop")
INSTRUCTION(breakpoint, BOTH, "breakpoint", "int3")
INSTRUCTION(divide, BOTH, "divi", "xor %%ecx, %%ecx; div %%ecx")

INSTRUCTION(vmlaunch, BOTH, NOT_ALLOWED, "vmlaunch")
INSTRUCTION(vmxon, BOTH, NOT_ALLOWED, "vmxon (%%rax)")
INSTRUCTION(vmrun, BOTH, NOT_ALLOWED, "vmrun %%rax")
INSTRUCTION(invpcid, BOTH, NOT_ALLOWED, "xor %%ecx, %%ecx; invpcid (%%rax), %%rcx")
INSTRUCTION(leave_management_mode, BOTH, NOT_ALLOWED, "rsm")
INSTRUCTION(monitor, BOTH, NOT_ALLOWED, "xor %%ecx, %%ecx; xor %%edx, %%edx; monitor; mwait")
INSTRUCTION(performance_counter, BOTH, NOT_ALLOWED, "xor %%ecx, %%ecx; rdpmc")
INSTRUCTION(int1, BOTH, "crash", ".byte 0xf1")

/* Gates of another system's calls, and of the tender's own exceptions. */
INSTRUCTION(syscall, KVM, "crash", "mov $39, %%eax; syscall")
INSTRUCTION(sysenter, BOTH, "crash|system call", "sysenter")
INSTRUCTION(int_0x80, KVM, "crash", "mov $20, %%eax; int $0x80")
INSTRUCTION(int_0x20, BOTH, "crash", "int $0x20")
INSTRUCTION(int_page_fault, BOTH, "crash", "int $14")
INSTRUCTION(int_double_fault, BOTH, "crash", "int $8")
INSTRUCTION(int_nmi, BOTH, "crash", "int $2")
INSTRUCTION(int_0xff, BOTH, "crash", "int $0xff")

/* Segments: other descriptors of the tables, and none. */
INSTRUCTION(load_kernel_segment, BOTH, "crash", "mov $0x10, %%ecx; mov %%ecx, %%ss")
INSTRUCTION(load_missing_segment, BOTH, "crash", "mov $0xfff8, %%ecx; mov %%ecx, %%ds")
INSTRUCTION(far_return_to_ring_0, BOTH, "crash",
            "pushq $0x10; lea 1f(%%rip), %%rcx; push %%rcx; lretq; 1:")
INSTRUCTION(far_return_to_task, BOTH, "crash",
            "pushq $0x40; lea 1f(%%rip), %%rcx; push %%rcx; lretq; 1:")
INSTRUCTION(iret_to_ring_0, BOTH, "crash",
            "mov %%rsp, %%rcx; pushq $0x18; push %%rcx; pushf; pushq $0x10;"
            "lea 1f(%%rip), %%rcx; push %%rcx; iretq; 1:")

/* Flags that change what the next instruction does. */
INSTRUCTION(trap_flag, BOTH, "crash", "pushf; orq $0x100, (%%rsp); popf; nop; nop")
INSTRUCTION(nested_task_flag, BOTH, "crash",
            "pushf; orq $0x4000, (%%rsp); popf; pushq $0; pushq $0; iretq")
INSTRUCTION(floating_point, BOTH, "crash",
            "fninit; movw $0x360, (%%rax); fldcw (%%rax); fldz; fld1; fdivp; fwait; fdivp; fwait")
INSTRUCTION(vector_floating_point, BOTH, "crash",
            "movl $0, (%%rax); ldmxcsr (%%rax); xorps %%xmm0, %%xmm0; divps %%xmm0, %%xmm0")

/* Stacks on which no handler can run. */
INSTRUCTION(stack_at_zero, BOTH, "crash", "xor %%esp, %%esp; push %%rax")
INSTRUCTION(stack_nowhere, BOTH, "crash", "mov $0x7f0000000000, %%rsp; push %%rax")
INSTRUCTION(stack_not_canonical, BOTH, "crash", "mov $0x8000000000000000, %%rsp; push %%rax")
INSTRUCTION(stack_in_text, BOTH, "crash", "lea 1f(%%rip), %%rsp; 1: push %%rax")
INSTRUCTION(stack_in_boot_information, BOTH, "crash", "mov $0x100800, %%rsp; ud2")
INSTRUCTION(stack_in_shared, BOTH, "crash", "mov $0x130800, %%rsp; ud2")
INSTRUCTION(stack_in_gate, BOTH, "crash", "mov $0x120800, %%rsp; ud2")
INSTRUCTION(stack_in_signal_stack, BOTH, "crash", "mov $0x168000, %%rsp; ud2")
INSTRUCTION(stack_at_the_end_of_the_signal_stack, BOTH, "crash", "mov $0x160010, %%rsp; ud2")

/* Flags that the tender's own code at the gate and in handlers must not inherit. */
INSTRUCTION(direction_flag, BOTH, NOT_ALLOWED, "std; ud2")
INSTRUCTION(alignment_flag, BOTH, "crash",
            "pushf; orq $0x40000, (%%rsp); popf; movl 1(%%rax), %%ecx; ud2")
CASE(instruction_direction_flag_at_the_gate, BOTH, 0, "") {
    __asm__ volatile("std" ::: "cc");
    doorbell();
    expect(call(MOTE_CALLS, 0, 0, 0), PLATFORM_ENOTSUP, "the call is done");
    __asm__ volatile("cld" ::: "cc");
}
INSTRUCTION(trap_flag_at_the_gate, BOTH, "crash",
            "mov $9, %%edi; mov $0x120000, %%ecx; pushf; orq $0x100, (%%rsp); popf; call *%%rcx")

/* A hypervisor answers or ends these; on some it wants to patch the instruction,
 * which lies in read-only text. */
#define HYPERCALL(name)                                                                            \
    CASE(instruction_##name, BOTH, 0 | 70, "crash") {                                              \
        uint64_t before = checksum(ADDRESS(__text_start), ADDRESS(__text_end));                    \
        uint64_t ax = 1;                                                                           \
        __asm__ volatile(#name : "+a"(ax)::"rbx", "rcx", "rdx", "memory");                         \
        check(checksum(ADDRESS(__text_start), ADDRESS(__text_end)) == before, "text is the same"); \
    }
HYPERCALL(vmcall)
HYPERCALL(vmmcall)

/* 32-bit code, where the calls of a 32-bit host have other numbers: 0xb is execve. */
CASE(instruction_compatibility_mode, PROCESS, 70, "crash|system call") {
    static const uint8_t code[]
        __attribute__((section(".text.code"))) = {0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xf4};
    __asm__ volatile("pushq $0x23; push %0; lretq" ::"r"(ADDRESS(code)) : "memory");
}

/* Where the tender runs the crash stub, jumping into it is a crash like others. */
CASE(instruction_enter_a_crash_stub, BOTH, 70, "crash") {
    for (uint64_t at = MOTE_TRAPS; at < MOTE_TRAPS + MOTE_TRAPS_BYTES; at += MOTE_PAGE) {
        if (peek(at + MOTE_PAGE - 1) == 0)
            jump(at);
    }
    jump(MOTE_TRAPS + MOTE_PAGE);
}
