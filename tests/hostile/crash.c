/* A mote may ask to go on after its crash, to say what it still knows: once, at an
 * address and on a stack that it chose. Both may be nonsense; the end is 70. */
#include "guest.h"

static uint8_t stack[8192] __attribute__((aligned(16)));
#define STACK (ADDRESS(stack) + sizeof stack)

static _Noreturn void crash(void) {
    __asm__ volatile("ud2");
    __builtin_unreachable();
}
static void say_and_leave(void) {
    say("last words\n");
    leave(70);
}
static void crash_again(void) {
    shared->crash_entry = ADDRESS(crash_again);
    shared->crash_stack = STACK - 8;
    crash();
}
static void for_ever(void) {
    for (;;)
        nap(SECOND);
}
static void leave_well(void) {
    leave(0);
}

#define AFTER(name, status, words, entry, stack_top, ...)  \
    CASE(crash_##name, BOTH, status, words, __VA_ARGS__) { \
        shared->crash_stack = stack_top;                   \
        shared->crash_entry = entry;                       \
        crash();                                           \
    }
AFTER(then_last_words, 70, "instruction", ADDRESS(say_and_leave), STACK - 8, "output=last.words")
AFTER(then_crash_again, 70, "instruction", ADDRESS(crash_again), STACK - 8)
AFTER(goes_on_nowhere, 70, "instruction", 0xdead000, STACK - 8)
AFTER(goes_on_in_data, 70, "instruction", ADDRESS(page), STACK - 8)
AFTER(goes_on_in_the_upper_half, 70, "instruction", 0xffff800000000000, STACK - 8)
AFTER(goes_on_beyond_everything, 70, "instruction", UINT64_MAX, STACK - 8)
AFTER(goes_on_in_a_crash_stub, 70, "instruction", MOTE_TRAPS, STACK - 8)
AFTER(goes_on_in_the_gate, 70, "instruction", MOTE_GATE, STACK - 8)
AFTER(without_a_stack, 70, "instruction", ADDRESS(crash_again), 0)
AFTER(with_a_stack_in_text, 70, "instruction", ADDRESS(crash_again), ADDRESS(__text_end))
AFTER(with_a_stack_in_the_upper_half, 70, "instruction", ADDRESS(crash_again), 0xffff800000000000)
AFTER(with_a_stack_at_the_last_byte, 70, "instruction", ADDRESS(crash_again), UINT64_MAX)
AFTER(and_never_ends, 70 | 130, "instruction", ADDRESS(for_ever), STACK - 8, "stop=400,600")
/* A crashed mote has crashed, whatever it says afterwards. */
AFTER(then_claims_success, 70, "instruction", ADDRESS(leave_well), STACK - 8)

/* Frames for the unwinder: pointers that go round, up, down and away. */
#define FRAMES(name, ...)                                                       \
    CASE(crash_with_frames_##name, BOTH, 70, "instruction") {                   \
        static uint64_t f[64];                                                  \
        const uint64_t values[] = {__VA_ARGS__};                                \
        for (unsigned i = 0; i < sizeof values / sizeof *values; i++)           \
            f[i] = values[i];                                                   \
        __asm__ volatile("mov %0, %%rbp; mov %1, %%rsp; ud2" ::"r"(ADDRESS(f)), \
                         "r"(ADDRESS(f) + 16)                                   \
                         : "memory");                                           \
    }
#define TEXT (ADDRESS(crash) + 1)
FRAMES(in_a_circle, ADDRESS(f), TEXT, ADDRESS(f), TEXT)
FRAMES(that_go_down, ADDRESS(f) - 64, TEXT)
FRAMES(unaligned, ADDRESS(f) + 3, TEXT, TEXT, TEXT, TEXT)
FRAMES(outside, 0xdeadbeef, TEXT, UINT64_MAX, TEXT)
FRAMES(that_wrap, UINT64_MAX - 7, TEXT, UINT64_MAX, UINT64_MAX)
FRAMES(that_return_to_data, ADDRESS(f) + 32, ADDRESS(f), ADDRESS(f), ADDRESS(f), 0, ADDRESS(f))

/* Stack pointers under which there is little or nothing left to show. */
CASE(crash_at_the_top_of_the_stack, BOTH, 70, "instruction") {
    __asm__ volatile("mov %0, %%rsp; ud2" ::"r"((uint64_t)MOTE_STACK_TOP));
}
CASE(crash_at_the_bottom_of_the_stack, BOTH, 70, "crash") {
    __asm__ volatile("mov %0, %%rsp; ud2" ::"r"((uint64_t)MOTE_STACK_TOP - MOTE_STACK_BYTES));
}
CASE(crash_at_the_end_of_low, BOTH, 70, "crash") {
    __asm__ volatile("mov %0, %%rsp; ud2" ::"r"((uint64_t)MOTE_LOW_END - 8));
}
CASE(crash_in_the_arena, BOTH, 70, "instruction") {
    __asm__ volatile("mov %0, %%rsp; ud2" ::"r"((uint64_t)MOTE_ARENA + 0x1000));
}
