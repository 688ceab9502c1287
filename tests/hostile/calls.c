/* Calls of the tender with numbers and arguments that cannot be. The answer is an
 * error and nothing has happened: these guests survive, and say so. */
#include "guest.h"

enum { NO = PLATFORM_EINVAL };

static bool refused(int64_t result) {
    return result < 0;
}
#define REFUSED(number, a, b, c) check(refused(call(number, a, b, c)), #number " " #a " " #b " " #c)

CASE(call_unknown_number, BOTH, 0, "") {
    REFUSED(MOTE_CALLS, 0, 0, 0);
    REFUSED(MOTE_CALLS + 1, 0, 0, 0);
    REFUSED(1000, 0, 0, 0);
}
CASE(call_huge_number, BOTH, 0, "") {
    REFUSED(UINT32_MAX, 0, 0, 0);
    REFUSED(0x80000000, 0, 0, 0);
}

/* Mapping; where the whole arena is there, the call is not. */
CASE(call_map_outside_the_arena, BOTH, 0, "") {
    REFUSED(MOTE_CALL_MAP, 0, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ELF_BASE, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_LOW_END, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_CODE_WRITABLE, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_WINDOW, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA - MOTE_GRANULE, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, boot->arena_end, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, 0xffff800000000000, MOTE_GRANULE, 0);
}
CASE(call_map_across_the_arenas_ends, BOTH, 0, "") {
    REFUSED(MOTE_CALL_MAP, boot->arena_end - MOTE_GRANULE, 2 * MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA - MOTE_GRANULE, 2 * MOTE_GRANULE, 0);
}
CASE(call_map_that_wraps, BOTH, 0, "") {
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA, 0 - (uint64_t)MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA, 0 - (uint64_t)MOTE_ARENA, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA, 0 - (uint64_t)MOTE_ARENA + MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, 0 - (uint64_t)MOTE_GRANULE, 2 * MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, UINT64_MAX, UINT64_MAX, 0);
}
CASE(call_map_unaligned, BOTH, 0, "") {
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA + 1, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA + MOTE_GRANULE + 8, MOTE_GRANULE, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA + MOTE_GRANULE, 1, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA + MOTE_GRANULE, MOTE_GRANULE + 1, 0);
}
CASE(call_map_huge, BOTH, 0, "") {
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA, UINT64_C(1) << 40, 0);
    REFUSED(MOTE_CALL_MAP, MOTE_ARENA, UINT64_C(1) << 62, 0);
}
/* More than -m in small pieces: the limit is for the sum. */
CASE(call_map_more_than_the_limit, KVM, 0, "", "memory=64M") {
    uint64_t mapped = 0;
    for (uint64_t at = MOTE_ARENA; at < boot->arena_end; at += MOTE_GRANULE) {
        if (call(MOTE_CALL_MAP, at, MOTE_GRANULE, 0) != 0)
            break;
        mapped += MOTE_GRANULE;
    }
    check(mapped <= boot->memory + AT_START, "no more is mapped than -m says");
}
CASE(call_map_the_same_again, KVM, 0, "") {
    uint64_t at = MOTE_ARENA + MOTE_GRANULE;
    expect(call(MOTE_CALL_MAP, at, MOTE_GRANULE, 0), 0, "a granule is mapped");
    *(volatile uint8_t *)at = 42;
    for (unsigned i = 0; i < 200; i++)
        call(MOTE_CALL_MAP, at, MOTE_GRANULE, 0);
    check(peek(at) == 42, "what is in memory stays");
}
CASE(call_map_a_thousand_pieces, KVM, 0, "") {
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t at = boot->arena_end - (i * 37 % 1000 + 1) * MOTE_GRANULE;
        if (at >= MOTE_IMAGE_BASE && call(MOTE_CALL_MAP, at, MOTE_GRANULE, 0) == 0)
            poke(at + MOTE_GRANULE - 1);
    }
}

/* Giving back. */
CASE(call_discard_outside_the_arena, BOTH, 0, "") {
    uint64_t before = checksum(ADDRESS(__text_start), ADDRESS(__text_end));
    REFUSED(MOTE_CALL_DISCARD, ADDRESS(__text_start), 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, ADDRESS(page), 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_BOOT, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_SHARED, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_GATE, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_TRAPS, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, 0, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_WINDOW, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA - 4096, 8192, 0);
    REFUSED(MOTE_CALL_DISCARD, boot->arena_end - 4096, 8192, 0);
    REFUSED(MOTE_CALL_DISCARD, boot->arena_end, 4096, 0);
    check(checksum(ADDRESS(__text_start), ADDRESS(__text_end)) == before, "the text is the same");
}
CASE(call_discard_that_wraps, BOTH, 0, "") {
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA, 0 - (uint64_t)4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA, 0 - (uint64_t)MOTE_ARENA + 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, 0 - (uint64_t)4096, 8192, 0);
    REFUSED(MOTE_CALL_DISCARD, UINT64_MAX, UINT64_MAX, 0);
}
CASE(call_discard_unaligned, BOTH, 0, "") {
    volatile uint8_t *arena = (volatile uint8_t *)MOTE_ARENA;
    arena[0] = 1, arena[4096] = 2;
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA + 1, 4096, 0);
    REFUSED(MOTE_CALL_DISCARD, MOTE_ARENA, 100, 0);
    check(arena[0] == 1 && arena[4096] == 2, "memory is as it was");
}
/* Memory that was never mapped: refused or not, it must not appear. */
CASE(call_discard_what_is_not_mapped, BOTH, 0, "") {
    call(MOTE_CALL_DISCARD, MOTE_ARENA + MOTE_GRANULE, MOTE_GRANULE, 0);
    call(MOTE_CALL_DISCARD, MOTE_ARENA, boot->arena_end - MOTE_ARENA, 0);
}
CASE(call_discard_as_it_should_be, BOTH, 0, "") {
    volatile uint8_t *arena = (volatile uint8_t *)MOTE_ARENA;
    arena[4095] = 1, arena[4096] = 2, arena[8192] = 3;
    expect(call(MOTE_CALL_DISCARD, MOTE_ARENA + 4096, 4096, 0), 0, "a page is given back");
    check(arena[4095] == 1 && arena[4096] == 0 && arena[8192] == 3, "only that page is zero");
}

/* Saving where there is nothing to save to. */
CASE(call_save_without_an_image, BOTH, 0, "") {
    REFUSED(MOTE_CALL_SAVE_BEGIN, 0, 0, 0);
    REFUSED(MOTE_CALL_SAVE_WRITE, ADDRESS(page), 1, 0);
    REFUSED(MOTE_CALL_SAVE_COMMIT, 0, 0, 0);
    call(MOTE_CALL_SAVE_ABORT, 0, 0, 0);
}

/* The end: only eight bits of a status are a status. */
#define EXIT(name, argument, status)                            \
    CASE(call_exit_##name, BOTH, status, "") {                  \
        call(MOTE_CALL_EXIT, argument, UINT64_MAX, UINT64_MAX); \
        check(false, "the call came back");                     \
    }
EXIT(with_7, 7, 7)
EXIT(with_256, 256, 0)
EXIT(with_minus_1, UINT64_MAX, 255)
EXIT(with_2_to_the_40, (UINT64_C(1) << 40) + 3, 3)
EXIT(with_2_to_the_63, (UINT64_C(1) << 63) + 9, 9)

/* Waiting for what has been. */
CASE(call_wait_in_the_past, BOTH, 0, "") {
    uint64_t begin = now();
    for (unsigned i = 0; i < 20; i++) {
        call(MOTE_CALL_WAIT, shared->wake, 0, 0);
        call(MOTE_CALL_WAIT, shared->wake, 1, 0);
        call(MOTE_CALL_WAIT, shared->wake, begin, 0);
    }
    check(now() - begin < 5 * SECOND, "a deadline in the past is no wait");
}
CASE(call_wait_for_another_wake, BOTH, 0, "") {
    uint64_t begin = now();
    call(MOTE_CALL_WAIT, shared->wake + 1, PLATFORM_NEVER, 0);
    call(MOTE_CALL_WAIT, (uint64_t)shared->wake + 0x80000000, PLATFORM_NEVER, 0);
    check(now() - begin < 5 * SECOND, "a wake that has come is no wait");
}
CASE(call_wait_until_the_end_of_time, BOTH, 130, "", "stop=400,600") {
    for (;;)
        call(MOTE_CALL_WAIT, shared->wake, UINT64_MAX - 1, 0);
}
CASE(call_wait_beyond_the_clock, BOTH, 130, "", "stop=400,600") {
    for (;;)
        call(MOTE_CALL_WAIT, shared->wake, UINT64_C(1) << 63, 0);
}
