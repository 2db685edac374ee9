# Signatures judged beside others' code, and fields beside Python's integers.
#   make signatures                    a short run of both
#   make soak-signatures SIG_OPS=10000000 SIG_SEED=1
#   make wycheproof WYCHEPROOF=folder  its testvectors_v1

SIG_OPS ?= 10000000
SIG_SEED ?= 1
WYCHEPROOF ?= ../shared/vectors/wycheproof
FIELD_BIN = $(BUILD)/signature/field_p256 $(BUILD)/signature/field_p384

.PHONY: signatures soak-signatures wycheproof
signatures: ## ECDSA beside OpenSSL and BearSSL; field arithmetic beside Python
	@sh boards/posix/deps.sh gcc libc6-dev libbearssl-dev libssl-dev python3
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/soak CFLAGS='$(SANITIZE)' $(BUILD)/soak/signature/beside \
		$(FIELD_BIN:$(BUILD)/%=$(BUILD)/soak/%)
	@$(BUILD)/soak/signature/beside 3000 $(SIG_SEED)
	@for f in $(FIELD_BIN:$(BUILD)/%=$(BUILD)/soak/%); do python3 tests/signature/field.py $$f || exit 1; done

soak-signatures: $(BUILD)/signature/beside ## SIG_OPS signatures from SIG_SEED on
	$(BUILD)/signature/beside $(SIG_OPS) $(SIG_SEED)

wycheproof: $(BUILD)/unit/test_signature ## Project Wycheproof's vectors, if they are there
	@if [ -d '$(WYCHEPROOF)' ]; then \
		python3 tests/signature/wycheproof.py '$(WYCHEPROOF)' >$(BUILD)/wycheproof.txt && \
		STS_SIGNATURE_CASES=$(BUILD)/wycheproof.txt $(BUILD)/unit/test_signature; \
	else echo "wycheproof: skipped, no $(WYCHEPROOF)"; fi

$(BUILD)/signature/beside: tests/signature/beside.c tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) -lcrypto $(LDFLAGS)

$(BUILD)/signature/field_%: tests/signature/field.c tls/ec_%.c tls/ec_point.h tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) -DFIELD='"../../tls/ec_$*.c"' $(CFLAGS) -o $@ \
		tests/signature/field.c tests/fuzz/assert.c $(BUILD)/libmtasts.a $(LDFLAGS)
