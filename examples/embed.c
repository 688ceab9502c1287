/* Run an image inside a program: embed IMAGE [ARGS...]. A second at a time, so
 * that the program could do something else in between. */
#include "../host/hosted/hosted.h"
#include "mote/vm.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc < 2)
        return 64;
    struct hosted_config hosted = {.argc = (unsigned)argc - 2, .argv = argv + 2};
    struct platform *platform = hosted_open(&hosted);
    struct vm *vm;
    char error[512];
    int status = (int)vm_open(&vm, platform, argv[1], NULL, error, sizeof error);
    if (status == VM_OK) {
        while (vm_run(vm, platform_monotonic_ns(platform) + 1000000000, &status) == VM_DEADLINE)
            fprintf(stderr, "still running\n");
        vm_close(vm);
    } else {
        fprintf(stderr, "%s\n", error);
    }
    hosted_close(platform);
    return status;
}
