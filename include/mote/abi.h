/*
 * abi.h - the contract between the kernel in a mote and the tender that runs
 * it. Both sides include this file; nothing else is shared.
 *
 * Errors: a call answers 0 (or a count) or a negative PLATFORM_E* of
 * platform.h. A tender ends a mote that breaks this contract, with a report;
 * it never trusts a word of the mote's memory and reads each once.
 *
 * Version: MOTE_ABI_VERSION goes up when a program linked before could not run
 * under a tender built after, or the other way round: an address, a field, a
 * call's number or meaning changes. Additions at the end of a structure, with 0
 * meaning "as before", and new calls do not count; new calls are guarded by
 * mote_boot.calls. The ELF's note says which version it wants, and a tender
 * refuses another one.
 *
 * Entry: the tender jumps to mote_note.entry in 64-bit mode at ring 3 with
 *   rsp = MOTE_STACK_TOP - 8 (as if called), FS base = mote_note.tls, DF clear,
 * all else zero. Everything else is at the addresses below.
 */
#ifndef MOTE_ABI_H
#define MOTE_ABI_H

#ifndef __ASSEMBLER__
#include <stdint.h>
#endif

#define MOTE_ABI_VERSION 1

/* ---- The note in the ELF file: PT_NOTE, name "Mote", type 1 ---------------- */

#define MOTE_NOTE_NAME "Mote"
#define MOTE_NOTE_TYPE 1

#ifndef __ASSEMBLER__
struct mote_note {
    uint32_t version; /* MOTE_ABI_VERSION */
    uint32_t reserved;
    uint64_t entry; /* in an executable segment */
    uint64_t tls;   /* FS base, 16-byte aligned, in a writable segment */
};
#endif

/* ---- Memory ---------------------------------------------------------------
 * The same virtual addresses at every door. What is not listed is not mapped:
 * below MOTE_BOOT, between regions, around stacks. Nothing is both writable and
 * executable. "Low" is everything below MOTE_LOW_END; there, a guest physical
 * address is the virtual one, and only its writable parts may be named in a
 * call or a descriptor. */

#define MOTE_BOOT 0x100000 /* r   struct mote_boot, then its command line */
#define MOTE_BOOT_BYTES 0x10000
#define MOTE_CLOCK 0x111000 /* r   struct mote_clock; the tender may rewrite it */
#define MOTE_GATE 0x120000  /* r-x calls: int64_t gate(number, a, b, c, d), System V */
#define MOTE_GATE_BYTES 0x1000
#define MOTE_TRAPS 0x122000 /* r, r-x: the tender's own (descriptor tables, crash stubs) */
#define MOTE_TRAPS_BYTES 0x3000
#define MOTE_SHARED 0x130000 /* rw  struct mote_shared */
#define MOTE_SHARED_BYTES 0x1000
#define MOTE_RINGS 0x140000 /* rw  virtqueues, where mote_boot.device says */
#define MOTE_RINGS_BYTES 0x10000
#define MOTE_SIGNAL_STACK 0x160000 /* rw  the process tender's crash handler; else unmapped */
#define MOTE_SIGNAL_STACK_BYTES 0x10000
#define MOTE_IMAGE_HEADER 0x180000 /* r   the image file's first page */
#define MOTE_ELF_BASE 0x200000     /*     the program's segments */
#define MOTE_ELF_END 0x3000000
#define MOTE_STACK_TOP 0x3f00000 /* rw  the program's stack grows down from here */
#define MOTE_STACK_BYTES 0x100000
#define MOTE_LOW_END 0x4000000

/* Kept free: generated code (executable, and the same memory writable), and
 * memory shared after the start. */
#define MOTE_CODE_EXECUTABLE 0x10000000
#define MOTE_CODE_WRITABLE 0x30000000
#define MOTE_WINDOW 0x100000000000
#define MOTE_WINDOW_END 0x180000000000

/* The arena: all other memory, rw, zero at first. The image's data (the file
 * from MOTE_PAGE on) lies in it, copy-on-write, from MOTE_IMAGE_BASE. */
#define MOTE_ARENA 0x1fff00000000
#define MOTE_IMAGE_BASE 0x200000000000
#define MOTE_PAGE 0x1000
/* Unless mote_boot says that all of the arena is there, it comes in granules.
 * At the start: the first granule of every stripe (a multiple of MOTE_STRIPE)
 * below the image, the image, the rest of the granule in which its last page
 * lies, and the granule after that. Others after MOTE_CALL_MAP. */
#define MOTE_GRANULE 0x200000
#define MOTE_STRIPE 0x8000000

#ifndef __ASSEMBLER__

/* ---- What the mote finds at its start (read-only to it) --------------------- */

#define MOTE_BOOT_MAGIC 0x65746f4du /* "Mote" */
#define MOTE_DEVICES 8
#define MOTE_DEVICE_QUEUES 2

/* A virtio device (virtio 1.2) without configuration space or negotiation: the
 * kernel either accepts all of `features` or leaves the device alone. Queues lie
 * in MOTE_RINGS, split format (2.7). `type` is virtio's (3 console, 4 entropy).
 * The first console is standard input (queue 0) and output (queue 1), the
 * second has only queue 1 and is standard error. An input buffer that comes
 * back with length 0 is the end of the input. Queue sizes are powers of two,
 * 0 where there is no queue. */
struct mote_device {
    uint32_t type;
    uint32_t queues; /* how many of `queue` are meant */
    uint64_t features;
    struct {
        uint32_t size;
        uint32_t desc, avail, used; /* addresses */
    } queue[MOTE_DEVICE_QUEUES];
};

enum mote_boot_flags {
    MOTE_BOOT_WHOLE_ARENA = 1, /* all of the arena is accessible: no MOTE_CALL_MAP */
    MOTE_BOOT_CAN_SAVE = 2,    /* the image came from a file that can be replaced */
};

struct mote_boot {
    uint32_t magic, version;
    uint64_t flags;
    uint64_t calls;                            /* bit n: MOTE_CALL n is there */
    uint64_t arena_end;                        /* a multiple of MOTE_GRANULE */
    uint64_t memory;                           /* bytes that the program may use */
    uint64_t image_bytes;                      /* size of the image file, 0: none */
    uint32_t command_line, command_line_bytes; /* offset from MOTE_BOOT; UTF-8, ends with 0 */
    uint32_t devices, reserved;
    struct mote_device device[MOTE_DEVICES];
};

/* Time: the record of KVM's and Xen's pvclock, whose protocol it follows (an odd
 * version: being written, read again):
 *   monotonic ns = system_time + (((tsc - tsc_timestamp) << shift) * mul >> 32)
 * and wall clock ns since 1970 = monotonic + wall_offset. `generation` changes
 * when the mote has been cloned, moved or restored; `seed` is then new too. */
struct mote_clock {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t mul;
    int8_t shift;
    uint8_t flags, pad[2];
    int64_t wall_offset;
    uint64_t generation;
    uint8_t seed[32];
};

/* ---- What both sides write ---------------------------------------------------- */

enum mote_call_state { MOTE_CALL_IDLE = 0, MOTE_CALL_POSTED = 1, MOTE_CALL_DONE = 2 };

struct mote_shared {
    uint8_t preempt; /* the tender sets it to 1 when something happened or the deadline passed */
    uint8_t pad0[3];
    uint32_t wake;            /* the tender adds 1 after setting preempt; the mote sleeps on it */
    uint32_t stop_requests;   /* the tender counts: stop, please */
    uint32_t report_requests; /* the tender counts: say what you are doing, then go on */
    /* The mote writes `deadline`, in its monotonic ns (UINT64_MAX: none), and
     * rings the doorbell when it is earlier than `armed`, which the tender wrote. */
    uint64_t deadline, armed;
    /* Where to go on after the report of a crash, once, on this stack; 0: nowhere. */
    uint64_t crash_entry, crash_stack;
    /* The call in flight: the gate fills it in and the tender answers. */
    struct {
        uint32_t state, number;
        uint64_t argument[4];
        int64_t result;
    } call;
    /* A crash as the process tender's handler found it: signal, and the
     * addresses of siginfo and ucontext in MOTE_SIGNAL_STACK. */
    uint64_t signal, siginfo, ucontext;
};

/* ---- Calls ---------------------------------------------------------------------- */

enum mote_call {
    MOTE_CALL_DOORBELL = 0, /* there is something in a ring, or an earlier deadline */
    MOTE_CALL_WAIT = 1,     /* (wake, deadline): sleep until shared.wake differs from `wake` or the
                               deadline passes */
    MOTE_CALL_EXIT = 2,     /* (status): the end; what is in the rings goes out first */
    MOTE_CALL_MAP = 3,      /* (address, bytes): granules of the arena become accessible; ENOMEM */
    MOTE_CALL_DISCARD = 4,  /* (address, bytes): whole pages of the arena outside the image read as
                               zero again and cost nothing */
    MOTE_CALL_SAVE_BEGIN = 5, /* replace the image file: one at a time; EAGAIN */
    MOTE_CALL_SAVE_WRITE =
        6, /* (address in low memory, bytes, offset in the file or ~0: the end) */
    MOTE_CALL_SAVE_COMMIT = 7, /* sync and rename */
    MOTE_CALL_SAVE_ABORT = 8,
    MOTE_CALLS
};

#endif /* __ASSEMBLER__ */

/* ---- Ports of the KVM tender (its gate uses them, the kernel does not) -------- */

#define MOTE_PORT_DOORBELL 0x504 /* 32-bit out, an ioeventfd */
#define MOTE_PORT_CALL 0x500     /* 32-bit out: shared.call is filled in */
#define MOTE_PORT_CRASH 0xc0     /* + vector, 8-bit out from a crash stub */

/* ---- Descriptor of the process tender's doorbell (an eventfd), the only one --- */

#define MOTE_DOORBELL_FD 3

#endif
