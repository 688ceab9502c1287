/*
 * A program that says a word and then waits until somebody asks it to stop: what
 * the sections `swarm` and `idle` start.
 */
#include "mote/platform.h"

int mote_main(struct platform *p) {
    platform_console_write(p, 1, "ready\n", 6);
    while (platform_interrupts(p) == 0) {
        *platform_preempt(p) = 0;
        platform_wait(p, PLATFORM_NEVER);
    }
    return 0;
}
