/*
 * measure.c - runs commands in turn and tells what each run took:
 * measure [--first] RUNS -- COMMAND [ARGS...] [-- COMMAND [ARGS...]]...
 *
 * One line a run, tab-separated: number of the command (from 0), of the run,
 * wall time and processor time in microseconds, peak resident size in KiB, minor
 * page faults, exit status. With --first also the microseconds from before the fork to the first
 * byte on standard output, -1 if none came. Standard input is /dev/null, and so
 * is standard output without --first. A small program does this because a
 * process begins with its parent's peak size.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Reads to the end; when the first byte came, 0 if none did. */
static double first_byte(int fd) {
    static char buffer[65536];
    double first = 0;
    while (read(fd, buffer, sizeof buffer) > 0)
        if (first == 0)
            first = now_us();
    close(fd);
    return first;
}

static double us(struct timeval t) {
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void measure(int number, int run, char **command, bool ask_first) {
    int output[2];
    if (ask_first && pipe(output) != 0) {
        perror("measure: pipe");
        exit(71);
    }
    double start = now_us(), first = 0;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(ask_first ? output[1] : null, STDOUT_FILENO);
        if (ask_first) {
            close(output[0]);
            close(output[1]);
        }
        execvp(command[0], command);
        _exit(127);
    }
    if (ask_first) {
        close(output[1]);
        first = first_byte(output[0]);
    }
    int status = -1;
    struct rusage used = {0};
    if (pid > 0)
        wait4(pid, &status, 0, &used);
    double end = now_us();
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    printf("%d\t%d\t%.0f\t%.0f\t%ld\t%ld\t%d", number, run, end - start,
           us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss, used.ru_minflt, code);
    if (ask_first)
        printf("\t%.0f", first > 0 ? first - start : -1);
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv) {
    char **commands[MAX_COMMANDS];
    bool ask_first = argc > 1 && strcmp(argv[1], "--first") == 0;
    int at = ask_first ? 2 : 1, count = 0, runs = argc > at ? atoi(argv[at]) : 0;
    for (int i = at + 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0 && i + 1 < argc && count < MAX_COMMANDS) {
            commands[count++] = &argv[i + 1];
            argv[i] = NULL;
        }
    if (runs < 1 || count == 0) {
        fputs("usage: measure [--first] RUNS -- COMMAND [ARGS...] [-- COMMAND...]\n", stderr);
        return 64;
    }
    for (int run = 0; run < runs; run++)
        for (int i = 0; i < count; i++)
            measure(i, run, commands[i], ask_first);
    return 0;
}
