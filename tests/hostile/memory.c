/* Wild reads, writes and jumps; writing what is read-only; executing data. */
#include "guest.h"

/* abi.h: what is not listed there is not mapped. */
#define READ(name, doors, address)                     \
    CASE(read_##name, doors, 70, "crash: read from") { \
        peek(address);                                 \
    }
#define WRITE(name, doors, address)                    \
    CASE(write_##name, doors, 70, "crash: write to") { \
        poke(address);                                 \
    }
#define JUMP(name, doors, address)                   \
    CASE(jump_##name, doors, 70, "crash: jump to") { \
        jump(address);                               \
    }
/* The processor does not say what an access to a non-canonical address was. */
#define ANY(name, act, address)     \
    CASE(name, BOTH, 70, "crash") { \
        act(address);               \
    }

READ(page_zero, BOTH, 0)
READ(page_zero_last_byte, BOTH, 0xfff)
READ(first_megabyte, BOTH, 0x8000)
READ(below_boot, BOTH, MOTE_BOOT - 1)
READ(between_boot_and_clock, BOTH, MOTE_BOOT + MOTE_BOOT_BYTES)
READ(above_clock, BOTH, MOTE_CLOCK + MOTE_PAGE)
READ(below_gate, BOTH, MOTE_GATE - 1)
READ(above_gate, BOTH, MOTE_GATE + MOTE_GATE_BYTES)
READ(above_traps, BOTH, MOTE_TRAPS + MOTE_TRAPS_BYTES)
READ(below_shared, BOTH, MOTE_SHARED - 1)
READ(above_shared, BOTH, MOTE_SHARED + MOTE_SHARED_BYTES)
READ(below_rings, BOTH, MOTE_RINGS - 1)
READ(above_rings, BOTH, MOTE_RINGS + MOTE_RINGS_BYTES)
READ(below_signal_stack, BOTH, MOTE_SIGNAL_STACK - 1)
READ(above_signal_stack, BOTH, MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES)
READ(below_image_header, BOTH, MOTE_IMAGE_HEADER - 1)
READ(above_image_header, BOTH, MOTE_IMAGE_HEADER + MOTE_PAGE)
READ(below_program, BOTH, MOTE_ELF_BASE - 1)
READ(above_program, BOTH, ADDRESS(__bss_end))
READ(last_byte_for_programs, BOTH, MOTE_ELF_END - 1)
READ(stack_guard, BOTH, MOTE_STACK_TOP - MOTE_STACK_BYTES - 1)
READ(above_stack, BOTH, MOTE_STACK_TOP)
READ(low_end, BOTH, MOTE_LOW_END)
READ(code_zone, BOTH, MOTE_CODE_EXECUTABLE)
READ(code_zone_writable, BOTH, MOTE_CODE_WRITABLE)
READ(window, BOTH, MOTE_WINDOW)
READ(below_arena, BOTH, MOTE_ARENA - 1)
READ(arena_end, BOTH, boot->arena_end)
READ(granule_not_asked_for, KVM, MOTE_ARENA + MOTE_GRANULE)
READ(where_hosts_put_programs, BOTH, 0x555555554000)
READ(where_hosts_put_libraries, BOTH, 0x7ffff7fc0000)
READ(where_hosts_put_stacks, BOTH, 0x7ffffffde000)
READ(one_gib, BOTH, 0x40000000)
READ(four_gib, BOTH, 0x100000000)
READ(last_canonical_byte, BOTH, 0x7fffffffffff)
READ(upper_half, BOTH, 0xffff800000000000)
READ(host_kernel_text, BOTH, 0xffffffff81000000)
READ(last_byte_of_all, BOTH, UINT64_MAX)
ANY(read_not_canonical, peek, 0x800000000000)
ANY(write_not_canonical, poke, 0x8000000000000000)

WRITE(page_zero, BOTH, 0)
WRITE(text, BOTH, ADDRESS(__text_start))
WRITE(own_code, BOTH, ADDRESS(write_own_code))
WRITE(last_page_of_text, BOTH, ADDRESS(__text_end) - 1)
WRITE(read_only_data, BOTH, ADDRESS(&case_write_read_only_data))
WRITE(note, BOTH, MOTE_ELF_BASE)
WRITE(boot_information, BOTH, MOTE_BOOT)
WRITE(command_line, BOTH, MOTE_BOOT + boot->command_line)
WRITE(clock, BOTH, MOTE_CLOCK)
WRITE(gate, BOTH, MOTE_GATE)
WRITE(traps, BOTH, MOTE_TRAPS)
WRITE(last_page_of_traps, BOTH, MOTE_TRAPS + MOTE_TRAPS_BYTES - 1)
WRITE(above_program, BOTH, ADDRESS(__bss_end))
WRITE(stack_guard, BOTH, MOTE_STACK_TOP - MOTE_STACK_BYTES - 1)
WRITE(above_stack, BOTH, MOTE_STACK_TOP)
WRITE(low_end, BOTH, MOTE_LOW_END)
WRITE(window, BOTH, MOTE_WINDOW)
WRITE(arena_end, BOTH, boot->arena_end)
WRITE(one_gib, BOTH, 0x40000000)
WRITE(where_hosts_put_programs, BOTH, 0x400000)
WRITE(upper_half, BOTH, 0xffff888000000000)

JUMP(page_zero, BOTH, 0)
JUMP(page_tables, BOTH, 0x1000)
JUMP(boot_information, BOTH, MOTE_BOOT)
JUMP(clock, BOTH, MOTE_CLOCK)
JUMP(shared, BOTH, MOTE_SHARED)
JUMP(rings, BOTH, MOTE_RINGS)
JUMP(read_only_data, BOTH, ADDRESS(__rodata_start))
JUMP(data, BOTH, ADDRESS(page))
JUMP(above_program, BOTH, ADDRESS(__bss_end))
JUMP(stack, BOTH, ADDRESS(__builtin_frame_address(0)))
JUMP(arena, BOTH, MOTE_ARENA)
JUMP(upper_half, BOTH, 0xffff800000000000)

/* A host without /dev/kvm still has a kernel that emulates calls to this page. */
CASE(jump_vsyscall, BOTH, 70, "crash: (jump to|system call)") {
    jump(0xffffffffff600000);
}

/* Written first, so that it is certain that there is an instruction to execute. */
CASE(execute_what_was_written, BOTH, 70, "crash: jump to") {
    page[0] = 0xc3;
    jump(ADDRESS(page));
}
CASE(execute_what_was_written_in_the_arena, BOTH, 70, "crash: jump to") {
    poke(MOTE_ARENA);
    jump(MOTE_ARENA);
}

/* The last byte of the address space, across its end. */
CASE(read_across_the_end, BOTH, 70, "crash") {
    uint64_t value;
    __asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(UINT64_MAX - 3) : "memory");
}

/* Bulk writes that begin in writable memory and run into what is not. */
static void fill(uint64_t from, uint64_t bytes) {
    __asm__ volatile("rep stosb" : "+D"(from), "+c"(bytes) : "a"(0xff) : "memory");
}
CASE(fill_past_the_program, BOTH, 70, "crash: write to") {
    fill(ADDRESS(page), MOTE_ELF_END);
}
CASE(fill_past_the_shared_page, BOTH, 70, "crash: write to") {
    fill(MOTE_SHARED, MOTE_PAGE + 1);
}
CASE(fill_past_the_rings, BOTH, 70, "crash: write to") {
    fill(MOTE_RINGS, MOTE_RINGS_BYTES + 1);
}
