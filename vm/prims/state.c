/* state.c - see state.h. */
#include "state.h"
#include "file_state.h"
#include "resolver_state.h"

void prim_state_close(struct vm *vm) {
    file_state_close(vm);
    resolver_state_close(vm);
}
