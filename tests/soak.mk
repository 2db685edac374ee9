# Long runs, not part of `make test`: the cache against its model.
#   make soak [SOAK_OPS=10000000] [SOAK_SEED=n]

SOAK_OPS ?= 10000000
SOAK_SEED ?= 1000

.PHONY: soak
soak: ## run the cache against its model for SOAK_OPS operations, sanitized
	$(MAKE) BUILD=$(BUILD)/soak CFLAGS='$(SANITIZE)' $(BUILD)/soak/unit/test_cache_model
	CK_FORK=no STS_CACHE_OPS=$(SOAK_OPS) STS_CACHE_SEED=$(SOAK_SEED) \
		$(BUILD)/soak/unit/test_cache_model
