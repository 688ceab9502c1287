/*
 * frame.h - the layout of a stack frame and of the stack zone.
 *
 * The zone is cut into pages; a page holds a run of frames of one process. The
 * stack grows up; sp points at the top element. One frame:
 *
 *   fp - 1 - nargs   receiver of the send, or the closure of a block activation
 *   fp - nargs ..    arguments
 *   fp[0]            caller's fp; 0: base frame of its page
 *   fp[1]            where the caller goes on (struct insn *)
 *   fp[2]            method or compiled block (oop)
 *   fp[3]            its context (oop), 0 while nobody asked for one
 *   fp[4]            struct code *: arguments, kind and tier of the frame
 *   fp[5]            receiver, "self" (oop)
 *   fp[6] ..         copied values, temporaries, operand stack
 *
 * A base frame always has a context, and the first slot of its page holds the
 * context to return to (or nil): so returning needs one test, fp[3].
 *
 * A context with a frame is "married": its sender field is the frame's address
 * with a SmallInteger tag, its pc, stackp and stack are stale; method, closure
 * and receiver are right. Returning from a frame kills its context (sender and
 * pc nil), so a tagged sender always points at a living frame.
 */
#ifndef MOTE_INTERP_FRAME_H
#define MOTE_INTERP_FRAME_H

#include "vm_state.h"
#include "code.h"

enum frame_slot {
    FRAME_CALLER_FP = 0,
    FRAME_CALLER_PC = 1,
    FRAME_METHOD = 2,
    FRAME_CONTEXT = 3,
    FRAME_CODE = 4,
    FRAME_RECEIVER = 5,
    FRAME_TEMPS = 6,
};

#define PAGE_SLOTS 2048u /* 16 KiB */
#define ZONE_PAGES 48u
/* Room above stack_limit: the largest frame (large context) and a send's arguments. */
#define PAGE_HEADROOM 128u

struct stack_page {
    oop *base;              /* first slot: the context to return to */
    oop *head_fp, *head_sp; /* top frame, while the page is not the current one */
    const struct insn *head_pc;
    struct stack_page *newer, *older; /* LRU list of pages in use */
    bool in_use;
};

static inline oop *frame_caller(const oop *fp) {
    return (oop *)(uintptr_t)fp[FRAME_CALLER_FP];
}
static inline const struct insn *frame_caller_pc(const oop *fp) {
    return (const struct insn *)(uintptr_t)fp[FRAME_CALLER_PC];
}
static inline const struct code *frame_code(const oop *fp) {
    return (const struct code *)(uintptr_t)fp[FRAME_CODE];
}
static inline oop *frame_argv(oop *fp) {
    return fp - 1 - frame_code(fp)->nargs;
}
static inline bool frame_is_block(const oop *fp) {
    return frame_code(fp)->kind != CODE_METHOD;
}
/* The closure of a block frame. */
static inline oop frame_closure(oop *fp) {
    return *frame_argv(fp);
}
/* Address of temporary or stack element i (0-based, arguments first). */
static inline oop *frame_temp(oop *fp, uint64_t i) {
    unsigned nargs = frame_code(fp)->nargs;
    return i < nargs ? fp - nargs + i : fp + FRAME_TEMPS + (i - nargs);
}
/* Temporaries and stack elements of a frame whose top of stack is sp. */
static inline uint64_t frame_stackp(oop *fp, oop *sp) {
    return frame_code(fp)->nargs + (uint64_t)(sp - (fp + FRAME_RECEIVER));
}
/* Where the stack of the caller ends once this frame has returned, without the answer. */
static inline oop *frame_below(oop *fp) {
    return frame_argv(fp) - 1;
}

/* A context's link to its frame. */
static inline oop frame_as_oop(oop *fp) {
    return (oop)(uintptr_t)fp | TAG_SMALLINT;
}
static inline bool context_is_married(oop context) {
    return is_smallint(fetch_slot(context, CONTEXT_SENDER));
}
static inline oop *context_frame(oop context) { /* married */
    return (oop *)(uintptr_t)(fetch_slot(context, CONTEXT_SENDER) & ~TAG_MASK);
}

#endif
