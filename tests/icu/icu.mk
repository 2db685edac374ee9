# Keys compared with ICU, by which Postfix maps them: every code point and a
# million random names.
#   make icu [COUNT=10000000] [SEED=n]

COUNT ?= 1000000

$(BUILD)/icu/compare: tests/icu/compare.c tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/libmtasts.a \
		$(LDFLAGS) -licuuc

.PHONY: icu
icu: $(BUILD)/icu/compare ## compare keys with ICU: all code points, random names
	@$(BUILD)/icu/compare $(COUNT) $(or $(SEED),1)
