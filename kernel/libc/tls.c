/*
 * tls.c - the thread control block behind the FS base: musl's functions find
 * themselves at its start, compilers the stack canary at 0x28 (x86-64 psABI,
 * 3.4.2 and the convention of gcc and clang). There are no thread-local
 * variables: the linker would complain about an undefined segment of them.
 */
#include "kernel.h"

_Alignas(64) void *kernel_tls[64] = {kernel_tls};
