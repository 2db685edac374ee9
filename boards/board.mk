# Firmware: what is built for a microcontroller, and its tests in QEMU.

LWIP_FETCHED = build/source/lwip
BEARSSL_FETCHED = build/source/bearssl
LWIP_DIR = $(or $(LWIP),$(LWIP_FETCHED)/src)/src
LWIP_FILES = core/init.c core/def.c core/inet_chksum.c core/ip.c core/mem.c core/memp.c \
	core/netif.c core/pbuf.c core/stats.c core/tcp.c core/tcp_in.c core/tcp_out.c core/timeouts.c \
	core/udp.c core/ipv4/dhcp.c core/ipv4/etharp.c core/ipv4/icmp.c core/ipv4/ip4.c \
	core/ipv4/ip4_addr.c netif/ethernet.c
LWIP_CPPFLAGS = -isystem port/lwip -isystem $(LWIP_DIR)/include

.PHONY: lwip-source test-port-lwip
lwip-source:
	@$(if $(LWIP),,sh boards/source.sh lwip $(LWIP_FETCHED))

# lwIP for this machine, with its loopback, for the contract of core/port.h.
LWIP_HOST = -DLWIP_NETIF_LOOPBACK=1 -DMEM_ALIGNMENT=8 -DSSIZE_MAX=LONG_MAX -DMEM_SIZE=16384
$(BUILD)/unit/test_port_lwip: tests/boards/test_port_lwip.c tests/boards/lwip_outside.c tests/unit/unit.c \
		tests/port_contract.c $(wildcard port/lwip/*.[ch] tests/boards/lwip_*.h) boards/board.mk $(BASE_SRC)
	@mkdir -p $(@D)/lwip
	@cd $(@D)/lwip && $(CC) $(CFLAGS) $(LWIP_HOST) -I$(abspath port/lwip) \
		-I$(abspath $(LWIP_DIR)/include) -c $(foreach f,$(LWIP_FILES),$(abspath $(LWIP_DIR)/$(f)))
	$(CC) $(STS_CFLAGS) $(LWIP_HOST) $(LWIP_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ \
		$(filter %.c,$^) $(@D)/lwip/*.o $(CHECK_LIBS) $(LDFLAGS)

$(BUILD)/unit/test_console: tests/boards/test_console.c tests/unit/unit.c boards/mcu/console.c boards/mcu/print.c \
		$(wildcard boards/mcu/*.h) boards/board.mk $(BASE_SRC)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(LWIP_HOST) $(LWIP_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(CHECK_LIBS) $(LDFLAGS)

$(BUILD)/unit/test_net: tests/boards/test_net.c tests/unit/unit.c boards/mcu/net.c boards/mcu/sntp.c \
		boards/mcu/print.c $(wildcard boards/mcu/*.h) boards/board.mk $(BASE_SRC)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(LWIP_HOST) $(LWIP_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(CHECK_LIBS) $(LDFLAGS)

test-port-lwip: lwip-source ## the contract of core/port.h against port/lwip; a board's console, and its leases
	@$(MAKE) --no-print-directory $(BUILD)/unit/test_port_lwip $(BUILD)/unit/test_console $(BUILD)/unit/test_net
	$(BUILD)/unit/test_port_lwip
	$(BUILD)/unit/test_console
	$(BUILD)/unit/test_net

include tests/boards/lwip_os.mk

# make board BOARD=... in build/boards/NAME: the same Makefile again, with the
# board's compiler and limits. PRODUCT=FILE: other limits than the board's own;
# SEED=FILE: the product's source of entropy; ANCHORS=FILE: other roots;
# FIRMWARE=NAME: of what is linked, so that two sets of roots share the rest.
BOARD ?= lm3s6965evb
BOARDS = lm3s6965evb mps2-an385
PRODUCT ?= boards/$(BOARD)/product.h
SEED ?= boards/mcu/seed_host.c
ANCHORS ?= /etc/ssl/certs/ca-certificates.crt
BOARD_BUILD ?= build/boards/$(BOARD)
FIRMWARE ?= mtasts
BOARD_PKGS = gcc-arm-none-eabi libnewlib-arm-none-eabi
# Beside what it makes the compiler leaves a .ci: which function calls which, with what stack.
ARM_CFLAGS = -Os -g -mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections \
	-fcallgraph-info=su -DBR_USE_UNIX_TIME=0 -DBR_USE_URANDOM=0 $(ASSERT_CFLAGS)
# At the link everything is optimised as one, which saves 9 KB: but for BearSSL, whose
# constant time was written for files that are compiled each on its own. By the names in
# the fat objects `make size` tells whose data is whose.
ARM_LTO = -flto -flto-partition=one -ffat-lto-objects
# An assertion names its file without folders: no two files of the library share
# a name, and a hundred paths are 1 KB of flash.
ASSERT_CFLAGS = $(patsubst %,-fmacro-prefix-map=%=,$(sort $(dir $(LIB_SRC) \
	$(LWIP_FILES:%=$(LWIP_DIR)/%)) boards/mcu/ port/lwip/))

.PHONY: board firmware run-board
board: lwip-source ## firmware for BOARD=..., in build/boards (PRODUCT, SEED, ANCHORS, LWIP, BEARSSL)
	@sh boards/posix/deps.sh $(BOARD_PKGS)
	@$(if $(BEARSSL),,sh boards/source.sh bearssl $(BEARSSL_FETCHED))
	@$(MAKE) --no-print-directory build/mtasts
	@mkdir -p $(BOARD_BUILD)
	@build/mtasts anchors $(ANCHORS) >$(BOARD_BUILD)/anchors.new
	@cmp -s $(BOARD_BUILD)/anchors.new $(BOARD_BUILD)/$(FIRMWARE)-anchors.c || \
		cp $(BOARD_BUILD)/anchors.new $(BOARD_BUILD)/$(FIRMWARE)-anchors.c
	@$(MAKE) --no-print-directory BUILD=$(BOARD_BUILD) CC=arm-none-eabi-gcc AR=arm-none-eabi-gcc-ar \
		CFLAGS='$(ARM_CFLAGS)' LTO='$(ARM_LTO)' CPPFLAGS='-I. -DSTS_CONFIG_H="\"$(PRODUCT)\""' \
		BEARSSL=$(or $(BEARSSL),$(BEARSSL_FETCHED)/src) firmware

FIRMWARE_SRC = $(wildcard boards/mcu/[!s]*.c) boards/mcu/start.c boards/mcu/sntp.c boards/mcu/sdcard.c $(SEED) \
	$(wildcard boards/$(BOARD)/*.c port/lwip/*.c)
FIRMWARE_OBJ = $(FIRMWARE_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/$(FIRMWARE)-anchors.o \
	$(LWIP_FILES:%.c=$(BUILD)/obj/lwip/%.o)
firmware: $(BUILD)/$(FIRMWARE).elf

# Included by lwIP's headers, too, and so left out of the compiler's lists.
$(FIRMWARE_OBJ): $(PRODUCT) port/lwip/lwipopts.h
# The variables of what main calls would stay on the stack below the deepest call.
$(BUILD)/obj/boards/mcu/main.o: override CFLAGS += -fno-inline
$(BUILD)/%.elf: override CPPFLAGS += $(LWIP_CPPFLAGS)
$(BUILD)/%.elf: $(FIRMWARE_OBJ) $(BUILD)/libmtasts.a $(BUILD)/bearssl/libbearssl.a \
		boards/mcu/link.ld boards/$(BOARD)/memory.ld
	$(CC) $(CFLAGS) $(LTO) -nostartfiles -nodefaultlibs -Wl,--gc-sections -Lboards/$(BOARD) -T boards/mcu/link.ld \
		-Wl,-Map=$(BUILD)/$*.map -o $@ $(filter %.o %.a,$^) -lc -lgcc

$(BUILD)/obj/%-anchors.o: $(BUILD)/%-anchors.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/obj/lwip/%.o: $(LWIP_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(STS_NORETURN) $(CPPFLAGS) $(CFLAGS) $(LTO) -c -o $@ $<

-include $(wildcard $(BUILD)/obj/boards/*/*.d $(BUILD)/obj/port/lwip/*.d)

run-board: board ## that firmware in QEMU: hosts' loopback is 10.0.2.2, the board's port 8461 is P
	@sh boards/posix/deps.sh qemu-system-arm
	qemu-system-arm -M $(BOARD) -kernel $(BOARD_BUILD)/mtasts.elf -nographic -monitor none -serial stdio \
		-semihosting-config enable=on,target=native -nic user,hostfwd=tcp:127.0.0.1:$(or $(P),8461)-:8461 \
		$(if $(CARD),-drive if=sd$(comma)format=raw$(comma)file=$(CARD))

# The firmware of the tests: the roots of Debian and of the tests' own CAs.
.PHONY: test-boards
test-boards: ## every board in QEMU among its peers (root; R=REGEX: some parts)
	@sh boards/posix/deps.sh $(BOARD_PKGS) qemu-system-arm openssl ca-certificates iproute2
	@sh tests/lab/deps.sh postfix
	@for b in $(BOARDS); do $(MAKE) --no-print-directory test-board BOARD=$$b || exit 1; done

.PHONY: test-board
TEST_BOARD = build/boards/$(BOARD)
test-board:
	@mkdir -p $(TEST_BOARD)
	@python3 tests/boards/certs.py build/boards/certs
	@cat $(ANCHORS) build/boards/certs/roots.pem >$(TEST_BOARD)/roots.pem
	@$(MAKE) --no-print-directory -s board FIRMWARE=test ANCHORS=$(TEST_BOARD)/roots.pem
	@sh tests/boards/run.sh $(BOARD) $(TEST_BOARD)/test.elf build/boards/certs $(if $(R),'$(R)')

.PHONY: switches test-switches
switches: lwip-source ## what each switch saves of a firmware and of the daemon, into the pages
	@sh boards/posix/deps.sh $(BOARD_PKGS)
	@sh boards/switches.sh table
	@sh boards/switches.sh daemons

test-switches: ## the library and the daemon with each of them left out, and with all
	@sh boards/switches.sh compile
