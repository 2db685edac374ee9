# The daemon under ten thousand clients, most of which misbehave.
#   make torture [TORTURE_S=600] [TORTURE_CLIENTS=10000]
# A short run with fewer is part of `make test`.

TORTURE_S ?= 600
TORTURE_CLIENTS ?= 10000

$(BUILD)/torture/flood: tests/torture/flood.c
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS)

test-build: $(BUILD)/torture/flood

.PHONY: torture torture-commands
torture-commands:
	@echo "sh tests/torture/run.sh $(BUILD)/mtasts $(BUILD)/torture/flood 20 3000"

torture: $(BUILD)/mtasts $(BUILD)/torture/flood ## 10,000 clients at 1,024 places for ten minutes (TORTURE_S, TORTURE_CLIENTS)
	@sh boards/posix/deps.sh $(KILL_PKGS)
	@sh tests/torture/run.sh $(BUILD)/mtasts $(BUILD)/torture/flood $(TORTURE_S) $(TORTURE_CLIENTS)
