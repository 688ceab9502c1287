/* The virtual machine and its one vCPU: entered in long mode at ring 3, where it
 * stays. TR is as KVM gives it (a busy TSS, which VMX entry wants), with a base and
 * limit of ours for the permission map of the ports: a KVM that emulates `out`
 * without regard to IOPL reads it there. Nothing else in it is used, since no
 * exception changes the ring. No interrupt controller: a mote has no interrupts,
 * and creating one costs more than all the rest. */
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
    EX_OSERR = 71,
    CPUID_ENTRIES = 256,
    CR4 = 0x620,     /* SDM 2.5: PAE OSFXSR OSXMMEXCPT */
    EFER = 0xd00,    /* LME LMA NXE, without SCE: no `syscall` */
    RFLAGS = 0x3002, /* IOPL 3: `out` needs no permission map */
    MSR_TSC = 0x10,
};
#define CR0 0x80010033u /* PE MP ET NE WP PG */
#define CPUID_ADDRESS_SIZES 0x80000008u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u

struct msrs { /* struct kvm_msrs, with room */
    uint32_t count, pad;
    struct kvm_msr_entry entry[2];
};

int machine_open(const char **why) {
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        *why = errno == ENOENT ? "there is no /dev/kvm: load the kernel's kvm module"
               : errno == EACCES || errno == EPERM
                   ? "no permission for /dev/kvm: add yourself to the group kvm"
                   : "/dev/kvm cannot be opened";
        return -1;
    }
    static const int needed[] = {KVM_CAP_USER_MEMORY, KVM_CAP_EXT_CPUID, KVM_CAP_IMMEDIATE_EXIT,
                                 KVM_CAP_SYNC_MMU};
    bool complete = ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        complete = complete && ioctl(fd, KVM_CHECK_EXTENSION, needed[i]) > 0;
    if (complete)
        return fd;
    *why = "the KVM of this kernel is too old";
    close(fd);
    return -1;
}

static int failed(const struct tender *t, const char *what) {
    tender_complain(t, "kvm: %s: %s; try --on process", what, strerror(errno));
    return EX_OSERR;
}

int machine_create(struct tender *t) {
    struct kvm *k = kvm_of(t);
    k->machine = ioctl(k->system, KVM_CREATE_VM, 0);
    return k->machine >= 0 ? 0 : failed(t, "no virtual machine");
}

/* What this KVM can show of the processor, unchanged; without AVX, which is not
 * enabled in CR4, so that a mote needs no more than every x86-64 has. */
static int set_cpuid(struct tender *t) {
    struct kvm *k = kvm_of(t);
    union {
        struct kvm_cpuid2 list;
        uint8_t room[sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
    } cpuid;
    cpuid.list = (struct kvm_cpuid2){.nent = CPUID_ENTRIES};
    if (ioctl(k->system, KVM_GET_SUPPORTED_CPUID, &cpuid) != 0 ||
        ioctl(k->vcpu, KVM_SET_CPUID2, &cpuid) != 0)
        return failed(t, "no CPUID");
    unsigned bits = 36;
    for (unsigned i = 0; i < cpuid.list.nent; i++)
        if (cpuid.list.entries[i].function == CPUID_ADDRESS_SIZES)
            bits = cpuid.list.entries[i].eax & 0xff;
    if (k->memory_end <= UINT64_C(1) << bits)
        return 0;
    tender_complain(t, "kvm: memory and image need more than this processor's %u address bits",
                    bits);
    return EX_OSERR;
}

/* The mote's time stamp counter is to be the host's, in whose terms the clock
 * record is. Linux 5.16 can say so; before, the difference is read, as well as
 * the time of one call allows. */
static void set_clock(struct tender *t) {
    struct kvm *k = kvm_of(t);
    uint64_t offset = 0;
    struct kvm_device_attr attribute = {.group = KVM_VCPU_TSC_CTRL,
                                        .attr = KVM_VCPU_TSC_OFFSET,
                                        .addr = (uint64_t)(uintptr_t)&offset};
    if (ioctl(k->vcpu, KVM_SET_DEVICE_ATTR, &attribute) == 0)
        return;
    struct msrs now = {.count = 1, .entry = {{.index = MSR_TSC}}};
    uint64_t before = __rdtsc();
    if (ioctl(k->vcpu, KVM_GET_MSRS, &now) != 1)
        return;
    uint64_t after = __rdtsc();
    t->tsc_offset = (int64_t)(now.entry[0].data - (before + (after - before) / 2));
}

static int set_registers(struct tender *t) {
    struct kvm *k = kvm_of(t);
    struct kvm_sregs *s = &k->start;
    if (ioctl(k->vcpu, KVM_GET_SREGS, s) != 0)
        return failed(t, "no registers");
    struct kvm_segment code = {.limit = ~0u, .selector = TRAPS_CODE, .type = 11};
    code.present = code.s = code.l = code.g = 1;
    code.dpl = 3;
    struct kvm_segment data = {.limit = ~0u, .selector = TRAPS_DATA, .type = 3};
    data.present = data.s = data.db = data.g = 1;
    data.dpl = 3;
    s->cs = code;
    s->ds = s->es = s->fs = s->gs = s->ss = data;
    s->fs.base = t->program.note.tls;
    s->gdt.base = TRAPS_GDT;
    s->gdt.limit = (TRAPS_CODE / 8 + 1) * 8 - 1;
    s->idt.base = TRAPS_IDT;
    s->idt.limit = TRAPS_VECTORS * 16 - 1;
    s->tr.base = TRAPS_TSS;
    s->tr.limit = TRAPS_TSS_BYTES - 1;
    s->cr0 = CR0;
    s->cr3 = k->tables.root;
    s->cr4 = CR4;
    s->efer = EFER;
    struct msrs msrs = {
        2,
        0,
        {{.index = MSR_LSTAR, .data = TRAPS_NOWHERE}, {.index = MSR_CSTAR, .data = TRAPS_NOWHERE}}};
    if (ioctl(k->vcpu, KVM_SET_MSRS, &msrs) != 2)
        return failed(t, "no system call registers");
    errno = machine_enter(k, t->program.note.entry, MOTE_STACK_TOP);
    return errno == 0 ? 0 : failed(t, "no registers");
}

int machine_add_doorbell(struct tender *t) {
    struct kvm_ioeventfd bell = {
        .addr = MOTE_PORT_DOORBELL, .len = 4, .fd = t->doorbell, .flags = KVM_IOEVENTFD_FLAG_PIO};
    return ioctl(kvm_of(t)->machine, KVM_IOEVENTFD, &bell) == 0 ? 0 : errno;
}

int machine_start(struct tender *t) {
    struct kvm *k = kvm_of(t);
    k->vcpu = ioctl(k->machine, KVM_CREATE_VCPU, 0);
    if (k->vcpu < 0)
        return failed(t, "no virtual processor");
    int bytes = ioctl(k->system, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (bytes < (int)sizeof *k->run)
        return failed(t, "no virtual processor");
    k->run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, k->vcpu, 0);
    if (k->run == MAP_FAILED)
        return failed(t, "no virtual processor");
    int status = set_cpuid(t);
    if (status != 0)
        return status;
    set_clock(t);
    return set_registers(t);
}

int machine_enter(struct kvm *k, uint64_t entry, uint64_t stack) {
    struct kvm_regs registers = {.rip = entry, .rsp = stack - 8, .rflags = RFLAGS};
    if (ioctl(k->vcpu, KVM_SET_SREGS, &k->start) != 0 ||
        ioctl(k->vcpu, KVM_SET_REGS, &registers) != 0)
        return errno;
    return 0;
}
