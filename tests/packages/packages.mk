# Packages for Linux distributions and images, made and lived with.

DEB_SUITES ?= bookworm trixie

.PHONY: deb test-deb
deb: ## Debian packages of what git has of this tree, below $(BUILD)/deb
	@sh boards/posix/deps.sh build-essential debhelper libbearssl-dev
	@sh boards/debian/build.sh $(BUILD)/deb

# The same tree twice gives the same packages; no complaint of lintian's.
test-deb: ## those packages in a Debian 12 and a Debian 13 (root)
	@sh boards/posix/deps.sh build-essential debhelper libbearssl-dev lintian debootstrap
	@mkdir -p $(BUILD)/packages
	@sh boards/debian/build.sh $(BUILD)/packages/old
	@sh boards/debian/build.sh $(BUILD)/packages/again
	@for f in $(BUILD)/packages/old/*.deb; do cmp $$f $(BUILD)/packages/again/$${f##*/} || exit 1; done
	@lintian --allow-root --fail-on error,warning $(BUILD)/packages/old/*.changes
	@version=$$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)+next; \
		DEB_VERSION=$$version sh boards/debian/build.sh $(BUILD)/packages/new; \
		echo $$version >$(BUILD)/packages/new/version
	@sh tests/packages/deb.sh $(BUILD)/packages $(DEB_SUITES)
