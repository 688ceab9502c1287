/* tiny_image.c - see tiny_image.h. */
#include "tiny_image.h"

#include <stdlib.h>

static void room(struct tiny *t, uint64_t bytes) {
    if (t->used + bytes <= t->capacity)
        return;
    t->capacity = (t->capacity + bytes) * 2;
    t->data = realloc(t->data, t->capacity);
    if (t->data == NULL)
        abort();
}

static void word(struct tiny *t, uint64_t v) {
    room(t, 8);
    memcpy(t->data + t->used, &v, 8);
    t->used += 8;
}

static oop here(const struct tiny *t) {
    unsigned i = t->segments - 1;
    return t->segment[i].base + (t->used - t->segment[i].at);
}

static uint64_t find(const struct tiny *t, oop o) {
    unsigned i = t->segments - 1;
    while (i > 0 && o < t->segment[i].base)
        i--;
    return t->segment[i].at + (o - t->segment[i].base);
}

uint64_t tiny_offset(const struct tiny *t, oop o) {
    return IMAGE_HEADER_BYTES + find(t, o);
}

uint64_t *tiny_words(struct tiny *t, oop o) {
    return (uint64_t *)(void *)(t->data + find(t, o));
}

void tiny_put(struct tiny *t, oop o, uint64_t slot, uint64_t value) {
    tiny_words(t, o)[1 + slot] = value;
}

oop tiny_new(struct tiny *t, uint32_t class_index, unsigned format, uint64_t slots) {
    if (slots >= HDR_OVERFLOW_SLOTS)
        word(t, (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots);
    oop o = here(t);
    word(t, make_header(slots, format, class_index));
    for (uint64_t i = 0; i < (slots == 0 ? 1 : slots); i++)
        word(t, is_pointers_format(format) && slots != 0 ? t->nil : 0);
    return o;
}

oop tiny_forwarder(struct tiny *t, oop target) {
    oop o = tiny_new(t, CLASS_INDEX_FORWARDED, FORMAT_FORWARDED, 1);
    tiny_put(t, o, 0, target);
    return o;
}

void tiny_free_chunk(struct tiny *t, uint64_t slots) {
    tiny_new(t, CLASS_INDEX_FREE, FORMAT_EMPTY, slots);
}

void tiny_split(struct tiny *t, uint64_t gap) {
    unsigned i = t->segments - 1;
    uint64_t bridge = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | gap / 8;
    if (gap == 0)
        bridge = make_header(0, FORMAT_64, CLASS_INDEX_BRIDGE);
    word(t, bridge);
    word(t, 0); /* the next segment's size, once it is known */
    t->segment[i].size = t->used - t->segment[i].at;
    t->segments++;
    t->segment[i + 1].at = t->used;
    t->segment[i + 1].base = t->segment[i].base + t->segment[i].size + gap;
}

oop tiny_code(struct tiny *t, uint32_t class_index, int64_t header, const void *code,
              uint64_t bytes) {
    uint64_t literals = 1 + method_header_literals(header), slots = literals + (bytes + 7) / 8;
    unsigned format = FORMAT_METHOD + (unsigned)(slots * 8 - literals * 8 - bytes);
    oop o = tiny_new(t, class_index, format, slots);
    tiny_put(t, o, 0, smallint(header));
    for (uint64_t i = 1; i < literals; i++)
        tiny_put(t, o, i, t->nil);
    memcpy(tiny_words(t, o) + 1 + literals, code, bytes);
    return o;
}

static oop text(struct tiny *t, uint32_t class_index, const char *s) {
    uint64_t size = strlen(s), slots = (size + 7) / 8;
    oop o = tiny_new(t, class_index, FORMAT_BYTES + (unsigned)(slots * 8 - size), slots);
    memcpy(tiny_words(t, o) + 1, s, size);
    return o;
}

void tiny_begin(struct tiny *t) {
    memset(t, 0, sizeof *t);
    t->format = IMAGE_FORMAT_SISTA;
    t->segments = 1;
    t->segment[0].base = TINY_BASE;
    t->nil = TINY_BASE;
    tiny_new(t, TINY_UNDEFINED, FORMAT_EMPTY, 0);
    t->false_ = tiny_new(t, TINY_FALSE, FORMAT_EMPTY, 0);
    t->true_ = tiny_new(t, TINY_TRUE, FORMAT_EMPTY, 0);
    t->lists = tiny_new(t, 19, FORMAT_64, 64);
    t->roots =
        tiny_new(t, CLASS_INDEX_ARRAY_PUN, FORMAT_ARRAY, CLASS_TABLE_ROOTS + HIDDEN_ROOT_SLOTS);
    t->page = tiny_new(t, CLASS_INDEX_ARRAY_PUN, FORMAT_ARRAY, CLASS_TABLE_PAGE_SLOTS);
    tiny_put(t, t->roots, 0, t->page);
}

/* A class of that index: superclass, method dictionary, format, name. */
static oop new_class(struct tiny *t, uint32_t index, unsigned spec, unsigned fixed,
                     const char *name) {
    oop s = text(t, TINY_SYMBOL, name);
    oop o = tiny_new(t, TINY_METACLASS, FORMAT_FIXED, 4);
    tiny_put(t, o, 2, smallint((int64_t)(spec << 16 | fixed)));
    tiny_put(t, o, 3, s);
    tiny_words(t, o)[0] |= (uint64_t)index << HDR_HASH_SHIFT;
    tiny_put(t, t->page, index, o);
    return o;
}

static void new_classes(struct tiny *t) {
    static const struct {
        uint8_t index, spec, fixed, special;
        const char *name;
    } list[] = {
        {CLASS_INDEX_SMALLINT, 7, 0, SPECIAL_CLASS_SMALLINT, "SmallInteger"},
        {CLASS_INDEX_CHARACTER, 7, 0, SPECIAL_CLASS_CHARACTER, "Character"},
        {CLASS_INDEX_SMALLFLOAT, 7, 0, 0, "SmallFloat64"},
        {CLASS_INDEX_LARGE_NEGATIVE, 16, 0, SPECIAL_CLASS_LARGE_NEGATIVE, "LargeNegativeInteger"},
        {CLASS_INDEX_LARGE_POSITIVE, 16, 0, SPECIAL_CLASS_LARGE_POSITIVE, "LargePositiveInteger"},
        {CLASS_INDEX_FLOAT, 10, 0, SPECIAL_CLASS_FLOAT, "BoxedFloat64"},
        {CLASS_INDEX_MESSAGE, 1, 3, SPECIAL_CLASS_MESSAGE, "Message"},
        {CLASS_INDEX_CONTEXT, 3, 6, SPECIAL_CLASS_CONTEXT, "Context"},
        {CLASS_INDEX_BLOCK_CLOSURE, 3, 3, SPECIAL_CLASS_BLOCK_CLOSURE, "BlockClosure"},
        {CLASS_INDEX_FULL_BLOCK_CLOSURE, 3, 4, 0, "FullBlockClosure"},
        {CLASS_INDEX_BYTE_ARRAY, 16, 0, SPECIAL_CLASS_BYTE_ARRAY, "ByteArray"},
        {CLASS_INDEX_ARRAY, 2, 0, SPECIAL_CLASS_ARRAY, "Array"},
        {CLASS_INDEX_BYTE_STRING, 16, 0, SPECIAL_CLASS_BYTE_STRING, "ByteString"},
        {TINY_UNDEFINED, 0, 0, 0, "UndefinedObject"},
        {TINY_FALSE, 0, 0, 0, "False"},
        {TINY_TRUE, 0, 0, 0, "True"},
        {TINY_METACLASS, 1, 4, 0, "Metaclass"},
        {TINY_DICTIONARY, 3, 2, 0, "MethodDictionary"},
        {TINY_ASSOCIATION, 1, 2, 0, "Association"},
        {TINY_PROCESS, 1, 4, SPECIAL_CLASS_PROCESS, "Process"},
        {TINY_SCHEDULER, 1, 2, 0, "ProcessorScheduler"},
        {TINY_METHOD, 24, 0, SPECIAL_CLASS_COMPILED_METHOD, "CompiledMethod"},
        {TINY_BLOCK, 24, 0, 0, "CompiledBlock"},
        {TINY_SYMBOL, 16, 0, 0, "ByteSymbol"},
        {TINY_WEAK, 4, 0, 0, "WeakArray"},
        {TINY_EPHEMERON, 5, 2, 0, "Ephemeron"},
        {TINY_POINT, 1, 2, SPECIAL_CLASS_POINT, "Point"},
        {TINY_SEMAPHORE, 1, 3, SPECIAL_CLASS_SEMAPHORE, "Semaphore"},
        {TINY_OBJECT, 0, 0, 0, "Object"},
    };
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++) {
        oop class = new_class(t, list[i].index, list[i].spec, list[i].fixed, list[i].name);
        if (list[i].special != 0)
            tiny_put(t, t->special, list[i].special, class);
        if (list[i].index == CLASS_INDEX_ARRAY)
            t->array = class;
        if (list[i].index == TINY_METACLASS)
            t->metaclass = class;
        t->object_class = class; /* the last */
    }
    for (unsigned i = 0; i + 1 < sizeof list / sizeof list[0]; i++)
        tiny_put(t, tiny_words(t, t->page)[1 + list[i].index], CLASS_SUPERCLASS, t->object_class);
}

#define CODE_HEADER(literals, primitive, temps, args)                            \
    ((int64_t)(literals) | (int64_t)(primitive) << 16 | (int64_t)(temps) << 18 | \
     (int64_t)(args) << 24)
#define SISTA SMALLINT_MIN

static void new_code(struct tiny *t) {
    /* One argument, one more temporary:
     * [:x | x] with one copied value, dropped; self foo ifTrue: [Var] ifFalse: [^ self]. */
    static const uint8_t v3[] = {16,  0x8f, 0x11, 0,  2,   17,  125, 135,
                                 112, 0xd0, 153,  65, 124, 120, 112, 124};
    t->selector = text(t, TINY_SYMBOL, "foo");
    t->association = tiny_new(t, TINY_ASSOCIATION, FORMAT_FIXED, 2);
    tiny_put(t, t->association, 0, t->selector);
    tiny_put(t, t->association, 1, t->object_class);
    t->method = tiny_code(t, TINY_METHOD, CODE_HEADER(3, 0, 2, 1), v3, sizeof v3);
    tiny_put(t, t->method, 1, t->selector);
    tiny_put(t, t->method, 2, t->association);
    tiny_put(t, t->method, 3, t->association);
    static const uint8_t block[] = {64, 94};
    t->block = tiny_code(t, TINY_BLOCK, SISTA | CODE_HEADER(2, 0, 2, 1), block, sizeof block);
    /* <primitive: 60>, a full block with one copied value, a wide push, a loop that ends. */
    static const uint8_t sista[] = {248, 60, 0,   64, 249, 0,   1,   216, 225, 1,
                                    232, 5,  216, 77, 187, 225, 255, 237, 250, 88};
    t->sista_method =
        tiny_code(t, TINY_METHOD, SISTA | CODE_HEADER(3, 1, 1, 1), sista, sizeof sista);
    tiny_put(t, t->sista_method, 1, t->block);
    tiny_put(t, t->sista_method, 2, t->selector);
    tiny_put(t, t->sista_method, 3, t->association);
    tiny_put(t, t->block, 2, t->sista_method);
}

static void new_contexts(struct tiny *t) {
    t->context = tiny_new(t, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, CONTEXT_SMALL_SLOTS);
    tiny_put(t, t->context, CONTEXT_PC, smallint(4 * 8 + 1));
    tiny_put(t, t->context, CONTEXT_STACKP, smallint(2));
    tiny_put(t, t->context, CONTEXT_METHOD, t->method);
    for (unsigned i = 2; i < 16; i++) /* leftovers beyond the stack pointer */
        tiny_put(t, t->context, CONTEXT_FIXED + i, 0xdeadbeef0 + i);
    t->closure = tiny_new(t, CLASS_INDEX_BLOCK_CLOSURE, FORMAT_INDEXABLE, 4);
    tiny_put(t, t->closure, CLOSURE_OUTER_CONTEXT, t->context);
    tiny_put(t, t->closure, CLOSURE_START_PC, smallint(4 * 8 + 6));
    tiny_put(t, t->closure, CLOSURE_NUM_ARGS, smallint(1));
    t->full_closure = tiny_new(t, CLASS_INDEX_FULL_BLOCK_CLOSURE, FORMAT_INDEXABLE, 5);
    tiny_put(t, t->full_closure, FULL_CLOSURE_METHOD, t->block);
    tiny_put(t, t->full_closure, CLOSURE_NUM_ARGS, smallint(1));
    t->process = tiny_new(t, TINY_PROCESS, FORMAT_FIXED, 4);
    tiny_put(t, t->process, 1, t->context);
    tiny_put(t, t->process, 2, smallint(1));
    t->process_lists = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 80);
    t->scheduler = tiny_new(t, TINY_SCHEDULER, FORMAT_FIXED, 2);
    tiny_put(t, t->scheduler, 0, t->process_lists);
    tiny_put(t, t->scheduler, 1, t->process);
    oop association = tiny_new(t, TINY_ASSOCIATION, FORMAT_FIXED, 2);
    tiny_put(t, association, 1, t->scheduler);
    tiny_put(t, t->special, SPECIAL_SCHEDULER_ASSOCIATION, association);
}

static void new_others(struct tiny *t) {
    t->methods = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 4);
    t->dictionary = tiny_new(t, TINY_DICTIONARY, FORMAT_INDEXABLE, 6);
    tiny_put(t, t->dictionary, 0, smallint(1));
    tiny_put(t, t->dictionary, 1, t->methods);
    tiny_put(t, t->dictionary, 2, t->selector);
    tiny_put(t, t->methods, 0, t->method);
    tiny_put(t, t->object_class, CLASS_METHOD_DICT, t->dictionary);
    t->bytes = tiny_new(t, CLASS_INDEX_BYTE_ARRAY, FORMAT_BYTES + 3, 40);
    tiny_words(t, t->bytes)[0] |= HDR_PINNED | HDR_REMEMBERED | HDR_MARKED | HDR_GREY;
    t->string = text(t, CLASS_INDEX_BYTE_STRING, "a string that nobody may write to");
    tiny_words(t, t->string)[0] |= HDR_IMMUTABLE;
    t->weak = tiny_new(t, TINY_WEAK, FORMAT_WEAK, 3);
    t->ephemeron = tiny_new(t, TINY_EPHEMERON, FORMAT_EPHEMERON, 2);
    t->characters = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 300); /* with overflow word */
    tiny_put(t, t->characters, 0, character('x'));
    tiny_put(t, t->characters, 1, smallfloat(1.5));
    tiny_put(t, t->characters, 2, t->closure);
    tiny_put(t, t->characters, 3, t->full_closure);
    tiny_put(t, t->characters, 4, t->bytes);
    oop boxed = tiny_new(t, CLASS_INDEX_FLOAT, FORMAT_32, 1);
    tiny_put(t, t->characters, 5, boxed);
    tiny_new(t, CLASS_INDEX_BYTE_ARRAY, FORMAT_BYTES, 0);
    oop structure = tiny_new(t, 18, FORMAT_64, 32); /* some VM's remembered set */
    tiny_put(t, t->roots, CLASS_TABLE_ROOTS + 3, structure);
}

void tiny_standard(struct tiny *t, bool spread) {
    tiny_begin(t);
    t->special = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 60);
    tiny_put(t, t->special, SPECIAL_NIL, t->nil);
    tiny_put(t, t->special, SPECIAL_FALSE, t->false_);
    tiny_put(t, t->special, SPECIAL_TRUE, t->true_);
    if (spread)
        tiny_free_chunk(t, 300);
    new_classes(t);
    if (spread)
        tiny_split(t, 4096);
    new_code(t);
    if (spread)
        tiny_free_chunk(t, 0);
    new_contexts(t);
    if (spread)
        tiny_split(t, 0);
    new_others(t);
    static const uint8_t selectors[] = {SPECIAL_DOES_NOT_UNDERSTAND, SPECIAL_CANNOT_RETURN,
                                        SPECIAL_MUST_BE_BOOLEAN};
    for (unsigned i = 0; i < sizeof selectors; i++)
        tiny_put(t, t->special, selectors[i], t->selector);
    oop list = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 64);
    tiny_put(t, t->special, SPECIAL_SELECTORS, list);
    if (spread) {
        oop once = tiny_forwarder(t, t->string), twice = tiny_forwarder(t, once);
        tiny_put(t, t->characters, 6, twice);
        tiny_put(t, t->characters, 7, once);
        tiny_put(t, t->characters, 8, tiny_forwarder(t, smallint(42)));
    } else {
        tiny_put(t, t->characters, 6, t->string);
        tiny_put(t, t->characters, 7, t->string);
        tiny_put(t, t->characters, 8, smallint(42));
    }
}

uint8_t *tiny_finish(struct tiny *t, size_t *size) {
    word(t, make_header(0, FORMAT_64, CLASS_INDEX_BRIDGE) | HDR_PINNED | HDR_MARKED);
    word(t, 0);
    unsigned last = t->segments - 1;
    t->segment[last].size = t->used - t->segment[last].at;
    for (unsigned i = 0; i < last; i++)
        memcpy(t->data + t->segment[i + 1].at - 8, &t->segment[i + 1].size, 8);
    struct image_header h = {
        .format = t->format,
        .header_size = IMAGE_HEADER_BYTES,
        .data_size = t->used,
        .base = TINY_BASE,
        .special_objects = t->special,
        .last_hash = 12345,
        .flags = 2,
        .window_size = 640 << 16 | 480,
        .first_segment_size = t->segment[0].size,
        .free_old_space = 16,
        .eden_bytes = 1 << 20,
        .semaphores = 7,
        .unknown = 3,
    };
    uint8_t *file = malloc(IMAGE_HEADER_BYTES + t->used);
    if (file == NULL)
        abort();
    image_header_write(&h, file);
    memcpy(file + IMAGE_HEADER_BYTES, t->data, t->used);
    *size = IMAGE_HEADER_BYTES + t->used;
    return file;
}

void tiny_free(struct tiny *t) {
    free(t->data);
    t->data = NULL;
}
