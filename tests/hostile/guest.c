/* The start of every hostile guest: find the case in the command line, run it. */
#include "guest.h"

static uint8_t tls[64] __attribute__((aligned(16)));
uint8_t page[PLATFORM_PAGE] __attribute__((aligned(PLATFORM_PAGE)));

extern const struct guest_case __start_cases[], __stop_cases[];
_Noreturn void tender_start(void);

static const struct __attribute__((packed, aligned(4))) {
    uint32_t name_bytes, bytes, type;
    char name[8];
    struct mote_note note;
} note __attribute__((section(".note.mote"), used, retain)) = {
    sizeof MOTE_NOTE_NAME,
    sizeof(struct mote_note),
    MOTE_NOTE_TYPE,
    MOTE_NOTE_NAME,
    {MOTE_ABI_VERSION, 0, (uint64_t)tender_start, (uint64_t)tls}};

uint64_t now(void) {
    const volatile struct mote_clock *clock = (const volatile struct mote_clock *)MOTE_CLOCK;
    for (;;) {
        uint32_t version = clock->version;
        __asm__ volatile("lfence" ::: "memory");
        uint64_t ticks = __builtin_ia32_rdtsc() - clock->tsc_timestamp;
        int8_t shift = clock->shift;
        ticks = shift >= 0 ? ticks << shift : ticks >> -shift;
        uint64_t ns = clock->system_time + (uint64_t)((unsigned __int128)ticks * clock->mul >> 32);
        __asm__ volatile("lfence" ::: "memory");
        if ((version & 1) == 0 && version == clock->version)
            return ns;
    }
}

void nap(uint64_t ns) {
    call(MOTE_CALL_WAIT, shared->wake, now() + ns, 0);
}

void await_end(void) {
    for (uint64_t end = now() + 5 * SECOND; now() < end;)
        nap(10000000);
}

uint64_t checksum(uint64_t from, uint64_t to) {
    uint64_t sum = 0;
    for (uint64_t at = from; at < to; at++)
        sum = sum * 31 + peek(at);
    return sum;
}

struct ring ring_of(enum stream which) {
    unsigned type = which == ENTROPY ? VIRTIO_TYPE_ENTROPY : VIRTIO_TYPE_CONSOLE;
    unsigned skip = which == ERRORS ? 1 : 0;
    unsigned queue = which == OUTPUT || which == ERRORS ? 1 : 0;
    for (unsigned i = 0; i < boot->devices; i++) {
        const struct mote_device *d = &boot->device[i];
        if (d->type == type && skip-- == 0)
            return (struct ring){
                (void *)(uintptr_t)d->queue[queue].desc, (void *)(uintptr_t)d->queue[queue].avail,
                (void *)(uintptr_t)d->queue[queue].used, (uint16_t)d->queue[queue].size};
    }
    leave(2);
}

void describe(struct ring r, unsigned i, uint64_t address, uint32_t length, unsigned flags,
              unsigned next) {
    r.desc[i].address = address;
    r.desc[i].length = length;
    r.desc[i].flags = (uint16_t)flags;
    r.desc[i].next = (uint16_t)next;
}

void offer(struct ring r, unsigned head) {
    uint16_t index = r.avail->index;
    r.avail->ring[index % r.size] = (uint16_t)head;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    r.avail->index = (uint16_t)(index + 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    doorbell();
}

bool served(struct ring r, uint16_t before, unsigned count) {
    for (uint64_t end = now() + 5 * SECOND; now() < end; nap(1000000)) {
        if ((uint16_t)(r.used->index - before) >= count)
            return true;
    }
    return false;
}

/* A buffer for each place in the ring: nothing is used twice before it is sent. */
void say(const char *text) {
    static char buffer[VIRTQUEUE_MAX][128];
    struct ring r = ring_of(OUTPUT);
    unsigned slot = r.avail->index % r.size % VIRTQUEUE_MAX;
    uint32_t length = 0;
    for (; text[length] != 0 && length < sizeof buffer[0]; length++)
        buffer[slot][length] = text[length];
    describe(r, slot, ADDRESS(buffer[slot]), length, 0, 0);
    offer(r, slot);
}

_Noreturn void leave(int status) {
    for (;;)
        call(MOTE_CALL_EXIT, (uint64_t)status, 0, 0);
}

void check(bool so, const char *text) {
    if (so)
        return;
    say("not so: ");
    say(text);
    say("\n");
    leave(1);
}

void expect(int64_t got, int64_t wanted, const char *what) {
    if (got == wanted)
        return;
    uint64_t size = got < 0 ? -(uint64_t)got : (uint64_t)got;
    char digits[24], *at = digits + sizeof digits;
    *--at = 0;
    do
        *--at = (char)('0' + size % 10);
    while ((size /= 10) != 0);
    say("the call answered ");
    say(got < 0 ? "-" : "");
    say(at);
    check(false, what);
    leave(1);
}

static bool is_asked_for(const char *name) {
    static const char key[] = "arg=\"";
    const char *text = (const char *)MOTE_BOOT + boot->command_line;
    for (; *text != 0; text++) {
        const char *a = key, *b = text;
        while (*a != 0 && *a == *b)
            a++, b++;
        if (*a != 0)
            continue;
        for (a = name; *a != 0 && *a == *b; a++)
            b++;
        if (*a == 0 && *b == '"')
            return true;
    }
    return false;
}

_Noreturn void tender_start(void) {
    for (const struct guest_case *c = __start_cases; c != __stop_cases; c++) {
        if (!is_asked_for(c->name))
            continue;
        c->body();
        say("survived\n");
        leave(0);
    }
    say("no such case\n");
    leave(2);
}
