# The hostile guests in one ELF file, and `tend`, which runs them with any image.
# Included by the Makefile after its rules for $(GUEST)/%.o and $(BUILD)/%.o.
HOSTILE_SRC := $(filter-out %/tend.c,$(sort $(wildcard tests/hostile/*.c)))
HOSTILE_OBJ := $(HOSTILE_SRC:%.c=$(GUEST)/%.o)

hostile: $(BUILD)/mote $(BUILD)/hostile/guests.elf $(BUILD)/hostile/tend

$(BUILD)/hostile/guests.elf: $(HOSTILE_OBJ) kernel/mote.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(GUEST_LD) -o $@ $(HOSTILE_OBJ) $(MUSL_LIB)

# Of the build's own kind: sanitized when the command is.
$(BUILD)/hostile/tend: $(BUILD)/tests/hostile/tend.o $(BUILD)/libmote-tender.a
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(SAN) $(STATIC) -o $@ $^ -lm -lpthread

.PHONY: hostile
-include $(HOSTILE_OBJ:.o=.d)
