/* Address space and memory. A reservation is an inaccessible private mapping
 * that the kernel does not account for; committing makes pages of it usable. */
#include "state.h"

#include <errno.h>
#include <sys/mman.h>

void *platform_reserve(struct platform *p, uintptr_t hint, size_t size) {
    (void)p;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (hint != 0)
        flags |= MAP_FIXED_NOREPLACE;
    void *base = mmap((void *)hint, size, PROT_NONE, flags, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (hint != 0 && base != (void *)hint) { /* kernels before 4.17 take the flag for a hint */
        munmap(base, size);
        return NULL;
    }
    return base;
}

void platform_unreserve(struct platform *p, void *base, size_t size) {
    (void)p;
    if (base != NULL && size != 0)
        munmap(base, size);
}

int platform_commit(struct platform *p, void *base, size_t size) {
    (void)p;
    if (size == 0)
        return 0;
    if (mprotect(base, size, PROT_READ | PROT_WRITE) != 0)
        return errno == ENOMEM ? PLATFORM_ENOMEM : PLATFORM_EINVAL;
    return 0;
}

void platform_release(struct platform *p, void *base, size_t size) {
    (void)p;
    if (size != 0)
        madvise(base, size, MADV_DONTNEED);
}

uint64_t platform_memory_limit(struct platform *p) {
    if (p->memory_limit == 0)
        p->memory_limit =
            p->config.memory_limit != 0 ? p->config.memory_limit : memory_limit_of_host();
    return p->memory_limit;
}
