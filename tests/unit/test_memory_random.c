/*
 * A random mutator against a shadow model. Every node of the model has a tag, which the
 * heap object carries in slot 0 (or in its first bytes), and is compared with the heap
 * from the roots on after collections; the heap is verified as often.
 */
#include "memory_fixture.h"

#include <time.h>

enum { NODES = 6000, MAX_SLOTS_MODEL = 12, MODEL_ROOTS = 300 };
enum kind { FREE, POINTERS, BYTES, WEAK };

struct content { /* what become exchanges */
    enum kind kind;
    unsigned tag, slots;       /* slots: after the tag; of bytes: length */
    int slot[MAX_SLOTS_MODEL]; /* node, or -1 for nil, or -2 - n for the integer n */
};

struct node {
    struct content content;
    int alias;     /* replaced by another node (become forward), or -1 */
    uint32_t hash; /* 0: not asked for yet */
    bool pinned;
    oop seen; /* of the comparison that runs */
    unsigned round;
};

struct model {
    struct fixture *f;
    struct node nodes[NODES];
    int roots[MODEL_ROOTS];
    int queue[NODES];
    unsigned next_tag, round;
    uint64_t random;
};

static uint64_t next_random(struct model *m) {
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return m->random;
}

static unsigned pick(struct model *m, unsigned n) {
    return (unsigned)(next_random(m) >> 20) % n;
}

static int resolve(const struct model *m, int n) {
    while (n >= 0 && m->nodes[n].alias >= 0)
        n = m->nodes[n].alias;
    return n;
}

/* ---- Comparison ------------------------------------------------------------------------- */

static void compare_bytes(const struct content *c, oop o) {
    assert_int_equal(num_bytes(o), c->slots + 4);
    uint32_t tag;
    memcpy(&tag, object_bytes(o), 4);
    assert_int_equal(tag, c->tag);
    for (unsigned i = 0; i < c->slots; i++)
        assert_int_equal(object_bytes(o)[4 + i], (uint8_t)(c->tag + i));
}

/* Compare a value; a node that is new in this round is queued. */
static unsigned compare_value(struct model *m, int value, oop v, unsigned queued) {
    v = follow(v);
    if (value == -1) {
        assert_int_equal(v, m->f->heap.nil);
        return queued;
    }
    if (value < -1) {
        assert_int_equal(v, smallint(-2 - value));
        return queued;
    }
    struct node *n = &m->nodes[resolve(m, value)];
    assert_true(is_object(v));
    if (n->round == m->round) {
        assert_int_equal(v, n->seen);
        return queued;
    }
    if (n->pinned && n->seen != 0)
        assert_int_equal(v, n->seen);
    n->round = m->round;
    n->seen = v;
    m->queue[queued] = resolve(m, value);
    return queued + 1;
}

static unsigned compare_node(struct model *m, struct node *n, unsigned queued) {
    struct content *c = &n->content;
    oop o = n->seen;
    assert_int_equal(header_hash(header_of(o)), n->hash);
    if (c->kind == BYTES) {
        compare_bytes(c, o);
        return queued;
    }
    assert_int_equal(format_of(o), c->kind == WEAK ? FORMAT_WEAK : FORMAT_ARRAY);
    assert_int_equal(num_slots(o), c->slots + 1);
    assert_int_equal(fetch_slot(o, 0), smallint(c->tag));
    for (unsigned i = 0; i < c->slots; i++) {
        oop v = fetch_slot(o, 1 + i);
        if (c->kind == WEAK && v == m->f->heap.nil)
            c->slot[i] = -1;
        else
            queued = compare_value(m, c->slot[i], v, queued);
    }
    return queued;
}

/* Compare all that the roots reach; nodes that they do not reach are dropped. */
static void compare(struct model *m) {
    unsigned queued = 0;
    m->round++;
    for (unsigned i = 0; i < MODEL_ROOTS; i++)
        queued = compare_value(m, m->roots[i], m->f->roots[i], queued);
    for (unsigned i = 0; i < queued; i++)
        queued = compare_node(m, &m->nodes[m->queue[i]], queued);
    /* What is no longer reached may still be an alias on the way to what is. */
    for (int i = 0; i < NODES; i++) {
        int n = resolve(m, i);
        if (m->nodes[i].content.kind != FREE && m->nodes[n].round != m->round)
            m->nodes[i].content.kind = FREE;
    }
    for (int i = 0; i < NODES; i++) {
        if (m->nodes[i].content.kind == FREE)
            m->nodes[i] = (struct node){.alias = -1};
    }
}

/* ---- Operations ---------------------------------------------------------------------------- */

static int free_node(struct model *m) {
    unsigned start = pick(m, NODES);
    for (unsigned i = 0; i < NODES; i++) {
        unsigned n = (start + i) % NODES;
        if (m->nodes[n].content.kind == FREE && m->nodes[n].alias < 0)
            return (int)n;
    }
    return -1;
}

static unsigned root_with_node(struct model *m) {
    for (unsigned tries = 0; tries < 100; tries++) {
        unsigned r = pick(m, MODEL_ROOTS);
        if (m->roots[r] >= 0)
            return r;
    }
    return MODEL_ROOTS;
}

static struct node *root_node(struct model *m, unsigned r) {
    return &m->nodes[resolve(m, m->roots[r])];
}

static oop allocate_pointers(struct model *m, unsigned slots, bool weak) {
    struct heap *h = &m->f->heap;
    if (weak)
        return heap_new_pointers(h, slots + 1, FORMAT_WEAK, WEAK_INDEX);
    if (pick(m, 20) != 0)
        return heap_new_pointers(h, slots + 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    oop o = heap_allocate_old(h, slots + 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY, false);
    for (unsigned i = 0; o != 0 && i <= slots; i++)
        put_slot(o, i, h->nil);
    return o;
}

static void do_allocate(struct model *m) {
    int n = free_node(m);
    if (n < 0)
        return;
    struct content *c = &m->nodes[n].content;
    unsigned r = pick(m, MODEL_ROOTS);
    *c = (struct content){.tag = ++m->next_tag};
    oop o;
    if (pick(m, 4) == 0) {
        c->kind = BYTES;
        c->slots = pick(m, 8) == 0 ? 1000 + pick(m, 80000) : pick(m, 40);
        o = heap_new_bytes(&m->f->heap, c->slots + 4, CLASS_INDEX_BYTE_ARRAY);
        assert_int_not_equal(o, 0);
        uint32_t tag = c->tag;
        memcpy(object_bytes(o), &tag, 4);
        for (unsigned i = 0; i < c->slots; i++)
            object_bytes(o)[4 + i] = (uint8_t)(tag + i);
    } else {
        c->kind = pick(m, 8) == 0 ? WEAK : POINTERS;
        c->slots = pick(m, MAX_SLOTS_MODEL + 1);
        o = allocate_pointers(m, c->slots, c->kind == WEAK);
        assert_int_not_equal(o, 0);
        put_slot(o, 0, smallint(c->tag));
        for (unsigned i = 0; i < c->slots; i++)
            c->slot[i] = -1;
    }
    m->roots[r] = n;
    m->f->roots[r] = o;
}

static void do_store(struct model *m) {
    unsigned to = root_with_node(m), from = pick(m, MODEL_ROOTS);
    if (to == MODEL_ROOTS)
        return;
    struct content *c = &root_node(m, to)->content;
    if (c->kind == BYTES || c->slots == 0)
        return;
    unsigned i = pick(m, c->slots);
    oop o = follow(m->f->roots[to]);
    if (pick(m, 8) == 0) {
        c->slot[i] = -2 - (int)pick(m, 1000);
        heap_store(&m->f->heap, o, 1 + i, smallint(-2 - c->slot[i]));
    } else {
        c->slot[i] = m->roots[from];
        heap_store(&m->f->heap, o, 1 + i, m->f->roots[from]);
    }
}

static void do_load(struct model *m) {
    unsigned from = root_with_node(m), to = pick(m, MODEL_ROOTS);
    if (from == MODEL_ROOTS)
        return;
    struct content *c = &root_node(m, from)->content;
    if (c->kind == BYTES || c->slots == 0)
        return;
    unsigned i = pick(m, c->slots);
    oop v = follow(fetch_slot(follow(m->f->roots[from]), 1 + i));
    if (c->kind == WEAK && v == m->f->heap.nil)
        c->slot[i] = -1;
    m->roots[to] = c->slot[i];
    m->f->roots[to] = v;
}

static void do_drop(struct model *m) {
    unsigned r = pick(m, MODEL_ROOTS);
    m->roots[r] = -1;
    m->f->roots[r] = m->f->heap.nil;
}

static void do_hash(struct model *m) {
    unsigned r = root_with_node(m);
    if (r == MODEL_ROOTS)
        return;
    struct node *n = root_node(m, r);
    uint32_t hash = heap_identity_hash(&m->f->heap, follow(m->f->roots[r]));
    assert_true(n->hash == 0 || n->hash == hash);
    n->hash = hash;
}

static void do_pin(struct model *m) {
    unsigned r = root_with_node(m);
    if (r == MODEL_ROOTS)
        return;
    struct node *n = root_node(m, r);
    oop o = follow(m->f->roots[r]);
    if (n->pinned) {
        n->pinned = false;
        heap_unpin(&m->f->heap, o);
    } else {
        n->pinned = true;
        n->seen = heap_pin(&m->f->heap, o);
        assert_int_not_equal(n->seen, 0);
    }
}

static void do_clone(struct model *m) {
    unsigned from = root_with_node(m), to = pick(m, MODEL_ROOTS);
    int n = free_node(m);
    if (from == MODEL_ROOTS || n < 0)
        return;
    m->nodes[n].content = root_node(m, from)->content;
    m->f->roots[to] = heap_clone(&m->f->heap, follow(m->f->roots[from]));
    assert_int_not_equal(m->f->roots[to], 0);
    m->roots[to] = n;
    /* Weak slots that died since the last comparison died in the original, too. */
    struct content *c = &m->nodes[n].content;
    for (unsigned i = 0; c->kind == WEAK && i < c->slots; i++) {
        if (fetch_slot(m->f->roots[to], 1 + i) == m->f->heap.nil)
            c->slot[i] = -1;
    }
}

/* Become of up to three pairs of distinct nodes. */
static void do_become(struct model *m) {
    unsigned count = 1 + pick(m, 3), n = 0;
    int used[6];
    unsigned roots[6];
    while (n < 2 * count) {
        unsigned r = root_with_node(m);
        if (r == MODEL_ROOTS || root_node(m, r)->pinned)
            return;
        roots[n] = r;
        used[n] = resolve(m, m->roots[r]);
        for (unsigned i = 0; i < n; i++) {
            if (used[i] == used[n])
                return;
        }
        n++;
    }
    struct fixture *f = m->f;
    oop a = new_array(f, count), b = new_array(f, count);
    for (unsigned i = 0; i < count; i++) {
        heap_store(&f->heap, a, i, f->roots[roots[2 * i]]);
        heap_store(&f->heap, b, i, f->roots[roots[2 * i + 1]]);
    }
    bool two_way = pick(m, 2) == 0, copy_hash = pick(m, 2) == 0;
    assert_int_equal(heap_become(&f->heap, a, b, two_way, copy_hash), HEAP_OK);
    for (unsigned i = 0; i < count; i++) {
        struct node *x = &m->nodes[used[2 * i]], *y = &m->nodes[used[2 * i + 1]];
        if (two_way) {
            struct content c = x->content;
            x->content = y->content;
            y->content = c;
            uint32_t hash = x->hash;
            if (copy_hash) {
                x->hash = y->hash;
                y->hash = hash;
            }
        } else {
            if (copy_hash)
                y->hash = x->hash;
            x->alias = used[2 * i + 1];
        }
    }
}

static void do_collect(struct model *m) {
    struct heap *h = &m->f->heap;
    unsigned what = pick(m, 12);
    if (what < 8)
        heap_scavenge(h);
    else if (what < 9)
        heap_tenure_all(h);
    else
        heap_full_collect(h);
    verify(m->f);
    compare(m);
}

static void step(struct model *m) {
    unsigned what = pick(m, 200);
    if (what < 70)
        do_allocate(m);
    else if (what < 140)
        do_store(m);
    else if (what < 165)
        do_load(m);
    else if (what < 180)
        do_drop(m);
    else if (what < 186)
        do_hash(m);
    else if (what < 188)
        do_pin(m);
    else if (what < 192)
        do_clone(m);
    else if (what < 197)
        do_become(m);
    else if (m->f->heap.stress == 0)
        do_collect(m);
    if (m->f->heap.collect_wanted) {
        heap_collect(&m->f->heap);
        compare(m);
    }
}

static void run(uint64_t seed, uint64_t stress, unsigned steps) {
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->f = fixture_open_with((struct heap_config){.max_bytes = 64 * MIB, .stress = stress});
    m->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    if (seed % 3 == 0)
        m->f->heap.work->mark_limit = 20;
    m->f->heap.new_finalization = seed % 2 != 0;
    for (unsigned i = 0; i < NODES; i++)
        m->nodes[i].alias = -1;
    for (unsigned i = 0; i < MODEL_ROOTS; i++)
        m->roots[i] = -1;
    for (unsigned i = 0; i < steps; i++)
        step(m);
    heap_full_collect(&m->f->heap);
    verify(m->f);
    compare(m);
    assert_true(stress == 0 || steps < 20000 || m->f->heap.stats.compactions > 5);
    if (getenv("MOTE_TEST_SEEDS") != NULL)
        print_message("seed %llu: %llu bytes live, %llu scavenges, %llu full, %llu compactions\n",
                      (unsigned long long)seed, (unsigned long long)m->f->heap.old_used_bytes,
                      (unsigned long long)m->f->heap.stats.scavenges,
                      (unsigned long long)m->f->heap.stats.full_collections,
                      (unsigned long long)m->f->heap.stats.compactions);
    fixture_close(m->f);
    free(m);
}

/* MOTE_TEST_SEEDS=n runs n more seeds, from the clock. */
static void random_mutations_agree_with_a_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        run(seed, 0, 6000);
}

static void random_mutations_agree_with_a_model_under_stress(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(seed, 1, 1500);
    run(7, 10, 20000);
}

static void more_seeds_when_asked(void **state) {
    (void)state;
    const char *more = getenv("MOTE_TEST_SEEDS");
    uint64_t base = (uint64_t)time(NULL);
    for (int i = 0; more != NULL && i < atoi(more); i++) {
        run(base + (uint64_t)i, (uint64_t)i % 2, i % 2 != 0 ? 1500 : 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_mutations_agree_with_a_model),
        cmocka_unit_test(random_mutations_agree_with_a_model_under_stress),
        cmocka_unit_test(more_seeds_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
