# Firmware: what is built for a microcontroller, and its tests in QEMU.

LWIP_FETCHED = build/lwip-source
LWIP_DIR = $(or $(LWIP),$(LWIP_FETCHED)/src)/src
LWIP_FILES = core/init.c core/def.c core/inet_chksum.c core/ip.c core/mem.c core/memp.c \
	core/netif.c core/pbuf.c core/tcp.c core/tcp_in.c core/tcp_out.c core/timeouts.c \
	core/udp.c core/ipv4/dhcp.c core/ipv4/etharp.c core/ipv4/icmp.c core/ipv4/ip4.c \
	core/ipv4/ip4_addr.c netif/ethernet.c
LWIP_CPPFLAGS = -isystem port/lwip -isystem $(LWIP_DIR)/include

.PHONY: lwip-source test-port-lwip
lwip-source:
	@$(if $(LWIP),,sh boards/source.sh lwip $(LWIP_FETCHED))

# lwIP for this machine, with its loopback, for the contract of core/port.h.
LWIP_HOST = -DLWIP_NETIF_LOOPBACK=1 -DMEM_ALIGNMENT=8 -DSSIZE_MAX=LONG_MAX -DMEM_SIZE=16384
$(BUILD)/unit/test_port_lwip: tests/boards/test_port_lwip.c tests/unit/unit.c tests/port_contract.c \
		port/lwip/lwip.c port/lwip/lwip.h port/lwip/lwipopts.h boards/board.mk $(BASE_SRC)
	@mkdir -p $(@D)/lwip
	@cd $(@D)/lwip && $(CC) $(CFLAGS) $(LWIP_HOST) -I$(abspath port/lwip) \
		-I$(abspath $(LWIP_DIR)/include) -c $(foreach f,$(LWIP_FILES),$(abspath $(LWIP_DIR)/$(f)))
	$(CC) $(STS_CFLAGS) $(LWIP_HOST) $(LWIP_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ \
		$(filter %.c,$^) $(@D)/lwip/*.o $(CHECK_LIBS) $(LDFLAGS)

test-port-lwip: lwip-source ## the contract of core/port.h against port/lwip
	@$(MAKE) --no-print-directory $(BUILD)/unit/test_port_lwip
	$(BUILD)/unit/test_port_lwip
