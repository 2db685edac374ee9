# Long runs, not part of `make test`: the cache and the journal, each against
# its model.
#   make soak [SOAK_OPS=10000000] [SOAK_SEED=n]

SOAK_OPS ?= 10000000
SOAK_SEED ?= 1000

SOAK_BIN = $(BUILD)/soak/unit/test_cache_model $(BUILD)/soak/unit/test_journal_model

.PHONY: soak
soak: ## cache and journal against their models, SOAK_OPS operations each, sanitized
	$(MAKE) BUILD=$(BUILD)/soak CFLAGS='$(SANITIZE)' $(SOAK_BIN)
	CK_FORK=no STS_CACHE_OPS=$(SOAK_OPS) STS_CACHE_SEED=$(SOAK_SEED) \
		$(BUILD)/soak/unit/test_cache_model
	CK_FORK=no STS_JOURNAL_OPS=$(SOAK_OPS) STS_JOURNAL_SEED=$(SOAK_SEED) \
		$(BUILD)/soak/unit/test_journal_model
