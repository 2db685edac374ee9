# TARGET=...: a static binary for another Linux machine, with musl and BearSSL
# built from Debian's sources by Debian's cross compiler. Everything for it is
# below build/$(TARGET); the sources are shared. `make TARGET=mips` builds,
# `make TARGET=mips unit` runs the unit tests under qemu-user.

TRIPLET_x86_64 = x86_64-linux-gnu
TRIPLET_i686 = i686-linux-gnu
TRIPLET_armv7 = arm-linux-gnueabihf
TRIPLET_aarch64 = aarch64-linux-gnu
TRIPLET_mips = mips-linux-gnu
TRIPLET_mipsel = mipsel-linux-gnu
TRIPLET_riscv64 = riscv64-linux-gnu
TARGETS = x86_64 i686 armv7 aarch64 mips mipsel riscv64

QEMU_i686 = qemu-i386-static
QEMU_armv7 = qemu-arm-static
QEMU_aarch64 = qemu-aarch64-static
QEMU_mips = qemu-mips-static
QEMU_mipsel = qemu-mipsel-static
QEMU_riscv64 = qemu-riscv64-static

ifdef TARGET
TRIPLET := $(TRIPLET_$(TARGET))
ifndef TRIPLET
$(error TARGET=$(TARGET): there are $(TARGETS))
endif
ifneq ($(words $(CURDIR)),1)
$(error TARGET=$(TARGET): musl cannot be built below a folder with a blank in its name: $(CURDIR))
endif
BUILD = build/$(TARGET)
MUSL = $(abspath $(BUILD))/musl
CC = $(MUSL)/bin/musl-gcc
AR = $(TRIPLET)-ar
# RISC-V has no instruction for several registers: libgcc's routines do it, which saves 25 KB.
SMALL_riscv64 = -msave-restore
# Small, but with code and data on pages of their own and RELRO, which are 8 KB.
# Tests are linked without $(LTO) from the same objects (tests/cross.mk).
CFLAGS ?= -Oz -g -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables -fno-pie $(SMALL_$(TARGET))
LDFLAGS ?= -no-pie -Wl,--gc-sections,-z,relro,-z,now
LTO = -flto -flto-partition=one -ffat-lto-objects
# A long double of 128 bits is computed by libgcc: 8 KB for fractions that printf could print.
# Nothing here has a fraction (tests/check.sh), so that none of it is ever called.
QUAD_riscv64 = addtf3 subtf3 multf3 extenddftf2 fixtfsi fixunstfsi floatsitf floatunsitf netf2 eqtf2
QUAD_aarch64 = $(QUAD_riscv64)
$(BUILD)/mtasts: override LDFLAGS += $(QUAD_$(TARGET):%=-Wl,--defsym=__%=abort)
STATIC = 1
BEARSSL ?= build/source/bearssl/src
# A policy is 64 KB at most: without what BearSSL has twice, for speed.
BEARSSL_CFLAGS = -DBR_AES_X86NI=0 -DBR_SSE2=0 -DBR_INT128=0 -DBR_UMUL128=0
# A fetch is mostly these: 7 KB for a third of their time. FAST= is for flash alone.
FAST = -O2
$(BUILD)/obj/tls/ec_p256.o $(BUILD)/obj/tls/ec_p384.o: CFLAGS += $(FAST)
# What is done for every record of the journal before the first answer: hardly any octet.
START = base/crc32 cache/organisation
$(START:%=$(BUILD)/obj/core/%.o): CFLAGS += $(FAST)
# The image for riscv64 has no room for these two (boards/oci/README.md).
ifneq ($(TARGET),riscv64)
# What an answer from the cache does most: 5 KB for a sixth of its instructions.
WARM = base/bytes base/name base/sink base/siphash grammar/domain cache/cache_index cache/cache_record \
	cache/chunks cache/payload client/client client/client_kept client/socketmap client/wrap
$(WARM:%=$(BUILD)/obj/core/%.o): CFLAGS += $(FAST)
# What a daemon runs stands together in the file, since the kernel maps the 64 KB of code around each
# page that is used: less of it is resident. Where a name is missing nothing else is lost. (.text alone
# are the C library's functions in assembler.) It costs 2 KB of an image.
$(BUILD)/first.ld: boards/posix/first.txt
	@mkdir -p $(@D)
	@(echo 'SECTIONS { .text.first : { *(.text)'; sed 's/.*/*(.text.& .text.&.*)/' $<; echo '} } INSERT BEFORE .text;') >$@
$(BUILD)/mtasts: $(BUILD)/first.ld
$(BUILD)/mtasts: override LDFLAGS += -Wl,-T,$(BUILD)/first.ld
endif
RUN = $(QEMU_$(TARGET))
TOOLCHAIN = $(CC) $(BEARSSL)/inc/bearssl.h

build/source/%/src:
	@sh boards/source.sh $* $(@D)

build/source/bearssl/src/inc/bearssl.h: | build/source/bearssl/src

$(CC): | build/source/musl/src
	@command -v $(TRIPLET)-gcc >/dev/null || \
		sh boards/posix/deps.sh gcc-$(subst _,-,$(TRIPLET))
	@mkdir -p $(MUSL)/obj
	@cd $(MUSL)/obj && $(CURDIR)/build/source/musl/src/configure --target=$(TRIPLET) \
		--prefix=$(MUSL) --disable-shared --enable-wrapper=gcc \
		CROSS_COMPILE=$(TRIPLET)- CC=$(TRIPLET)-gcc CFLAGS='-fno-pie $(SMALL_$(TARGET))' >configure.log
	@$(MAKE) -s -C $(MUSL)/obj install >$(MUSL)/obj/make.log 2>&1
	@echo "musl for $(TARGET)"
endif
