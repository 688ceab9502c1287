/* One mote from its file to its exit status. */
#include "tender.h"

#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

int tender_streams(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return EX_OSERR;
    }
    return 0;
}

/* Signals come through a descriptor; a reader that left is seen at the write. */
static int open_events(struct tender *t) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigdelset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    t->signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    t->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->door->rung == NULL) /* served by a thread of its own */
        t->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->signals >= 0 && t->doorbell >= 0 && (t->stop >= 0 || t->door->rung != NULL))
        return 0;
    tender_complain(t, "descriptors for events: %s", strerror(errno));
    return EX_OSERR;
}

/* Whatever the caller left open is not ours, and a reader may wait for its end. */
static void close_others(const struct tender *t) {
    unsigned image = t->config->image > STDERR_FILENO ? (unsigned)t->config->image : STDERR_FILENO;
    if (image > STDERR_FILENO + 1)
        syscall(SYS_close_range, STDERR_FILENO + 1, image - 1, 0);
    syscall(SYS_close_range, image + 1, ~0u, 0); /* not in kernels before 5.9 */
}

static int load(struct tender *t) {
    char error[512];
    int status = elf_open(&t->program, t->config->program, error, sizeof error);
    if (status != 0) {
        tender_complain(t, "%s", error);
        return status;
    }
    int answer = save_prepare(t);
    if (answer != 0 && t->config->verbose)
        tender_complain(t, "%s: its directory cannot be opened, so saving will fail",
                        t->config->save_path);
    return boot_memory(t);
}

static int prepare(struct tender *t) {
    close_others(t);
    int status = load(t);
    if (status == 0)
        status = open_events(t);
    if (status == 0)
        status = boot_build(t);
    if (status == 0)
        status = t->door->create(t);
    if (status == 0)
        status = clock_start(t);
    if (status == 0)
        status = sandbox_tender(t);
    return status;
}

static void close_all(struct tender *t) {
    save_abort(t);
    const int fds[] = {t->signals, t->doorbell,       t->stop,         t->child,
                       t->memory,  t->save_directory, t->config->image};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    if (t->low != NULL)
        munmap(t->low, MOTE_LOW_END);
    elf_close(&t->program);
}

int tender_run(const struct tender_config *config, const struct tender_door *door) {
    clock_prepare();
    struct tender t = {.config = config,
                       .door = door,
                       .program.fd = -1,
                       .memory = -1,
                       .doorbell = -1,
                       .stop = -1,
                       .save_directory = -1,
                       .signals = -1,
                       .child = -1,
                       .deadline_passed = UINT64_MAX,
                       .lock = PTHREAD_MUTEX_INITIALIZER};
    int status = prepare(&t);
    if (status == 0)
        status = door->run(&t);
    close_all(&t);
    return status;
}
