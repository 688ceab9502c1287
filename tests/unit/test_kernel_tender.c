/* The kernel's tender door: its low memory is mapped here as abi.h says, and the
 * gate leads back into the test. */
#include "kernel_fixture.h"

#include <sys/mman.h>

#include "../../kernel/platform/tender/clock.c"
#include "../../kernel/platform/tender/devices.c"
#include "../../kernel/platform/tender/events.c"
#include "../../kernel/platform/tender/memory.c"

#include "../../kernel/platform/tender/save.c"

#define MIB (UINT64_C(1) << 20)

enum { CALLS = 64 };

static struct {
    uint64_t number, a, b, c;
    uint8_t first; /* byte of what SAVE_WRITE writes */
} calls[CALLS];
static unsigned call_count;
static int64_t answer;
static struct mote_boot *boot;
static struct mote_shared *shared;

static int64_t gate(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    (void)d;
    assert_true(call_count < CALLS);
    calls[call_count].number = number;
    calls[call_count].a = a;
    calls[call_count].b = b;
    calls[call_count].c = c;
    if (number == MOTE_CALL_SAVE_WRITE)
        calls[call_count].first = *(const uint8_t *)a;
    call_count++;
    return answer;
}

/* ---- Drivers, as far as devices.c needs them --------------------------------------- */

static unsigned attached[8];

int virtio_console_attach(struct virtio_device *d) {
    (void)d;
    attached[VIRTIO_TYPE_CONSOLE]++;
    return 0;
}

int virtio_entropy_attach(struct virtio_device *d) {
    (void)d;
    attached[VIRTIO_TYPE_ENTROPY]++;
    return 0;
}

void virtqueue_init(struct virtqueue *q, struct virtio_device *d, unsigned number, unsigned size,
                    void *desc, void *avail, void *used, bool event_index) {
    *q = (struct virtqueue){.device = d,
                            .number = (uint16_t)number,
                            .size = (uint16_t)size,
                            .desc = desc,
                            .avail = avail,
                            .used = used,
                            .event_index = event_index};
}

/* ---- Low memory ---------------------------------------------------------------------- */

static int map_low(void **state) {
    (void)state;
    const size_t size = MOTE_RINGS + MOTE_RINGS_BYTES - MOTE_BOOT;
    uint8_t *low = mmap((void *)MOTE_BOOT, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (low != (void *)MOTE_BOOT)
        return -1;
    uint8_t jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; /* mov to rax, jmp rax */
    uint64_t to = (uintptr_t)gate;
    memcpy(jump + 2, &to, sizeof to);
    memcpy((void *)MOTE_GATE, jump, sizeof jump);
    boot = (struct mote_boot *)MOTE_BOOT;
    shared = (struct mote_shared *)MOTE_SHARED;
    return 0;
}

static int enter(void **state) {
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    memset(boot, 0, sizeof *boot);
    memset(shared, 0, sizeof *shared);
    memset(accessible, 0, sizeof accessible);
    memset(attached, 0, sizeof attached);
    shared->deadline = shared->armed = UINT64_MAX;
    whole = false;
    call_count = 0;
    answer = 0;
    kernel.arena_end = boot->arena_end = MOTE_IMAGE_BASE + 1024 * MIB;
    return 0;
}

static void expect_call(unsigned i, uint64_t number, uint64_t a, uint64_t b) {
    assert_true(i < call_count);
    assert_int_equal(calls[i].number, number);
    assert_int_equal(calls[i].a, a);
    assert_int_equal(calls[i].b, b);
}

/* ---- Memory --------------------------------------------------------------------------- */

static void what_is_there_costs_no_call(void **state) {
    (void)state;
    kernel.image_bytes = 5 * MIB + MOTE_PAGE;
    tender_memory_open();
    assert_int_equal(tender_make_accessible(MOTE_ARENA, MOTE_GRANULE), 0);
    assert_int_equal(tender_make_accessible(MOTE_ARENA + 7 * (uint64_t)MOTE_STRIPE, 4096), 0);
    /* The image's three granules, and the one after. */
    assert_int_equal(tender_make_accessible(MOTE_IMAGE_BASE, 8 * MIB), 0);
    assert_int_equal(call_count, 0);
    assert_int_equal(tender_make_accessible(MOTE_IMAGE_BASE + 8 * MIB, 1), 0);
    expect_call(0, MOTE_CALL_MAP, MOTE_IMAGE_BASE + 8 * MIB, MOTE_GRANULE);
}

static void missing_granules_come_in_runs(void **state) {
    (void)state;
    tender_memory_open();
    uintptr_t stripe = MOTE_ARENA + MOTE_STRIPE;
    assert_int_equal(tender_make_accessible(stripe + 5 * MIB, 2 * MIB), 0);
    expect_call(0, MOTE_CALL_MAP, stripe + 4 * MIB, 4 * MIB);
    /* A whole stripe and a bit: up to what is there, and from there on. */
    assert_int_equal(tender_make_accessible(stripe, MOTE_STRIPE + 3 * MIB), 0);
    assert_int_equal(call_count, 4);
    expect_call(1, MOTE_CALL_MAP, stripe + 2 * MIB, 2 * MIB);
    expect_call(2, MOTE_CALL_MAP, stripe + 8 * MIB, MOTE_STRIPE - 8 * MIB);
    expect_call(3, MOTE_CALL_MAP, stripe + MOTE_STRIPE + 2 * MIB, 2 * MIB);
    assert_int_equal(tender_make_accessible(stripe, MOTE_STRIPE), 0);
    assert_int_equal(call_count, 4);
}

static void a_refused_granule_is_asked_for_again(void **state) {
    (void)state;
    tender_memory_open();
    answer = PLATFORM_ENOMEM;
    assert_int_equal(tender_make_accessible(MOTE_ARENA + 2 * MIB, 1), PLATFORM_ENOMEM);
    answer = 0;
    assert_int_equal(tender_make_accessible(MOTE_ARENA + 2 * MIB, 1), 0);
    assert_int_equal(call_count, 2);
}

static void only_accessible_memory_is_discarded(void **state) {
    (void)state;
    tender_memory_open();
    tender_discard(MOTE_ARENA + 4096, MOTE_STRIPE + MIB);
    assert_int_equal(call_count, 2);
    expect_call(0, MOTE_CALL_DISCARD, MOTE_ARENA + 4096, MOTE_GRANULE - 4096);
    expect_call(1, MOTE_CALL_DISCARD, MOTE_ARENA + MOTE_STRIPE, MIB + 4096);
}

static void a_whole_arena_is_never_mapped(void **state) {
    (void)state;
    boot->flags = MOTE_BOOT_WHOLE_ARENA;
    tender_memory_open();
    assert_int_equal(tender_make_accessible(MOTE_ARENA, 500 * MIB), 0);
    assert_int_equal(call_count, 0);
    tender_discard(MOTE_ARENA, 500 * MIB);
    expect_call(0, MOTE_CALL_DISCARD, MOTE_ARENA, 500 * MIB);
}

static void an_arena_beyond_the_map_is_cut(void **state) {
    (void)state;
    kernel.arena_end = UINT64_MAX & ~(uint64_t)(MOTE_GRANULE - 1);
    tender_memory_open();
    assert_int_equal(kernel.arena_end, MOTE_ARENA + GRANULES * MOTE_GRANULE);
}

/* ---- Time and events -------------------------------------------------------------------- */

static void only_an_earlier_deadline_rings(void **state) {
    (void)state;
    tender_arm(1000);
    assert_int_equal(shared->deadline, 1000);
    assert_int_equal(call_count, 1);
    shared->armed = 1000; /* the tender has seen it */
    tender_arm(1000);
    tender_arm(2000);
    tender_arm(UINT64_MAX);
    assert_int_equal(call_count, 1);
    tender_arm(500);
    assert_int_equal(call_count, 2);
}

static void a_deadline_that_passed_can_be_asked_for_again(void **state) {
    (void)state;
    tender_arm(1000);
    shared->armed = UINT64_MAX; /* passed */
    tender_arm(1000);
    assert_int_equal(shared->deadline, 1001);
    assert_int_equal(call_count, 2);
    shared->armed = UINT64_MAX;
    tender_arm(1000);
    assert_int_equal(shared->deadline, 1000);
}

static void no_wait_with_the_byte_set(void **state) {
    (void)state;
    shared->wake = 7;
    tender_wait(99);
    expect_call(0, MOTE_CALL_WAIT, 7, 99);
    shared->preempt = 1;
    tender_wait(99);
    assert_int_equal(call_count, 1);
}

/* ---- Saving ------------------------------------------------------------------------------- */

static void saving_goes_through_the_buffer(void **state) {
    (void)state;
    static uint8_t data[BUFFER_BYTES * 2];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i >> 14);
    tender_save_begin();
    tender_save_write(data, 100, UINT64_MAX);
    tender_save_write(data, 200, UINT64_MAX);
    assert_int_equal(call_count, 1);
    tender_save_write(data, sizeof data, UINT64_MAX);
    assert_int_equal(call_count, 3);
    assert_int_equal(calls[1].b, BUFFER_BYTES);
    assert_int_equal(calls[1].c, UINT64_MAX);
    assert_int_equal(calls[2].first, 3); /* 300 bytes short of the second 64 KiB */
    tender_save_write("x", 1, 0);        /* elsewhere: what is held goes first */
    assert_int_equal(call_count, 4);
    assert_int_equal(calls[3].b, 300);
    assert_int_equal(calls[3].c, UINT64_MAX);
    tender_save_write("y", 1, 1); /* follows */
    assert_int_equal(call_count, 4);
    assert_int_equal(tender_save_commit(), 0);
    assert_int_equal(call_count, 6);
    assert_int_equal(calls[4].first, 'x');
    assert_int_equal(calls[4].b, 2);
    assert_int_equal(calls[4].c, 0);
    assert_int_equal(calls[5].number, MOTE_CALL_SAVE_COMMIT);
}

static void a_failed_write_fails_the_save(void **state) {
    (void)state;
    static uint8_t data[BUFFER_BYTES];
    tender_save_begin();
    tender_save_write(data, 10, UINT64_MAX);
    answer = PLATFORM_ENOSPC;
    assert_int_equal(tender_save_commit(), PLATFORM_ENOSPC);
    assert_int_equal(calls[call_count - 1].number, MOTE_CALL_SAVE_WRITE);
    assert_int_equal(tender_save_write(data, sizeof data, UINT64_MAX), PLATFORM_ENOSPC);
}

/* ---- Devices ------------------------------------------------------------------------------ */

static struct virtio_device described(uint32_t size, uint32_t desc, uint32_t avail, uint32_t used) {
    struct mote_device *m = &boot->device[0];
    *m = (struct mote_device){.type = VIRTIO_TYPE_CONSOLE,
                              .queues = 1,
                              .features = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX,
                              .queue = {{size, desc, avail, used}}};
    return (struct virtio_device){.base = (uintptr_t)m, .features = m->features};
}

static int queue_of(uint32_t size, uint32_t desc, uint32_t avail, uint32_t used) {
    struct virtqueue q;
    struct virtio_device d = described(size, desc, avail, used);
    return queue(&d, 0, &q);
}

static void rings_must_lie_in_their_place(void **state) {
    (void)state;
    const uint32_t r = MOTE_RINGS, end = MOTE_RINGS + MOTE_RINGS_BYTES;
    assert_int_equal(queue_of(8, r, r + 128, r + 256), 0);
    assert_int_equal(queue_of(8, r + 8, r + 256, r + 512), PLATFORM_EIO);
    assert_int_equal(queue_of(8, r, r + 129, r + 256), PLATFORM_EIO);
    assert_int_equal(queue_of(8, r, r + 128, r + 258), PLATFORM_EIO);
    assert_int_equal(queue_of(8, r - 16, r + 128, r + 256), PLATFORM_EIO);
    assert_int_equal(queue_of(8, end - 128, r, r + 256), 0);
    assert_int_equal(queue_of(8, end - 112, r, r + 256), PLATFORM_EIO);
    assert_int_equal(queue_of(8, 0xfffffff0, r, r + 256), PLATFORM_EIO);
    assert_int_equal(queue_of(6, r, r + 128, r + 256), PLATFORM_EIO);
    assert_int_equal(queue_of(128, r, r + 2048, r + 4096), PLATFORM_EIO);
    assert_int_equal(queue_of(0x80000000, r, r, r), PLATFORM_EIO);
    struct virtqueue q;
    struct virtio_device d = described(8, r, r + 128, r + 256);
    assert_int_equal(queue(&d, 1, &q), 0);
    assert_int_equal(q.size, 0); /* there is none */
}

static void features_are_all_or_nothing(void **state) {
    (void)state;
    struct virtio_device d = described(8, MOTE_RINGS, MOTE_RINGS, MOTE_RINGS);
    assert_int_equal(negotiate(&d, VIRTIO_F_VERSION_1), 0);
    assert_int_equal(negotiate(&d, UINT64_MAX), d.features);
    boot->device[0].features = VIRTIO_F_EVENT_IDX;
    assert_int_equal(negotiate(&d, UINT64_MAX), 0);
}

static void unknown_devices_are_left_alone(void **state) {
    (void)state;
    boot->devices = 1000; /* more than the table has */
    boot->device[0].type = VIRTIO_TYPE_CONSOLE;
    boot->device[1].type = 42;
    boot->device[2].type = VIRTIO_TYPE_ENTROPY;
    tender_devices_open();
    assert_int_equal(attached[VIRTIO_TYPE_CONSOLE], 1);
    assert_int_equal(attached[VIRTIO_TYPE_ENTROPY], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_there_costs_no_call, enter),
        cmocka_unit_test_setup(missing_granules_come_in_runs, enter),
        cmocka_unit_test_setup(a_refused_granule_is_asked_for_again, enter),
        cmocka_unit_test_setup(only_accessible_memory_is_discarded, enter),
        cmocka_unit_test_setup(a_whole_arena_is_never_mapped, enter),
        cmocka_unit_test_setup(an_arena_beyond_the_map_is_cut, enter),
        cmocka_unit_test_setup(only_an_earlier_deadline_rings, enter),
        cmocka_unit_test_setup(a_deadline_that_passed_can_be_asked_for_again, enter),
        cmocka_unit_test_setup(no_wait_with_the_byte_set, enter),
        cmocka_unit_test_setup(saving_goes_through_the_buffer, enter),
        cmocka_unit_test_setup(a_failed_write_fails_the_save, enter),
        cmocka_unit_test_setup(rings_must_lie_in_their_place, enter),
        cmocka_unit_test_setup(features_are_all_or_nothing, enter),
        cmocka_unit_test_setup(unknown_devices_are_left_alone, enter),
    };
    return cmocka_run_group_tests(tests, map_low, NULL);
}
