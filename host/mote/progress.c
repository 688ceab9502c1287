/*
 * progress.c - see progress.h. A timer signal does the telling, so that the
 * work itself need not know.
 */
#include "progress.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char *volatile current;
static volatile sig_atomic_t seconds;
static struct sigaction before;

static void put(const char *text) {
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

static void tell(int signal_number) {
    (void)signal_number;
    int saved = errno;
    char digits[12];
    unsigned n = sizeof digits;
    digits[--n] = 0;
    seconds++;
    for (int left = seconds; n > 0; left /= 10) {
        digits[--n] = (char)('0' + left % 10);
        if (left < 10)
            break;
    }
    put("\rmote: ");
    put(current);
    put(" ... ");
    put(digits + n);
    put(" s");
    errno = saved;
}

void progress_begin(const char *what) {
    current = NULL;
    if (!isatty(STDERR_FILENO))
        return;
    current = what;
    seconds = 0;
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, &before);
    struct itimerval timer = {{1, 0}, {1, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

void progress_end(void) {
    if (current == NULL)
        return;
    struct itimerval off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    if (seconds > 0)
        put("\r\033[K");
    current = NULL;
}
