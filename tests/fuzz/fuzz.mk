# Fuzzers: each tests/fuzz/fuzz_<name>.c is a harness of libFuzzer; its corpus
# is
# tests/fuzz/corpus/<name>.
#   make replay                       the corpora, once through, as a test
#   make fuzz T=60 [FUZZ='http der']  each for T seconds (clang), and a table
#   make fuzz FUZZ_SANITIZE=          the same without sanitizers: many times faster
#   FUZZ_ARGS=-max_len=160            more options for libFuzzer
# Inputs that fuzzing adds to the corpora stay in $(BUILD)/fuzz-corpus, findings
# in $(FUZZ_BUILD)/findings.

FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ ?= $(FUZZ_NAMES)
FUZZ_SANITIZE ?= address,undefined
FUZZ_CC ?= clang
T ?= 60

comma := ,
FUZZ_BUILD = $(BUILD)/fuzz-$(if $(FUZZ_SANITIZE),$(subst $(comma),-,$(FUZZ_SANITIZE)),plain)
FUZZ_FLAGS = $(if $(FUZZ_SANITIZE),-O1,-O2) -g -fno-sanitize-recover=all
FUZZ_CFLAGS = $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link$(FUZZ_SANITIZE:%=$(comma)%)
FUZZ_LDFLAGS = $(FUZZ_FLAGS) -fsanitize=fuzzer$(FUZZ_SANITIZE:%=$(comma)%)
FUZZ_LIB_OBJ = $(LIB_SRC:%.c=$(FUZZ_BUILD)/obj/%.o) $(PORT_SRC:%.c=$(FUZZ_BUILD)/obj/%.o) \
	$(DAEMON_SRC:%.c=$(FUZZ_BUILD)/obj/%.o)
FUZZ_BIN = $(FUZZ:%=$(FUZZ_BUILD)/%)
REPLAY_BIN := $(FUZZ_NAMES:%=$(BUILD)/replay/%)

# What a harness needs besides its own file and the library.
FUZZ_WITH = tests/fuzz/assert.c $(FUZZ_WITH_$*)
FUZZ_WITH_tls := tests/mem/seeder.c tests/mem/https.c tests/mem/mem.c
FUZZ_WITH_tls_bent := tests/tls/hostile.c tests/mem/seeder.c tests/mem/https.c tests/mem/mem.c
FUZZ_WITH_agent := $(addprefix tests/fuzz/,agent_play.c agent_net.c agent_ask.c) \
	tests/mem/mem.c tests/mem/dnspeer.c tests/mem/storage.c \
	tests/sim/plain_session.c tests/sim/plain_https.c

.SECONDEXPANSION:
$(REPLAY_BIN): $(BUILD)/replay/%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $$(FUZZ_WITH) $(BUILD)/daemon.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/daemon.a $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

$(FUZZ_BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

# Coverage counts only in the code under test.
$(FUZZ_BUILD)/obj/tests/mem/%.o $(FUZZ_BUILD)/obj/tests/sim/%.o $(FUZZ_BUILD)/obj/tests/fuzz/agent%.o: \
	FUZZ_CFLAGS = $(FUZZ_FLAGS) $(FUZZ_SANITIZE:%=-fsanitize=%)

$(FUZZ_BUILD)/fuzzed.a: $(FUZZ_LIB_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $(FUZZ_LIB_OBJ)

$(FUZZ_BIN): $(FUZZ_BUILD)/%: $(FUZZ_BUILD)/obj/tests/fuzz/fuzz_%.o $$(FUZZ_WITH:%.c=$(FUZZ_BUILD)/obj/%.o) $(FUZZ_BUILD)/fuzzed.a
	$(FUZZ_CC) $(FUZZ_LDFLAGS) -o $@ $^ $(BEARSSL_LIB)

-include $(shell find $(FUZZ_BUILD)/obj -name '*.d' 2>/dev/null)

.SECONDARY: $(FUZZ:%=$(FUZZ_BUILD)/obj/tests/fuzz/fuzz_%.o)
.PHONY: replay fuzz
replay: $(REPLAY_BIN) ## run the fuzzers' corpora
	@for t in $(REPLAY_BIN); do $$t tests/fuzz/corpus/$${t##*/}/* || exit 1; done

fuzz: $(FUZZ_BIN) ## fuzz every format for T seconds each, with a table at the end
	@FUZZ_ARGS='$(FUZZ_ARGS)' python3 tests/fuzz/fuzz.py $(T) $(FUZZ_BUILD) $(BUILD)/fuzz-corpus $(FUZZ)
