/*
 * floor_kvm.c - the least that the KVM tender could take: a virtual machine with
 * one processor and 2 MiB, entered at ring 3 in 64-bit mode, whose second
 * instruction is an `out`; then the process writes a line. Measured like
 * `mote run --on kvm`, from fork to first byte.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMORY = 2 << 20, TABLES = 0x1000, GDT = 0x4000, CODE = 0x100000, STACK = 0x180000 };
enum { PRESENT_WRITABLE_USER = 7, LARGE_PAGE = 0x80, PORT = 0x50, CPUID_ENTRIES = 100 };

static int fail(const char *what) {
    perror(what);
    return 71;
}

/* Identity map of one large page, two ring-3 segments, the code. */
static void fill(uint8_t *memory) {
    static const uint8_t code[] = {0x31, 0xc0, 0xe7, PORT}; /* xor %eax,%eax; out %eax,$PORT */
    uint64_t *tables = (uint64_t *)(memory + TABLES), *gdt = (uint64_t *)(memory + GDT);
    tables[0] = (TABLES + 0x1000) | PRESENT_WRITABLE_USER;
    tables[512] = (TABLES + 0x2000) | PRESENT_WRITABLE_USER;
    tables[1024] = PRESENT_WRITABLE_USER | LARGE_PAGE;
    gdt[5] = 0x00cff3000000ffff;
    gdt[6] = 0x00affb000000ffff;
    memcpy(memory + CODE, code, sizeof code);
}

static int set_registers(int vcpu) {
    struct kvm_segment code = {
        .limit = ~0u, .selector = 0x33, .type = 11, .present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1};
    struct kvm_segment data = {
        .limit = ~0u, .selector = 0x2b, .type = 3, .present = 1, .dpl = 3, .s = 1, .db = 1, .g = 1};
    struct kvm_regs registers = {.rip = CODE, .rsp = STACK, .rflags = 0x3002};
    struct kvm_sregs special;
    if (ioctl(vcpu, KVM_GET_SREGS, &special) != 0)
        return -1;
    special.cr0 = 0x80010033;
    special.cr3 = TABLES;
    special.cr4 = 0x620;
    special.efer = 0xd00;
    special.gdt.base = GDT;
    special.gdt.limit = 7 * 8 - 1;
    special.idt.limit = 0;
    special.cs = code;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    return ioctl(vcpu, KVM_SET_SREGS, &special) != 0 || ioctl(vcpu, KVM_SET_REGS, &registers) != 0;
}

static int set_cpuid(int kvm, int vcpu) {
    static union {
        struct kvm_cpuid2 list;
        uint8_t room[sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
    } id;
    id.list.nent = CPUID_ENTRIES;
    return ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &id) != 0 || ioctl(vcpu, KVM_SET_CPUID2, &id) != 0;
}

int main(void) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0)
        return fail("/dev/kvm");
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    uint8_t *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (vm < 0 || memory == MAP_FAILED)
        return fail("virtual machine");
    fill(memory);
    struct kvm_userspace_memory_region slot = {.memory_size = MEMORY,
                                               .userspace_addr = (uintptr_t)memory};
    int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (vcpu < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) != 0 ||
        set_cpuid(kvm, vcpu) != 0 || set_registers(vcpu) != 0)
        return fail("processor");
    struct kvm_run *run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
                               PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED || ioctl(vcpu, KVM_RUN, 0) != 0)
        return fail("run");
    if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT) {
        fprintf(stderr, "the processor stopped for reason %u\n", run->exit_reason);
        return 70;
    }
    return write(STDOUT_FILENO, "hello\n", 6) == 6 ? 0 : 71;
}
