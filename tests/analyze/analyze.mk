# Static analysis: gcc -fanalyzer, clang-tidy (.clang-tidy, tests/.clang-tidy)
# and cppcheck. Every finding is an error.
#   make -j2 analyze           all of it; unchanged files are not analysed again
#   make build/analyze/dns/wire.c.gcc build/analyze/dns/wire.c.tidy    one file

ANALYZE_PKGS = gcc libc6-dev clang-tidy-14 cppcheck pkg-config check libbearssl-dev \
	libssl-dev valgrind
# wait_kqueue.c is empty on Linux, so only cppcheck analyses it.
ANALYZE_LIB = $(LIB_SRC) $(PORT_SRC) $(DAEMON_SRC)
ANALYZE_TESTS := $(filter-out tests/boards/% tests/proof/% tests/unit/%,$(wildcard tests/*/*.c))
ANALYZE_UNIT := $(wildcard tests/*.c tests/unit/*.c)
ANALYZE_GCC = $(patsubst %,$(BUILD)/analyze/%.gcc,$(ANALYZE_LIB) $(ANALYZE_TESTS) $(ANALYZE_UNIT))
ANALYZE_TIDY = $(patsubst %,$(BUILD)/analyze/%.tidy,$(ANALYZE_LIB) $(ANALYZE_TESTS))
ANALYZE_FLAGS = -std=c99 -iquote . $(STS_NORETURN) $(BEARSSL_CPPFLAGS) $(ANALYZE_CPPFLAGS)

# A test keeps its memory until its process ends.
$(BUILD)/analyze/tests/%.gcc: ANALYZE_GCC_FLAGS = -Wno-analyzer-malloc-leak

# A file is analysed as it is built.
$(BUILD)/analyze/port/posix/wait_poll.c.%: ANALYZE_CPPFLAGS = -DSTS_WAIT_POLL
$(BUILD)/analyze/tests/mem/% $(BUILD)/analyze/tests/scenario/% $(BUILD)/analyze/tests/sim/%: \
	ANALYZE_CPPFLAGS = -D_POSIX_C_SOURCE=200112L
$(BUILD)/analyze/tests/signature/field.c.%: ANALYZE_CPPFLAGS = -DFIELD='"../../tls/ec_p256.c"'
$(BUILD)/analyze/tests/unit/%: ANALYZE_CPPFLAGS = -DSTS_DAEMON='"mtasts"'
$(BUILD)/analyze/tests/unit/test_tls_small.c.% $(BUILD)/analyze/tests/unit/test_fetch_small.c.% \
$(BUILD)/analyze/tests/unit/test_post_small.c.%: ANALYZE_CPPFLAGS = -DSTS_TLS_RECORD_SIZE=1024

.PHONY: analyze analyze-files cppcheck
analyze: ## gcc -fanalyzer, clang-tidy and cppcheck over all there is, without a finding
	@sh boards/posix/deps.sh $(ANALYZE_PKGS)
	@$(MAKE) --no-print-directory analyze-files
	@echo "analyze: nothing found"

analyze-files: $(ANALYZE_GCC) $(ANALYZE_TIDY) cppcheck

$(BUILD)/analyze/%.gcc: %
	@mkdir -p $(@D)
	@echo "gcc -fanalyzer $<"
	@$(CC) $(ANALYZE_FLAGS) -O1 -fanalyzer -Werror $(ANALYZE_GCC_FLAGS) -MMD -MP -MF $@.d -MT $@ -MT $(@:.gcc=.tidy) \
		-S -o /dev/null $<
	@touch $@

# Standard error only counts findings in the system's headers.
$(BUILD)/analyze/%.tidy: % .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	@echo "clang-tidy $<"
	@clang-tidy-14 --quiet --warnings-as-errors='*' $< -- $(ANALYZE_FLAGS) 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@

# All variants of all files, also those for other systems, so no system's
# headers. gcc alone analyses the unit tests, whose text is full of Check's
# macros; the other two analyse fuzzers.
cppcheck:
	@mkdir -p $(BUILD)/analyze/cppcheck
	@echo "cppcheck"
	@cppcheck -q -j2 --std=c99 --platform=unix64 --library=posix --error-exitcode=1 \
		--enable=warning,performance,portability,style -D__GNUC__=12 $(STS_NORETURN) -USTS_CONFIG_H --force \
		--suppressions-list=tests/analyze/cppcheck.txt --cppcheck-build-dir=$(BUILD)/analyze/cppcheck \
		core dns tls port boards/posix $(filter-out tests/fuzz/%,$(ANALYZE_TESTS))

-include $(patsubst %,%.d,$(ANALYZE_GCC))
