# The lab: the daemon among real servers, in a network namespace of its own.
# It needs root; without, it prints "not run" and exits 77, which counts as not
# run.

LAB_PKGS := $(shell cat tests/lab/deps)
TRIXIE ?= build/trixie

.PHONY: demo test-dane test-deliver test-lab test-mta test-tlsrpt test-share test-share-valkey lab-deps trixie
lab-deps:
	@sh tests/lab/deps.sh $(LAB_PKGS)

# A Debian 13 in a folder, made once; some targets add packages (PKGS=...).
trixie: lab-deps
	@sh tests/lab/trixie.sh $(TRIXIE) $(or $(PKGS),$(shell cat tests/lab/deps.trixie))

test-lab: $(BUILD)/mtasts lab-deps ## real unbound, nginx and postmap (root; R=REGEX: some rows)
	@sh tests/lab/run.sh lab $(BUILD)/mtasts $(if $(R),'$(R)')

test-dane: $(BUILD)/mtasts lab-deps ## signed zones, and mail through real Postfix (root; R=REGEX; TRIXIE=FOLDER: its Postfix, too)
	@sh tests/lab/run.sh dane $(BUILD)/mtasts "$(if $(wildcard $(TRIXIE)/made),$(TRIXIE))" '$(R)'

test-share: $(BUILD)/mtasts lab-deps ## gateways around a real Redis server, and Valkey where there is one (root)
	@sh boards/posix/deps.sh redis-server
	@STS_TRIXIE='$(if $(wildcard $(TRIXIE)/made),$(TRIXIE))' sh tests/lab/run.sh share $(BUILD)/mtasts $(SHARE)

# Valkey is in Debian 13: it runs from the folder, with that Debian's C library.
test-share-valkey: $(BUILD)/mtasts lab-deps ## the same around Valkey alone (root)
	@$(MAKE) --no-print-directory trixie PKGS='valkey-server valkey-tools'
	@STS_TRIXIE=$(TRIXIE) sh tests/lab/run.sh share $(BUILD)/mtasts valkey

test-mta: $(BUILD)/mtasts trixie ## mail through real mail servers (root; R=REGEX: some rows)
	@sh tests/lab/run.sh mail $(BUILD)/mtasts $(TRIXIE) $(if $(R),'$(R)')

TLSRPT_PKGS = opendkim opendkim-tools python3-dkim

test-tlsrpt: $(BUILD)/mtasts trixie ## TLS reports: a real Postfix and Exim report, others get the reports (root; R=REGEX: some rows)
	@sh tests/lab/deps.sh $(TLSRPT_PKGS)
	@sh tests/lab/run.sh tlsrpt $(BUILD)/mtasts $(TRIXIE) $(if $(R),'$(R)')
	@$(if $(R),,sh tests/lab/run.sh report $(BUILD)/mtasts $(TRIXIE))

demo: $(BUILD)/mtasts ## some domains asked for, in a small world of their own (root)
	@sh tests/lab/deps.sh $(filter-out postfix debootstrap nsd bind9-utils,$(LAB_PKGS))
	@sh tests/lab/run.sh demo $(BUILD)/mtasts

DELIVER_PKGS = +exim4-daemon-light +exim4-base libnsl2 libgnutls-dane0t64 libidn12 +opensmtpd \
	libevent-2.1-7t64

# Debian 13's servers: the OpenSMTPD of Debian 12 has no TLS (deliver.py).
test-deliver: $(BUILD)/examples/deliver lab-deps ## an example delivers to real Postfix, Exim, OpenSMTPD (root; R=REGEX: some rows)
	@$(MAKE) --no-print-directory trixie PKGS='$(DELIVER_PKGS)'
	@sh tests/lab/run.sh deliver $(BUILD)/examples/deliver $(TRIXIE) '$(R)'
