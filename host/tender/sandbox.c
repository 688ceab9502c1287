/* What the tender gives up before the mote runs: new privileges, files outside the
 * image's directory, and all system calls that serving does not need. */
#include "tender.h"

#include "policy/lists.h"
#include "tender_policy.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

enum { FILTER_MAX = 512 };

/* linux/landlock.h; kernels differ in which of these they know. */
#define ACCESS_WRITE_FILE (UINT64_C(1) << 1)
#define ACCESS_READ_FILE (UINT64_C(1) << 2)
#define ACCESS_REMOVE_FILE (UINT64_C(1) << 5)
#define ACCESS_MAKE_REG (UINT64_C(1) << 8)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)
enum { LANDLOCK_VERSION = 1, PATH_BENEATH = 1 };

/* Which rights a version of Landlock can take away: all up to a bit. */
static uint64_t landlock_rights(long version) {
    static const unsigned bits[] = {13, 14, 15, 15, 16};
    if (version < 1)
        return 0;
    return (UINT64_C(1) << bits[version > 5 ? 4 : version - 1]) - 1;
}

/* Without saving no path can be opened at all: the filter sees to it. */
static int limit_files(const struct tender *t) {
    uint64_t all = landlock_rights(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION));
    if (all == 0)
        return 0; /* not in this kernel */
    const uint64_t handled = all;
    const struct {
        uint64_t allowed;
        int32_t parent;
    } __attribute__((packed)) rule = {(ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_REMOVE_FILE |
                                       ACCESS_MAKE_REG | ACCESS_TRUNCATE) &
                                          all,
                                      t->save_directory};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return errno;
    int error = 0;
    if (syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &rule, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        error = errno;
    close(rules);
    return error;
}

/* A sanitizer's run-time needs files and many more calls for its report. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

int sandbox_files(struct tender *t) {
    if (t->files_limited)
        return 0;
    t->files_limited = true;
    int error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
    if (error == 0 && t->save_directory >= 0 && !SANITIZED)
        error = limit_files(t);
    if (error == 0)
        return 0;
    tender_complain(t, "giving up privileges: %s", strerror(error));
    return EX_OSERR;
}

struct policy {
    const struct sock_filter *filter;
    size_t count;
};
#define POLICY(p) ((struct policy){p, sizeof p / sizeof *p})

static struct policy choose(const struct tender *t) {
    bool saves = t->save_directory >= 0;
    if (t->door->rung != NULL)
        return saves ? POLICY(policy_process_save) : POLICY(policy_process);
    return saves ? POLICY(policy_kvm_save) : POLICY(policy_kvm);
}

static uint32_t fill_hole(const struct tender *t, uint32_t k) {
    switch (k) {
    case POLICY_CHILD_PID:
        return (uint32_t)t->child_pid;
    case POLICY_CHILD_FD:
        return (uint32_t)t->child;
    case POLICY_DIRECTORY_FD:
        return (uint32_t)t->save_directory;
    case POLICY_TENDER_PID:
        return (uint32_t)getpid();
    default:
        return k;
    }
}

int sandbox_tender(struct tender *t) {
    int status = sandbox_files(t);
    if (status != 0 || SANITIZED)
        return status;
    struct sock_filter filter[FILTER_MAX];
    struct policy p = choose(t);
    if (p.count > FILTER_MAX)
        return EX_OSERR;
    for (size_t i = 0; i < p.count; i++) {
        filter[i] = p.filter[i];
        filter[i].k = fill_hole(t, p.filter[i].k);
    }
    const struct sock_fprog program = {.len = (unsigned short)p.count, .filter = filter};
    /* Threads that a door has started already included. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
        return 0;
    tender_complain(t, "seccomp: %s; this host does not let a program limit itself",
                    strerror(errno));
    return EX_OSERR;
}
