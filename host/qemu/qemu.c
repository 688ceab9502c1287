/* Start QEMU, pass its streams on, end with the mote's exit status. */
#include "qemu.h"
#include "arguments.h"
#include "report.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130, EXEC_FAILED = 127 };
enum { STREAMS = 4, STATUS = QEMU_STATUS_FD }; /* of the child, by its descriptors */
enum { BUFFER = 16384 };

struct run {
    const struct qemu_config *config;
    pid_t child; /* 0: it has been waited for */
    int child_status;
    int stream[STREAMS]; /* our ends; -1: closed */
    int signals;         /* signalfd */
    bool input_open;     /* our standard input */
    size_t held, sent;   /* of `input` */
    bool interrupted;
    struct status status;
    char input[BUFFER];
};

static int complain(const struct run *r, const char *what, int error) {
    fprintf(stderr, "mote: %s: %s%s%s\n", r->config->name, what, error != 0 ? ": " : "",
            error != 0 ? strerror(error) : "");
    return EX_OSERR;
}

static void close_stream(struct run *r, int i) {
    if (r->stream[i] >= 0)
        close(r->stream[i]);
    r->stream[i] = -1;
}

/* ---- Starting ---------------------------------------------------------------- */

/* Only here: the child. Its process group is its own, so that a terminal's Ctrl-C
 * comes to us alone. */
static _Noreturn void become_qemu(const struct qemu_arguments *a, int ends[STREAMS], pid_t parent,
                                  const sigset_t *mask) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXEC_FAILED);
    for (int i = 0; i < STREAMS; i++) /* out of the way of what follows */
        ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, STREAMS);
    for (int i = 0; i < STREAMS; i++)
        if (ends[i] < 0 || dup2(ends[i], i) < 0)
            _exit(EXEC_FAILED);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(a->v[0], a->v);
    int error = errno;
    const char *text = error == ENOENT ? "qemu-system-x86_64 is not there: install the package "
                                         "qemu-system-x86, or choose another --on\n"
                                       : strerror(error);
    dprintf(STDERR_FILENO, "mote: %s%s", text, error == ENOENT ? "" : ": " QEMU_PROGRAM "\n");
    _exit(EXEC_FAILED);
}

static int start(struct run *r, const struct qemu_arguments *a) {
    int ends[STREAMS] = {-1, -1, -1, -1}, error = 0;
    for (int i = 0; i < STREAMS && error == 0; i++) {
        int p[2];
        if (pipe2(p, O_CLOEXEC) != 0) {
            error = errno;
            break;
        }
        ends[i] = p[i == STDIN_FILENO ? 0 : 1];
        r->stream[i] = p[i == STDIN_FILENO ? 1 : 0];
    }
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGPIPE); /* seen as EPIPE */
    sigprocmask(SIG_BLOCK, &ours, &before);
    sigdelset(&ours, SIGPIPE);
    r->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (error == 0 && r->signals < 0)
        error = errno;
    pid_t parent = getpid();
    if (error == 0) {
        r->child = fork();
        if (r->child == 0)
            become_qemu(a, ends, parent, &before);
        error = r->child < 0 ? errno : 0;
        r->child = r->child < 0 ? 0 : r->child;
    }
    for (int i = 0; i < STREAMS; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    for (int i = 0; error == 0 && i < STREAMS; i++)
        fcntl(r->stream[i], F_SETFL, O_NONBLOCK);
    if (error == 0)
        fcntl(r->stream[STATUS], F_SETPIPE_SZ, MOTE_DUMP_LEAST / 2);
    return error == 0 ? 0 : complain(r, "cannot start QEMU", error);
}

/* ---- Passing on --------------------------------------------------------------- */

/* From our standard input to QEMU's, with the end. */
static void pass_input(struct run *r) {
    if (r->held == 0 && r->input_open) {
        ssize_t n = read(STDIN_FILENO, r->input, sizeof r->input);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        r->input_open = n > 0;
        r->held = n > 0 ? (size_t)n : 0;
        r->sent = 0;
    }
    while (r->sent < r->held) {
        ssize_t n = write(r->stream[STDIN_FILENO], r->input + r->sent, r->held - r->sent);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && errno != EINTR) { /* nobody reads it any more */
            r->input_open = false;
            break;
        }
        r->sent += n > 0 ? (size_t)n : 0;
    }
    r->held = r->sent = 0;
    if (!r->input_open)
        close_stream(r, STDIN_FILENO);
}

/* All of it; what a reader that has gone away would have got is dropped. */
static void write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return;
        } else if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
}

/* False: nothing more for now. */
static bool pass_output(struct run *r, int i) {
    char buffer[BUFFER];
    ssize_t n = r->stream[i] >= 0 ? read(r->stream[i], buffer, sizeof buffer) : -1;
    if (n <= 0) {
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            close_stream(r, i);
        return false;
    }
    write_all(i, buffer, (size_t)n);
    return true;
}

/* When a dump begins, first what the mote had written before; then all of the dump.
 * It is more than the pipe holds, so the mote cannot have gone on meanwhile. */
static void take_byte(struct run *r, uint8_t byte) {
    bool in_dump = status_in_dump(&r->status);
    if (status_take(&r->status, byte))
        qemu_report(r->config, &r->status.dump.head);
    else if (!in_dump && status_in_dump(&r->status))
        while (pass_output(r, STDOUT_FILENO) || pass_output(r, STDERR_FILENO))
            continue;
}

static void take_status(struct run *r) {
    do {
        uint8_t buffer[BUFFER];
        struct pollfd p = {.fd = r->stream[STATUS], .events = POLLIN};
        ssize_t n = poll(&p, 1, -1) > 0 ? read(r->stream[STATUS], buffer, sizeof buffer) : -1;
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
            close_stream(r, STATUS);
            return;
        }
        for (ssize_t i = 0; i < n; i++)
            take_byte(r, buffer[i]);
    } while (status_in_dump(&r->status));
}

static void take_signals(struct run *r) {
    struct signalfd_siginfo s;
    while (read(r->signals, &s, sizeof s) == sizeof s) {
        if (s.ssi_signo != SIGCHLD && r->child != 0) {
            r->interrupted = true;
            kill(r->child, SIGKILL);
        }
    }
    if (r->child != 0 && waitpid(r->child, &r->child_status, WNOHANG) == r->child)
        r->child = 0;
}

/* Until QEMU has ended and all that it wrote has been passed on. */
static void serve(struct run *r) {
    for (;;) {
        enum { SIGNALS = STREAMS, OUR_INPUT, POLLED };
        struct pollfd p[POLLED];
        bool any = r->child != 0;
        for (int i = 0; i < STREAMS; i++) {
            p[i] = (struct pollfd){.fd = r->stream[i], .events = POLLIN};
            any = any || (i != STDIN_FILENO && r->stream[i] >= 0);
        }
        if (!any)
            return;
        bool can_read = r->input_open && r->held == 0 && r->stream[STDIN_FILENO] >= 0;
        p[STDIN_FILENO].events = r->held > 0 ? POLLOUT : 0;
        p[SIGNALS] = (struct pollfd){.fd = r->signals, .events = POLLIN};
        p[OUR_INPUT] = (struct pollfd){.fd = can_read ? STDIN_FILENO : -1, .events = POLLIN};
        if (poll(p, POLLED, -1) < 0 && errno != EINTR)
            return;
        if (p[SIGNALS].revents != 0)
            take_signals(r);
        if ((p[STDIN_FILENO].revents & (POLLERR | POLLHUP)) != 0) {
            close_stream(r, STDIN_FILENO);
            r->held = 0;
        } else if (p[OUR_INPUT].revents != 0 || p[STDIN_FILENO].revents != 0) {
            pass_input(r);
        }
        for (int i = STDOUT_FILENO; i < STATUS; i++)
            if (p[i].revents != 0)
                pass_output(r, i);
        if (p[STATUS].revents != 0)
            take_status(r);
    }
}

/* ---- The end --------------------------------------------------------------------- */

static int conclude(struct run *r) {
    if (r->child != 0) { /* we could not go on */
        kill(r->child, SIGKILL);
        waitpid(r->child, &r->child_status, 0);
        r->child = 0;
    }
    if (r->interrupted) {
        complain(r, "interrupted", 0);
        return EXIT_INTERRUPTED;
    }
    if (r->status.has_value)
        return r->status.value;
    char text[64];
    if (WIFSIGNALED(r->child_status)) {
        snprintf(text, sizeof text, "QEMU was killed by signal %d", WTERMSIG(r->child_status));
        return complain(r, text, 0);
    }
    if (WEXITSTATUS(r->child_status) != 0) {
        if (WEXITSTATUS(r->child_status) == EXEC_FAILED)
            return EX_OSERR; /* it has been said */
        snprintf(text, sizeof text, "QEMU gave up with status %d", WEXITSTATUS(r->child_status));
        return complain(r, text, 0);
    }
    complain(r, "the machine was reset before the program ended", 0);
    return EX_SOFTWARE;
}

/* A standard stream that is closed would be taken by a pipe of ours. */
static void fill_streams(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int qemu_run(const struct qemu_config *config) {
    fill_streams();
    struct run r = {
        .config = config, .stream = {-1, -1, -1, -1}, .signals = -1, .input_open = true};
    struct qemu_arguments a;
    int error = qemu_arguments_make(&a, config);
    if (error != 0)
        return error;
    if (config->verbose)
        qemu_arguments_print(&a);
    error = start(&r, &a);
    if (error == 0) {
        serve(&r);
        error = conclude(&r);
    }
    for (int i = 0; i < STREAMS; i++)
        close_stream(&r, i);
    if (r.signals >= 0)
        close(r.signals);
    qemu_arguments_free(&a);
    return error;
}
