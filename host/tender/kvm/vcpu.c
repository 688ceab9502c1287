/* The vCPU's thread: it runs the mote, does its calls and sleeps for it, serves its
 * first doorbells, and turns every other exit into a report. */
#include "kvm.h"

#include "../devices.h"
#include "../guest.h"

#include <errno.h>
#include <sys/ioctl.h>

enum { EX_SOFTWARE = 70, REPORT_STACK_LEAST = 4096 };

static uint64_t read_once(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Output and entropy, served by this thread. True: nothing is left that serve()
 * would have to see to now; input can wait until the mote does. */
static bool serve_here(struct tender *t) {
    struct devices *d = t->devices;
    serve_output(t);
    pthread_mutex_lock(&t->lock);
    bool more = entropy_fill(&d->entropy);
    bool idle = console_drained(&d->errors) && console_drained(&d->output) && !more;
    pthread_mutex_unlock(&t->lock);
    return idle && !t->ended && read_once(&t->shared->deadline) == UINT64_MAX;
}

/* An ioeventfd makes a doorbell four times as fast, but ends with a wait of 10 to
 * 20 ms when the machine goes (the kernel's SRCU grace period): it is for motes
 * that ring often enough to gain that. False: no second thread. */
static bool doorbell(struct tender *t) {
    struct kvm *k = kvm_of(t);
    if (++k->doorbells < FIRST_DOORBELLS && !k->serving && serve_here(t))
        return true;
    if (k->doorbells == DOORBELL_EXITS)
        machine_add_doorbell(t); /* if it fails, all stays as it is */
    return server_ring(t);
}

/* False: no second thread. */
static bool call(struct tender *t) {
    struct mote_shared *s = t->shared;
    if (__atomic_load_n(&s->call.number, __ATOMIC_ACQUIRE) != MOTE_CALL_WAIT) {
        tender_call(t);
        return true;
    }
    uint32_t wake = (uint32_t)read_once(&s->call.argument[0]);
    uint64_t deadline = read_once(&s->call.argument[1]);
    if (!server_start(t))
        return false;
    tender_wait(t, wake, deadline);
    __atomic_store_n(&s->call.result, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&s->call.state, MOTE_CALL_DONE, __ATOMIC_RELEASE);
    return true;
}

static bool executable(const struct tender *t, uint64_t address) {
    for (unsigned i = 0; i < t->program.segments; i++) {
        const struct elf_segment *s = &t->program.segment[i];
        if (s->executable && address - s->address < s->bytes)
            return true;
    }
    return false;
}

/* After the first crash the mote may say, on a stack that it has set aside, what
 * it still knows. False: it named no such place. */
static bool go_on(struct tender *t) {
    uint64_t entry = read_once(&t->shared->crash_entry);
    uint64_t stack = read_once(&t->shared->crash_stack) & ~UINT64_C(15);
    if (stack < REPORT_STACK_LEAST || !executable(t, entry) ||
        !guest_at(t, guest(stack - REPORT_STACK_LEAST), REPORT_STACK_LEAST))
        return false;
    return machine_enter(kvm_of(t), entry, stack) == 0;
}

/* True: it is over. */
static bool crash(struct tender *t, const struct crash *c) {
    bool again = t->crashed;
    t->crashed = true;
    t->status = EX_SOFTWARE;
    serve_output(t);
    crash_report(t, c);
    /* serve() gives it a few seconds for the rest. */
    return again || !go_on(t) || !server_ring(t);
}

static bool exited(struct tender *t) {
    const struct kvm_run *run = kvm_of(t)->run;
    struct crash c = {.kind = CRASH_OTHER};
    bool out = run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
               run->io.count == 1;
    if (out && run->io.port == MOTE_PORT_CALL && run->io.size == 4)
        return !call(t) || t->exiting;
    if (out && run->io.port == MOTE_PORT_DOORBELL && run->io.size == 4)
        return !doorbell(t);
    unsigned vector = (unsigned)run->io.port - MOTE_PORT_CRASH;
    if (out && vector < TRAPS_VECTORS && run->io.size == 1)
        fault_trap(t, vector, &c);
    else
        fault_exit(t, &c);
    return crash(t, &c);
}

/* KVM_RUN did not come to an exit. True: it is over. */
static bool interrupted(struct tender *t, int error) {
    if (error == EAGAIN)
        return false;
    if (error == EINTR) {
        __atomic_store_n(&kvm_of(t)->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        return !server_start(t);
    }
    struct crash c = {.kind = CRASH_OTHER};
    fault_error(t, error, &c);
    return crash(t, &c);
}

void vcpu_run(struct tender *t) {
    struct kvm *k = kvm_of(t);
    bool over = false;
    while (!over && !atomic_load(&k->served) && !t->ended)
        over = ioctl(k->vcpu, KVM_RUN, 0) == 0 ? exited(t) : interrupted(t, errno);
}
