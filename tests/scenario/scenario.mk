# Scenarios: the whole agent in virtual time, played by tests/scenario/run.
# S=FILE... plays some of them.

SCENARIO_SRC := tests/scenario/run.c tests/scenario/play.c tests/scenario/scene.c \
	tests/scenario/set.c tests/scenario/count.c tests/scenario/keep.c tests/scenario/talk.c tests/scenario/see.c tests/scenario/script.c \
	tests/scenario/words.c tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/seeder.c \
	tests/mem/world.c tests/mem/storage.c
SCENARIO_OBJ := $(SCENARIO_SRC:%.c=$(BUILD)/obj/%.o)
S ?= $(wildcard tests/scenario/*.scn)

$(SCENARIO_OBJ): STS_CFLAGS += -D_POSIX_C_SOURCE=200112L

$(BUILD)/scenario: $(SCENARIO_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) -o $@ $(SCENARIO_OBJ) $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

-include $(SCENARIO_OBJ:.o=.d)

SERVERS_COMMAND = python3 tests/scenario/servers.py $(BUILD)/scenario

.PHONY: scenario test-servers
scenario: $(BUILD)/scenario ## play the scenarios (S=FILE... some of them)
	@$(BUILD)/scenario $(S)

test-servers: $(BUILD)/scenario ## what each of several name servers can do, in every combination
	$(SERVERS_COMMAND)
