/* The full check finds each kind of damage, and says what and where. */
#include "image_fixture.h"

#define HEADER(literals, primitive, large, temps, args)                          \
    ((int64_t)(literals) | (int64_t)(primitive) << 16 | (int64_t)(large) << 17 | \
     (int64_t)(temps) << 18 | (int64_t)(args) << 24)

/* Check a finished image: one problem at least, of which the first says that. */
static void expect_problem(struct tiny *t, const char *says) {
    size_t size;
    struct lines lines = {0};
    uint8_t *file = tiny_finish(t, &size);
    uint64_t count = image_check(file, size, UINT64_MAX, keep_line, &lines);
    free(file);
    if (says == NULL && count != 0)
        fail_msg("unexpected: %s", lines.first);
    if (says != NULL && (count == 0 || strstr(lines.first, says) == NULL))
        fail_msg("'%s' does not say '%s'", lines.first, says);
    assert_int_equal(count, lines.count);
}

/* ---- Objects --------------------------------------------------------------------- */

static void set_class(struct tiny *t, oop o, uint32_t index) {
    tiny_words(t, o)[0] = (tiny_words(t, o)[0] & ~HDR_CLASS_MASK) | index;
}
static void set_format(struct tiny *t, oop o, unsigned format) {
    tiny_words(t, o)[0] = (tiny_words(t, o)[0] & ~HDR_FORMAT_MASK) | (uint64_t)format
                                                                         << HDR_FORMAT_SHIFT;
}
static void set_slots(struct tiny *t, oop o, uint64_t slots) {
    tiny_words(t, o)[0] = tiny_words(t, o)[0] << 8 >> 8 | slots << HDR_SLOTS_SHIFT;
}

static void wild_pointer(struct tiny *t) {
    tiny_put(t, t->association, 1, t->array + 8);
}
static void pointer_below(struct tiny *t) {
    tiny_put(t, t->association, 1, TINY_BASE - 16);
}
static void pointer_above(struct tiny *t) {
    tiny_put(t, t->association, 1, TINY_BASE << 8);
}
static void null_pointer(struct tiny *t) {
    tiny_put(t, t->association, 1, 0);
}
static void pointer_to_bridge(struct tiny *t) {
    tiny_put(t, t->association, 1, TINY_BASE + t->used);
}
static void pointer_to_free(struct tiny *t) {
    tiny_put(t, t->association, 1, TINY_BASE + t->used);
    tiny_free_chunk(t, 4);
}
static void unknown_tag(struct tiny *t) {
    tiny_put(t, t->association, 1, 0x1237);
}
static void literal_wild(struct tiny *t) {
    tiny_put(t, t->method, 1, t->array + 8);
}
static void class_without_entry(struct tiny *t) {
    set_class(t, t->association, 200);
}
static void class_beyond_table(struct tiny *t) {
    set_class(t, t->association, 0x3fffff);
}
static void class_of_immediates(struct tiny *t) {
    set_class(t, t->association, 1);
}
static void format_six(struct tiny *t) {
    set_format(t, t->association, 6);
}
static void format_eight(struct tiny *t) {
    set_format(t, t->bytes, 8);
}
static void slots_in_format_zero(struct tiny *t) {
    set_format(t, t->association, 0);
}
static void too_many_slots(struct tiny *t) {
    tiny_new(t, TINY_ASSOCIATION, FORMAT_FIXED, 3);
}
static void too_few_slots(struct tiny *t) {
    tiny_new(t, TINY_ASSOCIATION, FORMAT_FIXED, 1);
}
static void other_format(struct tiny *t) {
    tiny_new(t, TINY_ASSOCIATION, FORMAT_BYTES, 2);
}
static void over_the_end(struct tiny *t) {
    set_slots(t, tiny_new(t, TINY_ASSOCIATION, 1, 2), 200);
}
static void overflow_alone(struct tiny *t) {
    set_slots(t, t->association, 255);
}
static void huge_overflow(struct tiny *t) {
    tiny_words(t, t->characters)[-1] = UINT64_MAX;
}
static void bridge_inside(struct tiny *t) {
    set_class(t, t->association, 3);
}
static void padding_alone(struct tiny *t) {
    tiny_new(t, CLASS_INDEX_BYTE_ARRAY, FORMAT_BYTES + 3, 0);
}
static void ephemeron_without_key(struct tiny *t) {
    tiny_new(t, TINY_EPHEMERON, FORMAT_EPHEMERON, 0);
}
static void large_character(struct tiny *t) {
    tiny_put(t, t->characters, 0, (CHARACTER_MAX + 1) << 3 | TAG_CHARACTER);
}
static void forwarder_nowhere(struct tiny *t) {
    tiny_forwarder(t, t->array + 8);
}
static void forwarder_to_unknown_tag(struct tiny *t) {
    tiny_forwarder(t, 0x153);
}
static void forwarder_circle(struct tiny *t) {
    oop a = tiny_forwarder(t, 0), b = tiny_forwarder(t, a);
    tiny_put(t, a, 0, b);
}
static void forwarder_format(struct tiny *t) {
    set_format(t, tiny_forwarder(t, t->array), 1);
}
static void forwarded_class(struct tiny *t) {
    set_format(t, t->association, FORMAT_FORWARDED);
}

/* ---- Roots ------------------------------------------------------------------------- */

static void nil_is_bits(struct tiny *t) {
    set_format(t, t->nil, FORMAT_BYTES);
}
static void lists_are_pointers(struct tiny *t) {
    set_format(t, t->lists, FORMAT_ARRAY);
}
static void roots_are_bits(struct tiny *t) {
    set_format(t, t->roots, FORMAT_64);
}
static void page_missing(struct tiny *t) {
    tiny_put(t, t->roots, 0, t->nil);
}
static void page_no_page(struct tiny *t) {
    tiny_put(t, t->roots, 1, t->characters);
}
static void page_after_hole(struct tiny *t) {
    tiny_put(t, t->roots, 2, t->page);
}
static void entry_no_class(struct tiny *t) {
    tiny_put(t, t->page, 500, t->bytes);
}
static void entry_integer(struct tiny *t) {
    tiny_put(t, t->page, 500, smallint(3));
}
static void special_small(struct tiny *t) {
    t->special = t->association;
}
static void special_elsewhere(struct tiny *t) {
    t->special += 8;
}
static void special_nil(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_NIL, t->true_);
}
static void special_class(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_CLASS_POINT, smallint(1));
}
static void special_other_class(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_CLASS_ARRAY, t->object_class);
}
static void known_class_missing(struct tiny *t) {
    tiny_put(t, t->page, CLASS_INDEX_CONTEXT, t->nil);
}
static void no_selector(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_DOES_NOT_UNDERSTAND, smallint(1));
}
static void no_selectors(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_SELECTORS, t->nil);
}
static void no_scheduler(struct tiny *t) {
    tiny_put(t, t->special, SPECIAL_SCHEDULER_ASSOCIATION, t->nil);
}
static void no_lists(struct tiny *t) {
    tiny_put(t, t->scheduler, 0, t->bytes);
}
static void no_process(struct tiny *t) {
    tiny_put(t, t->scheduler, 1, t->nil);
}
static void no_context(struct tiny *t) {
    tiny_put(t, t->process, 1, t->nil);
}
static void not_resumable(struct tiny *t) {
    tiny_put(t, t->context, CONTEXT_PC, t->nil);
}

static void frame_gone(struct tiny *t) {
    tiny_put(t, t->context, CONTEXT_SENDER, smallint(8));
}

/* ---- Classes ------------------------------------------------------------------------ */

static void wrong_hash(struct tiny *t) {
    tiny_words(t, t->array)[0] ^= UINT64_C(1) << HDR_HASH_SHIFT;
}
static void class_format_negative(struct tiny *t) {
    tiny_put(t, t->array, CLASS_FORMAT, smallint(-1));
}
static void class_format_unknown(struct tiny *t) {
    tiny_put(t, t->object_class, CLASS_FORMAT, smallint(8 << 16));
}
static void superclass_no_class(struct tiny *t) {
    tiny_put(t, t->array, 0, t->bytes);
}
static void superclass_integer(struct tiny *t) {
    tiny_put(t, t->array, 0, smallint(1));
}
static void superclass_circle(struct tiny *t) {
    tiny_put(t, t->object_class, 0, t->array);
}
static void own_superclass(struct tiny *t) {
    tiny_put(t, t->object_class, 0, t->object_class);
}
static void dictionary_none(struct tiny *t) {
    tiny_put(t, t->array, 1, t->bytes);
}
static void dictionary_size(struct tiny *t) {
    tiny_put(t, t->array, 1, tiny_new(t, TINY_DICTIONARY, FORMAT_INDEXABLE, 5));
}
static void dictionary_tally(struct tiny *t) {
    tiny_put(t, t->dictionary, 0, smallint(5));
}
static void dictionary_methods(struct tiny *t) {
    tiny_put(t, t->dictionary, 1, t->nil);
}

/* ---- Contexts and closures ------------------------------------------------------------ */

static oop another_context(struct tiny *t) {
    oop o = tiny_new(t, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, CONTEXT_SMALL_SLOTS);
    tiny_put(t, o, CONTEXT_PC, smallint(4 * 8 + 1));
    tiny_put(t, o, CONTEXT_STACKP, smallint(2));
    tiny_put(t, o, CONTEXT_METHOD, t->method);
    return o;
}
static void stackp_large(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_STACKP, smallint(17));
}
static void stackp_negative(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_STACKP, smallint(-1));
}
static void stackp_no_integer(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_STACKP, t->true_);
}
static void context_small(struct tiny *t) {
    tiny_new(t, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, 5);
}
static void context_bits(struct tiny *t) {
    tiny_new(t, CLASS_INDEX_CONTEXT, FORMAT_64, 22);
}
static void pc_before(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_PC, smallint(32));
}
static void pc_after(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_PC, smallint(49));
}
static void pc_no_integer(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_PC, t->true_);
}
static void context_method(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_METHOD, t->bytes);
}
static void context_sender(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_SENDER, t->bytes);
}
static void context_too_small_for_method(struct tiny *t) {
    static const uint8_t code[] = {120};
    oop large = tiny_code(t, TINY_METHOD, HEADER(0, 0, 1, 0, 0), code, 1);
    oop context = another_context(t);
    tiny_put(t, context, CONTEXT_METHOD, large);
    tiny_put(t, context, CONTEXT_PC, smallint(9));
}
static void context_closure(struct tiny *t) {
    tiny_put(t, another_context(t), CONTEXT_CLOSURE, t->bytes);
}
static void closure_outer(struct tiny *t) {
    tiny_put(t, t->closure, 0, t->bytes);
}
static void closure_pc(struct tiny *t) {
    tiny_put(t, t->closure, 1, smallint(1000));
}
static void closure_args(struct tiny *t) {
    tiny_put(t, t->closure, 2, smallint(16));
}
static void closure_small(struct tiny *t) {
    tiny_new(t, CLASS_INDEX_BLOCK_CLOSURE, FORMAT_INDEXABLE, 2);
}
static void full_closure_block(struct tiny *t) {
    tiny_put(t, t->full_closure, 1, t->bytes);
}
static void full_closure_args(struct tiny *t) {
    tiny_put(t, t->full_closure, 2, smallint(2));
}

static const struct damage {
    const char *name;
    void (*seed)(struct tiny *t);
    const char *says;
} damages[] = {
#define D(f, says) {#f, f, says}
    D(wild_pointer, "slot 1 is"),
    D(pointer_below, "slot 1 is"),
    D(pointer_above, "slot 1 is"),
    D(null_pointer, "slot 1 is"),
    D(pointer_to_bridge, "slot 1 is"),
    D(pointer_to_free, "slot 1 is"),
    D(unknown_tag, "slot 1 is 0x1237"),
    D(literal_wild, "slot 1 is"),
    D(class_without_entry, "class index 200"),
    D(class_beyond_table, "class index 4194303"),
    D(class_of_immediates, "class index 1"),
    D(format_six, "format is 6"),
    D(format_eight, "format is 8"),
    D(slots_in_format_zero, "format 0"),
    D(too_many_slots, "it has 3 slots"),
    D(too_few_slots, "it has 1 slots"),
    D(other_format, "its format is 16"),
    D(over_the_end, "over the segment's end"),
    D(overflow_alone, "overflow word"),
    D(huge_overflow, "over the segment's end"),
    D(bridge_inside, "bridge"),
    D(padding_alone, "padding"),
    D(ephemeron_without_key, "no slot for its key"),
    D(large_character, "is character 0x40000000"),
    D(forwarder_nowhere, "(forwarder)"),
    D(forwarder_to_unknown_tag, "leads to 0x153"),
    D(forwarder_circle, "circle"),
    D(forwarder_format, "(forwarder): its format is 1"),
    D(forwarded_class, "format is 7"),
    D(nil_is_bits, "could be nil"),
    D(lists_are_pointers, "free lists"),
    D(roots_are_bits, "hidden roots"),
    D(page_missing, "first class table page"),
    D(page_no_page, "entry 1 is"),
    D(page_after_hole, "entry 2 is"),
    D(entry_no_class, "entry 500 is"),
    D(entry_integer, "entry 500 is"),
    D(special_small, "special objects"),
    D(special_elsewhere, "special objects"),
    D(special_nil, "not nil, false and true"),
    D(special_class, "entry 12 is no class"),
    D(special_other_class, "entry 7"),
    D(known_class_missing, "is not Context"),
    D(no_selector, "entry 20 is no selector"),
    D(no_selectors, "32 selectors"),
    D(no_scheduler, "scheduler: no association"),
    D(no_lists, "process lists"),
    D(no_process, "no active process"),
    D(no_context, "no suspended context"),
    D(not_resumable, "cannot be resumed"),
    D(frame_gone, "cannot be resumed"),
    D(wrong_hash, "its hash is"),
    D(class_format_negative, "its format is"),
    D(class_format_unknown, "its format is"),
    D(superclass_no_class, "its superclass"),
    D(superclass_integer, "its superclass"),
    D(superclass_circle, "own superclass"),
    D(own_superclass, "own superclass"),
    D(dictionary_none, "is no dictionary"),
    D(dictionary_size, "power of two"),
    D(dictionary_tally, "tally"),
    D(dictionary_methods, "too few methods"),
    D(stackp_large, "stack pointer 17"),
    D(stackp_negative, "stack pointer -1"),
    D(stackp_no_integer, "no integer"),
    D(context_small, "(context)"),
    D(context_bits, "(context)"),
    D(pc_before, "its pc"),
    D(pc_after, "its pc"),
    D(pc_no_integer, "its pc"),
    D(context_method, "its method"),
    D(context_sender, "its sender"),
    D(context_too_small_for_method, "needs 62"),
    D(context_closure, "its closure"),
    D(closure_outer, "its outer context"),
    D(closure_pc, "its start pc"),
    D(closure_args, "arguments"),
    D(closure_small, "2 slots"),
    D(full_closure_block, "its block"),
    D(full_closure_args, "2 arguments"),
#undef D
};

static void each_kind_of_damage_is_found(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct tiny t;
        tiny_standard(&t, false);
        damages[i].seed(&t);
        expect_problem(&t, damages[i].says);
        tiny_free(&t);
    }
}

/* ---- Code --------------------------------------------------------------------------- */

static void each_kind_of_bad_code_is_found(void **state) {
    (void)state;
    /* Literals: 0 a selector, 1 a variable, 2 a compiled block of one argument
     * and two temporaries, 3 a variable. */
    static const struct {
        bool sista;
        int64_t header;
        uint8_t code[16], size;
        const char *says; /* NULL: sound */
    } table[] = {
        {false, HEADER(4, 0, 0, 0, 0), {120}, 1, NULL},
        {true, HEADER(4, 0, 0, 0, 0), {88}, 1, NULL},
        {false, HEADER(4, 0, 0, 1, 2), {120}, 1, "more arguments"},
        {false, HEADER(4, 0, 0, 17, 0), {120}, 1, "more temporaries"},
        {false, HEADER(4, 0, 1, 17, 0), {120}, 1, NULL},
        {false, HEADER(4, 0, 0, 0, 0), {112}, 1, "leads to 41, outside"},
        {false, HEADER(4, 0, 0, 0, 0), {36, 124}, 2, "literal 4 of 4"},
        {false, HEADER(4, 0, 0, 0, 0), {64, 124}, 2, "literal 0 is no variable"},
        {false, HEADER(4, 0, 0, 0, 0), {65, 124}, 2, NULL},
        {false, HEADER(4, 0, 0, 1, 0), {17, 124}, 2, "temporary 1 of 1"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 105, 120}, 3, "temporary 1 of 1"},
        {false, HEADER(4, 0, 0, 0, 0), {124}, 1, "takes 1 from a stack of 0"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 176, 124}, 3, "takes 2 from a stack of 1"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 0xe0, 124}, 3, "takes 2 from a stack of 1"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 0xd4, 124}, 3, "literal 4 of 4"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 136, 136, 163, 253}, 5, "comes to"},
        {false, HEADER(4, 0, 0, 16, 0), {112, 124}, 2, "stack depth 17 of 16"},
        {false, HEADER(4, 0, 0, 0, 0), {145, 120}, 2, "outside"},
        {false, HEADER(4, 0, 0, 0, 0), {160, 0}, 2, "leads to -"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 152, 128, 112, 124}, 5, "inside"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 152, 112, 112, 124}, 5, "others with"},
        {false, HEADER(4, 0, 0, 0, 0), {132, 0}, 2, "cut off"},
        {false, HEADER(4, 0, 0, 0, 0), {126}, 1, NULL}, /* unused: the image handles it */
        {false, HEADER(4, 1, 0, 0, 0), {120}, 1, "none is called"},
        {false, HEADER(4, 1, 0, 0, 0), {139, 60, 0, 120}, 4, NULL},
        {false, HEADER(4, 1, 0, 0, 0), {139, 117, 0, 120}, 4, "without a description"},
        {false, HEADER(4, 0, 0, 0, 0), {139, 60, 0, 120}, 4, "the header knows of none"},
        {false, HEADER(4, 1, 0, 0, 0), {139, 60, 0, 139, 60, 0, 120}, 7, "not at the beginning"},
        {false, HEADER(4, 0, 0, 0, 0), {143, 0, 0, 2, 112, 125, 124}, 7, NULL},
        {false, HEADER(4, 0, 0, 0, 0), {143, 0, 0, 9, 112, 125, 124}, 7, "its block ends"},
        {false, HEADER(4, 0, 0, 0, 0), {143, 0, 0, 0, 124}, 5, "its block ends"},
        {false, HEADER(4, 0, 0, 0, 0), {143, 16, 0, 2, 112, 125, 124}, 7, "takes 1"},
        {false, HEADER(4, 0, 0, 0, 0), {143, 0, 0, 2, 112, 135, 124}, 7, "another block"},
        {false, HEADER(4, 0, 0, 0, 0), {143, 0, 0, 2, 16, 125, 124}, 7, "temporary 0 of 0"},
        {false, HEADER(4, 0, 0, 0, 0), {140, 0, 0, 124}, 4, "temporary 0 of 0"},
        {false, HEADER(4, 0, 0, 0, 0), {138, 0x82, 124}, 3, "takes 2"},
        {false, HEADER(4, 0, 0, 0, 0), {112, 133, 0, 124}, 4, NULL},
        {false, HEADER(3, 0, 0, 0, 0), {112, 133, 0, 124}, 4, "super"},
        {false, HEADER(0, 0, 0, 0, 0), {112, 133, 0, 124}, 4, "literal 0 of 0"},
        {true, HEADER(4, 0, 0, 0, 0), {36, 92}, 2, "literal 4 of 4"},
        {true, HEADER(4, 0, 0, 0, 0), {224, 1, 228, 0, 92}, 5, "literal 256 of 4"},
        {true, HEADER(4, 0, 0, 0, 0), {225, 255, 237, 252}, 4, NULL},
        {true, HEADER(4, 0, 0, 0, 0), {225, 255, 237, 0}, 4, "leads to -"},
        {true, HEADER(4, 0, 0, 0, 0), {225, 1, 237, 0}, 4, "outside"},
        {true, HEADER(4, 0, 0, 0, 0), {225, 1}, 2, "cut off"},
        {true, HEADER(4, 0, 0, 0, 0), {77, 184, 225, 0, 88}, 5, "inside"},
        {true, HEADER(4, 0, 0, 0, 0), {77, 249, 2, 1, 216, 88}, 6, NULL},
        {true, HEADER(4, 0, 0, 0, 0), {77, 249, 0, 1, 216, 88}, 6, "is no compiled block"},
        {true, HEADER(4, 0, 0, 0, 0), {249, 2, 1, 216, 88}, 5, "takes 1"},
        {true, HEADER(4, 0, 0, 0, 0), {77, 77, 249, 2, 2, 216, 88}, 7, "2 copied values"},
        {true, HEADER(4, 1, 0, 0, 0), {248, 117, 0, 88}, 4, "without a description"},
        {true, HEADER(4, 0, 0, 0, 0), {77, 234, 17, 92}, 4, "takes 2 from a stack of 1"},
        {true, HEADER(4, 0, 0, 0, 0), {77, 248, 0, 0x80, 88}, 5, NULL}, /* an inlined one */
        {true, HEADER(4, 0, 0, 0, 0), {250, 0, 2, 76, 94, 92}, 6, NULL},
        {true, HEADER(4, 0, 0, 0, 0), {84}, 1, NULL},
    };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tiny t;
        tiny_standard(&t, false);
        int64_t header = table[i].sista ? SMALLINT_MIN | table[i].header : table[i].header;
        oop method = tiny_code(&t, TINY_METHOD, header, table[i].code, table[i].size);
        const oop literals[] = {t.selector, t.association, t.block, t.association};
        for (unsigned k = 0; k < method_header_literals(header); k++)
            tiny_put(&t, method, 1 + k, literals[k]);
        expect_problem(&t, table[i].says);
        tiny_free(&t);
    }
}

static void a_header_that_is_no_integer_or_leaves_no_code_is_found(void **state) {
    (void)state;
    struct tiny t;
    tiny_standard(&t, false);
    tiny_put(&t, t.method, 0, t.nil);
    expect_problem(&t, "its header word");
    tiny_free(&t);
    tiny_standard(&t, false);
    tiny_put(&t, t.method, 0, smallint(HEADER(5, 0, 0, 2, 1)));
    expect_problem(&t, "5 literals leave no bytecodes");
    tiny_free(&t);
    tiny_standard(&t, false);
    tiny_put(&t, t.method, 0, smallint(HEADER(32767, 0, 0, 2, 1)));
    expect_problem(&t, "32767 literals leave no bytecodes");
    tiny_free(&t);
}

/* ---- Segments ---------------------------------------------------------------------- */

static void damaged_bridges_are_found(void **state) {
    (void)state;
    static const struct {
        unsigned segment, word; /* of that bridge */
        uint64_t value;
        const char *says;
    } table[] = {
        {0, 0, 0, "bridge"},
        {0, 0, UINT64_MAX, "no object"},
        {0, 1, 0, "bytes follow"},
        {0, 1, 8, "does not fit"},
        {0, 1, 12345678, "does not fit"},
        {0, 1, UINT64_MAX, "impossible address"},
        {0, 1, 17, "does not fit"},
        {2, 1, 64, "does not fit"},
    };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tiny t;
        size_t size;
        struct lines lines = {0};
        tiny_standard(&t, true);
        uint8_t *file = tiny_finish(&t, &size);
        uint64_t at = IMAGE_HEADER_BYTES + t.segment[table[i].segment].at +
                      t.segment[table[i].segment].size - 16 + table[i].word * 8;
        memcpy(file + at, &table[i].value, 8);
        assert_true(image_check(file, size, 10, keep_line, &lines) > 0);
        if (strstr(lines.first, table[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", lines.first, table[i].says);
        free(file);
        tiny_free(&t);
    }
}

static void problems_beyond_the_limit_are_counted_only(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    struct lines lines = {0};
    tiny_standard(&t, false);
    for (unsigned i = 0; i < 9; i++)
        tiny_put(&t, tiny_new(&t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 1), 0, 64);
    uint8_t *file = tiny_finish(&t, &size);
    assert_int_equal(image_check(file, size, 4, keep_line, &lines), 9);
    assert_int_equal(lines.count, 4);
    assert_int_equal(image_check(file, size, 0, keep_line, &lines), 9);
    assert_int_equal(image_check(file, size, 4, NULL, NULL), 9);
    free(file);
    tiny_free(&t);
}

static void real_images_have_no_problems(void **state) {
    (void)state;
    static const char *const names[] = {"candle.image", "pharo8-kernel.image"};
    for (unsigned i = 0; i < 2; i++) {
        struct lines lines = {0};
        struct bytes file = real_image(names[i]);
        if (image_check(file.at, file.size, 10, keep_line, &lines) != 0)
            fail_msg("%s: %s", names[i], lines.first);
        free(file.at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_damage_is_found),
        cmocka_unit_test(each_kind_of_bad_code_is_found),
        cmocka_unit_test(a_header_that_is_no_integer_or_leaves_no_code_is_found),
        cmocka_unit_test(damaged_bridges_are_found),
        cmocka_unit_test(problems_beyond_the_limit_are_counted_only),
        cmocka_unit_test(real_images_have_no_problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
