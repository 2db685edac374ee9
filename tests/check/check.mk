# `mtasts check` among faulty servers on loopback; needs neither root nor a
# network. The comparison with posttls-finger needs Debian's postfix.

CHECKED_TESTS = "python3 tests/check/check.py $(BUILD)/mtasts" \
	"python3 tests/check/ways.py $(BUILD)/mtasts" \
	"python3 tests/check/enforce.py $(BUILD)/mtasts"

.PHONY: bench-check test-check checked-commands
checked-commands:
	@printf '%s\n' $(CHECKED_TESTS)

test-check: $(BUILD)/mtasts ## `mtasts check` among servers with every fault (R='ROW ROW': some rows)
	@sh boards/posix/deps.sh openssl postfix python3
	python3 tests/check/check.py $(BUILD)/mtasts $(R)
	$(if $(R),,python3 tests/check/ways.py $(BUILD)/mtasts)
	$(if $(R),,python3 tests/check/enforce.py $(BUILD)/mtasts)

bench-check: $(BUILD)/mtasts ## how long a check of many hosts takes, 50 ms away (MS=...: more)
	@python3 tests/check/far.py $(BUILD)/mtasts $(MS)
