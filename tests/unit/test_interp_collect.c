/* Collections and flushes of translated code while frames, contexts, closures live. */
#include "rig.h"
#include "../../vm/interp/code.h"

static void frames_keep_their_objects_through_scavenges(void **state) {
    struct rig *r = *state;
    unsigned rounds = r->stress ? 300 : 100000;
    char source[300];
    def(r, "Test make:", "temps 1 temp 0 temp 0 fill 2 popTemp 1 temp 1 return");
    sprintf(source,
            "temps 2 int 0 popTemp 0 int 0 popTemp 1 again: temp 0 int %u send < jumpFalse done "
            "self temp 0 send make: int 2 send at: temp 1 send + popTemp 1 "
            "temp 0 int 1 send + popTemp 0 jump again done: temp 1 return",
            rounds);
    def(r, "Test run", source);
    r->eden_bytes = UINT64_C(256) << 10;
    answers(r, (int64_t)rounds * (rounds - 1) / 2);
    assert_true(r->vm->heap.stats.scavenges > 3);
}

static void a_list_built_over_many_collections_is_whole(void **state) {
    struct rig *r = *state;
    unsigned rounds = r->stress ? 300 : 100000;
    char source[500];
    sprintf(source,
            "temps 2 nil popTemp 0 int 0 popTemp 1 again: temp 1 int %u send < jumpFalse sum "
            "temp 1 temp 0 fill 2 popTemp 0 temp 1 int 1 send + popTemp 1 jump again "
            "sum: int 0 popTemp 1 more: temp 0 nil send == jumpTrue done "
            "temp 0 int 1 send at: temp 1 send + popTemp 1 temp 0 int 2 send at: popTemp 0 "
            "jump more done: temp 1 return",
            rounds);
    def(r, "Test run", source);
    r->eden_bytes = UINT64_C(256) << 10;
    answers(r, (int64_t)rounds * (rounds - 1) / 2);
}

static void collections_at_every_level_of_a_recursion_lose_nothing(void **state) {
    struct rig *r = *state;
    def(r, "Test down:",
        "temps 1 temp 0 fill 1 popTemp 1 temp 0 int 0 send = jumpFalse more "
        "self send collect pop int 0 return "
        "more: temp 0 int 10 send \\\\ int 0 send = jumpFalse go thisContext pop "
        "self send scavenge pop "
        "go: self temp 0 int 1 send - send down: temp 1 int 1 send at: send + return");
    def(r, "Test run", "self int 300 send down: return");
    answers(r, 45150);
}

static void closures_keep_what_they_copied(void **state) {
    struct rig *r = *state;
    def(r, "Test make:",
        "temps 1 array 1 popTemp 1 temp 0 fill 1 popRemote 0 1 "
        "temp 1 block 0 1 0 remote 0 0 int 1 send at: blockReturn end return");
    def(r, "Test run",
        "temps 1 self int 5 send make: self int 6 send make: fill 2 popTemp 0 "
        "self send scavenge pop self send scavenge pop self send collect pop "
        "temp 0 int 1 send at: send value temp 0 int 2 send at: send value fill 2 return");
    shows(r, "(5 6)");
}

static void weak_elements_go_and_strong_ones_stay(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 2 lit %WeakArray int 3 send new: popTemp 0 lit %Test send new popTemp 1 "
        "temp 0 int 1 temp 1 send at:put: pop temp 0 int 2 lit %Test send new send at:put: pop "
        "temp 0 int 3 int 7 send at:put: pop self send collect pop "
        "temp 0 int 1 send at: temp 1 send == temp 0 int 2 send at: temp 0 int 3 send at: "
        "fill 3 return");
    shows(r, "(true nil 7)");
}

static void an_ephemeron_fires_when_its_key_is_gone(void **state) {
    struct rig *r = *state;
    tiny_put(&r->a.t, asm_new(&r->a, "gone", "Semaphore", 0), 2, smallint(0));
    tiny_put(&r->a.t, r->a.t.special, SPECIAL_FINALIZATION_SEMAPHORE, asm_object(&r->a, "gone"));
    r->flags = 2 | 64; /* mourners are queued */
    def(r, "Object mourner", "primitive 172 lit #none return");
    def(r, "Test run",
        "temps 2 lit %Ephemeron send new popTemp 0 temp 0 int 1 lit %Test send new "
        "send instVarAt:put: pop temp 0 int 2 int 7 send instVarAt:put: pop "
        "self send collect pop lit @gone send wait pop self send mourner temp 0 send == "
        "temp 0 int 2 send instVarAt: self send mourner fill 3 return");
    shows(r, "(true 7 #none)");
}

static void a_dead_method_takes_its_code_along(void **state) {
    struct rig *r = *state;
    def(r, "Object copy", "primitive 148 lit #failed return");
    def(r, "Object executeMethod:", "primitive 189 lit #failed return");
    asm_name(&r->a, "five", asm_code(&r->a, "Test", "five", "self pop int 5 return"));
    unsigned rounds = r->stress ? 100 : 2000;
    char source[300];
    sprintf(source,
            "temps 2 int 0 popTemp 0 int 0 popTemp 1 again: temp 0 int %u send < jumpFalse done "
            "temp 1 self lit @five send copy send executeMethod: send + popTemp 1 "
            "temp 0 int 100 send \\\\ int 0 send = jumpFalse go self send collect pop "
            "go: temp 0 int 1 send + popTemp 0 jump again done: temp 1 return",
            rounds);
    def(r, "Test run", source);
    answers(r, 5 * rounds);
}

/* 180 methods, more code than the smallest zone holds, called at several depths. */
static void more_code_than_the_zone_holds_is_translated_again(void **state) {
    struct rig *r = *state;
    unsigned methods = 180;
    char where[40], source[2000], *run = malloc(40000);
    for (unsigned i = 0; i < methods; i++) {
        snprintf(where, sizeof where, "Test f%u:", i);
        /* Every tenth calls down once more, from a block. */
        if (i % 10 == 9)
            snprintf(source, sizeof source,
                     "temps 2 temp 0 int 0 send = jumpFalse go int 1 return go: "
                     "temp 0 block 0 1 0 self temp 0 int 1 send - send all: blockReturn end "
                     "send value int 0 send * int 1 send + return");
        else {
            size_t n = (size_t)sprintf(source, "temps 2 ");
            for (unsigned k = 0; k < 20; k++)
                n += (size_t)sprintf(source + n,
                                     "temp 0 int %u send + popTemp 1 temp 1 temp 0 send - pop ", i);
            sprintf(source + n, "int 1 return");
        }
        def(r, where, source);
    }
    size_t n = (size_t)sprintf(run, "int 0 ");
    for (unsigned i = 0; i < methods; i++)
        n += (size_t)sprintf(run + n, "self temp 0 send f%u: send + ", i);
    sprintf(run + n, "return");
    def(r, "Test all:", run);
    free(run);
    def(r, "Test run",
        "self int 0 send all: self int 1 send all: self int 0 send all: fill 3 return");
    setenv("MOTE_CODE_ZONE", "65536", 1);
    rig_open(r);
    unsetenv("MOTE_CODE_ZONE");
    shows(r, "(180 180 180)");
    assert_true(r->vm->codes->flushes >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(frames_keep_their_objects_through_scavenges),
        RIG(a_list_built_over_many_collections_is_whole),
        RIG(collections_at_every_level_of_a_recursion_lose_nothing),
        RIG(closures_keep_what_they_copied),
        RIG(weak_elements_go_and_strong_ones_stay),
        RIG(an_ephemeron_fires_when_its_key_is_gone),
        RIG(a_dead_method_takes_its_code_along),
        RIG(more_code_than_the_zone_holds_is_translated_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
