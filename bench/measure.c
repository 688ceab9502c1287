/*
 * measure.c - runs commands in turn and tells what each run took:
 * measure RUNS -- COMMAND [ARGS...] [-- COMMAND [ARGS...]]...
 *
 * One line a run, tab-separated: number of the command (from 0), of the run,
 * wall time in microseconds, peak resident size in KiB, minor page faults, exit
 * status. Standard input and output of the commands are /dev/null. A small
 * program does this because a process begins with its parent's peak size.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 8 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(int number, int run, char **command) {
    double start = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execvp(command[0], command);
        _exit(127);
    }
    int status = -1;
    struct rusage used = {0};
    if (pid > 0)
        wait4(pid, &status, 0, &used);
    double end = now_us();
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    printf("%d\t%d\t%.0f\t%ld\t%ld\t%d\n", number, run, end - start, used.ru_maxrss, used.ru_minflt,
           code);
    fflush(stdout);
}

int main(int argc, char **argv) {
    char **commands[MAX_COMMANDS];
    int count = 0, runs = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--") == 0 && i + 1 < argc && count < MAX_COMMANDS) {
            commands[count++] = &argv[i + 1];
            argv[i] = NULL;
        }
    if (runs < 1 || count == 0) {
        fputs("usage: measure RUNS -- COMMAND [ARGS...] [-- COMMAND...]\n", stderr);
        return 64;
    }
    for (int run = 0; run < runs; run++)
        for (int i = 0; i < count; i++)
            measure(i, run, commands[i]);
    return 0;
}
