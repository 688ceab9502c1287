/*
 * start.c - how long a command takes from its start to its end, and how much
 * memory: start RUNS COMMAND [ARGS...]. Prints the least and the median wall
 * time in milliseconds and the greatest resident size in megabytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The wall time, or -1 when the command failed. */
static double run_once(char **command, long *peak_kb) {
    double start = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execvp(command[0], command);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || status != 0)
        return -1;
    if (used.ru_maxrss > *peak_kb)
        *peak_kb = used.ru_maxrss;
    return now_ms() - start;
}

int main(int argc, char **argv) {
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1)
        return 64;
    double *times = calloc((size_t)runs, sizeof *times);
    long peak_kb = 0;
    for (int i = 0; i < runs; i++)
        if ((times[i] = run_once(argv + 2, &peak_kb)) < 0) {
            fprintf(stderr, "start: %s failed\n", argv[2]);
            return 1;
        }
    qsort(times, (size_t)runs, sizeof *times, ascending);
    printf("least %.2f ms, median %.2f ms, peak %.1f MB\n", times[0], times[runs / 2],
           (double)peak_kb / 1024);
    free(times);
    return 0;
}
