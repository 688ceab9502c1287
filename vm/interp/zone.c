/* zone.c - see zone.h. */
#include "zone.h"
#include "context.h"
#include "run.h"
#include "translate.h"

#define ZONE_BYTES ((size_t)ZONE_PAGES * PAGE_SLOTS * sizeof(oop))

int zone_open(struct vm *vm) {
    size_t pages = ZONE_PAGES * sizeof *vm->pages;
    vm->zone = platform_reserve(vm->platform, 0, ZONE_BYTES);
    vm->pages = platform_reserve(vm->platform, 0,
                                 (pages + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1));
    if (!vm->zone || !vm->pages || platform_commit(vm->platform, vm->zone, ZONE_BYTES) != 0 ||
        platform_commit(vm->platform, vm->pages,
                        (pages + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1)) != 0)
        return PLATFORM_ENOMEM;
    vm->page_count = ZONE_PAGES;
    for (unsigned i = ZONE_PAGES; i-- > 0;) {
        vm->pages[i] =
            (struct stack_page){.base = vm->zone + (size_t)i * PAGE_SLOTS, .older = vm->free_pages};
        vm->free_pages = &vm->pages[i];
    }
    return 0;
}

void zone_close(struct vm *vm) {
    size_t pages =
        (ZONE_PAGES * sizeof *vm->pages + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1);
    if (vm->zone)
        platform_unreserve(vm->platform, vm->zone, ZONE_BYTES);
    if (vm->pages)
        platform_unreserve(vm->platform, vm->pages, pages);
    vm->zone = NULL;
    vm->pages = NULL;
}

struct stack_page *zone_page_of(struct vm *vm, const oop *fp) {
    return &vm->pages[(size_t)(fp - vm->zone) / PAGE_SLOTS];
}

void zone_save_head(struct vm *vm) {
    if (!vm->page)
        return;
    vm->page->head_fp = vm->fp;
    vm->page->head_sp = vm->sp;
    vm->page->head_pc = vm->pc;
}

static void unlink_page(struct vm *vm, struct stack_page *page) {
    if (page->newer)
        page->newer->older = page->older;
    if (page->older)
        page->older->newer = page->newer;
    if (vm->newest == page)
        vm->newest = page->older;
    page->newer = page->older = NULL;
}

static void make_newest(struct vm *vm, struct stack_page *page) {
    if (vm->newest == page)
        return;
    unlink_page(vm, page);
    page->older = vm->newest;
    if (vm->newest)
        vm->newest->newer = page;
    vm->newest = page;
}

static void make_current(struct vm *vm, struct stack_page *page) {
    make_newest(vm, page);
    vm->page = page;
    vm->stack_limit = page->base + PAGE_SLOTS - PAGE_HEADROOM;
}

void zone_free_page(struct vm *vm, struct stack_page *page) {
    unlink_page(vm, page);
    page->in_use = false;
    page->head_fp = NULL;
    page->older = vm->free_pages;
    vm->free_pages = page;
    if (vm->page == page)
        vm->page = NULL;
}

/* The least recently used page goes, if none is free. */
static struct stack_page *new_page(struct vm *vm) {
    if (!vm->free_pages) {
        struct stack_page *oldest = vm->newest;
        while (oldest->older)
            oldest = oldest->older;
        if (oldest == vm->page || !zone_evict(vm, oldest))
            return NULL;
    }
    struct stack_page *page = vm->free_pages;
    vm->free_pages = page->older;
    page->older = NULL;
    page->in_use = true;
    return page;
}

/* Write a frame's state into its context and divorce them. */
static void fill_context(struct vm *vm, oop context, oop *fp, oop *sp, const struct insn *pc,
                         oop sender) {
    struct heap *h = &vm->heap;
    uint64_t stackp = frame_stackp(fp, sp);
    uint64_t room = num_slots(context) - CONTEXT_FIXED;
    if (stackp > room) /* deeper than its method says: damage */
        stackp = room;
    heap_store(h, context, CONTEXT_SENDER, sender);
    put_slot(context, CONTEXT_PC,
             smallint((int64_t)translate_offset_of(vm, fp[FRAME_METHOD], frame_code(fp), pc) + 1));
    put_slot(context, CONTEXT_STACKP, smallint((int64_t)stackp));
    for (uint64_t i = 0; i < stackp; i++)
        heap_store(h, context, CONTEXT_FIXED + i, *frame_temp(fp, i));
    for (uint64_t i = stackp; i < room; i++)
        put_slot(context, CONTEXT_FIXED + i, h->nil);
}

bool zone_evict(struct vm *vm, struct stack_page *page) {
    if (page == vm->page)
        zone_save_head(vm);
    for (oop *fp = page->head_fp; fp; fp = frame_caller(fp))
        if (!frame_context(vm, fp))
            return false;
    oop *fp = page->head_fp, *sp = page->head_sp;
    const struct insn *pc = page->head_pc;
    while (fp) {
        oop *caller = frame_caller(fp);
        oop sender = caller ? caller[FRAME_CONTEXT] : page->base[0];
        fill_context(vm, fp[FRAME_CONTEXT], fp, sp, pc, sender);
        sp = frame_below(fp);
        pc = frame_caller_pc(fp);
        fp = caller;
    }
    zone_free_page(vm, page);
    return true;
}

bool zone_evict_others(struct vm *vm) {
    for (unsigned i = 0; i < vm->page_count; i++)
        if (vm->pages[i].in_use && &vm->pages[i] != vm->page && !zone_evict(vm, &vm->pages[i]))
            return false;
    return true;
}

oop zone_evict_all(struct vm *vm) {
    oop active = frame_context(vm, vm->fp);
    if (!active || !zone_evict_others(vm) || !zone_evict(vm, vm->page))
        return 0;
    return active;
}

/* The base frame of a page has a context, see frame.h. */
static bool marry_base(struct vm *vm, oop *fp) {
    if (fp[FRAME_CONTEXT] == 0)
        return frame_context(vm, fp) != 0;
    put_slot(fp[FRAME_CONTEXT], CONTEXT_SENDER, frame_as_oop(fp));
    return true;
}

void zone_overflow(struct vm *vm) {
    oop *fp = vm->fp, *caller = frame_caller(fp), *argv = frame_argv(fp);
    if (!caller)
        return;
    oop sender = frame_context(vm, caller);
    struct stack_page *old = vm->page, *page = sender ? new_page(vm) : NULL;
    if (!page) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for the contexts of a deep recursion");
        return;
    }
    vm->stack_overflows++;
    old->head_fp = caller;
    old->head_sp = argv - 1;
    old->head_pc = frame_caller_pc(fp);
    page->base[0] = sender;
    memcpy(page->base + 1, argv, (size_t)(vm->sp + 1 - argv) * sizeof *argv);
    ptrdiff_t moved = page->base + 1 - argv;
    vm->fp = fp + moved;
    vm->sp += moved;
    vm->fp[FRAME_CALLER_FP] = 0;
    vm->fp[FRAME_CALLER_PC] = 0;
    make_current(vm, page);
    if (!marry_base(vm, vm->fp))
        vm_leave(vm, VM_EXHAUSTED, "no memory for the contexts of a deep recursion");
}

/* ---- Cutting a page in two --------------------------------------------------------------- */

bool zone_make_base(struct vm *vm, oop *fp) {
    oop *caller = frame_caller(fp);
    if (!caller)
        return true;
    struct stack_page *old = zone_page_of(vm, fp);
    bool current = old == vm->page;
    zone_save_head(vm);
    make_newest(vm, old); /* not the one to be evicted now */
    oop sender = frame_context(vm, caller);
    struct stack_page *page = sender && frame_context(vm, fp) ? new_page(vm) : NULL;
    if (!page)
        return false;
    oop *argv = frame_argv(fp);
    ptrdiff_t moved = page->base + 1 - argv;
    page->base[0] = sender;
    memcpy(page->base + 1, argv, (size_t)(old->head_sp + 1 - argv) * sizeof *argv);
    page->head_fp = old->head_fp + moved;
    page->head_sp = old->head_sp + moved;
    page->head_pc = old->head_pc;
    old->head_fp = caller;
    old->head_sp = argv - 1;
    old->head_pc = frame_caller_pc(fp);
    /* The frames that moved: their links, and their contexts' links. */
    oop *base = fp + moved;
    for (oop *f = page->head_fp;; f = frame_caller(f)) {
        if (f[FRAME_CONTEXT])
            put_slot(f[FRAME_CONTEXT], CONTEXT_SENDER, frame_as_oop(f));
        if (f == base)
            break;
        f[FRAME_CALLER_FP] = (oop)(uintptr_t)(frame_caller(f) + moved);
    }
    base[FRAME_CALLER_FP] = base[FRAME_CALLER_PC] = 0;
    struct stack_page *was = vm->page;
    make_current(vm, page);
    if (current) {
        vm->fp = page->head_fp;
        vm->sp = page->head_sp;
    } else {
        make_current(vm, was);
    }
    return true;
}

void zone_set_sender(struct vm *vm, oop *fp, oop sender) {
    zone_page_of(vm, fp)->base[0] = sender;
}

/* Pop frames off the page of `context`, the top frame of a page that is not
 * current, until `last` is on top: true; or until it is empty: the page is freed
 * and *next is where it returned to. */
static bool pop_frames(struct vm *vm, oop context, oop last, oop *next) {
    oop *fp = context_frame(context);
    struct stack_page *page = zone_page_of(vm, fp);
    for (;;) {
        oop *caller = frame_caller(fp);
        if (fp[FRAME_CONTEXT])
            context_kill(vm, fp[FRAME_CONTEXT]);
        if (!caller) {
            *next = follow(page->base[0]);
            zone_free_page(vm, page);
            return false;
        }
        page->head_sp = frame_below(fp);
        page->head_pc = frame_caller_pc(fp);
        page->head_fp = fp = caller;
        if (fp[FRAME_CONTEXT] == last)
            return true;
    }
}

bool zone_kill_between(struct vm *vm, oop first, oop last) {
    first = follow(first);
    while (is_object(first) && class_index_of(first) == CLASS_INDEX_CONTEXT && first != last) {
        if (!context_is_married(first)) {
            oop next = follow(fetch_slot(first, CONTEXT_SENDER));
            context_kill(vm, first);
            first = next;
            continue;
        }
        struct stack_page *page = zone_page_of(vm, context_frame(first));
        if (page == vm->page || page->head_fp != context_frame(first)) {
            /* Frames above it go on: they must not hang on what dies. */
            oop active = page == vm->page ? frame_context(vm, vm->fp) : 0;
            if (!zone_evict(vm, page) || (active && zone_resume(vm, active) != ZONE_RESUMED))
                return false;
        } else if (pop_frames(vm, first, last, &first)) {
            break;
        }
    }
    return true;
}

/* ---- Contexts back into frames -------------------------------------------------------- */

bool zone_is_resumable(struct vm *vm, oop context) {
    (void)vm;
    if (is_immediate(context) || class_index_of(context) != CLASS_INDEX_CONTEXT ||
        num_slots(context) < CONTEXT_FIXED)
        return false;
    return context_is_married(context) || is_smallint(fetch_slot(context, CONTEXT_PC));
}

static const struct code *context_code(struct vm *vm, oop context) {
    oop closure = follow(fetch_slot(context, CONTEXT_CLOSURE));
    if (closure != vm->heap.nil)
        return code_for_closure(vm, closure);
    oop method = follow(fetch_slot(context, CONTEXT_METHOD));
    if (is_immediate(method) || !is_method_format(format_of(method)) || num_slots(method) == 0)
        return NULL;
    return code_for(vm, method, 0);
}

static enum zone_resumed make_base_frame(struct vm *vm, oop context) {
    const struct code *code = context_code(vm, context);
    oop stackp_oop = fetch_slot(context, CONTEXT_STACKP);
    if (!code || !is_smallint(stackp_oop))
        return ZONE_NOT_RESUMABLE;
    int64_t stackp = smallint_value(stackp_oop);
    int64_t offset = smallint_value(fetch_slot(context, CONTEXT_PC)) - 1;
    if (stackp < 0 || stackp > (int64_t)(num_slots(context) - CONTEXT_FIXED) || stackp > 64 ||
        offset < 0)
        return ZONE_NOT_RESUMABLE;
    const struct insn *pc = translate_word_at(vm, code, (uint32_t)offset);
    if (!pc)
        return ZONE_NOT_RESUMABLE;
    struct stack_page *page = new_page(vm);
    if (!page)
        return ZONE_NO_MEMORY;
    oop closure = follow(fetch_slot(context, CONTEXT_CLOSURE));
    oop receiver = follow(fetch_slot(context, CONTEXT_RECEIVER));
    oop *sp = page->base, *fp;
    *sp = follow(fetch_slot(context, CONTEXT_SENDER));
    *++sp = closure == vm->heap.nil ? receiver : closure;
    for (unsigned i = 0; i < code->nargs; i++) /* a debugger may have popped some */
        *++sp = i < stackp ? fetch_slot(context, CONTEXT_FIXED + i) : vm->heap.nil;
    fp = sp + 1;
    fp[FRAME_CALLER_FP] = fp[FRAME_CALLER_PC] = 0;
    fp[FRAME_METHOD] = code->method;
    fp[FRAME_CONTEXT] = context;
    fp[FRAME_CODE] = (oop)(uintptr_t)code;
    fp[FRAME_RECEIVER] = receiver;
    sp = fp + FRAME_RECEIVER;
    for (int64_t i = code->nargs; i < stackp; i++)
        *++sp = fetch_slot(context, CONTEXT_FIXED + (uint64_t)i);
    put_slot(context, CONTEXT_SENDER, frame_as_oop(fp));
    put_slot(context, CONTEXT_PC, vm->heap.nil);
    zone_save_head(vm);
    vm->fp = fp;
    vm->sp = sp;
    vm->pc = pc;
    make_current(vm, page);
    return ZONE_RESUMED;
}

enum zone_resumed zone_resume(struct vm *vm, oop context) {
    context = follow(context);
    if (!zone_is_resumable(vm, context))
        return ZONE_NOT_RESUMABLE;
    if (context_is_married(context)) {
        oop *fp = context_frame(context);
        struct stack_page *page = zone_page_of(vm, fp);
        zone_save_head(vm);
        if (page->head_fp == fp) {
            vm->fp = page->head_fp;
            vm->sp = page->head_sp;
            vm->pc = page->head_pc;
            make_current(vm, page);
            return ZONE_RESUMED;
        }
        /* Frames of others lie above: turn them all into contexts. */
        if (!zone_evict(vm, page))
            return ZONE_NO_MEMORY;
    }
    return make_base_frame(vm, context);
}

/* Onto a single context before its frame is made: jumping to a context that has
 * not begun yet pops its last argument and returns it there. */
enum zone_resumed zone_resume_with(struct vm *vm, oop context, oop value) {
    context = follow(context);
    if (!zone_is_resumable(vm, context))
        return ZONE_NOT_RESUMABLE;
    if (context_is_married(context)) {
        enum zone_resumed resumed = zone_resume(vm, context);
        if (resumed == ZONE_RESUMED)
            *++vm->sp = value;
        return resumed;
    }
    oop stackp = fetch_slot(context, CONTEXT_STACKP);
    if (!is_smallint(stackp) ||
        (uint64_t)smallint_value(stackp) >= num_slots(context) - CONTEXT_FIXED)
        return ZONE_NOT_RESUMABLE;
    heap_store(&vm->heap, context, CONTEXT_FIXED + (uint64_t)smallint_value(stackp), value);
    put_slot(context, CONTEXT_STACKP, smallint(smallint_value(stackp) + 1));
    return zone_resume(vm, context);
}
