# The daemon killed while it writes, and on file systems that fail it.

KILL_PKGS = openssl python3 util-linux e2fsprogs
KILLS ?= 40

.PHONY: kill-commands test-kill soak-kill
kill-commands:
	@echo "python3 -B tests/kill/kill.py $(BUILD)/mtasts $(KILLS)"
	@echo "sh tests/kill/disk.sh $(BUILD)/mtasts"

test-kill: $(BUILD)/mtasts ## the daemon killed and started again; disks that are full (root)
	@sh boards/posix/deps.sh $(KILL_PKGS)
	@{ echo alone; $(MAKE) --no-print-directory -s kill-commands; } | sh tests/run.sh

# The writer of a journal is killed 20,000 times, the daemon 1,000 times.
soak-kill: $(BUILD)/unit/test_kill $(BUILD)/mtasts ## the same for long: KILL_COUNT, KILLS, SOAK_SEED
	CK_FORK=no KILL_COUNT=$(or $(KILL_COUNT),20000) KILL_SEED=$(SOAK_SEED) $<
	python3 -B tests/kill/kill.py $(BUILD)/mtasts $(or $(SOAK_KILLS),1000) $(SOAK_SEED)
