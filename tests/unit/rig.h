/*
 * rig.h - runs the images of asm_image.h: a test adds methods, runs, and looks
 * at globals, at the exit status or into the heap. Every test of RIG_TESTS runs
 * four times: in both bytecode sets, each with and without a collection (and a
 * verification of the whole heap) at every allocation.
 */
#ifndef MOTE_TESTS_RIG_H
#define MOTE_TESTS_RIG_H

#include "asm_image.h"
#include "../../host/hosted/hosted.h"
#include "../../vm/interp/vm_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct rig {
    bool sista, stress;
    struct asm_image a;
    struct platform *platform;
    struct vm *vm;
    int status;
    uint64_t max_bytes, eden_bytes; /* of object memory; set before rig_open */
    bool count_primitives;
    uint32_t flags; /* image header; 0: as usual */
};

int rig_setup(void **state);
int rig_teardown(void **state);

/* Add a method: "Class selector", source for both sets. */
void def(struct rig *r, const char *where, const char *source);
/* The same with another source for V3. */
void def2(struct rig *r, const char *where, const char *v3, const char *sista);

/* Finish the image, write it, open it. */
void rig_open(struct rig *r);
enum vm_outcome rig_run_ms(struct rig *r, unsigned milliseconds);
/* Open if need be, run to the end (within a minute). */
enum vm_outcome rig_run(struct rig *r);

/* Value of a global, forwarders followed. */
oop rig_global(struct rig *r, const char *name);
/* The object that the image builder named so. */
oop rig_object(struct rig *r, const char *name);

/* Run, expect a quiet exit and that in Answer. */
void answers(struct rig *r, int64_t value);
/* The same by its printed form: 7 true nil #symbol 'string' $A $<955> 1.5
 * (1 2 3) for arrays, aTest for instances, Test for classes, L<hex> for large
 * integers, most significant byte first, -L<hex> for negative ones. */
void shows(struct rig *r, const char *text);
/* Print any object so. */
void rig_print(struct rig *r, oop o, char *text, size_t size);
/* What `note:` was called with, as decimal digits. */
void notes(struct rig *r, int64_t digits);
/* Run, expect that exit status. */
void exits(struct rig *r, int status);
struct rig_kind {
    bool sista, stress;
};
extern const struct rig_kind rig_kinds[4];

#define RIG_TEST(f, i, text) {text #f, f, rig_setup, rig_teardown, (void *)(uintptr_t)&rig_kinds[i]}
#define RIG_V3(f) RIG_TEST(f, 0, "v3 "), RIG_TEST(f, 2, "v3 stressed ")
#define RIG_SISTA(f) RIG_TEST(f, 1, "sista "), RIG_TEST(f, 3, "sista stressed ")
#define RIG(f) RIG_V3(f), RIG_SISTA(f)

#endif
