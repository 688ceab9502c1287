/* Run an image inside a program: embed IMAGE [ARGS...]. A tenth of a second at a
 * time, for a minute at most; in between its external semaphore 1 is signalled. */
#include "../host/hosted/hosted.h"
#include "mote/vm.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc < 2)
        return 64;
    struct hosted_config hosted = {.argc = (unsigned)argc - 2, .argv = argv + 2};
    struct platform *platform = hosted_open(&hosted);
    if (platform == NULL)
        return 71; /* no memory */
    struct vm *vm;
    char error[512];
    int status = (int)vm_open(&vm, platform, argv[1], NULL, error, sizeof error);
    if (status == VM_OK) {
        for (int turn = 0; turn < 600; turn++) {
            uint64_t until = platform_monotonic_ns(platform) + 100000000;
            if (vm_run(vm, until, &status) != VM_DEADLINE)
                break;
            vm_post_event(vm, 1);
        }
        vm_close(vm);
    } else {
        fprintf(stderr, "%s\n", error);
    }
    hosted_close(platform);
    return status;
}
