/*
 * threaded.h - the operations of threaded code and the entries of methods.
 *
 * Every operation is a handler: it takes the machine state in registers, does
 * its work and tail-calls the next one; there is no dispatch loop. The bodies
 * are in ops_*.h, written with the macros of threaded.c alone, so that the same
 * text can be compiled as the stencils of a copy-and-patch JIT: there OPERAND
 * becomes a hole and NEXT falls through.
 *
 * OPS(X) lists X(name, words): words of code, cache included.
 */
#ifndef MOTE_INTERP_THREADED_H
#define MOTE_INTERP_THREADED_H

#include "code.h"

#define SEND_WORDS 3 /* operation and inline cache */

/* clang-format off */
#define OPS_STACK(X)                                                                       \
    X(push_temp, 1)                                                                        \
    X(push_ivar, 1)                                                                        \
    X(push_ivar_of_context, 1)                                                             \
    X(push_literal, 1)                                                                     \
    X(push_literal_variable, 1) X(push_receiver, 1) X(push_true, 1) X(push_false, 1)       \
        X(push_nil, 1) X(push_integer, 1) X(push_character, 1) X(push_context, 1)          \
            X(push_process, 1) X(push_remote, 1) X(dup, 1) X(pop, 1) X(store_temp, 1)      \
                X(pop_temp, 1) X(store_ivar, 1) X(pop_ivar, 1) X(store_ivar_of_context, 1) \
                    X(pop_ivar_of_context, 1) X(store_literal_variable, 1)                 \
                        X(pop_literal_variable, 1) X(store_remote, 1) X(pop_remote, 1)     \
                            X(new_array, 1) X(fill_array, 1) X(closure, 2) X(full_closure, 1)

#define OPS_CONTROL(X)                                                                           \
    X(jump, 1)                                                                                   \
    X(jump_back, 1)                                                                              \
    X(jump_true, 1)                                                                              \
    X(jump_false, 1)                                                                             \
    X(return_top, 1) X(return_receiver, 1) X(return_true, 1) X(return_false, 1) X(return_nil, 1) \
        X(return_block_top, 1) X(return_block_nil, 1) X(return_home, 1) X(unknown, 1) X(trap, 1) \
            X(leave, 1)

#define OPS_SEND(X)                                                                           \
    X(send, 3)                                                                                \
    X(send_special, 3)                                                                        \
    X(send_super, 3)                                                                          \
    X(send_directed_super, 3)                                                                 \
    X(add, 3) X(subtract, 3) X(less, 3) X(greater, 3) X(less_equal, 3) X(greater_equal, 3)    \
        X(equal, 3) X(not_equal, 3) X(multiply, 3) X(divide, 3) X(modulo, 3) X(make_point, 3) \
            X(bit_shift, 3) X(int_divide, 3) X(bit_and, 3) X(bit_or, 3) X(identical, 1)       \
                X(not_identical, 1) X(class_of, 1)

/* Fused operations: X(name, first, second), where first may be fused itself. All
 * parts stay in place, see translate.h. */
#define OPS_FUSED(X)                                                           \
    X(push_temp_push_temp, push_temp, push_temp)                               \
    X(push_receiver_push_temp, push_receiver, push_temp)                       \
    X(push_temp_push_integer, push_temp, push_integer)                         \
    X(push_ivar_push_temp, push_ivar, push_temp)                               \
    X(push_ivar_push_ivar, push_ivar, push_ivar)                               \
    X(push_integer_add, push_integer, add)                                     \
    X(push_integer_subtract, push_integer, subtract)                           \
    X(push_temp_add, push_temp, add)                                           \
    X(push_temp_subtract, push_temp, subtract)                                 \
    X(push_temps_add, push_temp_push_temp, add)                                \
    X(push_temps_subtract, push_temp_push_temp, subtract)                      \
    X(push_temp_integer_add, push_temp_push_integer, add)                      \
    X(push_temp_integer_subtract, push_temp_push_integer, subtract)            \
    X(add_integer_to_temp, push_temp_integer_add, pop_temp)                    \
    X(push_temp_send, push_temp, send)                                         \
    X(push_temp_send_special, push_temp, send_special)                         \
    X(push_receiver_send, push_receiver, send)                                 \
    X(push_ivar_send, push_ivar, send)                                         \
    X(push_ivar_send_special, push_ivar, send_special)                         \
    X(push_literal_variable_send, push_literal_variable, send)                 \
    X(push_temp_return_top, push_temp, return_top)                             \
    X(push_ivar_return_top, push_ivar, return_top)                             \
    X(push_temp_jump_false, push_temp, jump_false)                             \
    X(push_ivar_jump_false, push_ivar, jump_false)                             \
    X(store_temp_pop, store_temp, pop)                                         \
    X(push_temp_pop_ivar, push_temp, pop_ivar)                                 \
    X(pop_push_temp, pop, push_temp)                                           \
    X(pop_push_receiver, pop, push_receiver)                                   \
    X(pop_jump_back, pop, jump_back)                                           \
    X(pop_temp_push_temp, pop_temp, push_temp)                                 \
    X(pop_temp_jump_back, pop_temp, jump_back)                                 \
    X(pop_return_receiver, pop, return_receiver)                               \
    X(less_jump_false, less, jump_false)                                       \
    X(less_jump_true, less, jump_true)                                         \
    X(greater_jump_false, greater, jump_false)                                 \
    X(greater_equal_jump_false, greater_equal, jump_false)                     \
    X(less_equal_jump_false, less_equal, jump_false)                           \
    X(equal_jump_false, equal, jump_false)                                     \
    X(equal_jump_true, equal, jump_true)                                       \
    X(identical_jump_false, identical, jump_false)                             \
    X(identical_jump_true, identical, jump_true)                               \
    X(push_nil_identical, push_nil, identical)                                 \
    X(nil_jump_false, push_nil_identical, jump_false)                          \
    X(nil_jump_true, push_nil_identical, jump_true)                            \
    X(temps_less_equal, push_temp_push_temp, less_equal)                       \
    X(temps_less_equal_jump_false, temps_less_equal, jump_false)               \
    X(temps_less, push_temp_push_temp, less)                                   \
    X(temps_less_jump_false, temps_less, jump_false)                           \
    X(temp_less_equal_integer, push_temp_push_integer, less_equal)             \
    X(temp_less_equal_integer_jump_false, temp_less_equal_integer, jump_false) \
    X(temp_less_integer, push_temp_push_integer, less)                         \
    X(temp_less_integer_jump_false, temp_less_integer, jump_false)             \
    X(temp_equal_integer, push_temp_push_integer, equal)                       \
    X(temp_equal_integer_jump_false, temp_equal_integer, jump_false)

/* What may come second in a fused operation. */
#define OPS_SECOND(X) \
    X(push_temp) X(push_integer) X(push_ivar) X(add) X(subtract) X(pop_temp) X(send) \
    X(send_special) X(return_top) X(jump_false) X(pop) X(pop_ivar) X(push_receiver) \
    X(jump_back) X(return_receiver) X(jump_true) X(identical) X(less_equal) X(less) \
    X(equal)

/* How an activation begins: struct code's `enter`. */
#define ENTERS(X)                                                                                 \
    X(method)                                                                                     \
    X(plain_method)                                                                               \
    X(block)                                                                                      \
    X(prim) X(prim_failed) X(counted_prim) X(receiver) X(true_) X(false_) X(nil) X(integer)       \
        X(ivar) X(ivar_of_context) X(at) X(at_put) X(size) X(new) X(new_size) X(identical)        \
            X(not_identical) X(class) X(value) X(value_with_args) X(perform) X(perform_with_args) \
                X(perform_in_superclass) X(execute_method) X(execute_method_args) X(leave)

/* clang-format on */

#define DECLARE_OP(name, words) handler_fn op_##name;
#define DECLARE_FUSED(name, first, second) handler_fn op_##name;
#define DECLARE_ENTER(name) handler_fn enter_##name;
OPS_STACK(DECLARE_OP)
OPS_CONTROL(DECLARE_OP)
OPS_SEND(DECLARE_OP)
OPS_FUSED(DECLARE_FUSED)
ENTERS(DECLARE_ENTER)

/* Numbers of the operations, for the translator. */
enum opcode {
#define OPCODE(name, words) OP_##name,
#define OPCODE_FUSED(name, first, second) OP_##name,
    OPS_STACK(OPCODE) OPS_CONTROL(OPCODE) OPS_SEND(OPCODE) OPS_FUSED(OPCODE_FUSED) OPCODE_COUNT
};

/* Handlers are found relative to this one. */
#define HANDLER_ANCHOR op_jump
static inline int32_t handler_offset(handler_fn *f) {
    return (int32_t)((intptr_t)f - (intptr_t)HANDLER_ANCHOR);
}

/* Run from the machine state in vm until something leaves (vm_leave). */
void threaded_run(struct vm *vm);
/* The words that leave_code and vm_leave continue with. */
extern const struct code leave_code;

#endif
