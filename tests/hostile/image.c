/* Motes with an image file: its bytes stay what they are, whatever the mote does
 * with its copy, unless it saves. The runner compares the file afterwards. */
#include "guest.h"

#define IMAGE_BYTES (boot->image_bytes - MOTE_PAGE)
static bool refused(int64_t result) {
    return result < 0;
}
#define REFUSED(number, a, b, c) check(refused(call(number, a, b, c)), #number " " #a " " #b " " #c)

CASE(image_is_written_to, BOTH, 0, "", "image=1M") {
    for (uint64_t at = MOTE_IMAGE_BASE; at < MOTE_IMAGE_BASE + IMAGE_BYTES; at += 512)
        poke(at);
    check(peek(MOTE_IMAGE_BASE) == 0xc3, "the copy has changed");
}
CASE(image_header_is_written_to, BOTH, 70, "crash: write to", "image=1M") {
    poke(MOTE_IMAGE_HEADER);
}
CASE(image_is_executed, BOTH, 70, "crash: jump to", "image=1M") {
    poke(MOTE_IMAGE_BASE);
    jump(MOTE_IMAGE_BASE);
}
CASE(image_header_is_executed, BOTH, 70, "crash: jump to", "image=1M") {
    jump(MOTE_IMAGE_HEADER);
}
CASE(image_is_read_by_output, BOTH, 70, "may not name", "image=1M") {
    describe(ring_of(OUTPUT), 0, MOTE_IMAGE_BASE, 64, 0, 0);
    offer(ring_of(OUTPUT), 0);
    await_end();
}
CASE(image_is_filled_by_entropy, BOTH, 70, "may not name", "image=1M") {
    describe(ring_of(ENTROPY), 0, MOTE_IMAGE_BASE, 64, VIRTQ_DESC_WRITE, 0);
    offer(ring_of(ENTROPY), 0);
    await_end();
}
CASE(image_header_is_filled_by_entropy, BOTH, 70, "may not name", "image=1M") {
    describe(ring_of(ENTROPY), 0, MOTE_IMAGE_HEADER, 64, VIRTQ_DESC_WRITE, 0);
    offer(ring_of(ENTROPY), 0);
    await_end();
}
CASE(image_is_discarded, BOTH, 0, "", "image=1M") {
    uint64_t before = checksum(MOTE_IMAGE_BASE, MOTE_IMAGE_BASE + IMAGE_BYTES);
    REFUSED(MOTE_CALL_DISCARD, MOTE_IMAGE_BASE, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_IMAGE_BASE - 4096, 8192, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_IMAGE_BASE + IMAGE_BYTES - 4096, 8192, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA, boot->arena_end - MOTE_ARENA, 0);
    check(checksum(MOTE_IMAGE_BASE, MOTE_IMAGE_BASE + IMAGE_BYTES) == before, "it is the same");
}
CASE(image_is_mapped_over, BOTH, 0, "", "image=4M") {
    poke(MOTE_IMAGE_BASE + 1);
    call(MOTE_CALL_MAP, MOTE_IMAGE_BASE, MOTE_GRANULE, 0);
    check(peek(MOTE_IMAGE_BASE + 1) == 0xc3, "the image stays where it is");
}
CASE(image_is_cut_while_mapped, BOTH, 70, "crash: the image .* shorter", "image=4M cut=400") {
    for (uint64_t end = now() + 5 * SECOND; now() < end; nap(10000000)) {
        for (uint64_t at = MOTE_IMAGE_BASE; at < MOTE_IMAGE_BASE + IMAGE_BYTES; at += 4096)
            peek(at);
    }
}
/* 4 GiB of image and 64 MiB of memory: refused at the start, or it runs. */
CASE(image_larger_than_memory, BOTH, 0 | 65 | 71, "", "image=4G memory=64M") {
    peek(MOTE_IMAGE_BASE + IMAGE_BYTES - 1);
}

/* Saving. */
#define BEGIN expect(call(MOTE_CALL_SAVE_BEGIN, 0, 0, 0), 0, "a save begins")
#define ABORT call(MOTE_CALL_SAVE_ABORT, 0, 0, 0)
CASE(save_out_of_order, BOTH, 0, "", "image=1M save") {
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 1, 0);
    REFUSED(MOTE_CALL_SAVE_COMMIT, 0, 0, 0);
    ABORT;
    BEGIN;
    ABORT;
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 1, 0);
    REFUSED(MOTE_CALL_SAVE_COMMIT, 0, 0, 0);
}
CASE(save_begun_twice, BOTH, 0, "", "image=1M save") {
    BEGIN;
    expect(call(MOTE_CALL_SAVE_BEGIN, 0, 0, 0), PLATFORM_EAGAIN, "the second answers EAGAIN");
    ABORT;
}
CASE(save_of_foreign_memory, BOTH, 0, "", "image=1M save") {
    BEGIN;
    REFUSED(MOTE_CALL_SAVE_WRITE, 0, 1, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, 0x1000, 4096, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_TRAPS, 4096, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_SHARED, 8, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(__text_start), 1, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_LOW_END - 1, 2, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_LOW_END, 1, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_ARENA, 1, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, MOTE_IMAGE_BASE, 1, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, 0xffff800000000000, 1, 0);
    ABORT;
}
CASE(save_of_huge_sizes, BOTH, 0, "", "image=1M save") {
    BEGIN;
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), UINT64_MAX, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 0 - ADDRESS(page), 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 0 - ADDRESS(page) + 4096, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), UINT64_C(1) << 32, 0);
    ABORT;
}
CASE(save_at_huge_offsets, BOTH, 0, "", "image=1M save") {
    BEGIN;
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_MAX - 1);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_C(1) << 63);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, (UINT64_C(1) << 63) - 1);
    call(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 0, UINT64_MAX - 1);
    ABORT;
}
/* An image larger than all memory that the mote may have is none: the disk is not
 * the mote's to fill. */
CASE(save_more_than_all_memory, BOTH, 0, "", "image=1M memory=64M save") {
    BEGIN;
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_C(1) << 40);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, boot->arena_end - MOTE_ARENA);
    ABORT;
}
/* The mote ends, crashes, or is stopped in the middle of a save: the old file is
 * there, and no other. */
CASE(save_left_in_the_middle, BOTH, 0, "", "image=1M save") {
    BEGIN;
    check(call(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_MAX) >= 0, "it is written");
}
CASE(save_then_crash, BOTH, 70, "instruction", "image=1M save") {
    BEGIN;
    call(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_MAX);
    __asm__ volatile("ud2");
}
CASE(save_then_stop, BOTH, 130, "", "image=1M save stop=400,600") {
    BEGIN;
    call(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_MAX);
    for (;;)
        nap(SECOND);
}
CASE(save_many_times, BOTH, 0, "", "image=1M save") {
    for (unsigned i = 0; i < 100; i++) {
        BEGIN;
        ABORT;
    }
}
CASE(save_to_the_end, BOTH, 0, "", "image=1M save changed") {
    BEGIN;
    call(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, UINT64_MAX);
    expect(call(MOTE_CALL_SAVE_COMMIT, 0, 0, 0), 0, "the file is replaced");
}
