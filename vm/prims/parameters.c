/*
 * parameters.c - primitive 254: the VM's parameters and statistics by number,
 * with the meaning they have on the OpenSmalltalk Stack VM
 * (StackInterpreterPrimitives>>primitiveVMParameter). Counters of things that
 * this VM does not do (heartbeat, ticker, code compaction) are 0.
 *
 * Wishes of the image concerning growth are kept and answered; the collector
 * decides by itself. Flags, semaphore table and sizes go into the header of the
 * next save.
 */
#include "environment.h"
#include "../interp/frame.h"

enum {
    PARAMETERS = 76,
    PROXY_MAJOR = 1,
    PROXY_MINOR = 17,
    HALF_WORD_MAX = 0xffff,
    FLAGS_MAX = 0x1ff,
};
#define DEFAULT_SHRINK_THRESHOLD (INT64_C(32) << 20)
#define DEFAULT_GROW_HEADROOM (INT64_C(16) << 20)
#define DEFAULT_GROWTH_RATIO 0.333333
#define SECONDS_1901_TO_1970 INT64_C(2177452800)

/* The image sees the header's flags without the two of the display. */
#define FLAGS_SHIFT 2
#define FLAG_PREEMPTION_DOES_NOT_YIELD 0x4 /* as the image sees them */
#define FLAG_NO_MIXED_ARITHMETIC 0x40

enum feature { FEATURE_TWO_SETS = 1, FEATURE_READ_ONLY = 2, FEATURE_SUSPEND_BACKS_UP = 32 };

static uint64_t old_bytes(const struct heap *h) {
    uint64_t bytes = h->perm_limit - h->perm_base;
    for (unsigned i = 0; i < h->segment_count; i++)
        bytes += h->segments[i].limit - h->segments[i].base;
    return bytes;
}

static uint64_t eden_used(const struct heap *h) {
    return h->eden_free - h->eden_base;
}

static uint64_t eden_size(const struct heap *h) {
    return h->eden_limit - h->eden_base;
}

static uint64_t new_used(const struct heap *h) {
    return eden_used(h) + (h->past_free - h->survivor[h->past]);
}

static uint64_t new_size(const struct heap *h) {
    return eden_size(h) + 2 * h->survivor_bytes;
}

static int64_t flags(const struct vm *vm) {
    int64_t seen =
        (int64_t)(vm->header_flags >> FLAGS_SHIFT) & ~(int64_t)FLAG_PREEMPTION_DOES_NOT_YIELD;
    return seen | (vm->preemption_yields ? 0 : FLAG_PREEMPTION_DOES_NOT_YIELD);
}

static int64_t features(void) {
    bool suspend = prim_numbered(568) != NULL && prim_numbered(578) != NULL;
    return FEATURE_TWO_SETS | FEATURE_READ_ONLY | (suspend ? FEATURE_SUSPEND_BACKS_UP : 0);
}

/* Microseconds since 1901, UTC. */
static int64_t start_time(struct vm *vm) {
    uint64_t running_ns = platform_monotonic_ns(vm->platform) - vm->start_ns;
    return platform_wall_us(vm->platform) - (int64_t)(running_ns / 1000) +
           SECONDS_1901_TO_1970 * 1000000;
}

static int64_t or_default(int64_t value, int64_t fallback) {
    return value != 0 ? value : fallback;
}

static oop milliseconds(struct vm *vm, uint64_t us) {
    return prim_new_uint64(vm, (us + 500) / 1000);
}

/* 0 without memory. */
static oop parameter(struct vm *vm, int64_t index) {
    struct heap *h = &vm->heap;
    const struct heap_stats *s = &h->stats;
    switch (index) {
    case 1: /* old space */
        return prim_new_uint64(vm, old_bytes(h));
    case 2: /* new space in use */
        return prim_new_uint64(vm, new_used(h));
    case 3: /* all of the heap */
        return prim_new_uint64(vm, old_bytes(h) + new_size(h));
    case 6: /* tenuring threshold */
        return prim_new_uint64(vm, h->tenure_age);
    case 7:
        return prim_new_uint64(vm, s->full_collections);
    case 8:
        return milliseconds(vm, s->full_us);
    case 9:
        return prim_new_uint64(vm, s->scavenges);
    case 10:
        return milliseconds(vm, s->scavenge_us);
    case 11:
        return prim_new_uint64(vm, s->tenured_objects);
    case 18:
        return milliseconds(vm, s->compaction_us);
    case 19: /* when to scavenge */
        return prim_new_uint64(vm, eden_size(h));
    case 20:
        return prim_new_int64(vm, start_time(vm));
    case 21: /* remembered objects */
    case 33:
        return prim_new_uint64(vm, h->remembered_count);
    case 23:
        return prim_new_uint64(vm, vm->header_extra_memory);
    case 24:
        return prim_new_int64(vm,
                              or_default(vm->tuning.shrink_threshold, DEFAULT_SHRINK_THRESHOLD));
    case 25:
        return prim_new_int64(vm, or_default(vm->tuning.grow_headroom, DEFAULT_GROW_HEADROOM));
    case 30:
        return prim_new_uint64(vm, s->compactions);
    case 34: /* bytes allocated since the start */
        return prim_new_uint64(vm, s->allocated_bytes + eden_used(h));
    case 39: /* waiting for finalisation */
        return prim_new_uint64(vm, h->mourner_count);
    case 40: /* bytes of a word */
        return smallint(sizeof(oop));
    case 41: /* image format without what methods use */
        return smallint(68021);
    case 42:
        return prim_new_uint64(vm, vm->page_count);
    case 43:
        return prim_new_uint64(vm, vm->header_stack_pages);
    case 44:
        return prim_new_uint64(vm, eden_size(h));
    case 45:
        return prim_new_uint64(vm, vm->header_eden_bytes);
    case 48:
        return prim_new_int64(vm, flags(vm));
    case 49:
        return prim_new_uint64(vm, vm->external.capacity > vm->header_semaphores
                                       ? vm->external.capacity
                                       : vm->header_semaphores);
    case 52: /* room for remembered objects */
        return prim_new_uint64(vm, h->remembered_capacity);
    case 53: /* segments: the image and what was added */
        return prim_new_uint64(vm, h->segment_count + 1);
    case 54:
        return prim_new_uint64(vm, h->old_free_bytes);
    case 55:
        return heap_new_float(h, vm->tuning.growth_ratio != 0 ? vm->tuning.growth_ratio
                                                              : DEFAULT_GROWTH_RATIO);
    case 56:
        return prim_new_uint64(vm, vm->process_switches);
    case 59:
        return prim_new_uint64(vm, vm->preempt_checks);
    case 60:
        return prim_new_uint64(vm, vm->stack_overflows);
    case 65:
        return smallint(features());
    case 66:
        return smallint(PAGE_SLOTS * sizeof(oop));
    case 67:
        return prim_new_uint64(vm, vm->tuning.max_old_bytes);
    case 68:
        return heap_new_float(h, 0.0);
    case 70:
        return smallint(PROXY_MAJOR);
    case 71:
        return smallint(PROXY_MINOR);
    case 75: /* do arithmetic primitives convert between integers and floats? */
        return boolean(vm, (flags(vm) & FLAG_NO_MIXED_ARITHMETIC) == 0);
    case 76:
        return smallint(-1);
    case 4: /* of other object memories and of machine code */
    case 5:
    case 46:
    case 47:
    case 50:
    case 51:
    case 62:
    case 63:
        return h->nil;
    default:
        return smallint(0);
    }
}

static int answer_all(struct vm *vm, oop *argv) {
    oop all = heap_new_pointers(&vm->heap, PARAMETERS, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    for (unsigned i = 1; i <= PARAMETERS && all != 0; i++) {
        oop value = parameter(vm, i);
        if (value == 0)
            return PRIM_NO_MEMORY;
        heap_store(&vm->heap, all, i - 1, value);
    }
    return prim_answer(argv, all);
}

static void set_flags(struct vm *vm, int64_t seen) {
    vm->header_flags &= ~((uint64_t)FLAGS_MAX << FLAGS_SHIFT);
    vm->header_flags |= (uint64_t)seen << FLAGS_SHIFT;
    vm->preemption_yields = (seen & FLAG_PREEMPTION_DOES_NOT_YIELD) == 0;
    vm->heap.new_finalization = (vm->header_flags & 64) != 0;
}

static bool set_integer(struct vm *vm, int64_t index, int64_t value) {
    if (value < 0 || ((index == 24 || index == 25) && value == 0))
        return false;
    switch (index) {
    case 6:
    case 11:
    case 12:
    case 26:
    case 34:
    case 69:
    case 74: /* thresholds of another collector, and counters that may be reset */
        return true;
    case 23:
        vm->header_extra_memory = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
        return true;
    case 24:
        vm->tuning.shrink_threshold = value;
        return true;
    case 25:
        vm->tuning.grow_headroom = value;
        return true;
    case 43:
        if (value > HALF_WORD_MAX)
            return false;
        vm->header_stack_pages = (uint16_t)value;
        return true;
    case 45:
        vm->header_eden_bytes = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
        return true;
    case 48:
        if (value > FLAGS_MAX)
            return false;
        set_flags(vm, value);
        return true;
    case 49:
        if (value > HALF_WORD_MAX)
            return false;
        vm->header_semaphores = (uint16_t)value;
        return true;
    default:
        return false;
    }
}

/* PRIM_BAD_ARGUMENT where the value is of the wrong kind, PRIM_INAPPROPRIATE
 * where it is out of range or the parameter may not be set. */
static int set(struct vm *vm, int64_t index, oop value) {
    double number;
    uint64_t bytes;
    switch (index) {
    case 55:
        if (!prim_read_number(value, &number))
            return PRIM_BAD_ARGUMENT;
        vm->tuning.growth_ratio = number;
        return PRIM_OK;
    case 68: /* an average that may be reset */
        if (!prim_read_number(value, &number))
            return PRIM_BAD_ARGUMENT;
        return number == 0.0 ? PRIM_OK : PRIM_INAPPROPRIATE;
    case 67:
        if (!prim_read_uint64(value, &bytes))
            return PRIM_BAD_ARGUMENT;
        vm->tuning.max_old_bytes = bytes;
        return PRIM_OK;
    case 75:
        if (value != vm->heap.true_ && value != vm->heap.false_)
            return PRIM_BAD_ARGUMENT;
        set_flags(vm, value == vm->heap.true_ ? flags(vm) & ~(int64_t)FLAG_NO_MIXED_ARITHMETIC
                                              : flags(vm) | FLAG_NO_MIXED_ARITHMETIC);
        return PRIM_OK;
    default:
        if (!is_smallint(value))
            return PRIM_BAD_ARGUMENT;
        return set_integer(vm, index, smallint_value(value)) ? PRIM_OK : PRIM_INAPPROPRIATE;
    }
}

/* No argument: all; one: that parameter; two: set it and answer what it was. */
int parameters_prim_at(struct vm *vm, oop *argv, unsigned argc) {
    if (argc == 0)
        return answer_all(vm, argv);
    if (argc > 2)
        return PRIM_BAD_NUM_ARGS;
    if (!is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    int64_t index = smallint_value(argv[1]);
    if (index < 1 || index > PARAMETERS)
        return PRIM_BAD_INDEX;
    oop value = parameter(vm, index);
    if (value == 0)
        return PRIM_NO_MEMORY;
    if (argc == 2) {
        int status = set(vm, index, argv[2]);
        if (status != PRIM_OK)
            return status;
    }
    return prim_answer(argv, value);
}

int parameters_prim_bytecode_sets(struct vm *vm, oop *argv, unsigned argc) {
    static const char *const encoders[] = {"EncoderForV3", "EncoderForV3PlusClosures",
                                           "EncoderForSistaV1"};
    if (argc > 0)
        return PRIM_BAD_NUM_ARGS;
    oop names = heap_new_pointers(&vm->heap, 3, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    for (unsigned i = 0; i < 3 && names != 0; i++) {
        oop name = heap_new_string(&vm->heap, encoders[i], strlen(encoders[i]));
        if (name == 0)
            return PRIM_NO_MEMORY;
        heap_store(&vm->heap, names, i, name);
    }
    return prim_answer(argv, names);
}

/* Whether a save calls itself an image with methods of both sets. */
int parameters_prim_multiple_sets(struct vm *vm, oop *argv, unsigned argc) {
    const uint32_t multiple = 68533, single = 68021;
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    if (argc == 1) {
        if (argv[1] != vm->heap.true_ && argv[1] != vm->heap.false_)
            return PRIM_BAD_ARGUMENT;
        vm->image_format = argv[1] == vm->heap.true_ ? multiple : single;
    }
    return prim_answer(argv, boolean(vm, vm->image_format == multiple));
}

int parameters_prim_image_format(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, smallint(vm->image_format));
}

int parameters_prim_is_big_endian(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, vm->heap.false_);
}
