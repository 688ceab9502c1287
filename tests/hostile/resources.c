/* Motes that want too much of something, or never end. */
#include "guest.h"

static __attribute__((noinline)) uint64_t descend(volatile uint64_t *above) {
    volatile uint64_t here[8] = {ADDRESS(above)};
    return here[0] == 1 ? 0 : descend(here) + here[0];
}
CASE(resource_endless_recursion, BOTH, 70, "stack overflow") {
    check(descend(NULL) == 1, "this does not end");
}
/* A frame larger than any guard: it lands between the regions, or in none. */
CASE(resource_frame_of_two_megabytes, BOTH, 70, "stack overflow") {
    __asm__ volatile("sub $0x200000, %%rsp; push %%rax; add $0x200008, %%rsp" ::: "memory", "cc");
}

/* Memory until there is no more: the last answer is an error, not a crash. */
CASE(resource_all_memory, KVM, 0, "", "memory=64M") {
    uint64_t touched = 0;
    for (uint64_t at = MOTE_IMAGE_BASE; at < boot->arena_end; at += MOTE_GRANULE) {
        if (call(MOTE_CALL_MAP, at, MOTE_GRANULE, 0) < 0)
            break;
        for (uint64_t i = 0; i < MOTE_GRANULE; i += 4096)
            poke(at + i);
        touched += MOTE_GRANULE;
    }
    check(touched <= boot->memory + AT_START, "no more than -m is given");
}
CASE(resource_all_of_the_whole_arena, PROCESS, 70, "crash: write to", "memory=64M") {
    for (uint64_t at = MOTE_IMAGE_BASE;; at += 4096)
        poke(at);
}

CASE(resource_15_tib_of_memory, BOTH, 0 | 71, "", "memory=15360G") {
    doorbell();
}
CASE(resource_more_memory_than_there_are_addresses, BOTH, 71, "-m", "memory=1000000G") {
    check(false, "it runs");
}

/* Output that nobody stops, and output that nobody reads. */
static void shout(uint64_t ns) {
    struct ring r = ring_of(OUTPUT);
    for (unsigned i = 0; i < sizeof page; i++)
        page[i] = i % 64 == 63 ? '\n' : 'x';
    for (unsigned i = 0; i < r.size; i++) {
        describe(r, i, ADDRESS(page), sizeof page, 0, 0);
        r.avail->ring[i] = (uint16_t)i;
    }
    for (uint64_t end = now() + ns; now() < end;) {
        r.avail->index = (uint16_t)(r.used->index + r.size);
        doorbell();
        for (uint64_t soon = now() + 1000000; r.used->index != r.avail->index && now() < soon;)
            __asm__ volatile("pause");
    }
    check(served(r, (uint16_t)(r.avail->index - r.size), r.size), "all output is taken");
}
CASE(resource_output_without_end, BOTH, 0, "", "stdout=nowhere") {
    shout(300000000);
}
CASE(resource_output_into_a_closed_pipe, BOTH, 0 | 70, "", "stdout=closed") {
    shout(100000000);
}
CASE(resource_output_that_nobody_reads, BOTH, 130, "", "stdout=stuck stop=400,600") {
    shout(60 * SECOND);
}
CASE(resource_input_that_nobody_reads, BOTH, 0, "", "stdin=flood") {
    nap(100000000);
}

/* Loops that nobody can leave but the tender. */
CASE(resource_endless_loop, BOTH, 130, "", "stop=400") {
    for (;;)
        __asm__ volatile("pause");
}
CASE(resource_endless_calls, BOTH, 130, "", "stop=400,600") {
    for (;;)
        call(MOTE_CALLS, 0, 0, 0);
}
CASE(resource_endless_doorbells, BOTH, 130, "", "stop=400,600") {
    for (;;)
        doorbell();
}

/* The tender is killed: nothing of the mote lives on. The runner looks. */
CASE(resource_tender_is_killed, BOTH, 137, "", "kill=300") {
    for (;;)
        __asm__ volatile("pause");
}
/* The process is killed from outside: that is a crash, and said. */
CASE(resource_process_is_killed, PROCESS, 70, "kill|signal", "kill-child=300") {
    for (;;)
        __asm__ volatile("pause");
}

/* The program's own file gets shorter while its text is mapped. */
CASE(resource_program_is_cut, BOTH, 70, "crash: the .*program file became shorter",
     "cut-program=400") {
    for (uint64_t end = now() + 5 * SECOND; now() < end; nap(10000000))
        checksum(ADDRESS(__rodata_start), ADDRESS(__text_end));
}

/* The runner looks at the sandbox of a mote at rest: mappings, descriptors, flags. */
CASE(sandbox_at_rest, BOTH, 0, "", "look=300") {
    for (uint64_t end = now() + 700000000; now() < end;)
        call(MOTE_CALL_WAIT, shared->wake, end, 0);
}
