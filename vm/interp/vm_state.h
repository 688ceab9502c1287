/*
 * vm_state.h - struct vm: everything one virtual machine knows. No globals:
 * two of them live in one process (tests/hosted).
 *
 * Machine state. While bytecodes run, pc, sp and fp are in registers; they are
 * written back to vm->pc, sp, fp before any C function is called that looks at
 * them ("externalise") and are read again where such a function says so
 * (PRIM_RESUME).
 */
#ifndef MOTE_INTERP_VM_STATE_H
#define MOTE_INTERP_VM_STATE_H

#include "mote/vm.h"
#include "mote/platform.h"
#include "../memory/heap.h"

#include <setjmp.h>

struct insn;         /* vm/interp/insn.h: one word of threaded code */
struct code;         /* vm/interp/code.h: the translation of one method or block */
struct code_table;   /* vm/interp/code.h */
struct method_cache; /* vm/interp/lookup.h */
struct stack_page;   /* vm/interp/stack.h */
struct prim_counts;  /* vm/prims/count.c */
struct resolver_state;

struct vm {
    /* Machine state, written back. */
    oop *sp;
    oop *fp;
    const struct insn *pc;

    oop *stack_limit;          /* of the current page: frames are built below it */
    volatile uint8_t *preempt; /* platform.h */

    struct heap heap;
    struct platform *platform;

    oop stored_into; /* by the store that is being remembered */
    uint32_t misses; /* of linked inline caches: threaded.c */
    struct method_cache *method_cache;
    struct code_table *codes;

    /* Stack zone: pages of frames. */
    oop *zone;
    struct stack_page *pages;
    unsigned page_count;
    struct stack_page *page;       /* the current one */
    struct stack_page *newest;     /* LRU list of pages in use */
    struct stack_page *free_pages; /* linked by `older` */

    /* The primitive that is running: its method and failure code; OS error for
     * PRIM_OS_ERROR. */
    oop prim_method;
    int prim_status;
    int64_t os_error;

    /* Events. */
    uint64_t timer_deadline; /* monotonic ns, PLATFORM_NEVER: none */
    uint64_t run_deadline;   /* vm_run's own */
    bool finalization_pending;
    bool interrupt_pending;
    bool idle; /* no process can run: vm/interp/process.c */
    struct {
        volatile uint32_t *counts; /* pending signals by external semaphore index */
        uint32_t capacity;
        volatile bool any;
    } external;

    /* Leaving vm_run. */
    bool exiting;
    int exit_status;
    enum vm_outcome outcome;
    jmp_buf escape;             /* out of a collection without memory, to vm_run */
    const struct insn *left_pc; /* where to go on after vm_run has been left */
    uint64_t leave_word;        /* the struct insn that leaves */
    uint64_t seen_compactions;  /* vm/interp/roots.c */

    /* What the image was and is called, and what a save must keep. */
    char *image_name; /* path, as the image sees it; owned */
    char *vm_path;    /* owned */
    uint64_t header_flags, window_size;
    uint32_t header_extra_memory, header_eden_bytes, image_format;
    uint16_t header_stack_pages, header_code_size, header_semaphores;
    bool preemption_yields; /* header flag: a preempted process goes to the back */

    struct vm_config config;
    struct prim_counts *prim_counts; /* NULL unless counted */
    uint64_t process_switches, preempt_checks, stack_overflows;
    uint64_t start_ns;
    uint64_t clock_ms, clock_ns; /* last reading of the millisecond clock: vm/prims/time.c */
    int64_t utc_offset_us;
    void *file_state;                      /* vm/prims/file.c */
    struct resolver_state *resolver_state; /* vm/prims/resolver.c */
    struct {
        int64_t shrink_threshold, grow_headroom; /* bytes; 0: the default */
        double growth_ratio;
        uint64_t max_old_bytes;
    } tuning;        /* vm/prims/parameters.c: wishes of the image, kept for it */
    char error[256]; /* why vm_run or vm_open failed: one line */
};

#endif
