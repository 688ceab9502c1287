/* Device buffers where no device may go: a device reads and writes only what the
 * mote itself may write, and never the shared page. The tender refuses before it
 * touches anything, so the mote ends with 70 and the words. */
#include "guest.h"

#define REFUSED "a buffer of .* may not name"
enum { NEXT = VIRTQ_DESC_NEXT, WRITE = VIRTQ_DESC_WRITE };

/* The entropy device writes there; standard output reads from there; standard
 * input (which holds some bytes) writes there. */
#define AIM(name, address, length)                                \
    CASE(entropy_into_##name, BOTH, 70, REFUSED) {                \
        describe(ring_of(ENTROPY), 0, address, length, WRITE, 0); \
        offer(ring_of(ENTROPY), 0);                               \
        await_end();                                              \
    }                                                             \
    CASE(output_from_##name, BOTH, 70, REFUSED) {                 \
        describe(ring_of(OUTPUT), 0, address, length, 0, 0);      \
        offer(ring_of(OUTPUT), 0);                                \
        await_end();                                              \
    }                                                             \
    CASE(input_into_##name, BOTH, 70, REFUSED, "stdin=text") {    \
        describe(ring_of(INPUT), 0, address, length, WRITE, 0);   \
        offer(ring_of(INPUT), 0);                                 \
        await_end();                                              \
    }

AIM(page_zero, 0, 64)
AIM(page_tables, 0x1000, 4096)
AIM(the_first_megabyte, 0x8000, 64)
AIM(boot_information, MOTE_BOOT, 64)
AIM(the_command_line, MOTE_BOOT + boot->command_line, 8)
AIM(the_clock, MOTE_CLOCK, sizeof(struct mote_clock))
AIM(the_gate, MOTE_GATE, 64)
AIM(descriptor_tables, MOTE_TRAPS, 64)
AIM(crash_stubs, MOTE_TRAPS + MOTE_TRAPS_BYTES - 64, 64)
AIM(the_shared_page, MOTE_SHARED, 64)
AIM(the_call_in_flight, ADDRESS(&shared->call), 8)
AIM(the_image_header, MOTE_IMAGE_HEADER, 64)
AIM(the_note, MOTE_ELF_BASE, 64)
AIM(read_only_data, ADDRESS(__rodata_start), 64)
AIM(text, ADDRESS(__text_start), 64)
AIM(beyond_the_program, MOTE_ELF_END - 4096, 64)
AIM(the_stack_guard, MOTE_STACK_TOP - MOTE_STACK_BYTES - 64, 64)
AIM(low_end, MOTE_LOW_END, 64)
AIM(guest_memory_above_low, MOTE_LOW_END + MOTE_GRANULE, 64)
AIM(the_code_zone, MOTE_CODE_WRITABLE, 64)
AIM(the_window, MOTE_WINDOW, 64)
AIM(the_arena, MOTE_ARENA, 64)
AIM(the_image, MOTE_IMAGE_BASE, 64)
AIM(the_upper_half, 0xffff800000000000, 64)
AIM(the_last_byte, UINT64_MAX, 1)
AIM(a_range_that_wraps, UINT64_MAX - 15, 64)
AIM(a_range_that_wraps_into_data, 0 - (uint64_t)0x1000, 0xfffff000)
AIM(data_and_what_follows, ADDRESS(__bss_end) - 32, 64)
AIM(what_precedes_data, ADDRESS(__text_end) - 32, 64)
AIM(four_gib, ADDRESS(page), UINT32_MAX)
AIM(stack_and_guard, MOTE_STACK_TOP - 32, 64)
AIM(rings_and_what_follows, MOTE_RINGS + MOTE_RINGS_BYTES - 32, 64)

/* The first of a chain is good, the second is not. */
CASE(entropy_second_buffer_into_text, BOTH, 70, REFUSED) {
    struct ring r = ring_of(ENTROPY);
    describe(r, 0, ADDRESS(page), 64, WRITE | NEXT, 1);
    describe(r, 1, ADDRESS(__text_start), 64, WRITE, 0);
    offer(r, 0);
    await_end();
}

/* Lengths that are unusual, but possible. */
CASE(entropy_of_no_bytes, BOTH, 0 | 70, "") {
    struct ring r = ring_of(ENTROPY);
    describe(r, 0, ADDRESS(page), 0, WRITE, 0);
    offer(r, 0);
    served(r, 0, 1);
}
CASE(output_of_no_bytes, BOTH, 0 | 70, "") {
    struct ring r = ring_of(OUTPUT);
    describe(r, 0, ADDRESS(page), 0, 0, 0);
    offer(r, 0);
    served(r, 0, 1);
}
CASE(output_of_no_bytes_in_text, BOTH, 0 | 70, "") {
    struct ring r = ring_of(OUTPUT);
    describe(r, 0, ADDRESS(__text_start), 0, 0, 0);
    offer(r, 0);
    served(r, 0, 1);
}
CASE(input_of_no_bytes, BOTH, 0 | 70, "", "stdin=text") {
    struct ring r = ring_of(INPUT);
    describe(r, 0, ADDRESS(page), 0, WRITE, 0);
    offer(r, 0);
    nap(100000000);
}
CASE(entropy_fills_all_of_a_page, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    describe(r, 0, ADDRESS(page), sizeof page, WRITE, 0);
    uint64_t text = checksum(ADDRESS(__text_start), ADDRESS(__text_end));
    uint64_t before = checksum(ADDRESS(page), ADDRESS(page) + sizeof page);
    offer(r, 0);
    check(served(r, 0, 1), "a page of entropy comes");
    check(checksum(ADDRESS(page), ADDRESS(page) + sizeof page) != before, "the page has changed");
    check(checksum(ADDRESS(__text_start), ADDRESS(__text_end)) == text, "the text has not");
}

/* The device's writes land in its own rings, which are the mote's to spoil. */
CASE(entropy_into_its_descriptors, BOTH, 0 | 70, "") {
    struct ring r = ring_of(ENTROPY);
    describe(r, 0, ADDRESS(r.desc), r.size * 16u, WRITE, 0);
    offer(r, 0);
    nap(50000000);
    offer(r, 0);
    nap(50000000);
}
CASE(entropy_into_its_available_ring, BOTH, 0 | 70, "") {
    struct ring r = ring_of(ENTROPY);
    describe(r, 0, ADDRESS(r.avail), r.size * 2u + 6, WRITE, 0);
    offer(r, 0);
    nap(100000000);
}
CASE(entropy_into_the_output_ring, BOTH, 0 | 70, "") {
    struct ring r = ring_of(ENTROPY), out = ring_of(OUTPUT);
    describe(r, 0, ADDRESS(out.desc), out.size * 16u, WRITE, 0);
    offer(r, 0);
    nap(50000000);
    offer(out, 0);
    nap(50000000);
}
CASE(output_of_the_rings_themselves, BOTH, 0, "") {
    struct ring r = ring_of(OUTPUT);
    describe(r, 1, MOTE_RINGS, MOTE_RINGS_BYTES, 0, 0);
    offer(r, 1);
    check(served(r, 0, 1), "the rings are memory like other memory");
    r.avail->index = r.used->index;
}
