/* print.c - the Smalltalk stack as text: vm_print_stack. Reads only; copes with
 * a heap in any state as far as the frames themselves are sound. */
#include "activate.h"
#include "context.h"
#include "process.h"
#include "translate.h"
#include "zone.h"
#include "../prims/prim.h"

#include <stdarg.h>
#include <stdio.h>

struct printer {
    struct vm *vm;
    vm_put_fn *put;
    void *arg;
};

__attribute__((format(printf, 2, 3))) static void print(struct printer *p, const char *format,
                                                        ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        p->put(p->arg, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static bool print_bytes(struct printer *p, oop o) {
    if (!is_bytes(o))
        return false;
    uint64_t n = num_bytes(o);
    print(p, "%.*s", (int)(n < 100 ? n : 100), (const char *)object_bytes(o));
    return true;
}

enum { CLASS_NAME = 6, METACLASS_THIS = 5 };

static void print_class(struct printer *p, oop class) {
    if (is_object(class) && is_pointers_format(format_of(class))) {
        if (num_slots(class) > CLASS_NAME && print_bytes(p, follow(fetch_slot(class, CLASS_NAME))))
            return;
        if (num_slots(class) > METACLASS_THIS) {
            oop instance = follow(fetch_slot(class, METACLASS_THIS));
            if (is_object(instance) && is_pointers_format(format_of(instance)) &&
                num_slots(instance) > CLASS_NAME &&
                print_bytes(p, follow(fetch_slot(instance, CLASS_NAME)))) {
                print(p, " class");
                return;
            }
        }
    }
    print(p, "?");
}

/* The last literal but one: the selector, or a method state that knows it. */
static void print_selector(struct printer *p, oop method) {
    uint32_t n = method_header_literals(method_header(method));
    for (unsigned depth = 0; n >= 1 && depth < 64; depth++) {
        oop outer = follow(method_literal(method, n - 1));
        if (is_immediate(outer) || !is_method_format(format_of(outer)))
            break;
        method = outer; /* a full block */
        n = method_header_literals(method_header(method));
    }
    oop selector = n >= 2 ? follow(method_literal(method, n - 2)) : 0;
    if (selector && print_bytes(p, selector))
        return;
    if (selector && is_object(selector) && is_pointers_format(format_of(selector)) &&
        num_slots(selector) >= 2 && print_bytes(p, follow(fetch_slot(selector, 1))))
        return;
    print(p, "?");
}

static void print_place(struct printer *p, oop method, oop receiver, bool block, int64_t pc) {
    struct vm *vm = p->vm;
    oop class = heap_class_of(&vm->heap, follow(receiver));
    oop in = activate_method_class(vm, method);
    print(p, "  %s", block ? "[] in " : "");
    print_class(p, class);
    if (in != class && in != vm->heap.nil) {
        print(p, "(");
        print_class(p, in);
        print(p, ")");
    }
    print(p, ">>");
    print_selector(p, method);
    print(p, " pc %lld\n", (long long)pc);
}

static void print_chain(struct printer *p, struct chain c) {
    struct vm *vm = p->vm;
    const struct insn *pc = c.fp ? c.page->head_pc : NULL;
    for (unsigned depth = 0; !chain_ended(&c); depth++) {
        if (depth == 40) {
            print(p, "  ... deeper\n");
            return;
        }
        oop method = chain_method(&c);
        if (is_immediate(method) || !is_method_format(format_of(method))) {
            print(p, "  (damaged context)\n");
            return;
        }
        if (c.fp) {
            int64_t at = translate_offset_of(vm, method, frame_code(c.fp), pc) + 1;
            print_place(p, method, c.fp[FRAME_RECEIVER], frame_is_block(c.fp), at);
            pc = frame_caller_pc(c.fp);
        } else {
            oop at = fetch_slot(c.context, CONTEXT_PC);
            print_place(p, method, fetch_slot(c.context, CONTEXT_RECEIVER),
                        fetch_slot(c.context, CONTEXT_CLOSURE) != vm->heap.nil,
                        is_smallint(at) ? smallint_value(at) : 0);
        }
        struct stack_page *page = c.page;
        bool had_frame = c.fp != NULL;
        c = chain_sender(vm, c);
        if (c.fp && (!had_frame || c.page != page))
            pc = c.page->head_pc;
    }
}

static void print_process(struct printer *p, oop process, const char *state) {
    print(p, "process %p priority %lld %s\n", (void *)(uintptr_t)process,
          (long long)process_priority(process), state);
    print_chain(p, chain_at(p->vm, fetch_slot(process, PROCESS_SUSPENDED_CONTEXT)));
}

void vm_print_stack(struct vm *vm, bool all_processes, vm_put_fn *put, void *arg) {
    struct printer p = {vm, put, arg};
    const struct insn *pc = vm->pc;
    if (vm->left_pc)
        vm->pc = vm->left_pc;
    zone_save_head(vm);
    vm->pc = pc;
    oop active = active_process(vm);
    print(&p, "process %p priority %lld active\n", (void *)(uintptr_t)active,
          (long long)process_priority(active));
    if (vm->page)
        print_chain(&p, chain_at_frame(vm, vm->fp));
    if (!all_processes)
        return;
    oop class = heap_class_of(&vm->heap, active);
    for (oop o = heap_next_instance(&vm->heap, class, 0); o;
         o = heap_next_instance(&vm->heap, class, o)) {
        if (o == active || fetch_slot(o, PROCESS_SUSPENDED_CONTEXT) == vm->heap.nil)
            continue;
        print_process(&p, o,
                      fetch_slot(o, PROCESS_MY_LIST) == vm->heap.nil ? "suspended" : "waiting");
    }
}
