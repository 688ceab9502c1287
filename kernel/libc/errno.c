/* errno.c - one thread, one errno. */
static int value;

int *__errno_location(void);
int *___errno_location(void);

int *__errno_location(void) {
    return &value;
}

int *___errno_location(void) {
    return &value;
}
