/*
 * parts.h - what the files of kernel/ share among themselves; doors and drivers
 * need only kernel.h and console.h.
 */
#ifndef MOTE_KERNEL_PARTS_H
#define MOTE_KERNEL_PARTS_H

#include "kernel.h"

/* memory.c: before the first reservation. */
void memory_open(void);

/* streams.c: what is held back of standard output goes to its console. */
void streams_flush(void);

#endif
