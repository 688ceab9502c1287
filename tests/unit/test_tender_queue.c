/* The device's side of a virtqueue against a mote that lies: every bad index and
 * descriptor ends in one report and the end, nothing is read or written outside. */
#include "tender_fixture.h"

#include "../../host/tender/devices.h"

#include <fcntl.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/uio.h>

enum { SIZE = 8, AT = MOTE_RINGS };

struct ring {
    struct rig_tender r;
    struct mote_device device;
    struct queue q;
    struct vring_desc *desc;
    uint16_t *avail, *used;
    struct chain chain;
};

/* The report of a broken ring goes to a standard error that is elsewhere. */
static int saved_stderr = -1;

static int hush(void **state) {
    (void)state;
    saved_stderr = dup(2);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    close(null);
    return 0;
}

static int unhush(void **state) {
    (void)state;
    dup2(saved_stderr, 2);
    close(saved_stderr);
    return 0;
}

static void ring_open(struct ring *x, bool fills) {
    memset(x, 0, sizeof *x);
    rig_open(&x->r);
    queue_place(&x->q, &x->r.t, "test queue", fills, SIZE, AT, &x->device, 0);
    x->desc = (struct vring_desc *)(void *)(x->r.t.low + x->device.queue[0].desc);
    x->avail = (uint16_t *)(void *)(x->r.t.low + x->device.queue[0].avail);
    x->used = (uint16_t *)(void *)(x->r.t.low + x->device.queue[0].used);
}

static void set(struct ring *x, unsigned i, uint64_t address, uint32_t bytes, uint16_t flags,
                uint16_t next) {
    x->desc[i] = (struct vring_desc){address, bytes, flags, next};
}

static void offer(struct ring *x, uint16_t head) {
    x->avail[2 + x->avail[1] % SIZE] = head;
    x->avail[1]++;
}

static bool take(struct ring *x) {
    return queue_take(&x->q, &x->chain);
}

static void is_broken(struct ring *x) {
    assert_false(take(x));
    assert_true(x->r.t.ended);
    assert_int_equal(x->r.t.status, 70);
    rig_close(&x->r);
}

static void a_chain_is_taken_and_returned(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    assert_false(take(&x));
    set(&x, 3, DATA, 10, VRING_DESC_F_NEXT, 5);
    set(&x, 5, DATA + 100, 0, VRING_DESC_F_NEXT, 0);
    set(&x, 0, DATA + 200, 20, 0, 0);
    offer(&x, 3);
    assert_true(queue_ready(&x.q));
    assert_true(take(&x));
    assert_int_equal(x.chain.count, 2); /* empty ones are left out */
    assert_int_equal(x.chain.bytes, 30);
    assert_ptr_equal(x.chain.iov[1].iov_base, x.r.t.low + DATA + 200);
    queue_return(&x.q, x.chain.head, 0);
    assert_int_equal(x.used[1], 1);
    assert_int_equal(*(uint32_t *)(void *)(x.used + 2), 3);
    assert_false(take(&x));
    assert_false(x.r.t.ended);
    rig_close(&x.r);
}

static void indexes_wrap(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    set(&x, 1, DATA, 1, 0, 0);
    for (unsigned i = 0; i < 70000; i++) {
        offer(&x, 1);
        assert_true(take(&x));
        queue_return(&x.q, x.chain.head, 0);
        assert_int_equal(x.used[1], (uint16_t)(i + 1));
    }
    rig_close(&x.r);
}

/* 2.7.10: a notification when the used index passes used_event. */
static void notifies_when_the_event_index_is_passed(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    x.avail[2 + SIZE] = 2;
    assert_false(queue_return(&x.q, 0, 0));
    assert_false(queue_return(&x.q, 0, 0));
    assert_true(queue_return(&x.q, 0, 0));
    assert_false(queue_return(&x.q, 0, 0));
    rig_close(&x.r);
}

static void asks_for_a_doorbell_at_the_next_chain(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    set(&x, 1, DATA, 1, 0, 0);
    offer(&x, 1);
    assert_true(queue_rest(&x.q));
    assert_true(take(&x));
    assert_false(queue_rest(&x.q));
    assert_int_equal(x.used[2 + 4 * SIZE], 1); /* avail_event */
    rig_close(&x.r);
}

static void available_index_that_jumps(void **state) {
    (void)state;
    static const uint16_t jumps[] = {SIZE + 1, 100, 0x8000, 0xffff};
    for (unsigned i = 0; i < 4; i++) {
        struct ring x;
        ring_open(&x, false);
        x.avail[1] = jumps[i];
        is_broken(&x);
    }
}

static void more_than_were_returned(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    set(&x, 0, DATA, 1, 0, 0);
    for (unsigned i = 0; i < SIZE; i++)
        offer(&x, 0);
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(take(&x));
    offer(&x, 0);
    is_broken(&x);
}

static void heads_and_links_outside_the_table(void **state) {
    (void)state;
    static const uint16_t bad[] = {SIZE, 255, 0x8000, 0xffff};
    for (unsigned i = 0; i < 4; i++) {
        struct ring x;
        ring_open(&x, false);
        offer(&x, bad[i]);
        is_broken(&x);
        ring_open(&x, false);
        set(&x, 0, DATA, 1, VRING_DESC_F_NEXT, bad[i]);
        offer(&x, 0);
        is_broken(&x);
    }
}

static void descriptors_that_form_a_ring(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    set(&x, 2, DATA, 1, VRING_DESC_F_NEXT, 2);
    offer(&x, 2);
    is_broken(&x);
    ring_open(&x, false);
    for (uint16_t i = 0; i < SIZE; i++)
        set(&x, i, DATA, 1, VRING_DESC_F_NEXT, (uint16_t)((i + 1) % SIZE));
    offer(&x, 0);
    is_broken(&x);
}

static void flags_that_were_not_offered(void **state) {
    (void)state;
    static const uint16_t bad[] = {VRING_DESC_F_INDIRECT, 8, 0x80, 0x8000, 0xfffe};
    for (unsigned i = 0; i < 5; i++) {
        struct ring x;
        ring_open(&x, false);
        set(&x, 0, DATA, 16, bad[i], 0);
        offer(&x, 0);
        is_broken(&x);
    }
}

static void buffers_in_the_wrong_direction(void **state) {
    (void)state;
    struct ring x;
    ring_open(&x, false);
    set(&x, 0, DATA, 16, VRING_DESC_F_WRITE, 0);
    offer(&x, 0);
    is_broken(&x);
    ring_open(&x, true);
    set(&x, 0, DATA, 16, 0, 0);
    offer(&x, 0);
    is_broken(&x);
    ring_open(&x, true);
    set(&x, 0, DATA, 0, VRING_DESC_F_WRITE, 0);
    offer(&x, 0);
    is_broken(&x);
}

static void buffers_that_may_not_be_named(void **state) {
    (void)state;
    static const struct {
        uint64_t address;
        uint32_t bytes;
    } bad[] = {{TEXT, 1},
               {MOTE_BOOT, 1},
               {MOTE_GATE, 1},
               {MOTE_SHARED, 8},
               {MOTE_TRAPS, 8},
               {MOTE_IMAGE_HEADER, 8},
               {MOTE_IMAGE_BASE, 8},
               {MOTE_ARENA, 8},
               {DATA, UINT32_MAX},
               {DATA + DATA_BYTES - 1, 2},
               {UINT64_MAX - 3, 8},
               {UINT64_C(0xffffffff00000000) + DATA, 8}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (int fills = 0; fills < 2; fills++) {
            struct ring x;
            ring_open(&x, fills != 0);
            set(&x, 0, bad[i].address, bad[i].bytes, fills ? VRING_DESC_F_WRITE : 0, 0);
            offer(&x, 0);
            is_broken(&x);
        }
    }
}

/* ---- Consoles ------------------------------------------------------------------- */

struct pair {
    struct ring x;
    struct console_output out;
    int reader;
};

static void pair_open(struct pair *p) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    ring_open(&p->x, false);
    p->out = (struct console_output){.queue = p->x.q, .fd = fds[1]};
    p->reader = fds[0];
}

static void output_arrives_in_order(void **state) {
    (void)state;
    struct pair p;
    pair_open(&p);
    memcpy(p.x.r.t.low + DATA, "abcdefgh", 8);
    set(&p.x, 0, DATA, 3, VRING_DESC_F_NEXT, 1);
    set(&p.x, 1, DATA + 3, 1, 0, 0);
    set(&p.x, 2, DATA + 4, 0, 0, 0);
    set(&p.x, 3, DATA + 4, 4, 0, 0);
    offer(&p.x, 0);
    offer(&p.x, 2);
    offer(&p.x, 3);
    while (console_write_out(&p.out))
        ;
    char got[16] = "";
    assert_int_equal(read(p.reader, got, sizeof got), 8);
    assert_string_equal(got, "abcdefgh");
    assert_int_equal(p.x.used[1], 3);
    assert_true(console_drained(&p.out));
    rig_close(&p.x.r);
    close(p.reader);
    close(p.out.fd);
}

/* A pipe that is full makes the console wait; nothing is lost or doubled. */
static void slow_reader_gets_everything(void **state) {
    (void)state;
    struct pair p;
    pair_open(&p);
    for (unsigned i = 0; i < DATA_BYTES; i++)
        p.x.r.t.low[DATA + i] = (uint8_t)(i * 7 + i / 256);
    for (uint16_t i = 0; i < 4; i++) {
        set(&p.x, i, DATA, DATA_BYTES, 0, 0);
        offer(&p.x, i);
    }
    size_t total = 0;
    while (total < 4 * DATA_BYTES) {
        while (console_write_out(&p.out))
            ;
        assert_true(p.out.waits || console_drained(&p.out));
        uint8_t piece[3001];
        ssize_t n = read(p.reader, piece, sizeof piece);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(piece[i], p.x.r.t.low[DATA + (total + (size_t)i) % DATA_BYTES]);
        total += (size_t)n;
        p.out.waits = false;
    }
    while (console_write_out(&p.out))
        ;
    assert_int_equal(p.x.used[1], 4);
    rig_close(&p.x.r);
    close(p.reader);
    close(p.out.fd);
}

static void reader_that_left_loses_only_its_own(void **state) {
    (void)state;
    struct pair p;
    pair_open(&p);
    close(p.reader);
    for (uint16_t i = 0; i < 4; i++) {
        set(&p.x, i, DATA, DATA_BYTES, 0, 0);
        offer(&p.x, i);
    }
    while (console_write_out(&p.out))
        ;
    assert_true(console_drained(&p.out));
    assert_int_equal(p.x.used[1], 4);
    rig_close(&p.x.r);
    close(p.out.fd);
}

static void input_fills_buffers_and_ends_with_an_empty_one(void **state) {
    (void)state;
    struct ring x;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    ring_open(&x, true);
    struct console_input in = {.queue = x.q, .fd = fds[0]};
    assert_false(console_wants_input(&in));
    for (uint16_t i = 0; i < 3; i++) {
        set(&x, i, DATA + i * 16u, 16, VRING_DESC_F_WRITE, 0);
        offer(&x, i);
    }
    assert_true(console_wants_input(&in));
    assert_int_equal(write(fds[1], "hello", 5), 5);
    console_read_in(&in);
    const uint32_t *used = (const uint32_t *)(const void *)(x.used + 2);
    assert_int_equal(x.used[1], 1);
    assert_true(used[0] == 0 && used[1] == 5);
    assert_memory_equal(x.r.t.low + DATA, "hello", 5);
    close(fds[1]);
    console_read_in(&in);
    assert_int_equal(x.used[1], 2);
    assert_true(used[2] == 1 && used[3] == 0);
    assert_false(console_wants_input(&in)); /* the end is said once ... */
    offer(&x, 0);
    assert_true(console_wants_input(&in)); /* ... to each who asks */
    rig_close(&x.r);
    close(fds[0]);
}

static void random_rings_never_lead_outside(void **state) {
    (void)state;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        struct ring x;
        ring_open(&x, (round & 1) != 0);
        uint8_t *all = x.r.t.low + AT;
        for (unsigned i = 0; i < queue_bytes(SIZE); i++)
            all[i] = (uint8_t)(rand() % 3 ? 0 : rand());
        for (unsigned i = 0; i < SIZE; i++) {
            if (rand() % 2)
                x.desc[i].addr = DATA + (uint64_t)(rand() % DATA_BYTES);
            if (rand() % 2)
                x.desc[i].len = (uint32_t)(rand() % 64);
        }
        while (take(&x)) {
            for (unsigned i = 0; i < x.chain.count; i++) {
                uint64_t at = (uint64_t)((uint8_t *)x.chain.iov[i].iov_base - x.r.t.low);
                assert_non_null(guest_at(&x.r.t, guest(at), x.chain.iov[i].iov_len));
            }
            queue_return(&x.q, x.chain.head, 0);
        }
        rig_close(&x.r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_taken_and_returned),
        cmocka_unit_test(indexes_wrap),
        cmocka_unit_test(notifies_when_the_event_index_is_passed),
        cmocka_unit_test(asks_for_a_doorbell_at_the_next_chain),
        cmocka_unit_test(available_index_that_jumps),
        cmocka_unit_test(more_than_were_returned),
        cmocka_unit_test(heads_and_links_outside_the_table),
        cmocka_unit_test(descriptors_that_form_a_ring),
        cmocka_unit_test(flags_that_were_not_offered),
        cmocka_unit_test(buffers_in_the_wrong_direction),
        cmocka_unit_test(buffers_that_may_not_be_named),
        cmocka_unit_test(output_arrives_in_order),
        cmocka_unit_test(slow_reader_gets_everything),
        cmocka_unit_test(reader_that_left_loses_only_its_own),
        cmocka_unit_test(input_fills_buffers_and_ends_with_an_empty_one),
        cmocka_unit_test(random_rings_never_lead_outside),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, hush, unhush);
}
