# What a release hands out.

RELEASE_TARGETS ?= $(TARGETS)
RELEASE_MACHINES ?= $(foreach m,$(OCI_MACHINES),$(if $(filter $(word 2,$(subst =, ,$(m))),$(RELEASE_TARGETS)),$(m)))

.PHONY: release test-release
release: ## everything a release hands out, built twice and compared, in build/release (RELEASE_TARGETS=...)
	@sh boards/posix/deps.sh git build-essential debhelper libbearssl-dev ca-certificates python3 zopfli
	@sh boards/release/release.sh build/release '$(RELEASE_TARGETS)' '$(RELEASE_MACHINES)'

# One machine's is enough to test how it is made.
test-release: ## a release for this machine: versions, sums, SBOM, daemon and image (minutes)
	@sh tests/packages/release_odd.sh
	@sh boards/posix/deps.sh python3-jsonschema file
	@$(MAKE) --no-print-directory release RELEASE_TARGETS=x86_64
	@sh tests/packages/release.sh build/release
