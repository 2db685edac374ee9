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
		CFLAGS='$(CFLAGS)' lib

.PHONY: run install check-alloc size
run: ## build what is missing and serve on 127.0.0.1:8461 (ARGS=...)
	@sh boards/posix/deps.sh gcc libc6-dev ca-certificates \
		$(if $(BEARSSL),,libbearssl-dev)
	@$(MAKE) --no-print-directory $(BUILD)/mtasts
	@exec $(BUILD)/mtasts serve $(ARGS)

install: all ## into $(DESTDIR)$(PREFIX): daemon, library, headers
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/pkgconfig'
	$(INSTALL) -m 755 $(BUILD)/mtasts '$(DESTDIR)$(PREFIX)/bin/mtasts'
	$(INSTALL) -m 644 $(BUILD)/libmtasts.a '$(DESTDIR)$(PREFIX)/lib/libmtasts.a'
	for d in core/base core dns tls; do \
		$(INSTALL) -d '$(DESTDIR)$(PREFIX)/include/mtasts/'$$d && \
		$(INSTALL) -m 644 $$d/*.h '$(DESTDIR)$(PREFIX)/include/mtasts/'$$d \
			|| exit 1; \
	done
	version=$$(sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' core/base/version.h) && \
	sed -e 's|@PREFIX@|$(PREFIX)|' -e "s|@VERSION@|$$version|" boards/libmtasts.pc.in \
		>'$(DESTDIR)$(PREFIX)/lib/pkgconfig/libmtasts.pc'

check-alloc: ## the static daemon links no allocator
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@nm build/x86_64/mtasts | grep -q ' T main$$'
	@! nm build/x86_64/mtasts | grep -E ' (__libc_)?(malloc|calloc|realloc|free|brk)$$'
	@echo "check-alloc: build/x86_64/mtasts links no allocator"

size: ## the sizes of README.md: static daemon, library on a Cortex-M3, memory
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@sh boards/posix/deps.sh gcc-arm-none-eabi libnewlib-arm-none-eabi
	@$(MAKE) --no-print-directory -s BUILD=build/cortex-m3 CC=arm-none-eabi-gcc \
		CFLAGS='-Os -mcpu=cortex-m3 -mthumb' BEARSSL_CPPFLAGS='-isystem /usr/include/bearssl' objects
	@sh boards/size.sh
