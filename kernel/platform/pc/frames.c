/* Physical memory by frames: what was never used is taken in ascending order,
 * what came back from a list through the frames themselves.
 *
 * Invariant: promised <= unused + returned; frame_take(false) keeps it. */
#include "pc.h"

#define FRAME_SPANS 64

static struct span all_span[FRAME_SPANS], unused_span[FRAME_SPANS];
static struct spans all = {.span = all_span, .capacity = FRAME_SPANS};
static struct spans unused_spans = {.span = unused_span, .capacity = FRAME_SPANS};
static uint64_t unused, returned, promised; /* frames */
static uint64_t first_returned;             /* 0: none */
static uint64_t direct;

static bool copy(struct spans *to, const struct spans *from) {
    for (unsigned i = 0; i < from->count; i++)
        if (!spans_add(to, from->span[i].from, from->span[i].to))
            return false;
    return true;
}

/* The first megabyte is full of firmware's leavings. */
bool frames_start(const struct pvh_boot *boot, uint64_t kernel_start, uint64_t kernel_end) {
    uint64_t image_end = boot->image + (boot->image_bytes + PAGE - 1) / PAGE * PAGE;
    if (!copy(&all, &boot->ram) || !spans_remove(&all, 0, 0x100000) ||
        !spans_remove(&all, kernel_start, kernel_end) || !copy(&unused_spans, &all) ||
        !spans_remove(&unused_spans, boot->image, image_end))
        return false;
    for (unsigned i = 0; i < unused_spans.count; i++)
        unused += (unused_span[i].to - unused_span[i].from) / PAGE;
    return true;
}

const struct spans *frames_all(void) {
    return &all;
}

void frames_direct(void) {
    direct = PC_DIRECT;
}

void *frame_at(uint64_t physical) {
    return (void *)(direct + physical);
}

uint64_t frames_free(void) {
    return unused + returned - promised;
}

bool frames_promise(uint64_t frames) {
    if (frames > frames_free())
        return false;
    promised += frames;
    return true;
}

void frames_unpromise(uint64_t frames) {
    promised -= frames;
}

static uint64_t take_returned(void) {
    uint64_t frame = first_returned;
    first_returned = *(uint64_t *)frame_at(frame);
    returned--;
    return frame;
}

static uint64_t take_unused(void) {
    uint64_t frame = unused_span[0].from;
    if (direct == 0 && frame >= UINT64_C(1) << 32)
        return 0; /* out of reach yet */
    unused--;
    unused_span[0].from += PAGE;
    if (unused_span[0].from == unused_span[0].to) {
        unused_spans.count--;
        for (unsigned i = 0; i < unused_spans.count; i++)
            unused_span[i] = unused_span[i + 1];
    }
    return frame;
}

/* Sixteen bytes a store: string instructions are slow where they are emulated. */
static void clear(void *at) {
    typedef long long two __attribute__((vector_size(16)));
    volatile two *to = at;
    for (unsigned i = 0; i < PAGE / sizeof *to; i += 4) {
        to[i] = (two){0, 0};
        to[i + 1] = (two){0, 0};
        to[i + 2] = (two){0, 0};
        to[i + 3] = (two){0, 0};
    }
}

uint64_t frame_take(bool was_promised) {
    if (!was_promised && frames_free() == 0)
        return 0;
    uint64_t frame = 0;
    if (returned > 0)
        frame = take_returned();
    else if (unused > 0)
        frame = take_unused();
    if (frame == 0)
        return 0;
    if (was_promised)
        promised--;
    clear(frame_at(frame));
    return frame;
}

void frame_give(uint64_t physical) {
    *(uint64_t *)frame_at(physical) = first_returned;
    first_returned = physical;
    returned++;
}
