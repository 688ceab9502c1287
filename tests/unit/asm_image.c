/* asm_image.c - see asm_image.h. */
#include "asm_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- Names --------------------------------------------------------------------- */

oop asm_names_find(const struct asm_names *n, const char *text) {
    for (unsigned i = 0; i < n->count; i++)
        if (strcmp(n->list[i].text, text) == 0)
            return n->list[i].oop;
    return 0;
}

void asm_names_add(struct asm_names *n, const char *text, oop o) {
    assert_true(n->count < ASM_NAMES && strlen(text) < sizeof n->list[0].text);
    snprintf(n->list[n->count].text, sizeof n->list[0].text, "%s", text);
    n->list[n->count++].oop = o;
}

static oop must_find(const struct asm_names *n, const char *text) {
    oop o = asm_names_find(n, text);
    if (o == 0)
        fail_msg("no %s in this image", text);
    return o;
}

oop asm_class(struct asm_image *a, const char *name) {
    return must_find(&a->classes, name);
}

oop asm_object(struct asm_image *a, const char *name) {
    return must_find(&a->objects, name);
}

void asm_name(struct asm_image *a, const char *name, oop o) {
    asm_names_add(&a->objects, name, o);
}

static uint32_t class_index(struct asm_image *a, const char *class) {
    return header_hash(tiny_words(&a->t, asm_class(a, class))[0]);
}

oop asm_bytes(struct asm_image *a, const char *class, const void *data, size_t size) {
    uint64_t slots = (size + 7) / 8;
    oop o =
        tiny_new(&a->t, class_index(a, class), FORMAT_BYTES + (unsigned)(slots * 8 - size), slots);
    memcpy(tiny_words(&a->t, o) + 1, data, size);
    return o;
}

oop asm_symbol(struct asm_image *a, const char *name) {
    oop o = asm_names_find(&a->symbols, name);
    if (o != 0)
        return o;
    o = asm_bytes(a, "ByteSymbol", name, strlen(name));
    a->next_hash += 7; /* collide now and then */
    tiny_words(&a->t, o)[0] |= (uint64_t)a->next_hash << HDR_HASH_SHIFT;
    asm_names_add(&a->symbols, name, o);
    return o;
}

oop asm_global(struct asm_image *a, const char *name) {
    oop o = asm_names_find(&a->globals, name);
    if (o != 0)
        return o;
    o = tiny_new(&a->t, TINY_ASSOCIATION, FORMAT_FIXED, 2);
    tiny_put(&a->t, o, 0, asm_symbol(a, name));
    asm_names_add(&a->globals, name, o);
    return o;
}

oop asm_float(struct asm_image *a, double d) {
    oop o = tiny_new(&a->t, CLASS_INDEX_FLOAT, FORMAT_32, 1);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    tiny_put(&a->t, o, 0, bits);
    return o;
}

void asm_immutable(struct asm_image *a, oop o) {
    tiny_words(&a->t, o)[0] |= HDR_IMMUTABLE;
}

/* ---- Classes and instances ---------------------------------------------------------- */

oop asm_new_class(struct asm_image *a, const char *name, const char *superclass, unsigned spec,
                  unsigned fixed) {
    struct tiny *t = &a->t;
    oop symbol = asm_symbol(a, name), o = tiny_new(t, TINY_METACLASS, FORMAT_FIXED, 4);
    tiny_put(t, o, CLASS_SUPERCLASS, asm_class(a, superclass));
    tiny_put(t, o, CLASS_FORMAT, smallint((int64_t)(spec << 16 | fixed)));
    tiny_put(t, o, 3, symbol);
    tiny_words(t, o)[0] |= (uint64_t)a->next_class << HDR_HASH_SHIFT;
    tiny_put(t, t->page, a->next_class++, o);
    asm_names_add(&a->classes, name, o);
    return o;
}

oop asm_new(struct asm_image *a, const char *name, const char *class, uint64_t slots) {
    int64_t format = smallint_value(tiny_words(&a->t, asm_class(a, class))[1 + CLASS_FORMAT]);
    oop o = tiny_new(&a->t, class_index(a, class), class_format_spec(format),
                     class_format_fixed(format) + slots);
    if (name != NULL)
        asm_name(a, name, o);
    return o;
}

/* The classes of tiny_image.c are found by the names in their fourth slot. */
static void adopt_classes(struct asm_image *a) {
    struct tiny *t = &a->t;
    for (uint32_t i = 0; i < ASM_FIRST_CLASS; i++) {
        oop class = tiny_words(t, t->page)[1 + i];
        if (class == t->nil)
            continue;
        char text[40] = "";
        oop name = tiny_words(t, class)[1 + 3];
        uint64_t *words = tiny_words(t, name);
        size_t size = header_slots(words[0]) * 8 - (header_format(words[0]) & 7);
        memcpy(text, words + 1, size);
        asm_names_add(&a->classes, text, class);
    }
}

/* ---- Methods and their dictionaries --------------------------------------------------- */

void asm_install(struct asm_image *a, const char *class, const char *selector, oop method) {
    oop c = asm_class(a, class), s = asm_symbol(a, selector);
    unsigned i = 0;
    while (i < a->method_count && (a->methods[i].class != c || a->methods[i].selector != s))
        i++;
    assert_true(i < ASM_METHODS);
    a->methods[i].class = c;
    a->methods[i].selector = s;
    a->methods[i].method = method;
    if (i == a->method_count)
        a->method_count++;
}

oop asm_method(struct asm_image *a, const char *class, const char *selector, const char *source) {
    oop method = asm_code(a, class, selector, source);
    asm_install(a, class, selector, method);
    return method;
}

static void make_dictionary(struct asm_image *a, oop class) {
    struct tiny *t = &a->t;
    uint64_t tally = 0, size = 4;
    for (unsigned i = 0; i < a->method_count; i++)
        tally += a->methods[i].class == class;
    while (size < tally + tally / 4 + 1)
        size *= 2;
    oop methods = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, size);
    oop dictionary = tiny_new(t, TINY_DICTIONARY, FORMAT_INDEXABLE, 2 + size);
    tiny_put(t, dictionary, 0, smallint((int64_t)tally));
    tiny_put(t, dictionary, 1, methods);
    for (unsigned i = 0; i < a->method_count; i++) {
        if (a->methods[i].class != class)
            continue;
        uint64_t at = header_hash(tiny_words(t, a->methods[i].selector)[0]);
        while (tiny_words(t, dictionary)[1 + 2 + (at & (size - 1))] != t->nil)
            at++;
        tiny_put(t, dictionary, 2 + (at & (size - 1)), a->methods[i].selector);
        tiny_put(t, methods, at & (size - 1), a->methods[i].method);
    }
    tiny_put(t, class, CLASS_METHOD_DICT, dictionary);
}

/* ---- What every image has ---------------------------------------------------------------- */

static const char *const special_selectors[32] = {
    "+",   "-",       "<",      ">",    "<=",        ">=",    "=",       "~=",
    "*",   "/",       "\\\\",   "@",    "bitShift:", "//",    "bitAnd:", "bitOr:",
    "at:", "at:put:", "size",   "next", "nextPut:",  "atEnd", "==",      "class",
    "~~",  "value",   "value:", "do:",  "new",       "new:",  "x",       "y"};

int asm_special(const char *selector) {
    for (int i = 0; i < 32; i++)
        if (strcmp(special_selectors[i], selector) == 0)
            return i;
    return -1;
}

static void fill_special_objects(struct asm_image *a) {
    static const struct {
        uint8_t index;
        const char *selector;
    } list[] = {{SPECIAL_DOES_NOT_UNDERSTAND, "doesNotUnderstand:"},
                {SPECIAL_CANNOT_RETURN, "cannotReturn:"},
                {SPECIAL_MUST_BE_BOOLEAN, "mustBeBoolean"},
                {SPECIAL_CANNOT_INTERPRET, "cannotInterpret:"},
                {SPECIAL_ABOUT_TO_RETURN, "aboutToReturn:through:"},
                {SPECIAL_RUN_WITH_IN, "run:with:in:"},
                {SPECIAL_ATTEMPT_TO_ASSIGN, "attemptToAssign:withIndex:"},
                {SPECIAL_UNKNOWN_BYTECODE, "unusedBytecode"},
                {SPECIAL_SISTA_TRAP, "trapTripped"}};
    struct tiny *t = &a->t;
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)
        tiny_put(t, t->special, list[i].index, asm_symbol(a, list[i].selector));
    oop selectors = tiny_words(t, t->special)[1 + SPECIAL_SELECTORS];
    for (unsigned i = 0; i < 32; i++) {
        tiny_put(t, selectors, 2 * i, asm_symbol(a, special_selectors[i]));
        tiny_put(t, selectors, 2 * i + 1, smallint(asm_arguments(special_selectors[i])));
    }
    tiny_put(t, t->special, SPECIAL_CLASS_MUTEX, asm_class(a, "Mutex"));
    static const char *const errors[] = {"generic failure", "bad receiver", "bad argument",
                                         "bad index", "bad number of arguments"};
    oop table = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 5);
    for (unsigned i = 0; i < 5; i++)
        tiny_put(t, table, i, asm_symbol(a, errors[i]));
    tiny_put(t, t->special, SPECIAL_PRIM_ERROR_TABLE, table);
}

static void add_methods(struct asm_image *a) {
    static const char *const list[][3] = {
        {"Test", "main", "self send run popVar Answer self int 0 send quit: returnSelf"},
        {"Object", "quit:", "primitive 113 returnSelf"},
        {"Object", "note:", "var Log int 10 send * temp 0 send + popVar Log returnSelf"},
        {"Object", "class", "primitive 111 returnSelf"},
        {"Object", "at:", "primitive 60 self int 241 send quit: returnSelf"},
        {"Object", "at:put:", "primitive 61 self int 242 send quit: returnSelf"},
        {"Object", "size", "primitive 62 self int 243 send quit: returnSelf"},
        {"Object", "instVarAt:", "primitive 73 self int 244 send quit: returnSelf"},
        {"Object", "instVarAt:put:", "primitive 74 self int 245 send quit: returnSelf"},
        {"Object", "collect", "primitive 130 returnSelf"},
        {"Object", "scavenge", "primitive 131 returnSelf"},
        {"Metaclass", "new", "primitive 70 self int 246 send quit: returnSelf"},
        {"Metaclass", "new:", "primitive 71 self int 247 send quit: returnSelf"},
        {"Array", "elementsForwardIdentityTo:", "primitive 72 self int 248 send quit: returnSelf"},
        {"Array",
         "elementsExchangeIdentityWith:", "primitive 128 self int 249 send quit: returnSelf"},
        /* What a test does not expect ends it with a status of its own. */
        {"Object", "doesNotUnderstand:", "temp 0 popVar Caught self int 201 send quit: returnSelf"},
        {"Object", "mustBeBoolean", "self int 202 send quit: returnSelf"},
        {"Object", "cannotReturn:", "self int 203 send quit: returnSelf"},
        {"Object", "cannotInterpret:", "self int 204 send quit: returnSelf"},
        {"Object", "aboutToReturn:through:", "self int 205 send quit: returnSelf"},
        {"Object", "run:with:in:", "self int 206 send quit: returnSelf"},
        {"Object", "attemptToAssign:withIndex:", "self int 207 send quit: returnSelf"},
        {"Object", "unusedBytecode", "self int 208 send quit: returnSelf"},
        {"Object", "trapTripped", "self int 209 send quit: returnSelf"},
        {"BlockClosure", "value", "primitive 201 self int 250 send quit: returnSelf"},
        {"BlockClosure", "value:", "primitive 202 self int 250 send quit: returnSelf"},
        {"BlockClosure", "value:value:", "primitive 203 self int 250 send quit: returnSelf"},
        {"BlockClosure", "valueWithArguments:", "primitive 206 self int 250 send quit: returnSelf"},
        {"BlockClosure", "valueNoContextSwitch",
         "primitive 221 self int 250 send quit: returnSelf"},
        {"FullBlockClosure", "value", "primitive 207 self int 250 send quit: returnSelf"},
        {"FullBlockClosure", "value:", "primitive 207 self int 250 send quit: returnSelf"},
        {"FullBlockClosure", "value:value:", "primitive 207 self int 250 send quit: returnSelf"},
        {"FullBlockClosure",
         "valueWithArguments:", "primitive 208 self int 250 send quit: returnSelf"},
        {"FullBlockClosure", "valueNoContextSwitch",
         "primitive 209 self int 250 send quit: returnSelf"},
        /* ensure: as Pharo has it; temporaries: block, complete, value. */
        {"BlockClosure", "ensure:",
         "primitive 198 temps 2 self send valueNoContextSwitch popTemp 2 "
         "temp 1 nil send == jumpFalse done true popTemp 1 temp 0 send value pop "
         "done: temp 2 return"},
        {"Context", "sender", "ivarX 0 return"},
        {"Context", "pc", "ivarX 1 return"},
        {"Context", "stackp", "ivarX 2 return"},
        {"Context", "method", "ivarX 3 return"},
        {"Context", "closure", "ivarX 4 return"},
        {"Context", "receiver", "ivarX 5 return"},
        {"Context", "tempAt:", "primitive 210 self int 251 send quit: returnSelf"},
        {"Context", "tempAt:put:", "primitive 211 self int 252 send quit: returnSelf"},
        {"Context", "basicSize", "primitive 212 self int 253 send quit: returnSelf"},
        {"Context", "terminateTo:", "primitive 196 self int 254 send quit: returnSelf"},
        {"Context",
         "findNextUnwindContextUpTo:", "primitive 195 self int 232 send quit: returnSelf"},
        {"Context", "findNextHandlerContext", "primitive 197 self int 231 send quit: returnSelf"},
        {"Semaphore", "signal", "primitive 85 self int 233 send quit: returnSelf"},
        {"Semaphore", "wait", "primitive 86 self int 234 send quit: returnSelf"},
        {"Process", "resume", "primitive 87 self int 235 send quit: returnSelf"},
        {"Process", "suspend", "primitive 88 self int 236 send quit: returnSelf"},
        {"ProcessorScheduler", "yield", "primitive 167 self int 237 send quit: returnSelf"},
    };
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)
        asm_method(a, list[i][0], list[i][1], list[i][2]);
    const char *const *ensure = list[0];
    while (strcmp(ensure[1], "ensure:") != 0)
        ensure += 3;
    asm_method(a, "FullBlockClosure", "ensure:", ensure[2]);
}

/* ---- Processes ------------------------------------------------------------------------------ */

static void fill_context(struct asm_image *a, oop context, const char *selector) {
    struct tiny *t = &a->t;
    oop method = 0, symbol = asm_symbol(a, selector);
    for (unsigned i = 0; i < a->method_count; i++)
        if (a->methods[i].selector == symbol && a->methods[i].class == asm_class(a, "Test"))
            method = a->methods[i].method;
    assert_true(method != 0);
    int64_t header = smallint_value(tiny_words(t, method)[1]);
    int64_t pc = (1 + (int64_t)method_header_literals(header)) * 8 + 1;
    for (unsigned i = 0; i < CONTEXT_SMALL_SLOTS; i++)
        tiny_put(t, context, i, t->nil);
    tiny_put(t, context, CONTEXT_PC, smallint(pc));
    tiny_put(t, context, CONTEXT_STACKP, smallint(method_header_temps(header)));
    tiny_put(t, context, CONTEXT_METHOD, method);
    tiny_put(t, context, CONTEXT_RECEIVER, a->test);
}

static oop new_context(struct asm_image *a, const char *selector) {
    oop context = tiny_new(&a->t, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, CONTEXT_SMALL_SLOTS);
    unsigned i = a->context_count++;
    assert_true(i < sizeof a->contexts / sizeof a->contexts[0]);
    a->contexts[i].context = context;
    snprintf(a->contexts[i].selector, sizeof a->contexts[i].selector, "%s", selector);
    return context;
}

oop asm_process(struct asm_image *a, const char *name, const char *selector, int priority) {
    oop context = new_context(a, selector), process = asm_new(a, name, "Process", 0);
    tiny_put(&a->t, process, 1, context);
    tiny_put(&a->t, process, 2, smallint(priority));
    return process;
}

void asm_open(struct asm_image *a, bool sista) {
    memset(a, 0, sizeof *a);
    struct tiny *t = &a->t;
    tiny_standard(t, false);
    a->sista = sista;
    a->next_class = ASM_FIRST_CLASS;
    adopt_classes(a);
    asm_new_class(a, "Mutex", "Object", FORMAT_FIXED, 3);
    asm_new_class(a, "LinkedList", "Object", FORMAT_FIXED, 2);
    asm_new_class(a, "Test", "Object", FORMAT_FIXED, 4);
    tiny_put(t, t->object_class, CLASS_SUPERCLASS, t->nil);
    for (unsigned i = 0; i < 80; i++)
        tiny_put(t, t->process_lists, i, asm_new(a, NULL, "LinkedList", 0));
    fill_special_objects(a);
    add_methods(a);
    tiny_put(t, asm_global(a, "Log"), 1, smallint(0));
    a->test = asm_new(a, "test", "Test", 0);
    tiny_put(t, t->process, 1, new_context(a, "main"));
    tiny_put(t, t->process, 2, smallint(40));
    asm_name(a, "main", t->process);
    asm_name(a, "scheduler", t->scheduler);
}

static oop array_of(struct tiny *t, const struct asm_names *n) {
    oop o = tiny_new(t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, n->count);
    for (unsigned i = 0; i < n->count; i++)
        tiny_put(t, o, i, n->list[i].oop);
    return o;
}

uint8_t *asm_finish(struct asm_image *a, size_t *size) {
    struct tiny *t = &a->t;
    for (unsigned i = 0; i < a->context_count; i++)
        fill_context(a, a->contexts[i].context, a->contexts[i].selector);
    for (unsigned i = 0; i < a->classes.count; i++)
        make_dictionary(a, a->classes.list[i].oop);
    tiny_put(t, t->special, ASM_SPECIAL_GLOBALS, array_of(t, &a->globals));
    tiny_put(t, t->special, ASM_SPECIAL_OBJECTS, array_of(t, &a->objects));
    return tiny_finish(t, size);
}

void asm_close(struct asm_image *a) {
    tiny_free(&a->t);
}
