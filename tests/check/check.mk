# `mtasts check` among faulty servers on loopback; needs neither root nor a
# network. What is compared with posttls-finger needs Debian's postfix.

CHECKED_TESTS = "python3 tests/check/check.py $(BUILD)/mtasts" \
	"python3 tests/check/ways.py $(BUILD)/mtasts" \
	"python3 tests/check/enforce.py $(BUILD)/mtasts"

.PHONY: test-check checked-commands
checked-commands:
	@printf '%s\n' $(CHECKED_TESTS)

test-check: $(BUILD)/mtasts ## `mtasts check` among servers with every fault (R='ROW ROW': some rows)
	@sh boards/posix/deps.sh openssl postfix python3
	python3 tests/check/check.py $(BUILD)/mtasts $(R)
	$(if $(R),,python3 tests/check/ways.py $(BUILD)/mtasts)
	$(if $(R),,python3 tests/check/enforce.py $(BUILD)/mtasts)
