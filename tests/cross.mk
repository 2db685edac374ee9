# The unit tests, the corpora and the daemon for other machines, under qemu-user.
#   make test-cross [CROSS='mips armv7'] [CROSS_ROWS=REGEX: of the lab]

CROSS ?= $(filter-out x86_64,$(TARGETS))
# All rows of the lab; its other checks would count what belongs to the
# emulator.
CROSS_ROWS ?= .

# Check, from Debian's source with the target's compiler.
ifdef TARGET
CHECK_LIBS = $(BUILD)/check/src/libcheck.a
CHECK_CPPFLAGS = -isystem $(BUILD)/check -isystem $(BUILD)/check/src

$(CHECK_LIBS): | $(CC) build/source/check/src
	@command -v cmake >/dev/null || sh boards/posix/deps.sh cmake
	@cmake -S build/source/check/src -B $(BUILD)/check -DCMAKE_SYSTEM_NAME=Linux \
		-DCMAKE_C_COMPILER=$(CC) -DCMAKE_AR="$$(command -v $(AR))" \
		-DCMAKE_C_FLAGS=-w -DBUILD_TESTING=OFF >$(BUILD)/check.log 2>&1
	@$(MAKE) -s -C $(BUILD)/check check >>$(BUILD)/check.log 2>&1

$(UNIT_BIN): | $(CHECK_LIBS)
# From the machine's code that is in the same objects: where files are optimised
# as one, a test cannot wrap a function, and its link takes half a minute.
$(UNIT_BIN) $(REPLAY_BIN) $(EXAMPLE_BIN): override LDFLAGS += -fno-lto
endif

# The targets of BEARSSL=DIR and TARGET build the library.
$(UNIT_BIN) $(REPLAY_BIN) $(EXAMPLE_BIN): | $(filter %.a,$(BEARSSL_LIB))

# The daemon as a command, where this machine cannot run it directly.
$(BUILD)/run/mtasts: $(BUILD)/mtasts
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s "%s" "$$@"\n' '$(RUN)' '$(abspath $<)' >$@
	@chmod +x $@

.PHONY: test-cross test-cross-query test-cross-target test-cross-target-query
test-cross: ## unit tests, corpora and lab under qemu-user (CROSS='mips armv7': only these)
	@sh boards/posix/deps.sh qemu-user-static cmake $(LAB_PKGS)
	@for t in $(CROSS); do \
		$(MAKE) --no-print-directory TARGET=$$t test-cross-target || exit 1; done

test-cross-query: ## the daemon under qemu-user answers some rows of the lab
	@sh boards/posix/deps.sh qemu-user-static $(LAB_PKGS)
	@for t in $(CROSS); do \
		$(MAKE) --no-print-directory TARGET=$$t test-cross-target-query || exit 1; done

# The floods take longer under emulation than all the rest, and show nothing
# more; a process killed in test_kill lives too short to do anything there; the
# pages of a block are those that the emulator has.
CROSS_UNIT = $(filter-out %/test_cache_flood %/test_kill %/test_block,$(UNIT_BIN))
CROSS_COUNTS = STS_CACHE_OPS=20000 STS_JOURNAL_OPS=20000

test-cross-target: $(CROSS_UNIT) $(REPLAY_BIN) $(BUILD)/run/mtasts
	@{ for t in $(CROSS_UNIT); do echo "$(CROSS_COUNTS) $(RUN) $$t"; done; \
		for t in $(REPLAY_BIN); do \
			echo "$(RUN) $$t tests/fuzz/corpus/$${t##*/}/*"; done; \
		echo alone; \
		echo "sh tests/lab/run.sh lab $(BUILD)/run/mtasts '$(CROSS_ROWS)'"; } | sh tests/run.sh

test-cross-target-query: $(BUILD)/run/mtasts
	@sh tests/lab/run.sh lab $(BUILD)/run/mtasts 'good|expired|testing'
