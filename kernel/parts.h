/*
 * parts.h - what the files of kernel/ share among themselves; doors and drivers
 * need only kernel.h and console.h.
 */
#ifndef MOTE_KERNEL_PARTS_H
#define MOTE_KERNEL_PARTS_H

#include "kernel.h"

/* memory.c: before the first reservation; and, the image is wanted where it lies,
 * up to `end`. */
void memory_open(void);
void memory_image_mapped(uintptr_t end);

/* streams.c: what is held back of standard output goes to its console. */
void streams_flush(void);

#endif
