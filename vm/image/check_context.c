/*
 * check_context.c - contexts and closures: see check.h.
 *
 * A pc counts bytes from one, from the first byte of the method's data, and
 * names the bytecode that runs next.
 */
#include "check.h"

#define CONTEXT_PROBLEM(m, r, word, ...) report_problem((r), map_offset((m), (word)), __VA_ARGS__)

/* The compiled code an oop means. */
static bool find_code(const struct image_map *m, oop o, uint64_t *word) {
    return map_object(m, map_follow(m, o), word) &&
           is_method_format(header_format(map_word(m, *word)));
}

static bool is_pc(const struct image_map *m, uint64_t code, oop pc) {
    if (!is_smallint(pc))
        return false;
    int64_t literals = method_header_literals(smallint_value(map_slot(m, code, 0)));
    int64_t limit = (int64_t)(map_slots(m, code) * 8 - (header_format(map_word(m, code)) & 7));
    int64_t at = smallint_value(pc) - 1;
    return at >= (1 + literals) * 8 && at < limit;
}

static bool is_of_class(const struct image_map *m, oop o, uint32_t index) {
    uint64_t word;
    return map_object(m, map_follow(m, o), &word) && header_class(map_word(m, word)) == index;
}

static bool is_closure_or_nil(const struct image_map *m, oop o) {
    uint64_t word;
    o = map_follow(m, o);
    return o == m->nil ||
           (map_object(m, o, &word) && is_pointers_format(header_format(map_word(m, word))) &&
            map_slots(m, word) >= CLOSURE_FIRST_COPIED);
}

void image_check_context(const struct image_map *m, uint64_t word, struct report *r) {
    oop sender = map_slot(m, word, CONTEXT_SENDER), pc = map_slot(m, word, CONTEXT_PC);
    oop method = map_slot(m, word, CONTEXT_METHOD), stackp = map_slot(m, word, CONTEXT_STACKP);
    uint64_t code;
    unsigned long long address = map_address(m, word);
    if (is_smallint(sender)) /* its frame is gone: it will never run */
        return;
    if (map_follow(m, sender) != m->nil && !is_of_class(m, sender, CLASS_INDEX_CONTEXT))
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): its sender 0x%llx is no context", address,
                        (unsigned long long)sender);
    if (map_follow(m, pc) == m->nil) /* has returned, or was never started */
        return;
    if (!is_smallint(stackp)) {
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): its stack pointer is 0x%llx, no integer",
                        address, (unsigned long long)stackp);
        return;
    }
    if (!find_code(m, method, &code)) {
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): its method 0x%llx is no compiled code",
                        address, (unsigned long long)method);
        return;
    }
    if (!is_closure_or_nil(m, map_slot(m, word, CONTEXT_CLOSURE)))
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): its closure 0x%llx is none", address,
                        (unsigned long long)map_slot(m, word, CONTEXT_CLOSURE));
    if (!is_pc(m, code, pc))
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): its pc 0x%llx lies outside its method",
                        address, (unsigned long long)pc);
    uint64_t needed = CONTEXT_FIXED;
    needed += method_header_large_frame(smallint_value(map_slot(m, code, 0)))
                  ? CONTEXT_LARGE_SLOTS - CONTEXT_FIXED
                  : CONTEXT_SMALL_SLOTS - CONTEXT_FIXED;
    if (map_slots(m, word) < needed)
        CONTEXT_PROBLEM(m, r, word, " (context 0x%llx): %llu slots, but its method needs %llu",
                        address, (unsigned long long)map_slots(m, word),
                        (unsigned long long)needed);
}

static void check_embedded(const struct image_map *m, uint64_t word, struct report *r) {
    oop outer = map_follow(m, map_slot(m, word, CLOSURE_OUTER_CONTEXT));
    oop pc = map_slot(m, word, CLOSURE_START_PC);
    uint64_t context, code;
    if (!map_object(m, outer, &context) ||
        header_class(map_word(m, context)) != CLASS_INDEX_CONTEXT ||
        !find_code(m, map_slot(m, context, CONTEXT_METHOD), &code))
        CONTEXT_PROBLEM(m, r, word, " (closure 0x%llx): its outer context 0x%llx is none",
                        (unsigned long long)map_address(m, word), (unsigned long long)outer);
    else if (!is_pc(m, code, pc))
        CONTEXT_PROBLEM(m, r, word,
                        " (closure 0x%llx): its start pc 0x%llx lies outside its method",
                        (unsigned long long)map_address(m, word), (unsigned long long)pc);
}

static void check_full(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t code;
    oop block = map_slot(m, word, FULL_CLOSURE_METHOD);
    if (!find_code(m, block, &code)) {
        CONTEXT_PROBLEM(m, r, word, " (closure 0x%llx): its block 0x%llx is no compiled code",
                        (unsigned long long)map_address(m, word), (unsigned long long)block);
        return;
    }
    int64_t header = smallint_value(map_slot(m, code, 0));
    uint64_t copied = map_slots(m, word) - FULL_CLOSURE_FIRST_COPIED;
    int64_t nargs = smallint_value(map_slot(m, word, CLOSURE_NUM_ARGS));
    if (nargs != method_header_args(header) ||
        (uint64_t)nargs + copied > method_header_temps(header))
        CONTEXT_PROBLEM(
            m, r, word,
            " (closure 0x%llx): %lld arguments and %llu copied values do not fit its block",
            (unsigned long long)map_address(m, word), (long long)nargs, (unsigned long long)copied);
}

void image_check_closure(const struct image_map *m, uint64_t word, struct report *r) {
    bool full = header_class(map_word(m, word)) == CLASS_INDEX_FULL_BLOCK_CLOSURE;
    uint64_t needed = full ? FULL_CLOSURE_FIRST_COPIED : CLOSURE_FIRST_COPIED;
    unsigned long long address = map_address(m, word);
    if (header_format(map_word(m, word)) != FORMAT_INDEXABLE || map_slots(m, word) < needed) {
        CONTEXT_PROBLEM(m, r, word, " (closure 0x%llx): format %u with %llu slots", address,
                        header_format(map_word(m, word)), (unsigned long long)map_slots(m, word));
        return;
    }
    oop second = map_slot(m, word, CLOSURE_START_PC), nargs = map_slot(m, word, CLOSURE_NUM_ARGS);
    if (map_follow(m, second) == m->nil) /* basicNew, and nothing since */
        return;
    if (!is_smallint(nargs) || smallint_value(nargs) < 0 || smallint_value(nargs) > 15) {
        CONTEXT_PROBLEM(m, r, word, " (closure 0x%llx): 0x%llx arguments", address,
                        (unsigned long long)nargs);
        return;
    }
    /* Some images give compiled blocks to closures of the first class too. */
    if (is_smallint(second))
        check_embedded(m, word, r);
    else if (full)
        check_full(m, word, r);
    else
        CONTEXT_PROBLEM(m, r, word, " (closure 0x%llx): its start pc is 0x%llx", address,
                        (unsigned long long)second);
}
