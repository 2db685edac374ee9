# The simulator: the whole agent for weeks of virtual time, drawn from a seed.
#   make sim SEED=n [SIM_DAYS=n] [SIM_WITHOUT=loss,crash]     one run, printed line by line
#   make sim-soak [SIM_S=60] [SIM_FIRST=n]                    fresh seeds on all cores
#   make sim-agree SEED=1..3                                  compares the stand-in for TLS with TLS
#   make spread [SEED=n] [SPREAD=20000]                       refreshes of so many policies over two weeks
# sim has a stand-in for TLS, sim-tls the real one; the same seeds must end the
# same.

SIM_SRC := tests/sim/run.c tests/sim/sim.c tests/sim/promises.c tests/sim/dane.c tests/sim/net.c tests/sim/mta.c tests/sim/api.c \
	tests/sim/fleet.c tests/sim/fleet_server.c tests/sim/site.c tests/sim/mail.c tests/sim/fault.c tests/sim/draw.c tests/sim/trace.c \
	tests/mem/mem.c tests/mem/dnspeer.c tests/mem/storage.c
SIM_PLAIN_SRC := tests/sim/plain_session.c tests/sim/plain_https.c
SIM_TLS_SRC := tests/mem/https.c tests/mem/seeder.c
SPREAD_SRC := tests/sim/spread.c tests/mem/mem.c tests/mem/dnspeer.c
SIM_OBJ := $(SIM_SRC:%.c=$(BUILD)/obj/%.o)
SIM_PLAIN_OBJ := $(SIM_PLAIN_SRC:%.c=$(BUILD)/obj/%.o)
SIM_TLS_OBJ := $(SIM_TLS_SRC:%.c=$(BUILD)/obj/%.o)
SPREAD_OBJ := $(SPREAD_SRC:%.c=$(BUILD)/obj/%.o)
SEED ?= 1
SIM_S ?= 60
SIM_FIRST ?= $(shell date +%s)000
SIM_JOBS ?= $(shell getconf _NPROCESSORS_ONLN)

$(SIM_OBJ) $(SIM_PLAIN_OBJ) $(SIM_TLS_OBJ) $(SPREAD_OBJ): STS_CFLAGS += -D_POSIX_C_SOURCE=200112L

$(BUILD)/sim: $(SIM_OBJ) $(SIM_PLAIN_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) -o $@ $(SIM_OBJ) $(SIM_PLAIN_OBJ) $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

$(BUILD)/sim-tls: $(SIM_OBJ) $(SIM_TLS_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) -o $@ $(SIM_OBJ) $(SIM_TLS_OBJ) $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

$(BUILD)/spread: $(SPREAD_OBJ) $(SIM_PLAIN_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) -o $@ $(SPREAD_OBJ) $(SIM_PLAIN_OBJ) $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

-include $(SPREAD_OBJ:.o=.d) $(SIM_OBJ:.o=.d) $(SIM_PLAIN_OBJ:.o=.d)

.PHONY: sim sim-soak sim-agree spread mutants
sim: $(BUILD)/sim ## one simulated run: SEED=n, printed line by line
	@$(BUILD)/sim -v $(if $(SIM_DAYS),-d $(SIM_DAYS)) $(if $(SIM_WITHOUT),-w $(SIM_WITHOUT)) $(SEED)

sim-soak: $(BUILD)/sim ## fresh seeds for SIM_S seconds on all cores
	@$(BUILD)/sim -s $(SIM_S) -j $(SIM_JOBS) $(SIM_FIRST)

sim-agree: $(BUILD)/sim $(BUILD)/sim-tls ## the stand-in for TLS beside TLS: SEED=FIRST..LAST
	@sh tests/sim/agree.sh $(BUILD) $(SEED) $(SIM_DAYS)

spread: $(BUILD)/spread ## refreshes of thousands of policies over two weeks with outages: SEED=n, SPREAD=policies
	@$(BUILD)/spread -v $(if $(SPREAD),-n $(SPREAD)) $(SEED)

mutants: ## break the code on purpose, one way at a time (MUTANTS=NAME...)
	@python3 tests/mutants/run.py $(BUILD)/mutants $(MUTANTS)

# In `make test`: fixed seeds, fresh ones for a while, one seed twice, and both
# kinds of TLS; under the sanitizers a few short runs.
SIM_TEST = "$(BUILD)/sim -x 1..20" "$(BUILD)/sim -x -s 6 -j 2 $(SIM_FIRST)" "$(BUILD)/sim -2 -d 3 1..2" \
	"sh tests/sim/agree.sh $(BUILD) 3..5" "$(BUILD)/spread 1" "python3 tests/mutants/run.py $(BUILD)/mutants -n"
SIM_COMMANDS = $(if $(findstring asan,$(BUILD)),"$(BUILD)/sim -x -d 1 1..6" "$(BUILD)/sim-tls -x -d 1 3",$(SIM_TEST))

test-build: $(BUILD)/sim $(BUILD)/sim-tls $(BUILD)/spread
