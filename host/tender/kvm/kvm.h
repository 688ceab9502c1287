/*
 * kvm.h - the KVM door's own state: one virtual machine with one vCPU that never
 * leaves ring 3, and memory that the tender alone arranges.
 *
 * Guest-physical memory is compact and begins as one slot, because slots cost time
 * by their number and memory by their size:
 *
 *   0          page tables (TABLES_BASE ..), mapped nowhere in the mote
 *   MOTE_BOOT  low memory up to the program's end: the mote's addresses
 *   image_at   the image file, copy-on-write; its last granule filled up from t->memory
 *   high_at    the stack, granules of the arena: those there from the start, then
 *              those of MOTE_CALL_MAP in the order of the calls
 *
 * Threads: all of this belongs to the vCPU's thread (the main one), except
 * `served` and `stopped`, by which the two threads end.
 *
 * Specifications: Intel SDM volume 3, chapters 4 (paging) and 6 (exceptions);
 * Linux Documentation/virt/kvm/api.rst.
 */
#ifndef MOTE_TENDER_KVM_H
#define MOTE_TENDER_KVM_H

#include "../crash.h"
#include "../tender.h"
#include "tables.h"

#include <linux/kvm.h>
#include <stdatomic.h>

enum {
    TABLES_BASE = 0x1000, /* page tables: here, up to MOTE_BOOT, then in one granule */
    FIRST_GROWTH = 0x1000000,
    LAST_GROWTH = 0x40000000,
    FIRST_DOORBELLS = 16,  /* served by the vCPU's thread, if it can */
    DOORBELL_EXITS = 1000, /* before the doorbell becomes an ioeventfd */
};

struct kvm {
    int system, machine, vcpu; /* descriptors */
    struct kvm_run *run;
    struct kvm_sregs start; /* special registers as the mote began */

    uint8_t *memory;     /* mapping of all guest-physical memory */
    uint64_t memory_end; /* multiples of MOTE_GRANULE, all of these */
    uint64_t image_at, high_at;
    uint64_t image_rest; /* where in t->memory the rest of the image's last granule is */
    uint64_t next;       /* the next free granule */
    uint64_t slot_end;   /* memory up to here is in a slot */
    uint64_t growth;     /* bytes of the next slot */
    unsigned slots;
    struct tables tables;

    unsigned doorbells;  /* that were exits */
    bool serving;        /* there is a second thread, in serve() ... */
    atomic_bool served;  /* ... which is through */
    atomic_bool stopped; /* the vCPU will not run again */
    pthread_t server, runner;
};

static inline struct kvm *kvm_of(const struct tender *t) {
    return t->door_state;
}

/* machine.c. The descriptor of /dev/kvm, or -1 and why it cannot be used. */
int machine_open(const char **why);
/* k->system is open: the virtual machine, still empty. */
int machine_create(struct tender *t);
/* The vCPU before its first instruction; memory is in place. */
int machine_start(struct tender *t);
/* Registers as at the start, but at `entry` on `stack`: 0 or an errno. */
int machine_enter(struct kvm *k, uint64_t entry, uint64_t stack);
/* From now on the doorbell is an ioeventfd, not an exit: 0 or an errno. */
int machine_add_doorbell(struct tender *t);

/* memory.c. The mote's memory as abi.h has it: mappings and page tables; then also
 * the first slot of k->machine. */
int memory_lay_out(struct tender *t);
int memory_create(struct tender *t);
int64_t memory_map(struct tender *t, uint64_t address, uint64_t bytes);
int64_t memory_discard(struct tender *t, uint64_t address, uint64_t bytes);
size_t memory_read(struct tender *t, uint64_t address, void *out, size_t bytes);

/* traps.c: descriptor tables and crash stubs at MOTE_TRAPS, the gate at MOTE_GATE. */
enum {
    TRAPS_GDT = MOTE_TRAPS,
    TRAPS_TSS = MOTE_TRAPS + 0x100,
    TRAPS_TSS_HEAD = 104, /* then the permission map of ports up to the last of ours */
    TRAPS_TSS_BYTES = TRAPS_TSS_HEAD + MOTE_PORT_DOORBELL / 8 + 2,
    TRAPS_IDT = MOTE_TRAPS + 0x1000,
    TRAPS_STUBS = MOTE_TRAPS + 0x2000,
    TRAPS_VECTORS = 32,
    TRAPS_STUB_BYTES = 16,
    TRAPS_CODE = 0x33, /* selectors, ring 3 */
    TRAPS_DATA = 0x2b,
};
/* A `syscall` finds nothing here (bits 47 to 63 set: never mapped). */
#define TRAPS_NOWHERE UINT64_C(0xffffffffff000000)
void traps_build(uint8_t *low);

/* kvm.c: the second thread. False, after a complaint and with t->status: none. */
bool server_start(struct tender *t);
bool server_ring(struct tender *t); /* and ring the doorbell that it waits for */

/* vcpu.c: run to the end, with t->status; what is in the rings is still there. */
void vcpu_run(struct tender *t);

/* faults.c: what a vCPU's exit means that is not a call. */
void fault_trap(struct tender *t, unsigned vector, struct crash *out);
void fault_exit(struct tender *t, struct crash *out);
/* KVM_RUN failed with this errno. */
void fault_error(struct tender *t, int error, struct crash *out);

#endif
