# Lines and branches of core, dns and tls that no test reaches, compared with
# tests/coverage.txt, which has the reasons.
#
# The library alone is compiled to count, its tls and base a second time with a
# small record buffer. Only programs that do the same every time are run: unit
# tests, corpora, scenarios, seeds and an example, each in a process or two.
# What a daemon adds depends on the moment. The floods are left out: they cost
# the most and reach nothing more.

COVERAGE = $(BUILD)/coverage
COVERAGE_WITHOUT = %/test_metrics_http %/test_cache_flood %/test_config %/test_confine %/test_control %/test_daemon \
	%/test_daemon_control %/test_daemon_kept %/test_journal_file %/test_kill %/test_listen \
	%/test_live %/test_port_poll %/test_port_posix %/test_scrape %/test_side %/test_store %/replay/control %/replay/scrape
COVERAGE_UNIT = $(filter-out $(COVERAGE_WITHOUT),$(UNIT_BIN))
# Each compiles a file of the library itself, with a limit that is small.
COVERAGE_LIMIT = $(BUILD)/unit/test_reply_limit
COVERAGE_REPLAY = $(filter-out $(COVERAGE_WITHOUT),$(REPLAY_BIN))
COVERAGE_COMMANDS = $(COVERAGE_UNIT) $(foreach t,$(COVERAGE_REPLAY),"$(t) tests/fuzz/corpus/$(notdir $(t))/*") \
	"$(BUILD)/scenario -1 tests/scenario/*.scn" "$(BUILD)/sim -x 1..6" $(EXAMPLE_COMMANDS)

ifdef COVERAGE_CFLAGS
$(LIB_OBJ) $(SMALL_OBJ): override CFLAGS = $(COVERAGE_CFLAGS)
$(COVERAGE_LIMIT): private override CFLAGS = $(COVERAGE_CFLAGS)
endif

.PHONY: coverage coverage-build coverage-commands
coverage: ## lines and branches of core, dns and tls that no test reaches
	@sh boards/posix/deps.sh $(TEST_PKGS) python3
	@$(MAKE) --no-print-directory -s BUILD=$(COVERAGE) LDFLAGS=-lgcov \
		COVERAGE_CFLAGS='-O0 -g --coverage' coverage-build
	@find $(COVERAGE) -name '*.gcda' -exec rm {} +
	@$(MAKE) --no-print-directory -s BUILD=$(COVERAGE) coverage-commands | sh tests/run.sh
	@python3 tests/coverage.py $(COVERAGE) tests/coverage.txt

coverage-build: $(COVERAGE_UNIT) $(COVERAGE_REPLAY) $(BUILD)/scenario $(BUILD)/sim \
	$(BUILD)/examples/keep $(BUILD)/examples/mx_certificate

coverage-commands:
	@printf '%s\n' $(COVERAGE_COMMANDS)
