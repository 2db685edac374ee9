# Memcheck: what the sanitizers do not see, decisions on what was never written
# among it. In CI a third by the day: VALGRIND_PART=0, 1 or 2.

VALGRIND = valgrind -q --error-exitcode=99
VALGRIND_LEAKS = CK_DEFAULT_TIMEOUT=600 STS_CACHE_OPS=2000 STS_JOURNAL_OPS=500 \
	$(VALGRIND) --leak-check=full --errors-for-leak-kinds=definite
# Left out: what does the same a million times, processes that are killed or
# confined and so cannot be watched, the daemon as its own process, and what runs out
# of descriptors, where valgrind accepts a connection and closes it.
VALGRIND_UNIT = $(filter-out %/test_cache_flood %/test_cache_large %/test_kill %/test_confine \
	%/test_daemon %/test_daemon_control %/test_daemon_kept %/test_port_posix %/test_side,$(UNIT_BIN))
# What plays scenarios and worlds keeps what it takes until it ends.
VALGRIND_COMMANDS = $(foreach t,$(VALGRIND_UNIT),"$(VALGRIND_LEAKS) $(t)") \
	$(foreach t,$(REPLAY_BIN),"$(VALGRIND_LEAKS) $(t) tests/fuzz/corpus/$(notdir $(t))/*") \
	$(foreach s,$(wildcard tests/scenario/*.scn),"$(VALGRIND) $(BUILD)/scenario -1 $(s)") \
	"$(VALGRIND) $(BUILD)/sim -x -d 1 1"

.PHONY: valgrind valgrind-commands
valgrind: ## unit tests, corpora and scenarios under memcheck (VALGRIND_PART=0..2: a third)
	@sh boards/posix/deps.sh valgrind $(TEST_PKGS)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/valgrind CFLAGS='-O1 -g' test-build >/dev/null
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/valgrind valgrind-commands | \
		awk -v part='$(VALGRIND_PART)' 'part == "" || NR % 3 == part' | sh tests/run.sh

valgrind-commands:
	@printf '%s\n' $(VALGRIND_COMMANDS)
