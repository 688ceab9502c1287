/* SecurityPlugin: whether the image may be written, and two directories beside
 * it that images use for what they do not trust. */
#include "environment.h"
#include "file_state.h"

int security_prim_can_write_image(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, boolean(vm, file_state_can_write_image(vm)));
}

int security_prim_disable_image_write(struct vm *vm, oop *argv, unsigned argc) {
    (void)argv;
    (void)argc;
    struct file_state *s = file_state(vm);
    if (s == NULL)
        return PRIM_NO_C_MEMORY;
    s->image_write_denied = true;
    return PRIM_OK;
}

static int beside_image(struct vm *vm, oop *argv, const char *name) {
    char path[2 * FILE_PATH_MAX];
    const char *slash = strrchr(vm->image_name, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - vm->image_name);
    if (size >= FILE_PATH_MAX)
        return PRIM_FAIL;
    memcpy(path, vm->image_name, size);
    memcpy(path + size, name, strlen(name) + 1);
    return prim_answer(argv, heap_new_string(&vm->heap, path, strlen(path)));
}

int security_prim_secure_directory(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return beside_image(vm, argv, "/secure");
}

int security_prim_untrusted_directory(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    const char *chosen = platform_getenv(vm->platform, "SQUEAK_USERDIR");
    if (chosen == NULL)
        return beside_image(vm, argv, "/My Squeak");
    size_t size = strlen(chosen);
    if (size > 0 && chosen[size - 1] == '/')
        size--;
    return prim_answer(argv, heap_new_string(&vm->heap, chosen, size));
}
