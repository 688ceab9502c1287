/* What the mote changes while the tender looks at it. The mote runs on, on another
 * processor, while a device serves its rings: each of these guests goes on for
 * a third of a second, and either survives or is ended with 70; text and boot
 * information must be as before. */
#include "guest.h"

enum { NEXT = VIRTQ_DESC_NEXT, WRITE = VIRTQ_DESC_WRITE };

static bool more(void) {
    static uint64_t end;
    if (end == 0)
        end = now() + 300000000;
    return now() < end;
}
static uint64_t read_only(void) {
    return checksum(ADDRESS(__text_start), ADDRESS(__text_end)) ^
           checksum(ADDRESS(__rodata_start), ADDRESS(__rodata_end)) ^
           checksum(MOTE_BOOT, MOTE_BOOT + sizeof *boot);
}

/* Rings the bell with `good`, and says `change` many times while it is served.
 * What is good at the start is good at the end. */
#define RACE(name, which, good, change, back)                              \
    CASE(race_##name, BOTH, 0 | 70, "", "stdin=flood") {                   \
        struct ring r = ring_of(which);                                    \
        uint64_t before = read_only();                                     \
        while (more()) {                                                   \
            for (unsigned i = 0; i < r.size; i++) {                        \
                good;                                                      \
                r.avail->ring[i] = (uint16_t)i;                            \
            }                                                              \
            r.avail->index = (uint16_t)(r.used->index + r.size);           \
            doorbell();                                                    \
            const uint16_t index = r.avail->index;                         \
            (void)index;                                                   \
            for (unsigned n = 0; n < 2000; n++) {                          \
                unsigned i = n % r.size;                                   \
                change;                                                    \
                __asm__ volatile("" ::: "memory");                         \
                back;                                                      \
            }                                                              \
        }                                                                  \
        check(read_only() == before, "what is read-only stays as it was"); \
        r = ring_of(OUTPUT);                                               \
        r.avail->index = r.used->index;                                    \
    }
#define FILL describe(r, i, ADDRESS(page), 64, WRITE, 0)
#define SHOW describe(r, i, ADDRESS(page), 64, 0, 0)
#define DESC(field, value) r.desc[i].field = value

RACE(entropy_address, ENTROPY, FILL, DESC(address, ADDRESS(__text_start)),
     DESC(address, ADDRESS(page)))
RACE(entropy_address_at_boot, ENTROPY, FILL, DESC(address, MOTE_BOOT), DESC(address, ADDRESS(page)))
RACE(entropy_length, ENTROPY, FILL, DESC(length, UINT32_MAX), DESC(length, 64))
RACE(entropy_flags, ENTROPY, FILL, DESC(flags, 0), DESC(flags, WRITE))
RACE(entropy_circle, ENTROPY, FILL, (DESC(next, (uint16_t)i), DESC(flags, WRITE | NEXT)),
     DESC(flags, WRITE))
RACE(entropy_next, ENTROPY, FILL, (DESC(next, 0xffff), DESC(flags, WRITE | NEXT)),
     DESC(flags, WRITE))
RACE(entropy_head, ENTROPY, FILL, r.avail->ring[i] = 0xffff, r.avail->ring[i] = (uint16_t)i)
RACE(entropy_index, ENTROPY, FILL, r.avail->index ^= 0x8000u >> i % 8, r.avail->index = index)
RACE(entropy_used_index, ENTROPY, FILL, r.used->index ^= 0x5555u << i % 8, r.used->index = index)
RACE(input_address, INPUT, FILL, DESC(address, ADDRESS(__text_start)), DESC(address, ADDRESS(page)))
RACE(input_length, INPUT, FILL, DESC(length, UINT32_MAX), DESC(length, 64))
RACE(output_address, OUTPUT, SHOW, DESC(address, MOTE_ARENA), DESC(address, ADDRESS(page)))
RACE(output_length, OUTPUT, SHOW, DESC(length, UINT32_MAX), DESC(length, 64))
RACE(output_circle, OUTPUT, SHOW, (DESC(next, (uint16_t)i), DESC(flags, NEXT)), DESC(flags, 0))

/* Only under process does the mote run on while a call is served: it writes the
 * doorbell itself and changes the call behind it. */
static void ring_the_bell_by_hand(void) {
    static uint64_t one = 1;
    uint64_t ax = 1;
    __asm__ volatile("syscall"
                     : "+a"(ax)
                     : "D"((uint64_t)MOTE_DOORBELL_FD), "S"(&one), "d"((uint64_t)8)
                     : "rcx", "r11", "memory");
}
#define RACE_CALL(name, number_, a, b, changed)                            \
    CASE(race_call_##name, PROCESS, 0 | 70, "") {                          \
        uint64_t before = read_only();                                     \
        while (more()) {                                                   \
            shared->call.number = number_;                                 \
            shared->call.argument[0] = a;                                  \
            shared->call.argument[1] = b;                                  \
            shared->call.argument[2] = 0;                                  \
            shared->call.state = MOTE_CALL_POSTED;                         \
            ring_the_bell_by_hand();                                       \
            for (unsigned n = 0; n < 1000; n++) {                          \
                shared->call.argument[0] = changed;                        \
                shared->call.state = MOTE_CALL_POSTED;                     \
                __asm__ volatile("" ::: "memory");                         \
                shared->call.argument[0] = a;                              \
                shared->call.state = MOTE_CALL_IDLE;                       \
            }                                                              \
        }                                                                  \
        check(read_only() == before, "what is read-only stays as it was"); \
    }
RACE_CALL(discard, MOTE_CALL_DISCARD, MOTE_ARENA, 4096, MOTE_BOOT)
RACE_CALL(save_write, MOTE_CALL_SAVE_WRITE, ADDRESS(page), 4096, MOTE_LOW_END - 1)
RACE_CALL(map, MOTE_CALL_MAP, MOTE_ARENA, MOTE_GRANULE, UINT64_MAX)
RACE_CALL(number, MOTE_CALLS + 1, 0, 0, 1)

/* And the crash report's sources, after a crash of its own. */
CASE(race_everything_at_once, BOTH, 0 | 70, "", "stdin=flood") {
    uint64_t x = now() | 1, before = read_only();
    while (more()) {
        for (unsigned n = 0; n < 4000; n++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            struct ring r = ring_of((enum stream)(x >> 60 & 3));
            unsigned i = x >> 50 & (r.size - 1u);
            r.desc[i].address = x & 1 ? ADDRESS(page) : x >> 20;
            r.desc[i].length = x & 2 ? 64 : (uint32_t)(x >> 9);
            r.desc[i].flags = (uint16_t)(x >> 40 & 3);
            r.avail->ring[i] = (uint16_t)(x >> 30 & (r.size - 1u));
        }
        for (unsigned which = 0; which < 4; which++)
            ring_of((enum stream)which).avail->index++;
        doorbell();
    }
    check(read_only() == before, "what is read-only stays as it was");
}
