/* The entropy device (virtio 1.2, section 5.4): the host's random numbers. */
#include "devices.h"

#include <sys/random.h>

enum { AT_ONCE = 4096 }; /* more is given by and by; the driver asks for little */

bool entropy_fill(struct queue *q) {
    struct chain chain;
    bool progress = false, notify = false;
    while (queue_take(q, &chain)) {
        uint32_t done = 0;
        for (unsigned i = 0; i < chain.count && done < AT_ONCE; i++) {
            size_t size = chain.iov[i].iov_len;
            if (size > AT_ONCE - done)
                size = AT_ONCE - done;
            ssize_t n = getrandom(chain.iov[i].iov_base, size, 0);
            if (n < 0)
                break;
            done += (uint32_t)n;
            if ((size_t)n < size)
                break;
        }
        notify |= queue_return(q, chain.head, done);
        progress = true;
    }
    queue_rest(q);
    if (notify)
        tender_notify(q->tender);
    return progress;
}
