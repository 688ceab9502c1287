/* The split virtqueue against a device that is played here, well and badly. */
#include "kernel_fixture.h"

/* Buffers of this test may lie anywhere. */
#undef MOTE_LOW_END
#define MOTE_LOW_END UINT64_MAX

#include "../../kernel/virtio/queue.c"

enum { SIZE = 8 };

static struct {
    _Alignas(16) struct virtq_desc desc[SIZE];
    struct {
        uint16_t flags, index, ring[SIZE], used_event;
    } avail;
    struct {
        uint16_t flags, index;
        struct virtq_used_element ring[SIZE];
        uint16_t avail_event;
    } used;
} rings;

static unsigned notified;
static uint16_t device_seen; /* of the available ring */

static void notify(struct virtio_device *d, unsigned number) {
    (void)d;
    (void)number;
    notified++;
}

static const struct virtio_transport transport = {.notify = notify};
static struct virtio_device device = {.transport = &transport, .type = 3};
static struct virtqueue q;
static char buffers[SIZE][16];

static void open_queue(bool event_index) {
    memset(&rings, 0, sizeof rings);
    notified = 0;
    device_seen = 0;
    virtqueue_init(&q, &device, 1, SIZE, rings.desc, &rings.avail, &rings.used, event_index);
}

/* The device: take the next buffer, or give one back. */
static int device_take(void) {
    if (device_seen == rings.avail.index)
        return -1;
    return rings.avail.ring[device_seen++ % SIZE];
}

static void device_give(uint32_t id, uint32_t length) {
    rings.used.ring[rings.used.index % SIZE] = (struct virtq_used_element){id, length};
    rings.used.index++;
}

/* Would the device interrupt after giving back `n` buffers (2.7.10)? */
static bool interrupts_after(unsigned n) {
    uint16_t now = rings.used.index, old = (uint16_t)(now - n);
    return (uint16_t)(now - rings.avail.used_event - 1) < (uint16_t)(now - old);
}

static void buffers_go_and_come_back(void **state) {
    (void)state;
    uint32_t length = 0;
    open_queue(true);
    assert_true(virtqueue_add(&q, buffers[0], 16, true, buffers[0]));
    assert_true(virtqueue_add(&q, buffers[1], 8, false, buffers[1]));
    assert_int_equal(rings.avail.index, 0); /* not visible yet */
    virtqueue_kick(&q);
    assert_int_equal(rings.avail.index, 2);
    assert_int_equal(notified, 1);
    int first = device_take(), second = device_take();
    assert_int_equal(rings.desc[first].address, (uintptr_t)buffers[0]);
    assert_int_equal(rings.desc[first].length, 16);
    assert_int_equal(rings.desc[first].flags, VIRTQ_DESC_WRITE);
    assert_int_equal(rings.desc[second].flags, 0);
    assert_null(virtqueue_take(&q, &length));
    device_give((uint32_t)second, 0); /* in any order */
    device_give((uint32_t)first, 5);
    assert_ptr_equal(virtqueue_take(&q, &length), buffers[1]);
    assert_int_equal(length, 0);
    assert_ptr_equal(virtqueue_take(&q, &length), buffers[0]);
    assert_int_equal(length, 5);
    assert_null(virtqueue_take(&q, &length));
    assert_int_equal(q.free_count, SIZE);
}

static void a_full_queue_says_so(void **state) {
    (void)state;
    open_queue(true);
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(virtqueue_add(&q, buffers[i], 16, false, buffers[i]));
    assert_false(virtqueue_add(&q, buffers[0], 16, false, buffers[0]));
}

/* The free-running indexes wrap around several times. */
static void indexes_wrap(void **state) {
    (void)state;
    open_queue(true);
    uint32_t seed = 3, length;
    unsigned sent = 0, received = 0;
    int held[SIZE + 1], held_count = 0;
    while (received < 200000) {
        seed = seed * 1664525 + 1013904223;
        switch (seed >> 30) {
        case 0:
        case 1:
            if (virtqueue_add(&q, buffers[sent % SIZE], 16, true, buffers[sent % SIZE]))
                sent++;
            virtqueue_kick(&q);
            break;
        case 2:
            if ((held[held_count] = device_take()) >= 0)
                held_count++;
            rings.used.avail_event = device_seen;
            break;
        default:
            if (held_count > 0) {
                unsigned pick = (seed >> 20) % (unsigned)held_count;
                device_give((uint32_t)held[pick], 1);
                held[pick] = held[--held_count];
            }
            if (virtqueue_take(&q, &length) != NULL) {
                assert_int_equal(length, 1);
                received++;
            }
        }
        assert_true(q.free_count <= SIZE);
    }
}

static void a_device_that_looks_is_not_notified(void **state) {
    (void)state;
    for (unsigned event_index = 0; event_index < 2; event_index++) {
        open_queue(event_index != 0);
        rings.used.avail_event = 2; /* after the third */
        rings.used.flags = 1;
        for (unsigned i = 0; i < 4; i++) {
            virtqueue_add(&q, buffers[i], 16, false, buffers[i]);
            virtqueue_kick(&q);
            assert_int_equal(notified, event_index != 0 && i >= 2);
        }
        virtqueue_kick(&q);
        assert_int_equal(notified, event_index);
    }
}

/* The device asked to be told of a buffer in the middle of a batch, across the
 * wrap of the index. */
static void a_batch_over_the_wanted_index_notifies(void **state) {
    (void)state;
    open_queue(true);
    q.next_avail = q.kicked = rings.avail.index = 0xfffe;
    rings.used.avail_event = 0xffff;
    for (unsigned i = 0; i < 4; i++)
        virtqueue_add(&q, buffers[i], 16, false, buffers[i]);
    virtqueue_kick(&q);
    assert_int_equal(rings.avail.index, 2);
    assert_int_equal(notified, 1);
}

static void interrupts_come_when_wanted(void **state) {
    (void)state;
    uint32_t length;
    open_queue(true);
    for (unsigned i = 0; i < 4; i++)
        virtqueue_add(&q, buffers[i], 16, true, buffers[i]);
    virtqueue_kick(&q);
    device_give(0, 1);
    assert_false(interrupts_after(1));
    assert_true(virtqueue_wait_for(&q, true)); /* one is there already */
    virtqueue_take(&q, &length);
    assert_false(virtqueue_wait_for(&q, true));
    device_give(1, 1);
    assert_true(interrupts_after(1));
    virtqueue_take(&q, &length);
    virtqueue_wait_for(&q, false);
    device_give(2, 1);
    device_give(3, 1);
    assert_false(interrupts_after(2));
    open_queue(false);
    assert_int_equal(rings.avail.flags, 1);
    virtqueue_wait_for(&q, true);
    assert_int_equal(rings.avail.flags, 0);
}

/* Silence lasts however many buffers come back. */
static void silence_survives_the_wrap(void **state) {
    (void)state;
    uint32_t length;
    open_queue(true);
    for (unsigned i = 0; i < 70000; i++) {
        virtqueue_add(&q, buffers[0], 16, true, buffers[0]);
        virtqueue_kick(&q);
        device_give((uint32_t)device_take(), 1);
        assert_false(interrupts_after(1));
        assert_non_null(virtqueue_take(&q, &length));
    }
}

static void a_hostile_device_is_found_out(void **state) {
    (void)state;
    uint32_t length;
    open_queue(true);
    rings.used.index = 1; /* nothing was given to it */
    expect_panic(virtqueue_take(&q, &length), "queue 1: used index 1 is impossible");
    open_queue(true);
    virtqueue_add(&q, buffers[0], 16, true, buffers[0]);
    virtqueue_add(&q, buffers[1], 16, true, buffers[1]);
    virtqueue_kick(&q);
    rings.used.index = 3;
    expect_panic(virtqueue_take(&q, &length), "used index 3");
    rings.used.index = 0xffff;
    expect_panic(virtqueue_take(&q, &length), "used index 65535");
    rings.used.index = 0;
    device_give(SIZE, 0);
    expect_panic(virtqueue_take(&q, &length), "buffer 8");
    rings.used.index = 0;
    device_give(UINT32_MAX, 0);
    expect_panic(virtqueue_take(&q, &length), "buffer 4294967295");
    rings.used.index = 0;
    device_give(5, 0); /* exists, but is not with it */
    expect_panic(virtqueue_take(&q, &length), "buffer 5");
    rings.used.index = 0;
    device_give(0, 17);
    expect_panic(virtqueue_take(&q, &length), "length 17");
    rings.used.index = 0;
    device_give(0, 16);
    assert_ptr_equal(virtqueue_take(&q, &length), buffers[0]);
    device_give(0, 16); /* a second time */
    expect_panic(virtqueue_take(&q, &length), "buffer 0");
}

/* What the device writes over descriptors and the available ring changes nothing
 * here. */
static void overwritten_descriptors_do_no_harm(void **state) {
    (void)state;
    uint32_t length;
    open_queue(true);
    for (unsigned i = 0; i < SIZE; i++)
        virtqueue_add(&q, buffers[i], 16, true, buffers[i]);
    virtqueue_kick(&q);
    memset(rings.desc, 0xff, sizeof rings.desc);
    memset(&rings.avail, 0xff, sizeof rings.avail);
    for (uint32_t i = 0; i < SIZE; i++)
        device_give(i, 16);
    for (unsigned i = 0; i < SIZE; i++)
        assert_ptr_equal(virtqueue_take(&q, &length), buffers[i]);
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(virtqueue_add(&q, buffers[i], 16, true, buffers[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_go_and_come_back),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(indexes_wrap),
        cmocka_unit_test(a_device_that_looks_is_not_notified),
        cmocka_unit_test(a_batch_over_the_wanted_index_notifies),
        cmocka_unit_test(interrupts_come_when_wanted),
        cmocka_unit_test(silence_survives_the_wrap),
        cmocka_unit_test(a_hostile_device_is_found_out),
        cmocka_unit_test(overwritten_descriptors_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
