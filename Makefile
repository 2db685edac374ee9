# mtasts: MTA-STS agent in portable C99. `make help` lists the targets.
#
# Everything is built below $(BUILD). Variables a packager sets: CC, AR, CFLAGS,
# LDFLAGS, DESTDIR, PREFIX and the other places of boards/boards.mk,
# BEARSSL=DIR (a BearSSL source tree, built here), TARGET=machine
# (boards/targets.mk), STATIC=1, WERROR=1, WITHOUT='DANE CHECK' (what is left out,
# by the names of core/base/sts_config.h and boards/posix/parts.h).

include boards/targets.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
STS_WARN = -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wvla
# What is built tells nothing of where it was built.
STS_NORETURN = -DSTS_NORETURN='__attribute__((noreturn))'
STS_PREFETCH = -DSTS_PREFETCH=__builtin_prefetch
# Without these a C library of 32 bits has a clock that ends in 2038.
STS_TIME = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
STS_CFLAGS = -std=c99 -pedantic $(STS_WARN) $(if $(WERROR),-Werror) $(STS_NORETURN) $(STS_PREFETCH) $(STS_TIME) \
	-fdebug-prefix-map='$(CURDIR)'=.

override LDFLAGS += $(if $(STATIC),-static)

BASE_SRC = core/base/bytes.c core/base/calendar.c core/base/crc32.c core/base/event.c core/base/name.c \
	core/base/sink.c core/base/siphash.c core/base/text.c core/base/utf8.c core/base/why.c
GRAMMAR_SRC = core/grammar/domain.c core/grammar/idna.c core/grammar/json.c \
	core/grammar/json_put.c core/grammar/policy.c core/grammar/punycode.c core/grammar/record.c \
	core/grammar/tlsrpt.c core/grammar/uts46.c core/grammar/uts46_table.c
CACHE_SRC = core/cache/cache.c core/cache/cache_check.c core/cache/cache_class.c \
	core/cache/cache_index.c core/cache/cache_record.c core/cache/cache_stage.c \
	core/cache/cache_sweep.c core/cache/chunks.c core/cache/organisation.c core/cache/payload.c
JOURNAL_SRC = core/journal/journal.c core/journal/journal_format.c core/journal/journal_load.c \
	core/journal/journal_save.c
ANSWER_SRC = core/answer/decide.c core/answer/postfix.c core/answer/preload.c \
	core/answer/preload_time.c core/answer/zones.c
CLIENT_SRC = core/client/client.c core/client/client_kept.c core/client/line.c core/client/reply.c core/client/socketmap.c \
	core/client/wrap.c
LOOKUP_SRC = core/lookup/leg.c core/lookup/lookup.c core/lookup/lookup_report.c
DIAL_SRC = core/dial/address.c core/dial/dial.c
HTTPS_SRC = core/https/fetch.c core/https/http.c core/https/http_field.c \
	core/https/http_request.c core/https/https.c core/https/post.c
DANE_SRC = core/dane/dane.c core/dane/dane_hosts.c core/dane/dane_list.c \
	core/dane/dane_order.c core/dane/dane_records.c core/dane/dane_steps.c core/dane/judge.c
SMTP_SRC = core/smtp/smtp.c core/smtp/smtp_probe.c core/smtp/smtp_submit.c
REPORT_SRC = core/report/report.c core/report/report_datagram.c core/report/report_event.c \
	core/report/report_gzip.c core/report/report_line.c core/report/report_load.c \
	core/report/report_mail.c core/report/report_result.c core/report/report_save.c \
	core/report/report_tally.c core/report/report_view.c
SHARE_SRC = core/share/share.c core/share/share_conn.c core/share/share_literal.c \
	core/share/share_names.c core/share/share_reply.c core/share/share_resp.c \
	core/share/share_seal.c core/share/share_send.c core/share/share_steps.c
AGENT_SRC = core/agent/agent.c core/agent/agent_alert.c core/agent/agent_ask.c \
	core/agent/agent_buffers.c core/agent/agent_clients.c core/agent/agent_dane.c \
	core/agent/agent_dane_work.c core/agent/agent_held.c core/agent/agent_journal.c \
	core/agent/agent_keep.c core/agent/agent_lookups.c core/agent/agent_metrics.c core/agent/agent_preload.c \
	core/agent/agent_question.c core/agent/agent_queue.c core/agent/agent_report.c \
	core/agent/agent_report_kept.c core/agent/agent_report_mail.c core/agent/agent_report_pause.c \
	core/agent/agent_report_plan.c core/agent/agent_report_post.c core/agent/agent_report_send.c \
	core/agent/agent_report_testing.c core/agent/agent_report_tick.c core/agent/agent_report_to.c \
	core/agent/agent_route.c core/agent/agent_share.c core/agent/agent_share_work.c \
	core/agent/agent_slots.c core/agent/agent_sweep.c core/agent/agent_log.c \
	core/agent/agent_tree.c core/agent/agent_wait.c core/agent/agent_warm.c core/agent/agent_work.c \
	core/agent/clock.c core/agent/explain.c core/agent/inspect.c core/agent/metrics.c \
	core/agent/random.c
CORE_SRC = core/driver.c core/driver_listen.c core/driver_lists.c core/driver_reports.c core/heap.c $(GRAMMAR_SRC) $(CACHE_SRC) \
	$(JOURNAL_SRC) $(ANSWER_SRC) $(CLIENT_SRC) $(LOOKUP_SRC) $(DIAL_SRC) $(HTTPS_SRC) $(DANE_SRC) \
	$(SMTP_SRC) $(REPORT_SRC) $(SHARE_SRC) $(AGENT_SRC)
DNS_SRC = dns/health.c dns/message.c dns/rdata.c dns/stream.c dns/upstream.c \
	dns/upstream_plan.c dns/wire.c
# TLS_ENGINE=1: BearSSL's engine in place of our own client, for tests.
ifdef TLS_ENGINE
override CPPFLAGS += -DSTS_TLS_ENGINE=1
TLS_CLIENT_SRC = tls/tls_engine.c tls/x509/x509_class.c
else
TLS_CLIENT_SRC = tls/session.c tls/session_receive.c tls/tls12.c tls/tls13.c tls/tls_client.c tls/tls_common.c \
	tls/tls_exchange.c tls/tls_gcm.c tls/tls_hello.c tls/tls_keys.c tls/tls_lists.c tls/tls_messages.c tls/tls_params.c \
	tls/tls_records.c tls/tls_state.c tls/tls_stream.c
endif
TLS_SRC = tls/curves.c tls/ec_inverse.c tls/ec_p256.c tls/ec_p384.c tls/ec_scalar.c \
	tls/ec_verify.c tls/ecdsa_der.c tls/hash.c tls/mac.c tls/montgomery.c tls/rsa.c tls/rsa_pss.c \
	tls/signature.c tls/tls_chain.c tls/x25519.c tls/x509/anchors.c tls/x509/anchors_set.c tls/x509/der.c \
	tls/x509/pem.c tls/x509/x509.c tls/x509/x509_cert.c tls/x509/x509_exts.c tls/x509/x509_fields.c \
	tls/x509/x509_links.c tls/x509/x509_names.c tls/x509/x509_oids.c tls/x509/x509_sct.c \
	tls/x509/x509_time.c tls/x509/x509_tlsa.c tls/x509/x509_trust.c tls/x509/x509_verify.c \
	$(TLS_CLIENT_SRC)
PORT_SRC = port/posix/addr.c port/posix/block.c port/posix/clock.c port/posix/entropy.c port/posix/listen.c \
	port/posix/log.c port/posix/posix.c port/posix/service.c port/posix/socket.c \
	port/posix/socket_drawn.c port/posix/socket_sender.c port/posix/store.c port/posix/store_child.c \
	port/posix/store_file.c port/posix/wait_epoll.c port/posix/wait_kqueue.c port/posix/wait_poll.c
# What WITHOUT may leave out: of the library, and of the daemon by its files as well. A part
# that needs another goes with it.
LIB_PARTS = ASSERT_PLACE DANE EC_FAST INET6 JOURNAL METRICS P521 PRELOAD REPORT REPORT_ALL REPORT_GZIP \
	REPORT_HTTPS REPORT_MAIL REPORT_SOCKET REPORT_TESTING SENTENCES SHA384_512 SHARE SMTP UTS46
DAEMON_PARTS = CHECK COMPLETION PUBLISH STATUS STATUS_HTML WARM
$(foreach part,$(filter-out $(LIB_PARTS) $(DAEMON_PARTS),$(WITHOUT)),\
	$(error WITHOUT=$(part): there are $(LIB_PARTS) $(DAEMON_PARTS)))
override WITHOUT := $(WITHOUT) $(if $(filter SMTP,$(WITHOUT)),CHECK) $(if $(filter SMTP CHECK,$(WITHOUT)),PUBLISH) \
	$(if $(filter STATUS,$(WITHOUT)),STATUS_HTML)
override CPPFLAGS += $(WITHOUT:%=-DSTS_%=0)
CHECK_SRC = $(addprefix boards/posix/,check.c check_agent.c check_ask.c check_dns.c check_fetch.c \
	check_findings.c check_hosts.c check_json.c check_judge.c check_judge_host.c check_loop.c check_mx.c \
	check_part.c check_plugin.c check_policy.c check_print.c check_records.c check_rpt.c check_tlsa.c \
	check_tlsa_records.c check_verdict.c)
COMPLETION_SRC = boards/posix/completion.c
PUBLISH_SRC = $(addprefix boards/posix/,dns_ask.c publish.c publish_out.c publish_server.c publish_sts.c \
	publish_tlsa.c publish_tlsrpt.c spki.c)
STATUS_SRC = $(addprefix boards/posix/,history.c status.c status_command.c status_tree.c status_words.c)
STATUS_HTML_SRC = boards/posix/status_html.c
WARM_SRC = boards/posix/warm.c
DAEMON_SRC = $(addprefix boards/posix/,anchors_command.c conf.c conf_keys.c conf_print.c conf_report.c \
	conf_share.c confine_calls.c confine_landlock.c confine_linux.c confine_none.c confine_openbsd.c \
	control.c control_client.c control_commands.c control_print.c control_record.c control_report.c \
	control_request.c control_show.c control_steps.c date.c fields.c help.c journal_child.c journal_file.c lines.c \
	listeners.c live.c live_enforce.c live_set.c look.c main.c match.c memory.c metrics_http.c names.c preload_file.c publish_file.c \
	query.c report_file.c resolv.c rights.c roots.c scrape.c serve.c side.c signals.c terminal.c users.c value.c \
	warm_names.c watch.c) \
	$(foreach part,$(filter-out $(WITHOUT),$(DAEMON_PARTS)),$($(part)_SRC))

LIB_SRC = $(BASE_SRC) $(DNS_SRC) $(TLS_SRC) $(CORE_SRC)
LIB_OBJ = $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
DAEMON_OBJ = $(PORT_SRC:%.c=$(BUILD)/obj/%.o) $(DAEMON_SRC:%.c=$(BUILD)/obj/%.o)

ifdef BEARSSL
BEARSSL_CPPFLAGS = -isystem $(BEARSSL)/inc
BEARSSL_LIB = $(BUILD)/bearssl/libbearssl.a
else
BEARSSL_LIB = -lbearssl
endif

.PHONY: all objects
all: $(BUILD)/libmtasts.a $(BUILD)/mtasts ## build the library and the daemon

objects: $(LIB_OBJ) ## compile the library only (cross compilers: CC, CFLAGS)

include boards/boards.mk boards/board.mk
include tests/tests.mk tests/packages/packages.mk boards/release/release.mk

$(BUILD)/libmtasts.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/mtasts: $(DAEMON_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) $(LTO) $(LDFLAGS) -o $@ $(DAEMON_OBJ) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB)

$(BUILD)/obj/%.o: %.c | $(TOOLCHAIN)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(LTO) -MMD -MP -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(DAEMON_OBJ:.o=.d)

.PHONY: clean help
clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
