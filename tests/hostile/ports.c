/* Port input and output. Only two ports mean something, and only by the gate of
 * the KVM tender; a process has none. */
#include "guest.h"

#define PORTS(name, doors, text)                                                                   \
    CASE(port_##name, doors, 70, "port|instruction|crash") {                                       \
        uint64_t di = ADDRESS(page), si = ADDRESS(page), cx = 16, ax = 0, dx = MOTE_PORT_CALL;     \
        __asm__ volatile(text : "+D"(di), "+S"(si), "+c"(cx), "+a"(ax), "+d"(dx)::"memory", "cc"); \
    }

PORTS(out_to_post, BOTH, "outb %%al, $0x80")
PORTS(out_to_serial_line, BOTH, "mov $0x3f8, %%edx; outb %%al, %%dx")
PORTS(out_to_keyboard_reset, BOTH, "mov $0xfe, %%al; outb %%al, $0x64")
PORTS(out_to_pci, BOTH, "mov $0xcf8, %%edx; outl %%eax, %%dx")
PORTS(out_to_qemu_exit, BOTH, "mov $0x501, %%edx; outl %%eax, %%dx")
PORTS(out_to_the_last_port, BOTH, "mov $0xffff, %%edx; outl %%eax, %%dx")
PORTS(in_from_serial_line, BOTH, "mov $0x3fd, %%edx; inb %%dx, %%al")
PORTS(in_from_clock, BOTH, "inb $0x71, %%al")
PORTS(in_from_the_last_port, BOTH, "mov $0xffff, %%edx; inl %%dx, %%eax")
PORTS(in_from_call, BOTH, "inl %%dx, %%eax")
PORTS(in_from_doorbell, BOTH, "add $4, %%edx; inl %%dx, %%eax")
PORTS(out_byte_to_call, BOTH, "outb %%al, %%dx")
PORTS(out_word_to_call, BOTH, "outw %%ax, %%dx")
PORTS(out_byte_to_doorbell, BOTH, "add $4, %%edx; outb %%al, %%dx")
PORTS(out_between_call_and_doorbell, BOTH, "add $2, %%edx; outl %%eax, %%dx")
PORTS(string_to_call, BOTH, "rep outsb")
PORTS(long_string_of_bytes_to_call, BOTH, "mov $4096, %%ecx; rep outsb")
PORTS(string_to_post, BOTH, "mov $0x80, %%edx; rep outsb")
PORTS(string_out_of_nothing, BOTH, "xor %%esi, %%esi; mov $0x80, %%edx; rep outsb")
PORTS(string_in_to_data, BOTH, "mov $0x71, %%edx; rep insb")
PORTS(string_in_to_text, BOTH, "mov $0x71, %%edx; lea 1f(%%rip), %%rdi; 1: rep insb")
PORTS(string_in_to_boot_information, BOTH, "mov $0x71, %%edx; mov $0x100000, %%edi; rep insl")
PORTS(string_in_to_page_tables, BOTH, "mov $0x71, %%edx; mov $0x1000, %%edi; rep insl")

/* The crash stubs' own ports: there was no crash, but the mote says so. */
PORTS(out_of_a_crash_that_was_none, BOTH, "outb %%al, $0xce")
PORTS(out_of_a_crash_beyond_the_vectors, BOTH, "outb %%al, $0xdf")
PORTS(out_of_a_crash_with_a_wild_stack, BOTH,
      "mov %%rsp, %%rcx; xor %%esp, %%esp; dec %%rsp; outb %%al, $0xce; mov %%rcx, %%rsp")
PORTS(word_of_a_crash, BOTH, "outw %%ax, $0xce")
PORTS(string_to_a_crash, BOTH, "mov $0xce, %%edx; rep outsb")

/* What the tender must not wait for: calls posted by hand, one after the other. */
CASE(port_call_with_nothing_posted, KVM, 0 | 70, "") {
    for (unsigned i = 0; i < 100; i++)
        __asm__ volatile("outl %%eax, %%dx" ::"a"(i), "d"(MOTE_PORT_CALL) : "memory");
}
CASE(port_call_with_doorbells_number, KVM, 0 | 70, "") {
    shared->call.number = MOTE_CALL_DOORBELL;
    shared->call.state = MOTE_CALL_POSTED;
    __asm__ volatile("outl %%eax, %%dx" ::"a"(0), "d"(MOTE_PORT_CALL) : "memory");
}
/* One call after the other, and nothing is posted. */
CASE(port_string_of_calls, KVM, 0 | 70, "port|crash") {
    uint64_t si = ADDRESS(page), cx = sizeof page / 4;
    __asm__ volatile("rep outsl" : "+S"(si), "+c"(cx) : "d"(MOTE_PORT_CALL) : "memory");
}
CASE(port_string_to_doorbell, KVM, 0 | 70, "") {
    uint64_t si = ADDRESS(page), cx = 256;
    __asm__ volatile("rep outsl" : "+S"(si), "+c"(cx) : "d"(MOTE_PORT_DOORBELL) : "memory");
}
CASE(port_string_to_doorbell_from_nowhere, KVM, 70, "read|port|crash") {
    uint64_t si = 0, cx = 256;
    __asm__ volatile("rep outsl" : "+S"(si), "+c"(cx) : "d"(MOTE_PORT_DOORBELL) : "memory");
}
