/* `mote run`: an image on a platform until it ends. */
#include "cache.h"
#include "crash.h"
#include "run_options.h"
#include "verbs.h"
#include "mote/vm.h"
#include "../hosted/hosted.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { EXIT_MEMORY = 71, EXIT_INTERRUPTED = 130 };

/* The end of the process gives all memory back at once, faster than vm_close
 * piece by piece; a sanitizer wants to see that nothing has been forgotten. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLOSE_BEFORE_EXIT true
#endif
#endif
#ifndef CLOSE_BEFORE_EXIT
#define CLOSE_BEFORE_EXIT false
#endif

static void put_stderr(void *arg, const char *text, size_t size) {
    (void)arg;
    fwrite(text, 1, size, stderr);
}

/* The path of this program; argv[0] would be what the caller chose to say. */
static const char *program_path(char out[PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
    return out;
}

/* True: run on. An interrupt is either a question, or the end. */
static bool answer_interrupt(struct platform *platform, struct vm *vm) {
    bool goes_on = hosted_request(platform) == HOSTED_REPORT;
    vm_print_stack(vm, goes_on, put_stderr, NULL);
    return goes_on;
}

/* Answers the exit status. */
static int run(struct platform *platform, struct vm *vm, const struct run_options *options) {
    int status = 0;
    for (;;) {
        enum vm_outcome outcome = vm_run(vm, PLATFORM_NEVER, &status);
        platform_file_flush(platform, STDOUT_FILENO); /* before anything on standard error */
        switch (outcome) {
        case VM_EXITED:
            return status & 0xff;
        case VM_DEADLINE:
            break;
        case VM_INTERRUPTED:
            if (answer_interrupt(platform, vm))
                break;
            fprintf(stderr, "mote: %s: interrupted\n", options->image);
            return EXIT_INTERRUPTED;
        case VM_NO_PROCESS:
            fprintf(stderr, "mote: %s: nothing left to run\n", options->image);
            return EX_SOFTWARE;
        case VM_EXHAUSTED:
            fprintf(stderr, "mote: %s: %s\n", options->image, vm_error(vm));
            return EXIT_MEMORY;
        default:
            fprintf(stderr, "mote: %s: %s\n", options->image, vm_error(vm));
            vm_print_stack(vm, false, put_stderr, NULL);
            return EX_SOFTWARE;
        }
    }
}

/* The file to map: the image itself when it is canonical, else its entry in the
 * cache, else the image again, to be rewritten in memory. */
static int choose_file(const struct run_options *options, const char *image, char *file,
                       size_t size) {
    char error[512];
    int answer = CACHE_NONE;
    snprintf(error, sizeof error, "%s: --no-cache", image);
    if (!options->no_cache)
        answer = cache_canonical_path(image, file, size, error, sizeof error);
    if (answer == CACHE_BAD_IMAGE || answer == CACHE_NO_INPUT) {
        fprintf(stderr, "mote: %s\n", error);
        return answer;
    }
    if (answer == CACHE_NONE)
        snprintf(file, size, "%s", image);
    if (options->verbose && answer == CACHE_NONE)
        fprintf(stderr, "mote: on hosted, without the cache: %s\n", error);
    else if (options->verbose && strcmp(file, image) == 0)
        fprintf(stderr, "mote: on hosted, mapped from the file itself: %s\n", file);
    else if (options->verbose)
        fprintf(stderr, "mote: on hosted, mapped from the cache: %s\n", file);
    return 0;
}

static enum vm_outcome open_vm(struct vm **vm, struct platform *platform, const char *file,
                               const struct vm_config *config) {
    char error[512];
    enum vm_outcome outcome = vm_open(vm, platform, file, config, error, sizeof error);
    /* Another process may have cleaned up the cache meanwhile. */
    if (outcome == VM_NO_IMAGE && strcmp(file, config->image_name) != 0)
        outcome = vm_open(vm, platform, config->image_name, config, error, sizeof error);
    if (outcome != VM_OK)
        fprintf(stderr, "mote: %s\n", error);
    return outcome;
}

static int run_on_hosted(const struct run_options *options, const char *image, const char *file) {
    char program[PATH_MAX];
    const struct hosted_config hosted = {.argc = options->image_argc,
                                         .argv = options->image_argv,
                                         .program_path = program_path(program),
                                         .catch_signals = true};
    const struct vm_config config = {.max_bytes = options->max_bytes,
                                     .gc_stress = options->gc_stress,
                                     .count_primitives = options->count_primitives,
                                     .image_name = image};
    struct platform *platform = hosted_open(&hosted);
    if (platform == NULL) {
        fprintf(stderr, "mote: no memory or descriptors for the platform\n");
        return EXIT_MEMORY;
    }
    struct vm *vm;
    int status = (int)open_vm(&vm, platform, file, &config);
    if (status == VM_OK) {
        status = run(platform, vm, options);
        if (options->count_primitives)
            vm_print_primitive_counts(vm, put_stderr, NULL);
        if (CLOSE_BEFORE_EXIT)
            vm_close(vm);
    }
    hosted_close(platform);
    return status;
}

int verb_run(int argc, char **argv) {
    struct run_options options;
    char image[PATH_MAX], file[PATH_MAX];
    int status;
    if (!run_options_read(argc, argv, &options, &status))
        return status;
    if (realpath(options.image, image) == NULL) {
        fprintf(stderr, "mote: %s: open: %s\n", options.image, strerror(errno));
        return EX_NOINPUT;
    }
    status = choose_file(&options, image, file, sizeof file);
    if (status != 0)
        return status;
    signal(SIGPIPE, SIG_IGN); /* the image learns of it from the failing write */
    crash_contain(options.image);
    return run_on_hosted(&options, image, file);
}
