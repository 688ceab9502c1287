/* activate.c - see activate.h. */
#include "activate.h"
#include "frame.h"
#include "lookup.h"
#include "run.h"
#include "threaded.h"
#include "../prims/count.h"

#define MAX_SPREAD 64u /* arguments taken from an array; no method takes more than 15 */

static const struct code *fail(struct vm *vm, int status) {
    vm->prim_status = status;
    return NULL;
}

/* The elements of an argument array, or false. */
static bool array_args(oop array, uint64_t *count) {
    if (is_immediate(array) || format_of(array) != FORMAT_ARRAY || num_slots(array) > MAX_SPREAD)
        return false;
    *count = num_slots(array);
    return true;
}

static void spread(struct vm *vm, oop *base, oop array, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        base[1 + i] = fetch_slot(array, i);
    vm->sp = base + count;
}

const struct code *activate_value_with_args(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t count;
    oop closure = argv[0];
    if (argc != 1 || !array_args(argv[1], &count))
        return fail(vm, PRIM_BAD_ARGUMENT);
    if (is_immediate(closure) || num_slots(closure) < CLOSURE_FIRST_COPIED ||
        fetch_slot(closure, CLOSURE_NUM_ARGS) != smallint((int64_t)count))
        return fail(vm, PRIM_BAD_NUM_ARGS);
    const struct code *block = code_for_closure(vm, closure);
    if (!block || block->nargs != count)
        return fail(vm, PRIM_BAD_RECEIVER);
    spread(vm, argv, argv[1], count);
    return block;
}

/* Code for performing `selector` on argv[0] with `count` arguments from there on:
 * found first, so that a wrong number of arguments fails with the stack intact. */
static const struct code *find(struct vm *vm, oop selector, uint64_t count, oop class,
                               bool *understood) {
    oop broken;
    oop method = lookup_method(vm, selector, class, &broken);
    *understood = method && is_object(method) && is_method_format(format_of(method));
    if (!*understood)
        return NULL;
    const struct code *code = lookup_method_code(vm, method);
    return code->nargs == count || code == &leave_code ? code : NULL;
}

const struct code *activate_perform(struct vm *vm, oop *argv, unsigned argc) {
    if (argc == 0)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    oop selector = follow(argv[1]);
    bool understood;
    argv[0] = follow(argv[0]);
    const struct code *code =
        find(vm, selector, argc - 1, heap_class_of(&vm->heap, argv[0]), &understood);
    if (understood && !code)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    memmove(argv + 1, argv + 2, (argc - 1) * sizeof *argv);
    vm->sp = argv + argc - 1;
    return code ? code : lookup_send(vm, selector, argc - 1, class_index_of(argv[0]));
}

/* perform:withArguments: and friends, lookup beginning in `class`. */
static const struct code *perform_array(struct vm *vm, oop *argv, oop class) {
    uint64_t count;
    oop selector = follow(argv[1]), array = follow(argv[2]);
    if (!array_args(array, &count))
        return fail(vm, PRIM_BAD_ARGUMENT);
    bool understood;
    const struct code *code = find(vm, selector, count, class, &understood);
    if (understood && !code)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    spread(vm, argv, array, count);
    return code ? code : lookup_send_from(vm, selector, (uint32_t)count, class);
}

/* The mirror forms have the object as first argument, at `base`. */
static const struct code *perform_for(struct vm *vm, oop *argv, const oop *base, unsigned argc,
                                      oop class) {
    oop saved[5];
    memcpy(saved, argv, (argc + 1) * sizeof *argv);
    memmove(argv, base, (size_t)(argv + argc + 1 - base) * sizeof *argv);
    const struct code *code = perform_array(vm, argv, class);
    if (!code)
        memcpy(argv, saved, (argc + 1) * sizeof *argv);
    return code;
}

/* perform:withArguments:, withReceiver:perform:withArguments: */
const struct code *activate_perform_with_args(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 && argc != 3)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    oop *base = argv + (argc - 2);
    base[0] = follow(base[0]);
    return perform_for(vm, argv, base, argc, heap_class_of(&vm->heap, base[0]));
}

/* perform:withArguments:inSuperclass:, and with the object as first argument
 * (object:perform:withArguments:inClass:). */
const struct code *activate_perform_in_superclass(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 3 && argc != 4)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    oop *base = argv + (argc - 3);
    oop object = follow(base[0]), class = follow(base[3]);
    oop above = heap_class_of(&vm->heap, object);
    for (unsigned depth = 0; above != class; depth++) {
        if (is_immediate(above) || num_slots(above) <= CLASS_FORMAT || depth > 4096)
            return fail(vm, PRIM_BAD_ARGUMENT);
        above = follow(fetch_slot(above, CLASS_SUPERCLASS));
    }
    return perform_for(vm, argv, base, argc, class);
}

static const struct code *executable(struct vm *vm, oop method, uint64_t count) {
    if (is_immediate(method) || !is_method_format(format_of(method)) || num_slots(method) == 0 ||
        !is_smallint(fetch_slot(method, 0)))
        return fail(vm, PRIM_BAD_ARGUMENT);
    if (method_header_args(method_header(method)) != count)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    return lookup_method_code(vm, method);
}

/* withArgs:executeMethod:, or receiver:withArguments:executeMethod:. */
const struct code *activate_execute_method_args(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 && argc != 3)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    uint64_t count;
    oop *base = argv + (argc - 2);
    oop array = follow(base[1]);
    if (!array_args(array, &count))
        return fail(vm, PRIM_BAD_ARGUMENT);
    const struct code *code = executable(vm, follow(base[2]), count);
    if (!code)
        return NULL;
    argv[0] = base[0];
    spread(vm, argv, array, count);
    return code;
}

/* with:...executeMethod:. The method is the last argument. */
const struct code *activate_execute_method(struct vm *vm, oop *argv, unsigned argc) {
    if (argc == 0)
        return fail(vm, PRIM_BAD_NUM_ARGS);
    const struct code *code = executable(vm, follow(argv[argc]), argc - 1);
    if (code)
        vm->sp = argv + argc - 1;
    return code;
}

const struct code *activate_special(struct vm *vm, unsigned special, uint32_t nargs) {
    oop selector = num_slots(vm->heap.special_objects) > special
                       ? special_object(vm, (enum special_object)special)
                       : vm->heap.nil;
    if (selector == vm->heap.nil) {
        vm_leave(vm, VM_CRASHED, "a selector is missing from the special objects array");
        return &leave_code;
    }
    oop *receiver = vm->sp - nargs;
    *receiver = follow(*receiver);
    return lookup_send(vm, selector, nargs, class_index_of(*receiver));
}

oop activate_method_class(struct vm *vm, oop method) {
    uint32_t literals = method_header_literals(method_header(method));
    if (literals == 0)
        return vm->heap.nil;
    oop binding = follow(method_literal(method, literals - 1));
    /* The last literal of a block is its outer code. */
    for (unsigned depth = 0; depth < 64; depth++) {
        if (is_immediate(binding) || !is_method_format(format_of(binding)))
            break;
        literals = method_header_literals(method_header(binding));
        if (literals == 0)
            return vm->heap.nil;
        binding = follow(method_literal(binding, literals - 1));
    }
    if (is_immediate(binding) || !is_pointers_format(format_of(binding)) || num_slots(binding) < 2)
        return vm->heap.nil;
    return follow(fetch_slot(binding, 1));
}

static oop superclass_of(struct vm *vm, oop class) {
    if (is_immediate(class) || num_slots(class) <= CLASS_FORMAT)
        return vm->heap.nil;
    return follow(fetch_slot(class, CLASS_SUPERCLASS));
}

const struct code *activate_super(struct vm *vm, struct insn *cache, oop method, oop selector,
                                  uint32_t nargs) {
    oop *sp = vm->sp;
    oop *receiver = sp - nargs;
    *receiver = follow(*receiver);
    oop class = superclass_of(vm, activate_method_class(vm, method));
    const struct code *code = lookup_send_from(vm, follow(selector), nargs, class);
    if (vm->sp == sp && code->nargs == nargs && code != &leave_code) {
        /* Same depth may still be doesNotUnderstand: for one argument. */
        oop broken;
        if (lookup_method(vm, follow(selector), class, &broken) == code->method) {
            code_note_linked(vm, cache);
            cache[0].class_index = 1;
            cache[1].target = code;
        }
    }
    return code;
}

const struct code *activate_directed_super(struct vm *vm, oop class, oop selector, uint32_t nargs) {
    oop *receiver = vm->sp - nargs;
    *receiver = follow(*receiver);
    return lookup_send_from(vm, follow(selector), nargs, superclass_of(vm, follow(class)));
}

oop activate_new_point(struct vm *vm) {
    oop class = follow(special_object(vm, SPECIAL_CLASS_POINT));
    uint32_t index = heap_class_index(&vm->heap, class);
    if (index == 0 || class_format_fixed(smallint_value(fetch_slot(class, CLASS_FORMAT))) != 2)
        return 0;
    return heap_allocate(&vm->heap, 2, FORMAT_FIXED, index);
}

/* The table maps codes to symbols; an operating system error is a copy of its
 * entry with the error number in it. */
oop activate_prim_error(struct vm *vm) {
    int64_t status = vm->prim_status;
    if (status == PRIM_NO_CODE)
        return vm->heap.nil;
    if (status > PRIM_NEGATED)
        return smallint(PRIM_NEGATED - status);
    oop table = num_slots(vm->heap.special_objects) > SPECIAL_PRIM_ERROR_TABLE
                    ? special_object(vm, SPECIAL_PRIM_ERROR_TABLE)
                    : vm->heap.nil;
    if (is_object(table) && format_of(table) == FORMAT_ARRAY && status > 0 &&
        (uint64_t)status <= num_slots(table)) {
        oop entry = fetch_slot(table, (uint64_t)status - 1);
        if (status == PRIM_OS_ERROR && is_object(entry) && is_pointers_format(format_of(entry)) &&
            num_slots(entry) > 1) {
            oop copy = heap_clone(&vm->heap, entry);
            if (copy) {
                put_slot(copy, 1, smallint(vm->os_error));
                entry = copy;
            }
        }
        return entry;
    }
    return smallint(status);
}

bool activate_follow_arguments(struct vm *vm, oop *argv, unsigned argc) {
    bool found = false;
    for (unsigned i = 0; i <= argc; i++) {
        if (is_object(argv[i]) && is_forwarder(argv[i])) {
            argv[i] = follow(argv[i]);
            found = true;
        }
        if (is_immediate(argv[i]) || class_index_of(argv[i]) == CLASS_INDEX_CONTEXT ||
            !is_pointers_format(format_of(argv[i])))
            continue;
        found |= heap_follow_slots(&vm->heap, argv[i]);
        /* Primitives look at most two levels into an argument (points in forms, specs of methods).
         */
        uint64_t n = num_slots(argv[i]) < 64 ? num_slots(argv[i]) : 64;
        for (uint64_t s = 0; s < n; s++) {
            oop inner = fetch_slot(argv[i], s);
            if (is_object(inner) && class_index_of(inner) != CLASS_INDEX_CONTEXT &&
                is_pointers_format(format_of(inner)) && num_slots(inner) < 64)
                found |= heap_follow_slots(&vm->heap, inner);
        }
    }
    return found;
}

void activate_count(struct vm *vm, const struct code *code, int status) {
    oop method = code->method;
    oop module = 0, name = 0;
    if (code->prim_number == 117) {
        oop spec = follow(method_literal(method, 0));
        if (is_object(spec) && format_of(spec) == FORMAT_ARRAY && num_slots(spec) >= 2) {
            module = follow(fetch_slot(spec, 0));
            name = follow(fetch_slot(spec, 1));
        }
    }
    bool has_module = module && is_bytes(module), has_name = name && is_bytes(name);
    prim_counts_note(
        vm->prim_counts, code->prim_number, has_module ? (const char *)object_bytes(module) : "",
        has_module ? num_bytes(module) : 0, has_name ? (const char *)object_bytes(name) : NULL,
        has_name ? num_bytes(name) : 0,
        code_prim_is_missing(code)                   ? PRIM_MISSING
        : status == PRIM_OK || status == PRIM_RESUME ? PRIM_CALLED
                                                     : PRIM_CALL_FAILED);
}

void vm_print_primitive_counts(struct vm *vm, vm_put_fn *put, void *arg) {
    if (vm->prim_counts)
        prim_counts_print(vm->prim_counts, put, arg);
}
