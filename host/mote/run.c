/* `mote run`: an image, or a C program, until it ends. */
#include "complain.h"
#include "crash.h"
#include "run_options.h"
#include "run_source.h"
#include "run_words.h"
#include "verbs.h"
#include "../hosted/hosted.h"
#include "../qemu/qemu.h"
#include "../tender/tender.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = MOTE_BOOT_BYTES - sizeof(struct mote_boot) };
#define TENDER_MEMORY (UINT64_C(1) << 30)
#define QEMU_MEMORY (UINT64_C(256) << 20)

static int run_on_hosted(const struct run_options *o, const struct run_source *s) {
    const char *settings[RUN_ENVIRONMENT + 1] = {0};
    memcpy(settings, o->environment, sizeof o->environment);
    const struct hosted_config config = {.argc = o->argc,
                                         .argv = o->argv,
                                         .program_path = s->launcher,
                                         .memory_limit = o->memory,
                                         .catch_signals = true,
                                         .image_path = s->file,
                                         .image_name = s->name,
                                         .settings = settings};
    signal(SIGPIPE, SIG_IGN); /* the image learns of it from the failing write */
    crash_contain(s->name);
    struct platform *platform = hosted_open(&config);
    if (platform == NULL) {
        complain("no memory or descriptors for the platform");
        return EX_OSERR;
    }
    int status = mote_main(platform);
    hosted_close(platform);
    return status;
}

static const char *stream_kind(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return "none";
    if (S_ISREG(status.st_mode))
        return "file";
    if (S_ISCHR(status.st_mode))
        return isatty(fd) ? "terminal" : "file";
    return "pipe";
}

/* The mote's command line; false: too long. */
static bool make_words(struct words *w, const struct run_options *o, const struct run_source *s) {
    static const char *const streams[] = {"stdin", "stdout", "stderr"};
    char number[32];
    time_t now = time(NULL);
    struct tm local;
    if (s->is_image)
        words_add(w, "image", s->name);
    words_add(w, "program", s->launcher);
    if (localtime_r(&now, &local) != NULL && local.tm_gmtoff != 0) {
        snprintf(number, sizeof number, "%ld", local.tm_gmtoff);
        words_add(w, "utc_offset", number);
    }
    for (int fd = 0; fd < 3; fd++)
        words_add(w, streams[fd], stream_kind(fd));
    for (unsigned i = 0; i < o->environment_count; i++)
        words_add(w, "env", o->environment[i]);
    for (unsigned i = 0; i < o->argc; i++)
        words_add(w, "arg", o->argv[i]);
    return !w->overflow;
}

static int run_on_qemu(const struct run_options *o, const struct run_source *s, const char *words) {
    struct qemu_config config = {.program = s->program,
                                 .name = s->name,
                                 .command_line = words,
                                 .machine = o->machine != NULL ? o->machine : "microvm",
                                 .memory = o->memory != 0 ? o->memory : QEMU_MEMORY,
                                 .verbose = o->verbose};
    char path[64];
    if (s->is_image) {
        int image;
        uint64_t bytes;
        int status = run_source_open_image(s, &image, &bytes);
        if (status != 0)
            return status;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), image);
        config.image = path;
    }
    return qemu_run(&config);
}

static int run_on_tender(const struct run_options *o, const struct run_source *s, const char *words,
                         const struct tender_door *door) {
    struct tender_config config = {.program = s->program,
                                   .name = s->name,
                                   .image = -1,
                                   .command_line = words,
                                   .memory = o->memory != 0 ? o->memory : TENDER_MEMORY,
                                   .verbose = o->verbose};
    if (s->is_image) {
        int status = run_source_open_image(s, &config.image, &config.image_bytes);
        if (status != 0)
            return status;
        config.save_path = s->name;
    }
    return tender_run(&config, door);
}

/* The best door that works here; `why` says what was wrong with better ones. */
static enum run_on choose(bool verbose) {
    static const struct {
        const struct tender_door *door;
        enum run_on on;
    } best[] = {{&tender_kvm, ON_KVM}, {&tender_process, ON_PROCESS}};
    for (unsigned i = 0; i < sizeof best / sizeof best[0]; i++) {
        const char *why = best[i].door->unavailable();
        if (why == NULL)
            return best[i].on;
        if (verbose)
            complain("not on %s: %s", best[i].door->name, why);
    }
    return ON_HOSTED;
}

static void say_where(const struct run_options *o, const struct run_source *s) {
    static const char *const names[] = {"", "hosted", "process", "kvm", "qemu"};
    if (!s->is_image)
        complain("on %s: %s", names[o->on], s->program);
    else if (s->why[0] != 0)
        complain("on %s, without the cache: %s", names[o->on], s->why);
    else
        complain("on %s, mapped from the %s: %s", names[o->on],
                 strcmp(s->file, s->name) == 0 ? "file itself" : "cache", s->file);
}

int verb_run(int argc, char **argv) {
    static struct run_options options;
    static struct run_source source;
    static char text[WORDS];
    int status;
    if (!run_options_read(argc, argv, &options, &status))
        return status;
    if (options.on == ON_BEST)
        options.on = choose(options.verbose);
    status = run_source_find(&source, options.file, options.no_cache, options.on == ON_HOSTED);
    if (status != 0)
        return status;
    if (options.verbose)
        say_where(&options, &source);
    if (options.on == ON_HOSTED)
        return run_on_hosted(&options, &source);

    struct words words = {.text = text, .room = sizeof text};
    if (!make_words(&words, &options, &source)) {
        complain("run: the arguments are too long: at most %zu bytes go to a mote", sizeof text);
        return EX_USAGE;
    }
    status = tender_streams();
    if (status != 0) {
        complain("/dev/null: open: %s", strerror(errno));
        return status;
    }
    if (options.on == ON_QEMU)
        return run_on_qemu(&options, &source, text);
    const struct tender_door *door = options.on == ON_KVM ? &tender_kvm : &tender_process;
    const char *why = door->unavailable();
    if (why != NULL) {
        complain("no mote can run on %s here: %s", door->name, why);
        return EX_OSERR;
    }
    return run_on_tender(&options, &source, text, door);
}
