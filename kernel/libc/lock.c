/* lock.c - one thread: musl's internal locks are always free. Its own versions
 * would wait in a system call. */
int __lockfile(void *file);
void __unlockfile(void *file);
void __lock(volatile int *lock);
void __unlock(volatile int *lock);

int __lockfile(void *file) {
    (void)file;
    return 0;
}

void __unlockfile(void *file) {
    (void)file;
}

void __lock(volatile int *lock) {
    (void)lock;
}

void __unlock(volatile int *lock) {
    (void)lock;
}
