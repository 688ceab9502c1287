/*
 * save.c - write a running heap in canonical form without touching it.
 *
 * The live objects slide together in the order of their addresses; nil, false,
 * true, free lists and hidden roots begin the permanent space. Their new
 * addresses come from a table over runs of addresses: a bit for each word that
 * stays, and the number of words before each 64 of them.
 *
 * Source: SpurMemoryManager>>snapshot order of first objects,
 * StackInterpreter>>writeImageFileIO.
 */
#include "image.h"
#include "bits.h"
#include "image_memory.h"
#include "report.h"
#include "writer.h"
#include "../memory/heap.h"

/* Objects this far apart belong to different runs, so that reserved but unused
 * address space costs no table. */
#define RUN_GAP (UINT64_C(1) << 20)

struct run {
    uintptr_t base, limit; /* addresses covered */
    uint64_t *kept;
    uint64_t *block_words; /* new word number of each 64 words' first */
};

struct save {
    struct heap *heap;
    struct run *runs; /* by address */
    uint64_t run_count, run_capacity;
    uint64_t words; /* written data, without the bridge */
    bool exhausted, damaged;
    oop bad; /* what was damaged */
    struct class_set classes;
    struct writer writer;
};

/* ---- The address table ------------------------------------------------------- */

static void note_extent(struct heap *h, oop object, void *arg) {
    (void)h;
    struct save *s = arg;
    uintptr_t start = object_start(object), end = object_end(object);
    if (s->run_count != 0) {
        struct run *last = &s->runs[s->run_count - 1];
        if (start < last->limit) {
            s->damaged = true;
            s->bad = object;
            return;
        }
        if (start - last->limit < RUN_GAP) {
            last->limit = end;
            return;
        }
    }
    if (s->run_count == s->run_capacity) {
        uint64_t capacity = s->run_capacity == 0 ? 16 : s->run_capacity * 2;
        void *p = image_reallocate(s->runs, capacity * sizeof *s->runs);
        if (p == NULL) {
            s->exhausted = true;
            return;
        }
        s->runs = p;
        s->run_capacity = capacity;
    }
    s->runs[s->run_count++] = (struct run){.base = start, .limit = end};
}

static struct run *find_run(const struct save *s, uintptr_t address) {
    uint64_t low = 0, high = s->run_count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (address >= s->runs[middle].base)
            low = middle;
        else
            high = middle;
    }
    if (s->run_count == 0 || address < s->runs[low].base || address >= s->runs[low].limit)
        return NULL;
    return &s->runs[low];
}

/* The index, and the one that the class at it has now. */
static void note_class(struct heap *h, struct class_set *classes, oop object) {
    uint32_t index = class_index_of(object);
    oop class = heap_class_at(h, index);
    class_set_add(classes, index);
    if (is_object(class))
        class_set_add(classes, header_hash(header_of(follow(class))));
}

static void note_words(struct heap *h, oop object, void *arg) {
    struct save *s = arg;
    note_class(h, &s->classes, object);
    struct run *run = find_run(s, object_start(object));
    if (run == NULL)
        return;
    uint64_t slots = num_slots(object), header = (object - run->base) / 8;
    bits_set(run->kept, header, header + 1 + (slots == 0 ? 1 : slots));
    if (slots >= HDR_OVERFLOW_SLOTS)
        bit_set(run->kept, header - 1);
}

static void number_runs(struct save *s) {
    for (uint64_t i = 0; i < s->run_count; i++) {
        struct run *run = &s->runs[i];
        uint64_t blocks = (run->limit - run->base) / 8 / 64 + 1;
        for (uint64_t b = 0; b < blocks; b++) {
            run->block_words[b] = s->words;
            s->words += (uint64_t)__builtin_popcountll(run->kept[b]);
        }
    }
}

static bool build_table(struct save *s) {
    heap_each_live_object(s->heap, note_extent, s);
    for (uint64_t i = 0; i < s->run_count && !s->exhausted; i++) {
        struct run *run = &s->runs[i];
        uint64_t blocks = (run->limit - run->base) / 8 / 64 + 1;
        run->kept = image_allocate(blocks, 8);
        run->block_words = image_allocate(blocks, 8);
        s->exhausted = run->kept == NULL || run->block_words == NULL;
    }
    if (s->exhausted || s->damaged)
        return false;
    heap_each_live_object(s->heap, note_words, s);
    number_runs(s);
    return true;
}

static void free_table(struct save *s) {
    for (uint64_t i = 0; i < s->run_count; i++) {
        image_release(s->runs[i].kept);
        image_release(s->runs[i].block_words);
    }
    image_release(s->runs);
}

/* ---- Writing ------------------------------------------------------------------ */

static oop new_address(struct save *s, oop o) {
    if (is_immediate(o))
        return o;
    const struct run *run = find_run(s, o);
    if (run != NULL && s->heap->forwarders_exist) {
        o = follow(o);
        if (is_immediate(o))
            return o;
        run = find_run(s, o);
    }
    uint64_t word = run == NULL ? 0 : (o - run->base) / 8;
    if (run == NULL || o % 8 != 0 || !bit_test(run->kept, word)) {
        s->damaged = true;
        s->bad = o;
        return HEAP_IMAGE_BASE;
    }
    return HEAP_IMAGE_BASE +
           (run->block_words[word / 64] +
            (uint64_t)__builtin_popcountll(run->kept[word / 64] & bits_below(word))) *
               8;
}

static void write_slots(struct save *s, oop object, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++)
        writer_word(&s->writer, new_address(s, fetch_slot(object, i)));
}

static void fill(struct save *s, oop value, uint64_t count) {
    while (count-- > 0)
        writer_word(&s->writer, value);
}

/* Leftovers beyond the stack pointer are not oops; neither is the sender of a
 * context whose frame is gone. */
static void write_context(struct save *s, oop context, uint64_t slots) {
    oop stackp = fetch_slot(context, CONTEXT_STACKP);
    uint64_t from = 0, live = CONTEXT_FIXED;
    if (is_smallint(stackp) && smallint_value(stackp) > 0)
        live += (uint64_t)smallint_value(stackp);
    if (live > slots)
        live = slots;
    if (is_smallint(fetch_slot(context, CONTEXT_SENDER))) {
        fill(s, HEAP_IMAGE_BASE, 2);
        from = CONTEXT_STACKP;
    }
    write_slots(s, context, from, live);
    fill(s, HEAP_IMAGE_BASE, slots - live);
}

static uint64_t pointer_slots(oop object, unsigned format, uint64_t slots) {
    if (is_pointers_format(format))
        return slots;
    if (!is_method_format(format))
        return 0;
    uint64_t literals = 1 + (uint64_t)method_header_literals(method_header(object));
    return literals < slots ? literals : slots;
}

static void write_object(struct heap *h, oop object, void *arg) {
    struct save *s = arg;
    if (s->writer.failed)
        return;
    uint64_t header = header_of(object), slots = num_slots(object);
    writer_object(&s->writer, header, slots);
    uint32_t class_index = header_class(header);
    if (object == h->hidden_roots) {
        write_slots(s, object, 0, CLASS_TABLE_ROOTS);
        fill(s, HEAP_IMAGE_BASE, slots - CLASS_TABLE_ROOTS);
    } else if (class_index == CLASS_INDEX_CONTEXT && slots >= CONTEXT_FIXED) {
        write_context(s, object, slots);
    } else if (object_start(object) == object_end(h->true_)) { /* the free lists */
        fill(s, 0, slots);
    } else {
        uint64_t pointers = pointer_slots(object, header_format(header), slots);
        write_slots(s, object, 0, pointers);
        writer_put(&s->writer, object_bytes(object) + pointers * 8, (slots - pointers) * 8);
    }
    if (slots == 0)
        writer_word(&s->writer, 0);
}

static bool write_all(struct save *s, const struct image_header *h, struct image_error *error) {
    struct image_header header = *h;
    header.header_size = IMAGE_CANONICAL_HEADER;
    header.data_size = header.first_segment_size = s->words * 8 + IMAGE_BRIDGE_BYTES;
    header.base = HEAP_IMAGE_BASE;
    header.special_objects = new_address(s, s->heap->special_objects);
    header.free_old_space = 0;
    if (new_address(s, s->heap->nil) != HEAP_IMAGE_BASE)
        return image_fail(error, IMAGE_NO_OFFSET, "save: nil is not the first object");
    writer_header(&s->writer, &header, &s->classes);
    heap_each_live_object(s->heap, write_object, s);
    writer_bridge(&s->writer);
    if (s->damaged)
        return image_fail(error, IMAGE_NO_OFFSET,
                          "save: 0x%llx is referred to but is no live object",
                          (unsigned long long)s->bad);
    writer_flush(&s->writer);
    if (s->writer.failed)
        return image_fail(error, IMAGE_NO_OFFSET, "save: the image file cannot be written");
    if (s->writer.total != IMAGE_CANONICAL_HEADER + header.data_size)
        return image_fail(error, IMAGE_NO_OFFSET, "save: the heap changed while it was written");
    return true;
}

bool image_write_heap(struct heap *heap, const struct image_header *h, image_write_fn *write,
                      void *arg, struct image_error *error) {
    struct save s = {.heap = heap};
    bool done = false;
    if (!build_table(&s))
        image_fail(error, IMAGE_NO_OFFSET,
                   s.damaged ? "save: object 0x%llx overlaps the one before it"
                             : "save: no memory for the address table",
                   (unsigned long long)s.bad);
    else if (!writer_open(&s.writer, write, arg))
        image_fail(error, IMAGE_NO_OFFSET, "save: no memory for the output buffer");
    else
        done = write_all(&s, h, error);
    writer_close(&s.writer);
    free_table(&s);
    return done;
}
