# mtasts: MTA-STS agent in portable C99. `make help` lists the targets.
#
# Everything is built below $(BUILD). Variables a packager sets: CC, AR, CFLAGS,
# LDFLAGS, DESTDIR, PREFIX, BEARSSL=DIR (a BearSSL source tree, built here),
# STATIC=1, WERROR=1.

BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
STS_WARN = -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wvla
STS_CFLAGS = -std=c99 -pedantic $(STS_WARN) $(if $(WERROR),-Werror)
VERSION := 0.1.0

LIB_SRC := $(wildcard core/base/*.c dns/*.c tls/*.c core/*.c)
DAEMON_SRC := $(wildcard port/posix/*.c boards/posix/*.c)

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
DAEMON_OBJ := $(DAEMON_SRC:%.c=$(BUILD)/obj/%.o)

ifdef BEARSSL
BEARSSL_CPPFLAGS = -isystem $(BEARSSL)/inc
BEARSSL_LIB = $(BUILD)/bearssl/libbearssl.a
else
BEARSSL_LIB = -lbearssl
endif

.PHONY: all
all: $(BUILD)/libmtasts.a $(BUILD)/mtasts ## build the library and the daemon

-include boards/boards.mk
-include tests/tests.mk

$(BUILD)/libmtasts.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/mtasts: $(DAEMON_OBJ) $(BUILD)/libmtasts.a $(filter %.a,$(BEARSSL_LIB))
	$(CC) $(CFLAGS) $(if $(STATIC),-static) $(LDFLAGS) -o $@ $(DAEMON_OBJ) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(DAEMON_OBJ:.o=.d)

.PHONY: clean help
clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
