/*
 * environment.c - what the image asks about where it runs: system attributes,
 * its own name, the VM's directory, environment variables.
 *
 * Attribute numbers as on the OpenSmalltalk VM for unix (sqUnixMain.c). Images
 * compare the version attributes (1004, 1007, 1009) with VMs they know and
 * complain of an old one, so they name the VMMaker version whose behaviour this
 * VM has.
 */
#include "environment.h"
#include "file_state.h"
#include "mote/version.h"

#define VMMAKER "VMMaker.oscog-eem.3324"

#if defined(__x86_64__)
#define PROCESSOR "x86_64"
#elif defined(__aarch64__)
#define PROCESSOR "aarch64"
#elif defined(__riscv)
#define PROCESSOR "riscv64"
#endif

enum { FIRST_ARGUMENT = 2 };

static const char version_string[] =
    "Mote " MOTE_VERSION " Smalltalk VM [StackInterpreter " VMMAKER "]";
static const char build_info[] = "StackInterpreter " VMMAKER " (Mote " MOTE_VERSION ")";
static const char source_version[] = "VM: " MOTE_VERSION " mote Date: " MOTE_VERSION_DATE
                                     " CommitHash: none Plugins: " MOTE_VERSION " mote";

static oop new_string(struct vm *vm, const char *text) {
    return heap_new_string(&vm->heap, text, strlen(text));
}

static const char *attribute(struct vm *vm, int64_t number) {
    switch (number) {
    case 0:
        return platform_program_path(vm->platform);
    case 1:
        return vm->image_name;
    case 1001:
        return "unix";
    case 1002:
        return "linux-gnu";
    case 1003:
        return PROCESSOR;
    case 1004:
        return version_string;
    case 1005:
        return "null"; /* there is no window system */
    case 1006:
        return "Mote " MOTE_VERSION " " PROCESSOR;
    case 1007:
        return build_info;
    case 1009:
        return source_version;
    case -1: /* options of the VM itself: images look here whether they have a display */
        return "-headless";
    case -2:
        return "-vm-display-null";
    default:
        if (number < FIRST_ARGUMENT || number - FIRST_ARGUMENT > UINT32_MAX)
            return NULL;
        return platform_argv(vm->platform, (unsigned)(number - FIRST_ARGUMENT));
    }
}

int environment_prim_attribute(struct vm *vm, oop *argv, unsigned argc) {
    if (!is_smallint(argv[argc]))
        return PRIM_BAD_ARGUMENT;
    const char *text = attribute(vm, smallint_value(argv[argc]));
    return prim_answer(argv, text == NULL ? vm->heap.nil : new_string(vm, text));
}

/* With an argument: the name under which the image will be saved. */
int environment_prim_image_name(struct vm *vm, oop *argv, unsigned argc) {
    if (argc == 0)
        return prim_answer(argv, new_string(vm, vm->image_name));
    oop name = argv[argc];
    if (!is_bytes(name) || !has_class_index(name, CLASS_INDEX_BYTE_STRING))
        return PRIM_BAD_ARGUMENT;
    if (!file_state_can_write_image(vm))
        return PRIM_UNSUPPORTED;
    uint64_t size = num_bytes(name);
    if (size >= FILE_PATH_MAX || memchr(object_bytes(name), 0, size) != NULL)
        return PRIM_BAD_ARGUMENT;
    memcpy(vm->image_name, object_bytes(name), size); /* it has room for FILE_PATH_MAX */
    vm->image_name[size] = 0;
    return PRIM_OK;
}

/* The directory of the launcher, with a final slash. */
int environment_prim_vm_path(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const char *path = platform_program_path(vm->platform);
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    return prim_answer(argv, heap_new_string(&vm->heap, path, size));
}

int environment_prim_cwd(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    char path[FILE_PATH_MAX];
    int64_t size = platform_cwd(vm->platform, path, sizeof path);
    if (size < 0)
        return PRIM_FAIL;
    return prim_answer(argv, heap_new_string(&vm->heap, path, (size_t)size));
}

int environment_prim_getenv(struct vm *vm, oop *argv, unsigned argc) {
    char name[FILE_PATH_MAX];
    oop key = argv[argc];
    if (!is_bytes(key) || num_bytes(key) >= sizeof name)
        return PRIM_BAD_ARGUMENT;
    memcpy(name, object_bytes(key), num_bytes(key));
    name[num_bytes(key)] = 0;
    const char *value = platform_getenv(vm->platform, name);
    return prim_answer(argv, value == NULL ? vm->heap.nil : new_string(vm, value));
}

int environment_prim_source_version(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, new_string(vm, source_version));
}

/* There is no power management that could get in the way. */
int environment_prim_disable_power_manager(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    return is_smallint(argv[argc]) ? PRIM_OK : PRIM_FAIL;
}

/* Logs have no directory of their own, as on unix. */
int environment_prim_log_directory(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, new_string(vm, ""));
}

int environment_prim_set_log_directory(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    return is_bytes(argv[argc]) ? PRIM_OK : PRIM_FAIL;
}
