/*
 * process.h - the process door: the mote is a child of the tender that has
 * nothing of its memory left, no descriptor but the doorbell, and a seccomp filter
 * that lets it write to that and sleep on a futex.
 *
 * The child's memory is abi.h's: boot record, clock, shared page, rings, writable
 * segments, stack and arena are the tender's memfd; text and read-only data are the
 * program's file, the image is its file copy-on-write. Address in the memfd: low
 * memory as it is, the arena linear behind it.
 *
 * gate.S is the page at MOTE_GATE. process_gate_begin runs there on the way from
 * child.c to the mote, by the record at GATE_RECORD: system calls that take the
 * tender's memory away, then a signal frame that gives all registers their first
 * values (so that no host pointer is left in any of them), then the filter.
 */
#ifndef MOTE_TENDER_PROCESS_H
#define MOTE_TENDER_PROCESS_H

#include "mote/abi.h"

#define GATE_CALLS 8

/* At the top of the mote's stack: a page that it touches anyway. */
#define GATE_STACK (MOTE_STACK_TOP - 16)
#define GATE_RECORD (GATE_STACK - GATE_RECORD_BYTES)

/* Offsets in struct gate_record, for gate.S. */
#define GATE_COUNT 0
#define GATE_CALL 8
#define GATE_CALL_BYTES 56
#define GATE_FRAME 456
#define GATE_RECORD_BYTES 2048 /* a multiple of 8 */

/* Exit status of a child that could not go on after its descriptors were closed:
 * this plus the number of the call. Before, it complains itself and exits with 71. */
#define GATE_FAILED 80

#ifndef __ASSEMBLER__

#include "../tender.h"

#include <linux/filter.h>
#include <ucontext.h>

enum { PROCESS_FILTER_MAX = 64 };

struct gate_record {
    uint64_t count;
    struct {
        uint64_t number, argument[6];
    } call[GATE_CALLS];
    ucontext_t frame; /* as the kernel lays it out: glibc's begins alike */
    struct sock_fprog program;
    struct sock_filter filter[PROCESS_FILTER_MAX];
};

_Static_assert(offsetof(struct gate_record, call) == GATE_CALL, "gate.S");
_Static_assert(sizeof(((struct gate_record *)0)->call[0]) == GATE_CALL_BYTES, "gate.S");
_Static_assert(offsetof(struct gate_record, frame) == GATE_FRAME, "gate.S");
_Static_assert(sizeof(struct gate_record) <= GATE_RECORD_BYTES, "gate.S");

/* gate.S: what goes to the page at MOTE_GATE, and places in it. */
extern const uint8_t process_gate[], process_gate_begin[], process_gate_ready[],
    process_gate_crash[], process_gate_end[];

/* child.c: never returns. `pid` is the tender's. */
_Noreturn void child_start(struct tender *t, int pid);

/* crash.c: the crash that the handler in the gate has posted, if any, becomes a
 * report; true: the mote may go on at crash_entry. */
void process_crash(struct tender *t);

#endif
#endif
