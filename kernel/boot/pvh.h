/*
 * pvh.h - what a PVH loader tells the kernel: QEMU, Firecracker, Cloud
 * Hypervisor and Xen enter at pvh_start (pvh.S) with the physical address of a
 * struct hvm_start_info (Xen's public/arch-x86/hvm/start_info.h, version 1).
 *
 * Everything is copied out and checked here, once; afterwards the memory of the
 * tables is ordinary memory. Needs no other part of the kernel: it also runs in
 * tests/unit/test_kernel_pc_pvh.c.
 */
#ifndef MOTE_BOOT_PVH_H
#define MOTE_BOOT_PVH_H

#include "../spans.h"

#include <stddef.h>
#include <stdint.h>

#define PVH_COMMAND_LINE 16384
#define PVH_RAM 64

/* Physical memory past this is left alone. */
#define PVH_MEMORY_END (UINT64_C(1) << 40)

struct pvh_boot {
    struct spans ram; /* usable memory, whole pages */
    struct span ram_span[PVH_RAM];
    uint64_t image, image_bytes; /* the first module, page aligned; 0: none */
    size_t command_line_bytes;   /* without the final 0 */
    char command_line[PVH_COMMAND_LINE];
};

/* Physical memory as the reader can get at it: [at, at + bytes), or NULL. */
typedef const void *pvh_memory(uint64_t at, uint64_t bytes);

/* Answers NULL, or what is wrong, as a sentence without a full stop. */
const char *pvh_read(struct pvh_boot *boot, uint64_t start_info, pvh_memory *memory);

#endif
