# The lab: the daemon among real servers, in a network namespace of its own.
# It needs root; without, it says so and exits 77, which counts as not run.

LAB_PKGS := $(shell cat tests/lab/deps)

.PHONY: test-lab lab-deps
lab-deps:
	@sh tests/lab/deps.sh $(LAB_PKGS)

test-lab: $(BUILD)/mtasts lab-deps ## real unbound, nginx and postmap (root; R=REGEX: some rows)
	@sh tests/lab/run.sh lab $(BUILD)/mtasts $(if $(R),'$(R)')
