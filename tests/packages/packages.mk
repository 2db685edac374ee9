# Packages for Linux distributions and images: made, installed and used.

DEB_SUITES ?= bookworm trixie

.PHONY: deb test-deb
deb: ## Debian packages of what git has of this tree, below $(BUILD)/deb
	@sh boards/posix/deps.sh build-essential debhelper libbearssl-dev
	@sh boards/debian/build.sh $(BUILD)/deb

# The same tree gives the same packages twice; lintian has no complaint.
test-deb: ## those packages in a Debian 12 and a Debian 13, and mail through their Postfix (root)
	@sh boards/posix/deps.sh build-essential debhelper libbearssl-dev lintian debootstrap systemd
	@sh tests/lab/deps.sh $(filter-out postfix nsd bind9-utils,$(LAB_PKGS))
	@mkdir -p $(BUILD)/packages
	@sh boards/debian/build.sh $(BUILD)/packages/old
	@sh boards/debian/build.sh $(BUILD)/packages/again
	@for f in $(BUILD)/packages/old/*.deb; do cmp $$f $(BUILD)/packages/again/$${f##*/} || exit 1; done
	@lintian --allow-root --fail-on error,warning $(BUILD)/packages/old/*.changes
	@version=$$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h)+next; \
		DEB_VERSION=$$version sh boards/debian/build.sh $(BUILD)/packages/new; \
		echo $$version >$(BUILD)/packages/new/version
	@sh tests/packages/deb.sh $(BUILD)/packages $(DEB_SUITES)

# The image of the static daemons, MACHINE=TARGET a word.
OCI_MACHINES ?= amd64=x86_64 arm64=aarch64 arm/v7=armv7 riscv64=riscv64
OCI_ROOTS ?= /etc/ssl/certs/ca-certificates.crt
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct))

.PHONY: oci test-oci
oci: ## an OCI image from static daemons, build/mtasts-oci.tar (OCI_MACHINES=..., OCI_ROOTS=PEM)
	@sh boards/posix/deps.sh ca-certificates python3 zopfli
	@for m in $(OCI_MACHINES); do t=$${m#*=}; \
		$(MAKE) --no-print-directory -s TARGET=$$t build/$$t/mtasts || exit 1; done
	@set --; for m in $(OCI_MACHINES); do t=build/$${m#*=}; \
		$$(sed -n "s/^TRIPLET_$${m#*=} = //p" boards/targets.mk)-strip -o $$t/mtasts.stripped $$t/mtasts || exit 1; \
		set -- "$$@" "$${m%%=*}=$$t/mtasts.stripped"; done; \
		python3 boards/oci/image.py build/mtasts-oci.tar $(OCI_ROOTS) $(EPOCH) "$$@"

# Which machine runs under which emulator.
OCI_RUN = $(foreach m,$(OCI_MACHINES),$(firstword $(subst =, ,$m))=$(QEMU_$(lastword $(subst =, ,$m))))

test-oci: oci ## that image read by skopeo and umoci, run by runc and crun, others' under qemu-user (root)
	@sh boards/posix/deps.sh skopeo umoci runc crun python3-yaml $(if $(filter %-static,$(OCI_RUN)),qemu-user-static)
	@cp build/mtasts-oci.tar build/mtasts-oci.first
	@$(MAKE) --no-print-directory -s oci >/dev/null
	@cmp build/mtasts-oci.tar build/mtasts-oci.first
	@sh tests/packages/oci.sh build/mtasts-oci.tar $(OCI_ROOTS) $(OCI_RUN)
