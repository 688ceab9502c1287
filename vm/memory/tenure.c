/*
 * tenure.c - policy of new space: at which age survivors are tenured, how large
 * eden is, and what of it goes back to the platform.
 *
 * A young object's age, the number of scavenges it has survived, is in the
 * remembered and grey bits of its header (free in young objects): none, 1, 2
 * (remembered, grey) and 3 or more (both). The values compare like ages. The age
 * limit is chosen after each scavenge so that the survivors of the next one are
 * expected to fill at most half of a survivor space (Ungar and Jackson, "An
 * adaptive tenuring policy for generation scavengers").
 */
#include "gc.h"

#define SCAVENGE_SHARE 16u                    /* eden grows above 1/16 of the time */
#define IDLE_NS (UINT64_C(500) * 1000 * 1000) /* eden shrinks when it lasts this long */
#define SETTLING_SCAVENGES 4u                 /* before eden grows again */
#define EDEN_SLACK_BYTES (UINT64_C(32) * KIB) /* between the soft limit and the hard one */

void tenure_adapt(struct heap *h) {
    const struct gc_work *w = h->work;
    uint64_t target = h->survivor_bytes / 2, sum = 0;
    if (w->future_overflowed)
        target = h->survivor_bytes / 4;
    uint64_t age = 0;
    h->tenure_age = AGE_BITS;
    while ((age = age_after(age)) < AGE_BITS) {
        sum += w->age_bytes[age_index(age)];
        if (sum > target) {
            h->tenure_age = age;
            return;
        }
    }
}

/* Set the size of eden and in proportion that of the survivor spaces. New space
 * above the new limits is given back. Only while eden is empty. Without memory
 * the sizes stay as they were. */
static void resize(struct heap *h, uint64_t bytes) {
    uint64_t survivor = round_up(bytes / 2, PLATFORM_PAGE);
    uint64_t old = h->survivor_bytes * 2;
    uint64_t past_used = h->past_free - h->survivor[h->past];
    if (past_used > survivor)
        return;
    if (bytes > old) {
        if (platform_commit(h->platform, (void *)h->eden_base, (size_t)bytes) != 0 ||
            platform_commit(h->platform, (void *)h->survivor[0], (size_t)survivor) != 0 ||
            platform_commit(h->platform, (void *)h->survivor[1], (size_t)survivor) != 0)
            return;
    } else {
        uint64_t spare = h->survivor_bytes - survivor;
        platform_release(h->platform, (void *)(h->eden_base + bytes), (size_t)(old - bytes));
        platform_release(h->platform, (void *)(h->survivor[0] + survivor), (size_t)spare);
        platform_release(h->platform, (void *)(h->survivor[1] + survivor), (size_t)spare);
    }
    h->survivor_bytes = survivor;
}

void eden_resize(struct heap *h, uint64_t bytes) {
    resize(h, bytes);
    eden_reset(h);
}

/* Set the limits of the empty eden: never more than old space could take over. */
void eden_reset(struct heap *h) {
    uint64_t bytes = h->survivor_bytes * 2;
    h->eden_free = h->eden_limit = h->eden_base;
    h->eden_limit += min_u64(bytes, heap_bytes_left(h) / 8 * 8);
    uint64_t size = h->eden_limit - h->eden_base;
    h->eden_soft = h->stress != 0 ? 0 : h->eden_limit - min_u64(EDEN_SLACK_BYTES, size / 8);
}

/* Eden with its survivor spaces takes at most an eighth of the memory there is. */
uint64_t eden_max(const struct heap *h) {
    uint64_t share = h->max_bytes / 16 / MIB * MIB;
    return min_u64(EDEN_MAX_BYTES, max_u64(share, EDEN_DEFAULT_BYTES));
}

/* After a scavenge: grow when scavenging takes too much of the time, shrink when
 * eden lasts long. Times are averages that forget half with every scavenge. */
void eden_adapt(struct heap *h, uint64_t scavenge_ns, uint64_t mutator_ns) {
    struct gc_work *w = h->work;
    uint64_t bytes = h->survivor_bytes * 2;
    w->scavenge_ns = w->scavenge_ns / 2 + scavenge_ns;
    w->mutator_ns = w->mutator_ns / 2 + mutator_ns;
    w->scavenges_in_size++;
    if (h->config.eden_bytes == 0 && h->stress == 0) {
        bool busy = w->scavenge_ns * SCAVENGE_SHARE > w->mutator_ns;
        bool scarce = heap_bytes_left(h) < bytes;
        if (busy && w->scavenges_in_size >= SETTLING_SCAVENGES && bytes * 2 <= eden_max(h) &&
            heap_bytes_left(h) / 4 > bytes) {
            eden_resize(h, bytes * 2);
            w->scavenges_in_size = 0;
            return;
        }
        if ((mutator_ns > IDLE_NS || scarce) && bytes > EDEN_DEFAULT_BYTES) {
            eden_resize(h, bytes / 2);
            w->scavenges_in_size = 0;
            return;
        }
    }
    eden_reset(h);
}

/* Give back the memory of the empty new space. */
void eden_release(struct heap *h) {
    uint64_t survivor = h->survivor_bytes;
    if (h->past_free == h->survivor[h->past]) {
        platform_release(h->platform, (void *)h->survivor[0], (size_t)survivor);
        platform_release(h->platform, (void *)h->survivor[1], (size_t)survivor);
    }
    if (h->eden_free == h->eden_base)
        platform_release(h->platform, (void *)h->eden_base, (size_t)(survivor * 2));
}

void heap_scavenge(struct heap *h) {
    scavenge(h, h->tenure_age);
}

void heap_tenure_all(struct heap *h) {
    scavenge(h, 0);
}
