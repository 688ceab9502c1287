/* The door: a mote as a KVM virtual machine. The main thread runs its vCPU, a
 * second one serves its devices; both sleep while the mote does. The second begins
 * when the mote waits, rings for more than output, or has run for two
 * milliseconds: who only says hello is spared it. Nothing is torn down at the end:
 * the process ends, and the kernel does it after the last byte is out. */
#include "kvm.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { EX_OSERR = 71, SERVER_STACK = 256 * 1024, KICK = SIGUSR2, ALONE_US = 2000 };

static const char *unavailable(void) {
    const char *why = NULL;
    int fd = machine_open(&why);
    if (fd >= 0)
        close(fd);
    return why;
}

static struct kvm mote; /* one a process, as signals are */

/* KVM_RUN ends with EINTR, also if it only begins now. */
static void kicked(int number) {
    (void)number;
    __atomic_store_n(&mote.run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

static void expect_kicks(struct kvm *k) {
    k->runner = pthread_self();
    const struct sigaction action = {.sa_handler = kicked, .sa_flags = SA_RESTART};
    sigaction(KICK, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {.it_value.tv_usec = ALONE_US};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static int create(struct tender *t) {
    struct kvm *k = &mote;
    *k = (struct kvm){.machine = -1, .vcpu = -1};
    t->door_state = k;
    const char *why;
    k->system = machine_open(&why);
    if (k->system < 0) {
        tender_complain(t, "kvm: %s, or try --on process", why);
        return EX_OSERR;
    }
    int status = machine_create(t);
    if (status == 0)
        status = memory_create(t);
    if (status == 0)
        status = machine_start(t);
    if (status == 0)
        expect_kicks(k);
    return status;
}

/* When serve() ends by itself (the mote did not stop when it was asked), the vCPU
 * has to end too, wherever it is: in the mote, between two runs, asleep. Once is
 * not enough: it may be just about to sleep on a word that a hostile mote chose. */
static void *server(void *argument) {
    struct tender *t = argument;
    struct kvm *k = kvm_of(t);
    serve(t);
    atomic_store(&k->served, true);
    while (!atomic_load(&k->stopped)) {
        tender_notify(t);
        pthread_kill(k->runner, KICK);
        poll(NULL, 0, 1);
    }
    return NULL;
}

bool server_start(struct tender *t) {
    struct kvm *k = kvm_of(t);
    if (k->serving)
        return true;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SERVER_STACK);
    int error = pthread_create(&k->server, &attributes, server, t);
    pthread_attr_destroy(&attributes);
    k->serving = error == 0;
    if (!k->serving) {
        tender_complain(t, "kvm: no second thread: %s", strerror(error));
        t->status = EX_OSERR;
    }
    return k->serving;
}

bool server_ring(struct tender *t) {
    const uint64_t one = 1;
    ssize_t ignored = write(t->doorbell, &one, sizeof one);
    (void)ignored; /* EAGAIN: it rings already */
    return server_start(t);
}

/* Both ways what is in the rings goes out. */
static int run(struct tender *t) {
    struct kvm *k = kvm_of(t);
    vcpu_run(t);
    atomic_store(&k->stopped, true);
    if (k->serving) {
        serve_stop(t);
        pthread_join(k->server, NULL);
    } else {
        t->ended = true;
        serve(t);
    }
    return t->status;
}

const struct tender_door tender_kvm = {.name = "kvm",
                                       .unavailable = unavailable,
                                       .create = create,
                                       .run = run,
                                       .map = memory_map,
                                       .discard = memory_discard,
                                       .read = memory_read};
