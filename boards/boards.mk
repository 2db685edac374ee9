# What is built of the library: daemon, static daemon, installation.

INSTALL ?= install

# The mechanism to wait by: WAIT=poll instead of the system's best.
STS_WAIT_poll = -DSTS_WAIT_POLL
STS_WAIT_kqueue = -DSTS_WAIT_KQUEUE
override CPPFLAGS += $(STS_WAIT_$(WAIT))

# The earliest time a clock may tell.
override CPPFLAGS += $(if $(SOURCE_DATE_EPOCH),-DSTS_BUILD_S=$(SOURCE_DATE_EPOCH))

# BEARSSL=DIR: built from that tree, with our compiler, into $(BUILD).
$(BUILD)/bearssl/libbearssl.a: | $(TOOLCHAIN)
	@mkdir -p $(@D)
	$(MAKE) -s -C $(BEARSSL) BUILD='$(abspath $(@D))' CC='$(CC)' AR='$(AR)' \
		CFLAGS='$(CFLAGS) $(BEARSSL_CFLAGS)' lib

.PHONY: run install check-alloc size
comma = ,
run: ## build what is missing and serve on 127.0.0.1:8461 (ARGS=...)
	@sh boards/posix/deps.sh gcc libc6-dev ca-certificates \
		$(if $(BEARSSL),,libbearssl-dev)
	@$(MAKE) --no-print-directory $(BUILD)/mtasts
	@exec $(BUILD)/mtasts serve $(ARGS)

# The kind of system: which service files are installed, and where.
STS_INIT_FreeBSD = freebsd
STS_INIT_OpenBSD = openbsd
ifndef INIT
INIT := $(or $(STS_INIT_$(shell uname -s)),$(shell sh boards/posix/service/init.sh))
endif
STS_BSD = $(filter freebsd openbsd,$(INIT))

# Others than the defaults of Linux are compiled in: give the same ones to
# `make` and to `make install`.
SYSCONFDIR ?= $(if $(filter freebsd,$(INIT)),$(PREFIX)/etc,/etc)
STATEDIR ?= $(if $(STS_BSD),/var/db/mtasts,/var/lib/mtasts)
RUNDIR ?= $(if $(STS_BSD),/var/run/mtasts,/run/mtasts)
override CPPFLAGS += \
	$(if $(filter-out /etc,$(SYSCONFDIR)),-DSTS_SYSCONFDIR='"$(SYSCONFDIR)"') \
	$(if $(filter-out /var/lib/mtasts,$(STATEDIR)),-DSTS_STATEDIR='"$(STATEDIR)"') \
	$(if $(filter-out /run/mtasts,$(RUNDIR)),-DSTS_RUNDIR='"$(RUNDIR)"')

MANDIR ?= $(PREFIX)/$(if $(filter openbsd,$(INIT)),,share/)man
LIBDIR ?= $(PREFIX)/lib
DOCDIR ?= $(PREFIX)/share/doc/mtasts
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
RCDIR ?= $(SYSCONFDIR)/$(if $(filter openrc,$(INIT)),init.d,rc.d)

# MODE SOURCE TARGET, a line a file. Texts get the paths of this installation.
SERVICE = boards/posix/service/mtasts
STS_FILES_systemd = \
	"644 $(SERVICE).service $(UNITDIR)/mtasts.service" \
	"644 $(SERVICE).socket $(UNITDIR)/mtasts.socket" \
	"644 $(SERVICE).sysusers $(SYSUSERSDIR)/mtasts.conf" \
	"644 $(SERVICE).tmpfiles $(TMPFILESDIR)/mtasts.conf"
STS_FILES_openrc = "755 $(SERVICE).openrc $(RCDIR)/mtasts"
STS_FILES_freebsd = "755 $(SERVICE).freebsd $(RCDIR)/mtasts"
STS_FILES_openbsd = "755 $(SERVICE).openbsd $(RCDIR)/mtasts"
STS_FILES = "bin $(BUILD)/mtasts $(PREFIX)/bin/mtasts" \
	"lib $(BUILD)/libmtasts.a $(LIBDIR)/libmtasts.a" \
	"644 boards/libmtasts.pc.in $(LIBDIR)/pkgconfig/libmtasts.pc" \
	"644 $(SERVICE).conf $(DOCDIR)/mtasts.conf" \
	$(foreach f,alerts.yml grafana.json,"lib boards/$(f) $(DOCDIR)/$(f)") \
	$(foreach n,1 8,"644 boards/posix/man/mtasts.$(n) $(MANDIR)/man$(n)/mtasts.$(n)") \
	"644 boards/posix/man/mtasts.conf.5 $(MANDIR)/man5/mtasts.conf.5" \
	$(foreach h,$(wildcard $(addsuffix /*.h,core core/* dns tls tls/*)), \
		"lib $(h) $(PREFIX)/include/mtasts/$(h)") $(STS_FILES_$(INIT))

INSTALL_SH = sh boards/posix/install.sh
install: export PLACES = $(PREFIX)|$(SYSCONFDIR)|$(STATEDIR)|$(RUNDIR)|$(LIBDIR)

.PHONY: uninstall
install: all ## below $(DESTDIR): daemon, library, pages, service files (INIT=...)
	@printf '%s\n' $(STS_FILES) | $(INSTALL_SH) install '$(DESTDIR)' '$(INSTALL)'

uninstall: ## remove what install put there; configuration and state stay
	@printf '%s\n' $(STS_FILES) | $(INSTALL_SH) uninstall '$(DESTDIR)'

check-alloc: ## the static daemon links no allocator
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@nm build/x86_64/mtasts | grep -q ' T main$$'
	@! nm build/x86_64/mtasts | grep -E ' (__libc_)?(malloc|calloc|realloc|free|brk)$$'
	@echo "check-alloc: build/x86_64/mtasts links no allocator"

# Sizes. The map of a static daemon is beside it, that of a firmware too.
$(BUILD)/mtasts: override LDFLAGS += $(if $(TARGET),-Wl$(comma)-Map=$(BUILD)/mtasts.map)
SIZE_TARGETS ?= $(sort x86_64 $(patsubst build/%/mtasts,%,$(wildcard $(TARGETS:%=build/%/mtasts))))
SIZE_SMALL = BOARD=lm3s6965evb PRODUCT=boards/lm3s6965evb/product-4k.h BOARD_BUILD=build/boards/lm3s6965evb-4k

.PHONY: size-built check-size
size: size-built ## the tables of sizes in the READMEs (SIZE_TARGETS=...: the daemons, else those that were built)
	@for b in $(BOARDS); do $(MAKE) --no-print-directory -s board BOARD=$$b || exit 1; done
	@$(MAKE) --no-print-directory -s board $(SIZE_SMALL)
	@python3 boards/size.py write $(SIZE_TARGETS) $(BOARDS) lm3s6965evb-4k

# What every submission builds anyway.
check-size: ## fail if what those tables say is off by more than 2 %
	@$(MAKE) --no-print-directory size-built SIZE_TARGETS=x86_64
	@python3 boards/size.py check x86_64 lm3s6965evb

size-built:
	@sh boards/posix/deps.sh $(BOARD_PKGS)
	@for t in $(SIZE_TARGETS); do [ -e build/$$t/mtasts.map ] || rm -f build/$$t/mtasts; \
		$(MAKE) --no-print-directory TARGET=$$t build/$$t/mtasts || exit 1; done
	@$(MAKE) --no-print-directory -s BUILD=build/cortex-m3 CC=arm-none-eabi-gcc \
		CFLAGS='-Os -mcpu=cortex-m3 -mthumb' BEARSSL_CPPFLAGS='-isystem /usr/include/bearssl' objects
	@$(MAKE) --no-print-directory -s board BOARD=lm3s6965evb
