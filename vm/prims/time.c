/*
 * time.c - the clocks: 135, 137, 240, 241, 243-246 and the same under names.
 * The epoch is 1901-01-01, in UTC or local time, except where it says 1970.
 * The coarse clocks (245, 246) are as fine as the others: there is no
 * heartbeat. Source: InterpreterPrimitives, "system control primitives".
 */
#include "values.h"

#define SECONDS_1901_TO_1970 INT64_C(2177452800)
#define US_PER_SECOND INT64_C(1000000)
#define NS_PER_MS UINT64_C(1000000)
#define MILLISECOND_CLOCK_MASK UINT64_C(0x1fffffff)

static uint64_t utc_us(struct vm *vm) {
    return (uint64_t)(platform_wall_us(vm->platform) + SECONDS_1901_TO_1970 * US_PER_SECOND);
}

static uint64_t local_us(struct vm *vm) {
    return utc_us(vm) + (uint64_t)(platform_utc_offset(vm->platform) * US_PER_SECOND);
}

/* Milliseconds since the VM started, wrapping at 2^29. Programs divide by the
 * difference of two readings (bytecodes per second), so work worth measuring
 * must not read as no time at all: a reading ROUND_UP_NS or more after another
 * is a later millisecond, as long as that runs ahead by at most AHEAD_MS. */
#define ROUND_UP_NS UINT64_C(50000)
#define AHEAD_MS 2u

static int millisecond_clock(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    uint64_t ns = platform_monotonic_ns(vm->platform) - vm->start_ns;
    uint64_t ms = ns / NS_PER_MS;
    if (vm->clock_ns != 0 && ms <= vm->clock_ms) {
        bool later = ns - vm->clock_ns >= ROUND_UP_NS && vm->clock_ms < ms + AHEAD_MS;
        ms = vm->clock_ms + (later ? 1 : 0);
    }
    vm->clock_ms = ms;
    vm->clock_ns = ns;
    argv[0] = smallint((int64_t)(ms & MILLISECOND_CLOCK_MASK));
    return PRIM_OK;
}

static int millisecond_clock_mask(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argc;
    argv[0] = smallint((int64_t)MILLISECOND_CLOCK_MASK);
    return PRIM_OK;
}

static int seconds_clock(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    argv[0] = smallint((int64_t)(uint32_t)(local_us(vm) / US_PER_SECOND));
    return PRIM_OK;
}

static int utc_clock(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    return prim_answer(argv, prim_new_uint64(vm, utc_us(vm)));
}

static int local_clock(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    return prim_answer(argv, prim_new_uint64(vm, local_us(vm)));
}

/* The platform always knows the current offset. */
static int update_timezone(struct vm *vm, oop *argv, unsigned argc) {
    (void)argv;
    (void)argc;
    vm->utc_offset_us = platform_utc_offset(vm->platform) * US_PER_SECOND;
    return PRIM_OK;
}

/* Fill the given array of two, or a new one: microseconds and the offset of
 * local time in seconds. */
static int clock_and_offset(struct vm *vm, oop *argv, unsigned argc, uint64_t us) {
    oop pair;
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    if (argc == 1) {
        pair = argv[1];
        if (is_immediate(pair) || is_forwarder(pair) || !is_pointers_format(format_of(pair)) ||
            has_class_index(pair, CLASS_INDEX_CONTEXT) || num_slots(pair) < 2)
            return PRIM_BAD_ARGUMENT;
        if (is_immutable(pair))
            return PRIM_NO_MODIFICATION;
    } else {
        pair = heap_new_pointers(&vm->heap, 2, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    }
    oop clock = prim_new_uint64(vm, us);
    if (pair == 0 || clock == 0)
        return PRIM_NO_MEMORY;
    heap_store(&vm->heap, pair, 0, clock);
    heap_store(&vm->heap, pair, 1, smallint(platform_utc_offset(vm->platform)));
    argv[0] = pair;
    return PRIM_OK;
}

static int utc_and_offset(struct vm *vm, oop *argv, unsigned argc) {
    return clock_and_offset(vm, argv, argc, utc_us(vm));
}

/* As above, from 1970. */
static int posix_and_offset(struct vm *vm, oop *argv, unsigned argc) {
    return clock_and_offset(vm, argv, argc, (uint64_t)platform_wall_us(vm->platform));
}

static int high_resolution_clock(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, prim_new_uint64(vm, platform_monotonic_ns(vm->platform)));
}

const struct numbered_prim prims_time[] = {
    {135, millisecond_clock, "primitiveMillisecondClock"},
    {137, seconds_clock, "primitiveSecondsClock"},
    {240, utc_clock, "primitiveUTCMicrosecondClock"},
    {241, local_clock, "primitiveLocalMicrosecondClock"},
    {243, update_timezone, "primitiveUpdateTimezone"},
    {244, utc_and_offset, "primitiveUtcAndTimezoneOffset"},
    {245, utc_clock, "primitiveCoarseUTCMicrosecondClock"},
    {246, local_clock, "primitiveCoarseLocalMicrosecondClock"},
    {0, NULL, NULL},
};

const struct named_prim named_time[] = {
    {"", "primitiveMillisecondClockMask", millisecond_clock_mask},
    {"", "primitiveUtcWithOffset", posix_and_offset},
    {"", "primitiveHighResClock", high_resolution_clock},
    {NULL, NULL, NULL},
};
