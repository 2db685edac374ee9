# Memcheck finds what the sanitizers do not, such as decisions that depend on
# memory never written. All of it takes half an hour of two cores; CI runs one
# share a day:
#   make -j2 valgrind VALGRIND_PART=3      of VALGRIND_PARTS shares, from 0
VALGRIND_PARTS = 16

VALGRIND = valgrind -q --error-exitcode=99
VALGRIND_LEAKS = CK_DEFAULT_TIMEOUT=600 STS_UNIT_EVERY=7 STS_CACHE_OPS=2000 STS_JOURNAL_OPS=500 \
	$(VALGRIND) --leak-check=full --errors-for-leak-kinds=definite
# Left out: tests that do the same a million times; processes that are killed or
# confined, which valgrind cannot watch; the daemon as its own process; and
# tests that run out of descriptors, where valgrind accepts a connection and
# closes it.
VALGRIND_UNIT = $(filter-out %/test_cache_flood %/test_cache_large %/test_kill %/test_confine \
	%/test_daemon %/test_daemon_control %/test_daemon_kept %/test_port_posix %/test_side,$(UNIT_BIN))
# The longest come first, in the order of their duration, so that each share
# gets one or two of them, and they do not run when all others have ended.
VALGRIND_LONG = $(addprefix %/test_,tls_small tls_client share driver report_tally x509 cache \
	tls_session secrets signature agent_share dns_stream http reply_limit smtp_probe journal_power)
VALGRIND_PLAYS_LONG = $(patsubst %,tests/scenario/%.scn,fair-live-drip warm-asked journal-fails-long \
	fair-steady-drip clock-unknown-long clock-restart-off)
VALGRIND_PLAYS = $(VALGRIND_PLAYS_LONG) $(filter-out $(VALGRIND_PLAYS_LONG),$(wildcard tests/scenario/*.scn))
# Programs that play scenarios and worlds keep their memory until they end.
VALGRIND_COMMANDS = $(foreach t,$(foreach l,$(VALGRIND_LONG),$(filter $(l),$(VALGRIND_UNIT))) \
	$(filter-out $(VALGRIND_LONG),$(VALGRIND_UNIT)),"$(VALGRIND_LEAKS) $(t)") \
	$(foreach s,$(VALGRIND_PLAYS),"$(VALGRIND) $(BUILD)/scenario -1 $(s)") \
	"$(VALGRIND) $(BUILD)/sim -x -d 1 1" \
	$(foreach t,$(REPLAY_BIN),"$(VALGRIND_LEAKS) $(t) tests/fuzz/corpus/$(notdir $(t))/*")

.PHONY: valgrind valgrind-commands
valgrind: ## unit tests, corpora and scenarios under memcheck (VALGRIND_PART=0..15: a share)
	@sh boards/posix/deps.sh valgrind $(TEST_PKGS)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/valgrind CFLAGS='-O1 -g' test-build >/dev/null
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/valgrind valgrind-commands | \
		awk -v part='$(VALGRIND_PART)' -v parts='$(VALGRIND_PARTS)' 'part == "" || NR % parts == part' | sh tests/run.sh

valgrind-commands:
	@printf '%s\n' $(VALGRIND_COMMANDS)
