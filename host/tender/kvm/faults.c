/* What a vCPU's exit means when it is not a call: one struct crash each. What is
 * read from the mote (the exception's frame, the code at the instruction) only
 * makes words of the report; nothing is decided by it. */
#include "kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { SELECTOR_IDT = 2 }; /* of an error code: SDM volume 3, 6.13 */
enum { LONG_MODE = 1 << 10, SYSTEM_CALL_BYTES = 2 };

static bool has_error_code(unsigned vector) {
    return vector == VECTOR_DOUBLE_FAULT || (vector >= 10 && vector <= VECTOR_PAGE_FAULT) ||
           vector == VECTOR_ALIGNMENT;
}

/* False: after a shutdown, ordinary AMD processors have forgotten them. */
static bool get_registers(struct kvm *k, struct crash *out, struct kvm_sregs *special) {
    struct kvm_regs r;
    if (ioctl(k->vcpu, KVM_GET_SREGS, special) != 0 || !(special->efer & LONG_MODE) ||
        ioctl(k->vcpu, KVM_GET_REGS, &r) != 0)
        return false;
    out->has_registers = true;
    out->flags = r.rflags;
    const uint64_t values[CRASH_REGISTERS] = {
        [CRASH_RAX] = r.rax, [CRASH_RDX] = r.rdx, [CRASH_RCX] = r.rcx, [CRASH_RBX] = r.rbx,
        [CRASH_RSI] = r.rsi, [CRASH_RDI] = r.rdi, [CRASH_RBP] = r.rbp, [CRASH_RSP] = r.rsp,
        [CRASH_R8] = r.r8,   [CRASH_R9] = r.r9,   [CRASH_R10] = r.r10, [CRASH_R11] = r.r11,
        [CRASH_R12] = r.r12, [CRASH_R13] = r.r13, [CRASH_R14] = r.r14, [CRASH_R15] = r.r15,
        [CRASH_RIP] = r.rip};
    memcpy(out->registers, values, sizeof values);
    return true;
}

static bool is_system_call(const uint8_t *code) {
    return code[0] == 0x0f && (code[1] == 0x05 || code[1] == 0x34);
}

/* Instructions that only ring 0 may use, by their first bytes (SDM volume 2). */
static bool is_privileged(const uint8_t *code) {
    if ((code[0] & 0xf0) == 0x40) /* REX */
        code++;
    if (code[0] == 0xf4) /* hlt */
        return true;
    if (code[0] != 0x0f)
        return false;
    static const uint8_t second[] = {0x00, 0x01, 0x06, 0x07, 0x08, 0x09, 0x20, 0x21,
                                     0x22, 0x23, 0x30, 0x32, 0x33, 0x35, 0xc7};
    return memchr(second, code[1], sizeof second) != NULL;
}

/* `in`, `out`, `ins`, `outs`: the port, or -1. */
static int64_t port_of(const uint8_t *code, uint64_t rdx) {
    const uint8_t *end = code + 14;
    while (code < end &&
           (*code == 0x66 || *code == 0xf2 || *code == 0xf3 || (*code & 0xf0) == 0x40))
        code++;
    if ((*code & 0xfc) == 0xe4)
        return code[1];
    return (*code & 0xfc) == 0xec || (*code & 0xfc) == 0x6c ? (int64_t)(rdx & 0xffff) : -1;
}

static void general_protection(struct crash *out, uint64_t error, const uint8_t *code) {
    const char *other = out->what;
    out->kind = CRASH_INSTRUCTION;
    out->what = NULL;
    if (is_system_call(code)) {
        out->kind = CRASH_SYSTEM_CALL;
        out->address = out->registers[CRASH_RAX];
    } else if (error & SELECTOR_IDT) {
        out->what = "a software interrupt";
    } else if (port_of(code, out->registers[CRASH_RDX]) >= 0) {
        out->kind = CRASH_PORT;
        out->address = (uint64_t)port_of(code, out->registers[CRASH_RDX]);
    } else if (is_privileged(code)) {
        out->what = "a privileged instruction";
    } else {
        out->kind = CRASH_OTHER;
        out->what = other;
    }
}

/* The code tells more than the vector about what a mote may not use. */
static void name_trap(unsigned vector, uint64_t error, uint64_t address, const uint8_t *code,
                      struct crash *out) {
    crash_from_vector(vector, error, address, out);
    if (vector == VECTOR_GENERAL_PROTECTION) {
        general_protection(out, error, code);
    } else if (vector == VECTOR_INVALID_OPCODE && is_system_call(code)) {
        out->kind = CRASH_SYSTEM_CALL;
        out->address = out->registers[CRASH_RAX];
    }
}

void fault_trap(struct tender *t, unsigned vector, struct crash *out) {
    struct kvm_sregs special;
    if (!get_registers(kvm_of(t), out, &special)) {
        *out = (struct crash){.kind = CRASH_OTHER, .what = "an exception"};
        return;
    }
    /* SDM volume 3, figure 6-9: an error code with some, then rip cs rflags rsp ss. */
    uint64_t frame[6] = {0}, error = 0;
    uint64_t *at = frame;
    size_t words = has_error_code(vector) ? 6 : 5;
    bool stub = out->registers[CRASH_RIP] - TRAPS_STUBS < MOTE_PAGE;
    if (!stub || memory_read(t, out->registers[CRASH_RSP], frame, 8 * words) != 8 * words) {
        /* It left by the stub's port of its own will, or spoilt its stack. */
        out->kind = CRASH_PORT;
        out->address = MOTE_PORT_CRASH + vector;
        return;
    }
    if (words == 6)
        error = *at++;
    out->registers[CRASH_RIP] = at[0];
    out->flags = at[2];
    out->registers[CRASH_RSP] = at[3];
    uint8_t code[16] = {0};
    uint64_t behind = out->registers[CRASH_RCX] - SYSTEM_CALL_BYTES;
    if (at[0] == TRAPS_NOWHERE && memory_read(t, behind, code, sizeof code) != 0 &&
        is_system_call(code)) { /* on a KVM that lets it through to LSTAR */
        out->registers[CRASH_RIP] = behind;
        vector = VECTOR_INVALID_OPCODE;
    } else {
        memory_read(t, at[0], code, sizeof code);
    }
    name_trap(vector, error, special.cr2, code, out);
}

static void port(struct kvm *k, struct crash *out) {
    out->kind = CRASH_PORT;
    out->address = k->run->io.port;
}

void fault_exit(struct tender *t, struct crash *out) {
    struct kvm *k = kvm_of(t);
    struct kvm_sregs special;
    get_registers(k, out, &special);
    out->kind = CRASH_OTHER;
    switch (k->run->exit_reason) {
    case KVM_EXIT_IO:
        port(k, out);
        return;
    case KVM_EXIT_SHUTDOWN:
        out->kind = CRASH_STACK;
        out->address = out->has_registers ? special.cr2 : 0;
        return;
    case KVM_EXIT_MMIO:
        out->kind = k->run->mmio.is_write ? CRASH_WRITE : CRASH_READ;
        out->address = k->run->mmio.phys_addr;
        out->what = "outside its memory";
        return;
    case KVM_EXIT_HLT:
        out->kind = CRASH_INSTRUCTION;
        out->what = "hlt";
        return;
    case KVM_EXIT_FAIL_ENTRY:
        out->what = "the processor refused its state";
        return;
    case KVM_EXIT_INTERNAL_ERROR:
        out->what = "KVM cannot go on: it met an instruction that it does not know, or an error of "
                    "its own";
        return;
    default:
        out->what = "KVM stopped it for a reason that it does not explain";
    }
}

static bool shrank(int file, uint64_t bytes) {
    struct stat now;
    return file >= 0 && fstat(file, &now) == 0 && (uint64_t)now.st_size < bytes;
}

void fault_error(struct tender *t, int error, struct crash *out) {
    struct kvm_sregs special;
    get_registers(kvm_of(t), out, &special);
    if (error == EFAULT && (shrank(t->program.fd, t->program.file_bytes) ||
                            shrank(t->config->image, t->config->image_bytes))) {
        out->kind = CRASH_FILE;
        return;
    }
    out->kind = CRASH_OTHER;
    out->what = error == EFAULT || error == ENOMEM
                    ? "the host has no memory for it, or cannot read the image file"
                    : strerror(error);
}
