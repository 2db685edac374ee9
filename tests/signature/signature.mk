# Signatures and key exchanges compared with other projects' code, and fields
# with Python's integers.
#   make signatures                    a short run of all
#   make soak-signatures SIG_OPS=10000000 SIG_SEED=1
#   make soak-exchange EXCHANGE_OPS=1000000 SIG_SEED=1
#   make constant-time                 X25519 under valgrind
#   make wycheproof WYCHEPROOF=folder  its testvectors_v1

SIG_OPS ?= 10000000
SIG_SEED ?= 1
EXCHANGE_OPS ?= 1000000
WYCHEPROOF ?= ../shared/vectors/wycheproof
FIELD_BIN = $(BUILD)/signature/field_p256 $(BUILD)/signature/field_p384
FIELD_X25519 = $(BUILD)/soak/signature/field_x25519

.PHONY: signatures soak-signatures soak-exchange constant-time wycheproof
signatures: ## ECDSA and X25519 beside OpenSSL and BearSSL; field arithmetic beside Python
	@sh boards/posix/deps.sh gcc libc6-dev libbearssl-dev libssl-dev python3
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/soak CFLAGS='$(SANITIZE)' $(BUILD)/soak/signature/beside \
		$(BUILD)/soak/signature/exchange $(FIELD_X25519) $(FIELD_BIN:$(BUILD)/%=$(BUILD)/soak/%)
	@$(BUILD)/soak/signature/beside 3000 $(SIG_SEED)
	@for f in $(FIELD_BIN:$(BUILD)/%=$(BUILD)/soak/%); do python3 tests/signature/field.py $$f || exit 1; done
	@$(BUILD)/soak/signature/exchange 3000 $(SIG_SEED)
	@python3 tests/signature/field_x25519.py $(FIELD_X25519)

soak-signatures: $(BUILD)/signature/beside ## SIG_OPS signatures from SIG_SEED on
	$(BUILD)/signature/beside $(SIG_OPS) $(SIG_SEED)

soak-exchange: $(BUILD)/signature/exchange ## EXCHANGE_OPS public keys and secrets of X25519 from SIG_SEED on
	$(BUILD)/signature/exchange $(EXCHANGE_OPS) $(SIG_SEED)

# Judged by memcheck, which must also report a read of the secret.
constant-time: ## X25519 under valgrind: no branch and no index depends on a secret
	@sh boards/posix/deps.sh gcc libc6-dev libbearssl-dev valgrind
	@$(MAKE) --no-print-directory $(BUILD)/signature/secret
	@$(VALGRIND) $(BUILD)/signature/secret
	@if $(VALGRIND) $(BUILD)/signature/secret leak 2>$(BUILD)/signature/leak.log; then \
		echo "constant-time: a look at the secret was not seen"; exit 1; fi
	@grep -q 'depends on uninitialised' $(BUILD)/signature/leak.log
	@echo "constant-time: nothing depends on a secret"

wycheproof: $(BUILD)/unit/test_signature $(BUILD)/unit/test_x25519 ## Project Wycheproof's vectors, if they are there
	@if [ -d '$(WYCHEPROOF)' ]; then \
		python3 tests/signature/wycheproof.py '$(WYCHEPROOF)' >$(BUILD)/wycheproof.txt && \
		STS_SIGNATURE_CASES=$(BUILD)/wycheproof.txt $(BUILD)/unit/test_signature && \
		python3 tests/signature/wycheproof.py '$(WYCHEPROOF)' x25519 >$(BUILD)/wycheproof_x25519.txt && \
		STS_X25519_CASES=$(BUILD)/wycheproof_x25519.txt $(BUILD)/unit/test_x25519; \
	else echo "wycheproof: skipped, no $(WYCHEPROOF)"; fi

$(BUILD)/signature/beside: tests/signature/beside.c tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) -lcrypto $(LDFLAGS)

$(BUILD)/signature/exchange $(BUILD)/signature/secret: $(BUILD)/signature/%: tests/signature/%.c tests/fuzz/assert.c \
		$(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

$(BUILD)/signature/field_x25519: tests/signature/field_x25519.c tls/x25519.c tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter-out tls/%,$(filter %.c,$^)) $(BUILD)/libmtasts.a $(LDFLAGS)

$(BUILD)/signature/field_%: tests/signature/field.c tls/ec_%.c tls/ec_point.h tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) -DFIELD='"../../tls/ec_$*.c"' $(CFLAGS) -o $@ \
		tests/signature/field.c tests/fuzz/assert.c $(BUILD)/libmtasts.a $(LDFLAGS)
