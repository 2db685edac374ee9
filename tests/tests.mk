# Unit tests: each tests/unit/test_<module>.c is a program of its own.

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
ifndef TARGET
CHECK_LIBS ?= $(shell pkg-config --libs check 2>/dev/null)
endif

# The daemon as the tests start it.
DAEMON_RUN = $(if $(RUN),$(BUILD)/run/mtasts,$(BUILD)/mtasts)

# tls and base with a record buffer of 1,024 bytes, for the tests test_*_small.
SMALL_CPPFLAGS = -DSTS_TLS_RECORD_SIZE=1024
SMALL_OBJ = $(TLS_SRC:%.c=$(BUILD)/small/%.o) $(BASE_SRC:%.c=$(BUILD)/small/%.o)

include tests/fuzz/fuzz.mk
include tests/scenario/scenario.mk
include tests/soak.mk
include tests/signature/signature.mk
include tests/sim.mk
include tests/bench/bench.mk
include tests/examples/examples.mk
include tests/icu/icu.mk
include tests/journal/journal.mk
include tests/report/report.mk
include tests/kill/kill.mk
include tests/torture/torture.mk
include tests/service/service.mk
include tests/check/check.mk
include tests/publish/publish.mk
include tests/lab/lab.mk
include tests/tls/tls.mk
include tests/coverage.mk
include tests/proof/proof.mk
include tests/cross.mk
include tests/analyze/analyze.mk
include tests/analyze/valgrind.mk

# The daemon's objects, for tests of its port and configuration. The linker
# leaves out its main because the test has one.
$(BUILD)/daemon.a: $(DAEMON_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(DAEMON_OBJ)

$(BUILD)/unit/%: tests/unit/%.c tests/unit/unit.c $(wildcard tests/unit/*.h) $(BUILD)/daemon.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CHECK_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/daemon.a $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(CHECK_LIBS) $(LDFLAGS)

# Built with a small record buffer: their own tls and base are linked before the
# library's.
SMALL_TESTS = $(BUILD)/unit/test_tls_small $(BUILD)/unit/test_fetch_small $(BUILD)/unit/test_post_small
$(SMALL_TESTS): $(BUILD)/unit/test_%_small: tests/unit/test_%_small.c tests/unit/test_tls_client.c tests/unit/test_fetch.c \
		tests/unit/unit.c $(wildcard tests/unit/*.h) tests/tls/hostile.c tests/tls/hostile.h $(SMALL_OBJ) \
		$(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(SMALL_CPPFLAGS) $(BEARSSL_CPPFLAGS) $(CHECK_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ \
		$(filter-out tests/unit/test_tls_client.c tests/unit/test_fetch.c,$(filter %.c,$^)) $(SMALL_OBJ) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) $(CHECK_LIBS) $(LDFLAGS)

$(SMALL_OBJ): $(BUILD)/small/%.o: %.c | $(TOOLCHAIN)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(SMALL_CPPFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(SMALL_OBJ:.o=.d)

DAEMON_TESTS = $(filter $(BUILD)/unit/test_daemon%,$(UNIT_BIN))
$(DAEMON_TESTS): override CPPFLAGS += -DSTS_DAEMON='"$(DAEMON_RUN)"'
$(DAEMON_TESTS): $(DAEMON_RUN) tests/unit/daemon.h
$(BUILD)/unit/test_tls_session $(BUILD)/unit/test_smtp_probe $(BUILD)/unit/test_smtp_submit: tests/mem/seeder.c
$(BUILD)/unit/test_tls_client $(BUILD)/unit/test_fetch: tests/tls/hostile.c tests/tls/hostile.h
$(BUILD)/unit/test_driver: tests/mem/mem.c tests/mem/dnspeer.c
$(BUILD)/unit/test_secrets: tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/world.c
$(BUILD)/unit/test_secrets: override LDFLAGS += -Wl,--wrap=sts_tls_start
$(BUILD)/unit/test_tls_session: override LDFLAGS += -Wl,--wrap=sts_tls_ciphers_choose
$(BUILD)/unit/test_tls_primitives: override LDFLAGS += -Wl,--wrap=br_aes_x86ni_ctr_get_vtable,--wrap=br_ghash_pclmul_get
$(BUILD)/unit/test_tls_primitives: override LDFLAGS += -Wl,--wrap=br_chacha20_sse2_get,--wrap=br_poly1305_ctmulq_get
$(BUILD)/unit/test_agent_spread: override LDFLAGS += -Wl,--wrap=sts_agent_work_begin
$(BUILD)/unit/test_entropy: override LDFLAGS += -Wl,--wrap=sts_agent_init
$(BUILD)/unit/test_dane_hosts: tests/mem/dnspeer.c
$(BUILD)/unit/test_dane_sim: tests/scenario/scene.c tests/sim/draw.c $(addprefix tests/mem/,mem.c dnspeer.c https.c seeder.c world.c storage.c)
$(BUILD)/unit/test_post: tests/mem/mem.c tests/mem/https.c
$(addprefix $(BUILD)/unit/test_,agent_report driver_reports report_board report_firmware): \
	tests/unit/report_world.c tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/world.c
$(BUILD)/unit/test_agent_report: override LDFLAGS += -Wl,--wrap=sts_crc32
$(BUILD)/unit/test_live: override LDFLAGS += -Wl,--wrap=sts_agent_off_s,--wrap=sts_inspect,--wrap=sts_resolv_read,--wrap=connect,--wrap=sts_user_find
$(BUILD)/unit/test_journal_file: override LDFLAGS += -Wl,--wrap=fork,--wrap=socketpair,--wrap=fstatvfs,--wrap=fstatvfs64
$(BUILD)/unit/test_report_board: override LDFLAGS += -Wl,--wrap=pwrite,--wrap=pwrite64,--wrap=fsync
$(BUILD)/unit/test_share: tests/sim/plain_session.c tests/mem/dnspeer.c
$(BUILD)/unit/test_agent_share: tests/mem/mem.c tests/mem/dnspeer.c
$(BUILD)/unit/test_port_posix $(BUILD)/unit/test_port_poll: tests/port_contract.c tests/port_contract.h
$(BUILD)/unit/test_port_posix $(BUILD)/unit/test_port_poll: override LDFLAGS += -Wl,--wrap=connect,--wrap=bind,--wrap=send
$(BUILD)/unit/test_port_poll: $(BUILD)/unit/test_port_posix # whose text it has

SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
TEST_PKGS = gcc libc6-dev make git binutils pkg-config check libbearssl-dev ca-certificates libicu-dev
CHECK_PKGS = clang-format-14 pmccabe python3 unicode-data

# What `make test` runs, a command a line.
TEST_COMMANDS = $(UNIT_BIN) $(foreach t,$(REPLAY_BIN),"$(t) tests/fuzz/corpus/$(notdir $(t))/*") \
	"$(BUILD)/scenario tests/scenario/*.scn" $(SIM_COMMANDS) $(ROUTE_COMMAND) $(EXAMPLE_COMMANDS) \
	$(JOURNAL_COMMANDS) $(REPORT_COMMANDS)

.PHONY: test test-deps test-build test-commands check unit
test: test-deps ## install what the tests need and pass everything
	@$(MAKE) --no-print-directory all test-build tls-programs $(BUILD)/bench/restart
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS='$(SANITIZE)' test-build
	@{ $(MAKE) --no-print-directory -s test-commands; \
		$(MAKE) --no-print-directory -s BUILD=$(BUILD)/asan test-commands; \
		echo "python3 tests/x509/beside_openssl.py"; \
		echo "$(SERVERS_COMMAND)"; \
		echo "$(BUILD)/icu/compare"; \
		echo alone; \
		$(MAKE) --no-print-directory -s kill-commands; \
		$(MAKE) --no-print-directory -s torture-commands; \
		$(MAKE) --no-print-directory -s service-commands; \
		$(MAKE) --no-print-directory -s checked-commands; \
		$(MAKE) --no-print-directory -s publish-commands; \
		echo "sh tests/lab/run.sh demo $(BUILD)/mtasts"; \
		echo "sh tests/lab/run.sh dane $(BUILD)/mtasts"; \
		echo "sh tests/lab/run.sh lab $(BUILD)/mtasts"; } | sh tests/run.sh

test-deps: service-deps publish-deps
	@sh boards/posix/deps.sh $(TEST_PKGS) $(LAB_PKGS) $(KILL_PKGS) $(REPORT_PKGS)

test-build: $(UNIT_BIN) $(REPLAY_BIN) $(BUILD)/scenario $(EXAMPLE_BIN) $(BUILD)/journal/write $(BUILD)/icu/compare

test-commands:
	@printf '%s\n' $(TEST_COMMANDS)

check: $(BUILD)/libmtasts.a check-examples ## the rules of the house that a machine can check
	@sh boards/posix/deps.sh $(CHECK_PKGS)
	@sh tests/check.sh $(BUILD)
	@python3 tests/boards/size.py

.PHONY: uts46-table
uts46-table: ## write Unicode's tables anew (core/grammar/uts46_table.c)
	@sh boards/posix/deps.sh python3 unicode-data
	python3 core/grammar/uts46_table.py >$(BUILD)/uts46_table.c
	cp $(BUILD)/uts46_table.c core/grammar/uts46_table.c

unit: $(UNIT_BIN) ## run the unit tests
	@for t in $(UNIT_BIN); do $$t || exit 1; done
