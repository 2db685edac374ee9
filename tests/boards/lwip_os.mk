# port/lwip with an operating system: lwIP with NO_SYS 0 on Debian's port to POSIX
# threads. LWIP=DIR: another lwIP; LWIP_PORT=DIR: its port, with sys_arch.c and
# arch/sys_arch.h below it or below include.

LWIP_OS = $(BUILD)/lwip_os
LWIP_OS_PORT = $(or $(LWIP_PORT),$(LWIP_OS)/port)
LWIP_OS_FILES = $(LWIP_FILES) core/dns.c core/sys.c $(addprefix api/,api_lib.c api_msg.c err.c \
	if_api.c netbuf.c netifapi.c sockets.c tcpip.c)
LWIP_OS_OBJ = $(LWIP_OS_FILES:%.c=$(LWIP_OS)/obj/%.o) $(LWIP_OS)/obj/sys_arch.o
LWIP_OS_CPPFLAGS = -DSTS_CONFIG_H='"tests/boards/lwip_os_options.h"' -DSSIZE_MAX=LONG_MAX -I. \
	-isystem port/lwip -isystem $(LWIP_DIR)/include -isystem $(LWIP_OS_PORT)/include -isystem $(LWIP_OS_PORT)
LWIP_OS_TESTS = $(LWIP_OS)/test_port_lwip_os $(LWIP_OS)/test_lwip_task

.PHONY: test-port-lwip-os
test-port-lwip-os: lwip-source ## the same with an operating system, and the agent as a task among others
	@sh boards/posix/deps.sh xz-utils
	@$(if $(LWIP_PORT),,sh tests/boards/lwip_port.sh $(LWIP_FETCHED) $(LWIP_OS)/port)
	@$(MAKE) --no-print-directory $(LWIP_OS_TESTS)
	@set -e; for t in $(LWIP_OS_TESTS); do $$t; done

$(LWIP_OS_OBJ): port/lwip/lwipopts.h port/lwip/arch/cc.h tests/boards/lwip_os_options.h

$(LWIP_OS)/obj/%.o: $(LWIP_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(STS_NORETURN) $(LWIP_OS_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LWIP_OS)/obj/sys_arch.o: $(LWIP_OS_PORT)/sys_arch.c
	@mkdir -p $(@D)
	$(CC) $(STS_NORETURN) $(LWIP_OS_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

LWIP_OS_SRC = tests/boards/lwip_os.c tests/boards/lwip_outside.c tests/unit/unit.c $(wildcard port/lwip/*.c port/lwip/os/*.c)
LWIP_OS_HDR = $(wildcard tests/boards/lwip_*.h port/lwip/*.h port/lwip/*/*.h)

# The contract stands in for the driver.
$(LWIP_OS)/test_port_lwip_os: tests/boards/test_port_lwip_os.c tests/port_contract.c $(LWIP_OS_SRC) \
		$(BASE_SRC) $(LWIP_OS_OBJ) $(LWIP_OS_HDR)
	$(CC) $(STS_CFLAGS) $(LWIP_OS_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -pthread -o $@ \
		$(filter %.c %.o,$^) $(CHECK_LIBS) $(LDFLAGS)

$(LWIP_OS)/test_lwip_task: tests/boards/test_lwip_task.c tests/boards/lwip_peers.c tests/mem/dnspeer.c $(LWIP_OS_SRC) \
		$(LWIP_OS_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB)) $(LWIP_OS_HDR)
	$(CC) $(STS_CFLAGS) $(LWIP_OS_CPPFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -pthread -o $@ \
		$(filter %.c %.o,$^) $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(CHECK_LIBS) $(LDFLAGS)
