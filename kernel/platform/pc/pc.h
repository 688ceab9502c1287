/*
 * pc.h - the inside of the pc door: a machine with interrupts, reached by PVH,
 * where the kernel is at ring 0 and alone. What the files of this folder know of
 * each other; the rest of the kernel sees only `kernel`.
 *
 * Start (start.c): serial -> traps -> memory -> clock -> devices -> kernel_run.
 * What is wrong at the start ends in kernel_panic: one line on the serial port.
 *
 * Interrupts: every handler runs on a stack of its own (IST), because code may
 * keep data below its stack pointer (red zone of library objects). A handler sets
 * the preempt byte and acknowledges, no more; a page fault in the arena puts a
 * zeroed frame there. Neither calls anything that could be interrupted by it.
 */
#ifndef MOTE_PC_H
#define MOTE_PC_H

#include "../../kernel.h"
#include "../../boot/pvh.h"
#include "words.h"

/* start.c, from boot/pvh.S. */
_Noreturn void pc_start(uint64_t start_info);
/* traps.S. */
_Noreturn void pc_go_on(void (*to)(void), uint64_t stack);

/* ---- Memory ----------------------------------------------------------------
 * Beside what abi.h lists, in the upper half: all of the RAM that is free or the
 * image's, and device registers, each at its physical address plus a constant.
 * Both rw-. */
#define PC_DIRECT 0xffff800000000000u
#define PC_DEVICES 0xffffc00000000000u

/* frames.c: physical memory by frames of 4 KiB. A promise keeps frames for
 * somebody who may touch his memory later: nobody else gets them. */
bool frames_start(const struct pvh_boot *boot, uint64_t kernel_start, uint64_t kernel_end);
void frames_direct(void); /* the direct map is there now; before: addresses below 4 GiB as such */
const struct spans *frames_all(void); /* the kernel's own apart */
void *frame_at(uint64_t physical);
uint64_t frame_take(bool promised); /* its address, zeroed; 0: none left */
void frame_give(uint64_t physical);
bool frames_promise(uint64_t frames);
void frames_unpromise(uint64_t frames);
uint64_t frames_free(void); /* without the promised ones */

/* tables.c: the page tables. Answers false when there is no frame for a table. */
enum { PAGE = 0x1000, GRANULE = 0x200000 };
#define TABLE_ADDRESS UINT64_C(0x000ffffffffff000)
enum {
    TABLE_PRESENT = 1,
    TABLE_WRITE = 2,
    TABLE_DEVICE = 0x18, /* uncached */
    TABLE_LARGE = 0x80,  /* 2 MiB, at the level above the last */
    TABLE_SMALL = 0x400, /* no 2 MiB pages: single ones will change (ignored by the processor) */
};
#define TABLE_NO_EXECUTE (UINT64_C(1) << 63)
void tables_start(void);
bool tables_map(uint64_t at, uint64_t physical, uint64_t bytes, uint64_t flags);
void tables_unmap_page(uint64_t at);
void tables_load(void);
/* The entry for the 2 MiB, or the 4 KiB, around `at`; NULL: no table there
 * (`create`: no frame for one). */
uint64_t *tables_large_entry(uint64_t at, bool create);
uint64_t *tables_entry(uint64_t at, bool create);

/* memory.c: the whole layout; then the arena. */
void memory_start(const struct pvh_boot *boot);
void *device_registers(uint64_t physical, uint64_t bytes);
/* A page fault: true, something has been put there. */
bool memory_fault(uint64_t address, uint64_t error);
bool memory_is_promised(uint64_t address); /* only frames are lacking */
int memory_make_accessible(uintptr_t at, size_t size);
void memory_discard(uintptr_t at, size_t size);

/* ---- Traps and interrupts ---------------------------------------------------- */

struct trap { /* as traps.S pushes it */
    uint8_t fpu[512];
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, flags, rsp, ss;
};

enum { VECTOR_TIMER = 0x40, VECTOR_DEVICE = 0x41, VECTOR_SPURIOUS = 0xff };

/* interrupts.c. traps_start: exceptions are reported from here on;
 * interrupts_start: the controllers, once device registers can be mapped. */
void traps_start(void);
void traps_protect(void); /* descriptor tables read-only, guards around stacks */
void interrupts_start(void);
/* A line of the I/O APIC to VECTOR_DEVICE; false: there is no such line. */
bool interrupts_route(unsigned line, bool level);
uint32_t interrupts_processor(void); /* id of the local APIC, for messages */
void lapic_write(unsigned reg, uint32_t value);
uint32_t lapic_read(unsigned reg);

/* ---- Clock and events ----------------------------------------------------------
 * clock_begin starts measuring what has to be measured; clock_finish, some
 * milliseconds later, ends it, waiting if it has not been long enough. */
extern struct mote_clock pc_clock;
void clock_begin(void);
void clock_finish(const char *command_line);
uint64_t clock_now(void); /* monotonic ns */

extern volatile uint8_t pc_preempt;
void events_prepare(void);
void events_start(uint64_t timer_ticks, uint64_t ns); /* of the LAPIC timer, as measured */
void events_timer(void);                              /* its interrupt */
void events_arm(uint64_t deadline);
void events_wait(uint64_t deadline);
void events_limit(uint64_t ns); /* end with EXIT_CRASH when something still waits after that */

/* ---- Devices -------------------------------------------------------------------- */

void devices_start(const char *command_line);
void devices_acknowledge(void); /* from the interrupt handler */

/* serial.c: the first UART, polled for output. */
void serial_start(void);
void serial_write(const char *text, size_t size);
void serial_console(void); /* attach it as the console */
void serial_interrupt(void);

/* exit.c. The status port also takes dumps of crashes. */
bool exit_has_status_port(void);
void exit_dump(const void *data, size_t size);
void exit_start(const char *command_line);
void exit_machine(int status); /* after all output; does not return */
_Noreturn void exit_at_once(int status);

/* crash.c: an exception that nobody handles. Changes `trap` to go on in the
 * report, on the crash stack. */
void crash(struct trap *trap);
uint64_t crash_stack_top(void);

#endif
