/* rig.c - see rig.h. */
#include "rig.h"

#include <unistd.h>

const struct rig_kind rig_kinds[4] = {{false, false}, {true, false}, {false, true}, {true, true}};

int rig_setup(void **state) {
    const struct rig_kind *kind = *state;
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->sista = kind->sista;
    r->stress = kind->stress;
    r->max_bytes = UINT64_C(256) << 20;
    asm_open(&r->a, r->sista);
    *state = r;
    return 0;
}

int rig_teardown(void **state) {
    struct rig *r = *state;
    vm_close(r->vm);
    if (r->platform)
        hosted_close(r->platform);
    asm_close(&r->a);
    free(r);
    return 0;
}

void def(struct rig *r, const char *where, const char *source) {
    char class[40];
    const char *selector = strchr(where, ' ');
    assert_non_null(selector);
    snprintf(class, sizeof class, "%.*s", (int)(selector - where), where);
    asm_method(&r->a, class, selector + 1, source);
}

void def2(struct rig *r, const char *where, const char *v3, const char *sista) {
    def(r, where, r->sista ? sista : v3);
}

/* MOTE_TEST_IMAGES: a folder to keep the images in, for other tools. */
static void write_image(struct rig *r, char path[200]) {
    static unsigned serial;
    const char *keep = getenv("MOTE_TEST_IMAGES"), *folder = getenv("TMPDIR");
    size_t size;
    uint8_t *file = asm_finish(&r->a, &size);
    if (r->flags != 0) {
        struct image_header h;
        struct image_error e;
        assert_true(image_header_read(file, size, size, &h, &e));
        h.flags = r->flags;
        image_header_write(&h, file);
    }
    if (keep)
        snprintf(path, 200, "%s/%d-%u.image", keep, (int)getpid(), serial++);
    else
        snprintf(path, 200, "%s/mote-rig.%d.image", folder ? folder : "/tmp", (int)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fwrite(file, 1, size, f) == size && fclose(f) == 0);
    free(file);
}

void rig_open(struct rig *r) {
    char path[200], error[400] = "";
    write_image(r, path);
    struct hosted_config hosted = {0};
    r->platform = hosted_open(&hosted);
    assert_non_null(r->platform);
    struct vm_config config = {.max_bytes = r->max_bytes,
                               .eden_bytes = r->eden_bytes,
                               .gc_stress = r->stress,
                               .count_primitives = r->count_primitives};
    enum vm_outcome outcome = vm_open(&r->vm, r->platform, path, &config, error, sizeof error);
    if (!getenv("MOTE_TEST_IMAGES"))
        unlink(path);
    if (outcome != VM_OK)
        fail_msg("%s", error);
}

enum vm_outcome rig_run_ms(struct rig *r, unsigned milliseconds) {
    uint64_t deadline = platform_monotonic_ns(r->platform) + milliseconds * UINT64_C(1000000);
    return vm_run(r->vm, deadline, &r->status);
}

enum vm_outcome rig_run(struct rig *r) {
    if (!r->vm)
        rig_open(r);
    return rig_run_ms(r, 60000);
}

static oop element(struct rig *r, const struct asm_names *n, uint64_t special, const char *name) {
    oop array = follow(fetch_slot(r->vm->heap.special_objects, special));
    for (unsigned i = 0; i < n->count; i++)
        if (strcmp(n->list[i].text, name) == 0)
            return follow(fetch_slot(array, i));
    fail_msg("no %s in this image", name);
    return 0;
}

oop rig_global(struct rig *r, const char *name) {
    return follow(fetch_slot(element(r, &r->a.globals, ASM_SPECIAL_GLOBALS, name), 1));
}

oop rig_object(struct rig *r, const char *name) {
    return element(r, &r->a.objects, ASM_SPECIAL_OBJECTS, name);
}

/* ---- Printing -------------------------------------------------------------------------- */

struct printing {
    struct rig *r;
    char *at, *end;
    unsigned depth;
};

__attribute__((format(printf, 2, 3))) static void print(struct printing *p, const char *format,
                                                        ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(p->at, (size_t)(p->end - p->at), format, args);
    va_end(args);
    p->at = n < p->end - p->at ? p->at + n : p->end - 1;
}

static void print_object(struct printing *p, oop o);

static void print_text(struct printing *p, oop o) {
    print(p, "%.*s", (int)num_bytes(o), (const char *)object_bytes(o));
}

static void print_large(struct printing *p, oop o) {
    print(p, class_index_of(o) == CLASS_INDEX_LARGE_NEGATIVE ? "-L" : "L");
    uint64_t n = num_bytes(o);
    while (n > 1 && object_bytes(o)[n - 1] == 0)
        n--;
    while (n-- > 0)
        print(p, "%02x", object_bytes(o)[n]);
}

static void print_array(struct printing *p, oop o) {
    print(p, "(");
    for (uint64_t i = 0; i < num_slots(o) && p->depth < 4; i++) {
        if (i > 0)
            print(p, " ");
        p->depth++;
        print_object(p, follow(fetch_slot(o, i)));
        p->depth--;
    }
    print(p, ")");
}

static void print_instance(struct printing *p, oop o) {
    struct heap *h = &p->r->vm->heap;
    uint32_t index = class_index_of(o);
    double d;
    if (o == h->nil || o == h->true_ || o == h->false_) {
        print(p, "%s", o == h->nil ? "nil" : o == h->true_ ? "true" : "false");
    } else if (index == TINY_METACLASS) {
        print_text(p, follow(fetch_slot(o, 3)));
    } else if (index == CLASS_INDEX_ARRAY) {
        print_array(p, o);
    } else if (index == CLASS_INDEX_FLOAT) {
        memcpy(&d, object_bytes(o), sizeof d);
        print(p, "%.17g", d);
    } else if (index == CLASS_INDEX_LARGE_POSITIVE || index == CLASS_INDEX_LARGE_NEGATIVE) {
        print_large(p, o);
    } else if (index == TINY_SYMBOL || index == CLASS_INDEX_BYTE_STRING) {
        print(p, index == TINY_SYMBOL ? "#" : "'");
        print_text(p, o);
        if (index != TINY_SYMBOL)
            print(p, "'");
    } else {
        print(p, "a");
        print_text(p, follow(fetch_slot(follow(heap_class_of(h, o)), 3)));
    }
}

static void print_object(struct printing *p, oop o) {
    if (is_smallint(o))
        print(p, "%lld", (long long)smallint_value(o));
    else if (is_character(o))
        print(p, character_value(o) > 32 && character_value(o) < 127 ? "$%c" : "$<%u>",
              character_value(o));
    else if (is_smallfloat(o))
        print(p, "%.17g", smallfloat_value(o));
    else
        print_instance(p, o);
}

void rig_print(struct rig *r, oop o, char *text, size_t size) {
    struct printing p = {.r = r, .at = text, .end = text + size};
    print_object(&p, follow(o));
}

/* ---- Expectations ---------------------------------------------------------------------- */

static void put(void *arg, const char *text, size_t size) {
    (void)arg;
    fprintf(stderr, "%.*s", (int)size, text);
}

static void explain(struct rig *r, enum vm_outcome outcome) {
    fprintf(stderr, "outcome %d, status %d: %s\n", (int)outcome, r->status, vm_error(r->vm));
    oop caught = asm_names_find(&r->a.globals, "Caught") ? rig_global(r, "Caught") : 0;
    if (caught && is_object(caught) && num_slots(caught) == 3) {
        oop selector = follow(fetch_slot(caught, 0));
        fprintf(stderr, "not understood: %.*s\n", (int)num_bytes(selector),
                (const char *)object_bytes(selector));
    }
    vm_print_stack(r->vm, false, put, NULL);
}

void exits(struct rig *r, int status) {
    enum vm_outcome outcome = rig_run(r);
    if (outcome != VM_EXITED || r->status != status)
        explain(r, outcome);
    assert_int_equal(outcome, VM_EXITED);
    assert_int_equal(r->status, status);
}

void shows(struct rig *r, const char *text) {
    char printed[2000];
    exits(r, 0);
    rig_print(r, rig_global(r, "Answer"), printed, sizeof printed);
    assert_string_equal(printed, text);
}

void answers(struct rig *r, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    shows(r, text);
}

void notes(struct rig *r, int64_t digits) {
    exits(r, 0);
    assert_int_equal(smallint_value(rig_global(r, "Log")), digits);
}
