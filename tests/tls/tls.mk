# The TLS client among real servers, and BoringSSL's runner against it.
#   make test-tls       servers of openssl, gnutls, nss, boringssl, nginx, caddy
#   make test-tls-sanitized    the same with the sanitizers
#   make test-tls-trixie    the same of Debian 13 (root; tests/lab/lab.mk)
#   make test-bogo      the runner of BoringSSL, tests/bogo/disabled.json aside

# Only servers that start nothing when they are installed; others are used where
# they exist.
TLS_PKGS = python3 openssl gnutls-bin libgnutls28-dev libnss3-tools
BOGO_PKGS = golang-go golang-golang-x-crypto-dev

TLS_GET := $(addprefix $(BUILD)/tls/get,-own -1024 -4421 -engine)
TLS_GET_DEFS_get-1024 := -DSTS_TLS_RECORD_SIZE=1024
TLS_GET_DEFS_get-4421 := -DSTS_TLS_RECORD_SIZE=4421
TLS_GET_DEFS_get-engine := -DSTS_TLS_ENGINE=1
TLS_BOTH_SRC := $(filter-out $(TLS_CLIENT_SRC),$(TLS_SRC)) $(BASE_SRC)
TLS_OWN_SRC := $(filter tls/session%.c tls/tls1%.c tls/tls_%.c,$(filter-out $(TLS_BOTH_SRC) tls/tls_engine.c,$(wildcard tls/*.c)))
TLS_GET_SRC = tests/tls/get.c $(TLS_BOTH_SRC) \
	$(if $(findstring engine,$1),tls/tls_engine.c tls/x509/x509_class.c,$(TLS_OWN_SRC))

$(TLS_GET): $(BUILD)/tls/%: tests/tls/get.c $(TLS_BOTH_SRC) $(TLS_OWN_SRC) tls/tls_engine.c $(wildcard tls/*.h)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) -D_DEFAULT_SOURCE $(TLS_GET_DEFS_$*) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ \
		$(call TLS_GET_SRC,$*) $(BEARSSL_LIB) $(LDFLAGS)

# A server of GnuTLS that sends KeyUpdates, which gnutls-serv cannot.
$(BUILD)/tls/gnutls-update: tests/tls/gnutls_update.c
	@sh boards/posix/deps.sh $(TLS_PKGS)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CFLAGS) -o $@ $< -lgnutls $(LDFLAGS)

.PHONY: test-tls test-tls-sanitized
test-tls: $(TLS_GET) $(BUILD)/tls/gnutls-update ## our TLS client among real servers on loopback
	@sh boards/posix/deps.sh $(TLS_PKGS)
	@python3 -B tests/tls/servers.py $(BUILD)/tls/world $(BUILD)/tls/gnutls-update $(TLS_GET)

test-tls-sanitized: ## the same, our client built with the address and undefined sanitizers
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized CFLAGS='$(SANITIZE)' test-tls

TLS_TRIXIE_PKGS = openssl gnutls-bin libnss3-tools nginx-light caddy android-boringssl

.PHONY: test-tls-trixie
test-tls-trixie: $(TLS_GET) $(BUILD)/tls/gnutls-update ## the same among those of Debian 13 (root)
	@sh boards/posix/deps.sh $(TLS_PKGS)
	@$(MAKE) --no-print-directory trixie PKGS='$(TLS_TRIXIE_PKGS)'
	@python3 -B tests/tls/servers.py --root "$$(realpath $(TRIXIE))" $(BUILD)/tls/gnutls-update $(TLS_GET)

.PHONY: bench-tls
bench-tls: $(filter %-own %-engine,$(TLS_GET)) ## CPU of a GET: our client beside BearSSL's engine; fails above 0.8
	@sh boards/posix/deps.sh python3 openssl
	@python3 -B tests/tls/bench.py $(BUILD)/tls/bench $^

# The shim with the sanitizers; x509.c is its own.
$(BUILD)/tls/bogo-shim: tests/bogo/shim.c $(TLS_BOTH_SRC) $(TLS_OWN_SRC) $(wildcard tls/*.h)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) -D_DEFAULT_SOURCE $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(SANITIZE) -o $@ \
		$(filter-out tls/x509/x509.c,$(filter %.c,$^)) $(BEARSSL_LIB) $(LDFLAGS)

# Programs that CI plays only now and then are linked by each `make test`.
.PHONY: tls-programs
tls-programs: $(filter %-own %-engine,$(TLS_GET)) $(BUILD)/tls/bogo-shim

.PHONY: test-bogo
test-bogo: $(BUILD)/tls/bogo-shim ## our TLS client against BoringSSL's runner (golang; Debian's source package)
	@sh boards/posix/deps.sh $(BOGO_PKGS)
	@sh tests/bogo/run.sh $(BUILD)/bogo $(BUILD)/tls/bogo-shim
