/* The end of the machine. `mote run --on qemu` says in the command line where
 * the status goes: status_port takes it, all eight bits, exit_port ends QEMU
 * (isa-debugcon and isa-debug-exit, whose exit status has only seven). Elsewhere
 * a reset is what every hypervisor understands as the end. */
#include "pc.h"

#include "cpu.h"

#define GIVE_UP_NS UINT64_C(5000000000)

static uint64_t status_port, exit_port; /* 0: none */

void exit_start(const char *command_line) {
    if (!words_number(command_line, "status_port", &status_port) || status_port > UINT16_MAX)
        status_port = 0;
    if (!words_number(command_line, "exit_port", &exit_port) || exit_port > UINT16_MAX)
        exit_port = 0;
}

bool exit_has_status_port(void) {
    return status_port != 0;
}

void exit_dump(const void *data, size_t size) {
    const uint8_t *from = data;
    for (size_t i = 0; i < size; i++)
        out8((uint16_t)status_port, from[i]);
}

static _Noreturn void stop(void) {
    for (;;)
        __asm__ volatile("cli; hlt");
}

void exit_at_once(int status) {
    if (status_port != 0)
        out8((uint16_t)status_port, (uint8_t)status);
    if (exit_port != 0)
        out8((uint16_t)exit_port, (uint8_t)status);
    for (unsigned tries = 0; (in8(0x64) & 2) != 0 && tries < 100000; tries++)
        cpu_pause();
    out8(0x64, 0xfe); /* the keyboard controller's reset line */
    for (unsigned i = 0; i < 1000000; i++)
        cpu_pause();
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } nothing = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(nothing)); /* a triple fault resets too */
    stop();
}

/* A device that is broken may never take what is left; a reader may be slow, and
 * gets all the time after an end that was meant. */
void exit_machine(int status) {
    static bool ending;
    if (!ending) {
        ending = true;
        if (status == EXIT_CRASH)
            events_limit(GIVE_UP_NS);
        kernel_flush();
    }
    exit_at_once(status);
}
