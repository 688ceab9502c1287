/*
 * guest.h - what the hostile guests share: a table of cases, one tiny guest
 * each, and the few things that a guest needs without a kernel.
 *
 *   CASE(read_page_zero, BOTH, 70, "read") { peek(0); }
 *
 * says: under both tenders this guest must end with status 70 and the words
 * (a regular expression) on standard error. The name is the guest's argument:
 * `mote run --on kvm guests.elf read_page_zero`. tests/hostile/run reads the
 * table from the ELF file, so this is the only place where a case is written
 * down. More words after the expression are options for the runner, see there.
 *
 * A guest whose body returns has survived: it says "survived" and exits 0. So a
 * case with status 0 is one in which the tender refuses politely, a case with
 * 70 one in which the mote must be ended, and `0|70` one in which chance decides.
 */
#ifndef HOSTILE_GUEST_H
#define HOSTILE_GUEST_H

#include "mote/abi.h"
#include "mote/platform.h"
#include "virtio/virtio.h"

struct guest_case {
    const char *name, *doors, *status, *words, *options;
    void (*body)(void);
};

#define CASE(name, doors, status, words, ...)                                                      \
    static void name(void);                                                                        \
    __attribute__((section("cases"), used, retain)) static const struct guest_case case_##name = { \
        #name, doors, #status, words, "" __VA_ARGS__, name};                                       \
    static void name(void)

#define BOTH "process kvm"
#define PROCESS "process"
#define KVM "kvm"

/* ---- The tender's side -------------------------------------------------------- */

#define boot ((const struct mote_boot *)MOTE_BOOT)
#define shared ((volatile struct mote_shared *)MOTE_SHARED)
#define gate ((int64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))MOTE_GATE)

static inline int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
    return gate(number, a, b, c, 0);
}
static inline void doorbell(void) {
    call(MOTE_CALL_DOORBELL, 0, 0, 0);
}
#define SECOND UINT64_C(1000000000)
uint64_t now(void); /* monotonic ns */
void nap(uint64_t ns);
/* The tender should end the mote: give it five seconds to do so. */
void await_end(void);
/* What lies in memory as [from, to), in a number. */
uint64_t checksum(uint64_t from, uint64_t to);

/* What is mapped at the start at most, with an image of no size: a granule for
 * each stripe and three more. */
#define AT_START (((MOTE_IMAGE_BASE - MOTE_ARENA) / MOTE_STRIPE + 3) * (uint64_t)MOTE_GRANULE)

/* ---- Rings -------------------------------------------------------------------- */

struct ring {
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    uint16_t size;
};
enum stream { INPUT, OUTPUT, ERRORS, ENTROPY };
struct ring ring_of(enum stream which);
void describe(struct ring r, unsigned i, uint64_t address, uint32_t length, unsigned flags,
              unsigned next);
/* Make the chain that begins with descriptor `head` available, and ring the bell. */
void offer(struct ring r, unsigned head);
/* Wait at most five seconds until the device is done with `count` more chains
 * than at `before`. */
bool served(struct ring r, uint16_t before, unsigned count);

/* ---- Results ------------------------------------------------------------------ */

/* Through the ring of standard output, or whatever is left of it. */
void say(const char *text);
_Noreturn void leave(int status);
/* Status 1 and the text when it is not so. */
void check(bool so, const char *text);
void expect(int64_t got, int64_t wanted, const char *what);

/* ---- Memory, past the compiler's knowledge -------------------------------------- */

static inline uint8_t peek(uint64_t address) {
    uint8_t value;
    __asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(address) : "memory");
    return value;
}
static inline void poke(uint64_t address) {
    __asm__ volatile("movb $0xc3, (%0)" ::"r"(address) : "memory");
}
static inline void jump(uint64_t address) {
    __asm__ volatile("call *%0" ::"r"(address)
                     : "memory", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __bss_end[];
/* Writable memory of the guest, one page. */
extern uint8_t page[PLATFORM_PAGE];

#define ADDRESS(object) ((uint64_t)(uintptr_t)(object))

#endif
