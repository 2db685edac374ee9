# Programs that show a use of the library, built and run by `make test`.

EXAMPLE_SRC := tests/examples/deliver.c tests/examples/keep.c tests/examples/mx_certificate.c \
	tests/examples/route.c tests/examples/superloop.c
EXAMPLE_BIN := $(EXAMPLE_SRC:tests/examples/%.c=$(BUILD)/examples/%)

# 2026-06-01: trusted as mx1.example.com, under no other name, and not for ever.
MX = tests/x509/anchors/usual.pem
MX_CHAIN = tests/examples/mx-leaf.der tests/examples/mx-intermediate.der
# Beside a daemon built the same way, which has the roots: not counted in
# coverage.
ROUTE_COMMAND = "python3 tests/examples/route.py $(BUILD)/examples/route"
EXAMPLE_COMMANDS = \
	"$(BUILD)/examples/keep | grep -x 'example.com enforce mx.example.com'" \
	"$(BUILD)/examples/mx_certificate mx1.example.com $(MX) 1780272000 $(MX_CHAIN) | grep -x trusted" \
	"$(BUILD)/examples/mx_certificate mx2.example.com $(MX) 1780272000 $(MX_CHAIN) | grep x509-name-mismatch" \
	"$(BUILD)/examples/mx_certificate mx1.example.com $(MX) 1980272000 $(MX_CHAIN) | grep x509-expired"

$(BUILD)/examples/%: tests/examples/%.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

# With a board's roots; the lab, which also plays it, has others.
ROOTS = tests/mem/ca/root.pem
$(BUILD)/examples/superloop $(BUILD)/examples/route: $(BUILD)/examples/roots.c
$(BUILD)/examples/superloop $(BUILD)/examples/route $(BUILD)/examples/deliver: $(BUILD)/examples/%: \
		tests/examples/%.c $(BUILD)/daemon.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -iquote . -o $@ \
		$(filter %.c,$^) $(filter %.a,$^) $(BEARSSL_LIB) $(LDFLAGS)

$(BUILD)/examples/roots.c: $(DAEMON_RUN) $(ROOTS)
	@mkdir -p $(@D)
	@$(DAEMON_RUN) anchors $(ROOTS) >$@

# The examples in headers: taken out of their comments, and compiled.
.PHONY: check-examples
check-examples: ## compile the examples in headers
	@mkdir -p $(BUILD)/examples
	@python3 tests/examples/headers.py $(BUILD)/examples/headers.c
	@$(CC) $(STS_CFLAGS) -Werror $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -iquote . -c \
		-o $(BUILD)/examples/headers.o $(BUILD)/examples/headers.c
