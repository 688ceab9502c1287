/*
 * tender.h - the door to a tender (host/tender): the contract is abi.h. Memory,
 * time and devices are prepared before the entry; what is left is a function
 * call to the gate. Files here and in ../pc that do the same bear the same name.
 */
#ifndef MOTE_KERNEL_TENDER_H
#define MOTE_KERNEL_TENDER_H

#include "kernel.h"

static inline const struct mote_boot *tender_boot(void) {
    return (const struct mote_boot *)MOTE_BOOT;
}

static inline volatile struct mote_shared *tender_shared(void) {
    return (volatile struct mote_shared *)MOTE_SHARED;
}

static inline int64_t tender_call(enum mote_call number, uint64_t a, uint64_t b, uint64_t c) {
    typedef int64_t gate(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
    return ((gate *)MOTE_GATE)(number, a, b, c, 0);
}

/* start.S: where a tender goes on after the report of a crash. */
void tender_crashed(void);

/* memory.c */
void tender_memory_open(void);
int tender_make_accessible(uintptr_t at, size_t size);
void tender_discard(uintptr_t at, size_t size);
/* clock.c */
void tender_arm(uint64_t deadline);
/* events.c */
void tender_wait(uint64_t deadline);
unsigned tender_stop_requests(void);
unsigned tender_report_requests(void);
/* devices.c */
void tender_devices_open(void);
/* save.c */
int tender_save_begin(void);
int tender_save_write(const void *data, size_t size, uint64_t offset);
int tender_save_commit(void);
void tender_save_abort(void);
/* exit.c */
void tender_exit(int status);

#endif
