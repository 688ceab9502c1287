/* lookup.c - see lookup.h. */
#include "lookup.h"
#include "run.h"
#include "threaded.h"
#include "../prims/prim.h"

static void cache_enter(struct vm *vm, oop selector, uint64_t class_index,
                        const struct code *code) {
    struct method_cache *cache = vm->method_cache;
    struct method_cache_entry *e = &cache->entries[lookup_cache_index(selector, class_index)];
    if (e->code) /* keep the older one in the other way of the pair */
        cache->entries[(unsigned)(e - cache->entries) ^ 1] = *e;
    *e = (struct method_cache_entry){selector, class_index, code};
    if (is_young(&vm->heap, selector))
        cache->holds_young = true;
}

/* MethodDictionary: tally, array of methods, then selectors (a hash table of a
 * power of two, probed linearly). */
static oop dictionary_at(struct vm *vm, oop dict, oop selector) {
    if (is_immediate(dict) || !is_pointers_format(format_of(dict)) || num_slots(dict) < 3)
        return 0;
    uint64_t size = num_slots(dict) - 2;
    uint64_t hash =
        is_immediate(selector) ? selector >> TAG_BITS : header_hash(header_of(selector));
    uint64_t i = hash & (size - 1);
    for (uint64_t n = 0; n < size; n++, i = (i + 1) & (size - 1)) {
        oop key = fetch_slot(dict, 2 + i);
        if (key == vm->heap.nil)
            return 0;
        if (key != selector && is_object(key) && is_forwarder(key))
            key = follow(key);
        if (key == selector) { /* only now: most dictionaries asked do not have it */
            oop methods = follow(fetch_slot(dict, 1));
            if (is_immediate(methods) || num_slots(methods) <= i)
                return 0;
            return follow(fetch_slot(methods, i));
        }
    }
    return 0;
}

oop lookup_method(struct vm *vm, oop selector, oop class, oop *broken) {
    *broken = 0;
    /* A hierarchy is at most a few dozen deep; the bound ends a damaged, circular one. */
    for (unsigned depth = 0; depth < 4096; depth++) {
        class = follow(class);
        if (class == vm->heap.nil || is_immediate(class) || num_slots(class) <= CLASS_FORMAT)
            return 0;
        oop dict = follow(fetch_slot(class, CLASS_METHOD_DICT));
        if (dict == vm->heap.nil) {
            *broken = class;
            return 0;
        }
        oop method = dictionary_at(vm, dict, selector);
        if (method)
            return method;
        class = fetch_slot(class, CLASS_SUPERCLASS);
    }
    return 0;
}

const struct code *lookup_method_code(struct vm *vm, oop method) {
    const struct code *code = code_for(vm, method, 0);
    if (!code) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for translated methods");
        return &leave_code;
    }
    return code;
}

/* Replace the arguments on the stack by one Message. */
static bool push_message(struct vm *vm, oop selector, uint32_t nargs, oop lookup_class) {
    oop class = follow(special_object(vm, SPECIAL_CLASS_MESSAGE));
    oop args = heap_new_pointers(&vm->heap, nargs, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    enum heap_error error;
    oop message =
        args ? heap_instantiate(&vm->heap, class, 0, false, HEAP_INSTANTIATE_NEW, &error) : 0;
    if (!message) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for a message");
        return false;
    }
    oop *argv = vm->sp - nargs;
    for (uint32_t i = 0; i < nargs; i++)
        heap_store(&vm->heap, args, i, argv[1 + i]);
    uint64_t slots = num_slots(message);
    if (slots > 0)
        heap_store(&vm->heap, message, 0, selector);
    if (slots > 1)
        heap_store(&vm->heap, message, 1, args);
    if (slots > 2)
        heap_store(&vm->heap, message, 2, lookup_class);
    argv[1] = message;
    vm->sp = argv + 1;
    return true;
}

/* An object that is no compiled method was found: run:with:in:. */
static const struct code *run_object(struct vm *vm, oop object, oop selector, uint32_t nargs) {
    oop *argv = vm->sp - nargs;
    oop receiver = argv[0];
    oop args = heap_new_pointers(&vm->heap, nargs, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (!args) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for a message");
        return &leave_code;
    }
    for (uint32_t i = 0; i < nargs; i++)
        heap_store(&vm->heap, args, i, argv[1 + i]);
    argv[0] = object;
    argv[1] = selector;
    argv[2] = args;
    argv[3] = receiver;
    vm->sp = argv + 3;
    oop run = special_object(vm, SPECIAL_RUN_WITH_IN);
    if (run == vm->heap.nil || run == selector) {
        vm_leave(vm, VM_CRASHED, "a method dictionary holds an object that cannot run");
        return &leave_code;
    }
    return lookup_send(vm, run, 3, class_index_of(object));
}

static const struct code *not_found(struct vm *vm, oop selector, uint32_t nargs, oop class,
                                    oop broken) {
    oop dnu = special_object(vm, SPECIAL_DOES_NOT_UNDERSTAND);
    oop instead = broken ? special_object(vm, SPECIAL_CANNOT_INTERPRET) : dnu;
    /* cannotInterpret: is looked up above the class without a dictionary. */
    oop from = broken ? follow(fetch_slot(broken, CLASS_SUPERCLASS)) : class;
    if (instead == selector) {
        vm_leave(vm, VM_CRASHED, "doesNotUnderstand: is not understood");
        return &leave_code;
    }
    if (!push_message(vm, selector, nargs, class))
        return &leave_code;
    return lookup_send_from(vm, instead, 1, from);
}

/* Code for a find that needs no rearranging; NULL otherwise. */
static const struct code *plain(struct vm *vm, oop method, uint32_t nargs) {
    if (!method || is_immediate(method) || !is_method_format(format_of(method)))
        return NULL;
    const struct code *code = lookup_method_code(vm, method);
    /* A method of another arity cannot be entered with this stack. */
    return code->nargs == nargs || code == &leave_code ? code : NULL;
}

static const struct code *irregular(struct vm *vm, oop selector, uint32_t nargs, oop class,
                                    oop method, oop broken) {
    if (!method || (is_object(method) && is_method_format(format_of(method))))
        return not_found(vm, selector, nargs, class, broken);
    return run_object(vm, method, selector, nargs);
}

const struct code *lookup_send_from(struct vm *vm, oop selector, uint32_t nargs, oop class) {
    oop broken, method = lookup_method(vm, selector, class, &broken);
    const struct code *code = plain(vm, method, nargs);
    return code ? code : irregular(vm, selector, nargs, follow(class), method, broken);
}

const struct code *lookup_send(struct vm *vm, oop selector, uint32_t nargs, uint32_t class_index) {
    const struct code *code = lookup_cached(vm, selector, class_index);
    if (code)
        return code;
    oop class = follow(heap_class_at(&vm->heap, class_index));
    oop broken, method = lookup_method(vm, selector, class, &broken);
    code = plain(vm, method, nargs);
    if (!code)
        return irregular(vm, selector, nargs, class, method, broken);
    if (code != &leave_code)
        cache_enter(vm, selector, class_index, code);
    return code;
}

const struct code *lookup_and_link(struct vm *vm, struct insn *cache, oop selector,
                                   uint32_t nargs) {
    oop *receiver = vm->sp - nargs;
    *receiver = follow(*receiver);
    uint32_t class_index = class_index_of(*receiver);
    selector = follow(selector);
    const struct code *code = lookup_send(vm, selector, nargs, class_index);
    /* Link what the cache would answer again: not a message turned into another. */
    if (lookup_cached(vm, selector, class_index) == code) {
        if (cache[0].class_index == 0)
            code_note_linked(vm, cache);
        cache[0].class_index = class_index;
        cache[1].target = code;
    }
    return code;
}

void lookup_flush_all(struct vm *vm) {
    memset(vm->method_cache, 0, sizeof *vm->method_cache);
    code_unlink_sends(vm);
}

void lookup_flush_selector(struct vm *vm, oop selector) {
    for (unsigned i = 0; i < METHOD_CACHE_SIZE; i++)
        if (vm->method_cache->entries[i].selector == selector)
            vm->method_cache->entries[i] = (struct method_cache_entry){0, 0, NULL};
    code_unlink_sends(vm);
}

void lookup_flush_method(struct vm *vm, oop method) {
    for (unsigned i = 0; i < METHOD_CACHE_SIZE; i++)
        if (vm->method_cache->entries[i].code &&
            vm->method_cache->entries[i].code->method == method)
            vm->method_cache->entries[i] = (struct method_cache_entry){0, 0, NULL};
    code_unlink_sends(vm);
}

void lookup_flush_moved(struct vm *vm) {
    memset(vm->method_cache, 0, sizeof *vm->method_cache);
}
