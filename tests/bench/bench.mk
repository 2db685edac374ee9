# Measurements, some beside other projects' code; no part of `make test`.

# One gateway over the in-memory port.
GATEWAY_SRC = tests/bench/gateway.c tests/fuzz/assert.c tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/world.c

.PHONY: bench-x509
bench-x509: ## CPU to judge a chain: ours, BearSSL's minimal engine, OpenSSL
	@sh boards/posix/deps.sh gcc libc6-dev libbearssl-dev libssl-dev
	@$(MAKE) --no-print-directory $(BUILD)/bench/x509
	@$(BUILD)/bench/x509

$(BUILD)/bench/x509: tests/bench/x509.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) -lcrypto $(LDFLAGS)

.PHONY: bench-signature
bench-signature: ## microseconds a signature check: ours, BearSSL's, OpenSSL's, and their ratios
	@sh boards/posix/deps.sh gcc libc6-dev libbearssl-dev libssl-dev
	@$(MAKE) --no-print-directory $(BUILD)/bench/signature
	@$(BUILD)/bench/signature

$(BUILD)/bench/signature: tests/bench/signature.c tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) -lcrypto $(LDFLAGS)

# A handshake is recorded on this machine, with the board's limits, and replayed
# on the board.
.PHONY: bench-tls-board bench-tls-board-elf
BENCH_BOARD = build/bench/lm3s6965evb
bench-tls-board: ## instructions of a TLS handshake on a Cortex-M3 in QEMU (PRODUCT=FILE: other limits)
	@sh boards/posix/deps.sh $(BOARD_PKGS) qemu-system-arm
	@$(if $(BEARSSL),,sh boards/source.sh bearssl $(BEARSSL_FETCHED))
	@$(MAKE) --no-print-directory $(BUILD)/bench/tls_recorded.h
	@$(MAKE) --no-print-directory BUILD=$(BENCH_BOARD) CC=arm-none-eabi-gcc AR=arm-none-eabi-ar \
		CFLAGS='$(ARM_CFLAGS)' CPPFLAGS='-I. -DSTS_CONFIG_H="\"$(PRODUCT)\""' \
		BEARSSL=$(or $(BEARSSL),$(BEARSSL_FETCHED)/src) RECORDED=$(BUILD)/bench bench-tls-board-elf
	qemu-system-arm -M lm3s6965evb -kernel $(BENCH_BOARD)/tls_board.elf -nographic -monitor none -serial none \
		-semihosting-config enable=on,target=native -icount shift=0

bench-tls-board-elf: $(patsubst %.c,$(BUILD)/obj/%.o,$(TLS_SRC) $(BASE_SRC)) $(BUILD)/bearssl/libbearssl.a
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -I$(RECORDED) -nostartfiles -nodefaultlibs \
		-Wl,--gc-sections -Lboards/lm3s6965evb -T boards/mcu/link.ld -o $(BUILD)/tls_board.elf tests/boards/tls_board.c \
		$^ -lc -lgcc

# The flash that the board's firmware needs for the TLS client beyond the judge
# alone; both contain BearSSL's part. With streaming the bar is 19 KB.
JUDGE_CALLS = $(addprefix sts_x509_,start use_links cert_begin cert_feed cert_end chain_end pending work verdict leaf_key leaf_key_usable)
CLIENT_CALLS = $(addprefix sts_tls_,start use_links use_alpn wants work rec_send_buf rec_send_ack rec_recv_buf rec_recv_ack \
	app_send_buf app_send_ack app_flush app_recv_buf app_recv_ack peer_closed end established provisional why)
SIZE_TLS = $(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -nostartfiles -nodefaultlibs -Wl,--gc-sections \
	-Wl,--defsym=sts_assert_failed=0,--defsym=sts_assert_failed_here=0 $(TLS_SRC) $(BASE_SRC) $(BUILD)/bearssl/libbearssl.a -lc -lgcc

SIZE_TLS_BAR = 19000
.PHONY: size-tls size-tls-board
size-tls: ## flash of the TLS client on a Cortex-M3, the judge left out; fails above 19 KB with streaming
	@sh boards/posix/deps.sh $(BOARD_PKGS)
	@$(if $(BEARSSL),,sh boards/source.sh bearssl $(BEARSSL_FETCHED))
	@for p in product product-4k; do \
		$(MAKE) --no-print-directory -s BUILD=$(BENCH_BOARD) CC=arm-none-eabi-gcc AR=arm-none-eabi-ar \
		CFLAGS='$(ARM_CFLAGS)' CPPFLAGS="-I. -DSTS_CONFIG_H='\"boards/lm3s6965evb/$$p.h\"'" SIZE_TLS_OF=$$p \
		BEARSSL=$(or $(BEARSSL),$(BEARSSL_FETCHED)/src) size-tls-board || exit 1; done

size-tls-board: $(BUILD)/bearssl/libbearssl.a
	@$(SIZE_TLS) -Wl,-e,sts_x509_work $(JUDGE_CALLS:%=-Wl,-u,%) -o $(BUILD)/judge.elf
	@$(SIZE_TLS) -Wl,-e,sts_tls_work $(JUDGE_CALLS:%=-Wl,-u,%) $(CLIENT_CALLS:%=-Wl,-u,%) -o $(BUILD)/client.elf
	@arm-none-eabi-size $(BUILD)/judge.elf $(BUILD)/client.elf | awk -v of=$(SIZE_TLS_OF) -v bar=$(SIZE_TLS_BAR) \
		'NR > 1 { n[NR] = $$1 + $$2 } END { n[0] = n[3] - n[2]; \
		printf "%s: judge %d, client with it %d: client %d\n", of, n[2], n[3], n[0]; \
		exit of == "product-4k" && n[0] > bar }'

$(BUILD)/bench/tls_recorded.h: $(BUILD)/bench/tls_record
	@STS_RECORD=$@ $< >$@.log || { cat $@.log; exit 1; }

$(BUILD)/bench/tls_record: tests/boards/tls_record.c tests/unit/unit.c tests/unit/hostile_case.h tests/tls/hostile.c \
		tests/tls/hostile.h $(PRODUCT) $(TLS_SRC) $(BASE_SRC)
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) -I. -DSTS_CONFIG_H='"$(PRODUCT)"' $(BEARSSL_CPPFLAGS) $(CHECK_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) \
		-o $@ $(filter %.c,$^) $(BEARSSL_LIB) $(CHECK_LIBS) $(LDFLAGS)

.PHONY: bench-journal
bench-journal: $(BUILD)/bench/journal ## octets written a policy and day, and the time to read them back
	@$(BUILD)/bench/journal 1000 60
	@$(BUILD)/bench/journal 10000 30
	@$(BUILD)/bench/journal 100000 4

$(BUILD)/bench/journal: tests/bench/journal.c tests/bench/medium.h tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/libmtasts.a $(LDFLAGS)

.PHONY: bench-cache
bench-cache: $(BUILD)/bench/cache ## instructions and time of a look-up at 1,000 and 1,000,000 records; octets a policy
	@sh boards/posix/deps.sh valgrind
	@sh tests/bench/cache.sh $<

$(BUILD)/bench/cache: tests/bench/cache.c tests/fuzz/assert.c tests/bench/domains.h $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(LDFLAGS)

.PHONY: bench
bench: $(BUILD)/bench/restart $(BUILD)/bench/load $(BUILD)/mtasts ## warm answers a second beside a server that does nothing (POLICIES='1000 1000000/1000 1000000+huge': a daemon each): medians, ranges, ratios
	@sh boards/posix/deps.sh python3
	@python3 -B tests/bench/bench.py $(BUILD)/mtasts $(BUILD)/bench/restart $(BUILD)/bench/load $(or $(ROUNDS),7) $(or $(MS),1000) $(POLICIES)

$(BUILD)/bench/load: tests/bench/load.c
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS)

.PHONY: bench-instructions
bench-instructions: $(BUILD)/bench/instructions ## instructions of a warm answer and a cold fetch; fails at 3 % over what is kept (KEEP=keep)
	@sh boards/posix/deps.sh valgrind python3
	@python3 -B tests/bench/test_instructions.py
	@python3 -B tests/bench/instructions.py $< tests/bench/instructions.txt '$(CC)' '$(CFLAGS)' $(KEEP)

$(BUILD)/bench/instructions: tests/bench/instructions.c $(GATEWAY_SRC) tests/mem/seeder.c $(BUILD)/libmtasts.a
	@sh boards/posix/deps.sh valgrind
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

.PHONY: bench-wait
bench-wait: $(BUILD)/bench/wait ## how long a held answer waits beside hostile chains, a reload, a rewrite, reports, in signature checks
	@$(BUILD)/bench/wait

$(BUILD)/bench/wait: tests/bench/wait.c tests/bench/medium.h $(GATEWAY_SRC) $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		-Wl,--wrap=sts_tls_work $(BUILD)/libmtasts.a $(BEARSSL_LIB) $(LDFLAGS)

.PHONY: bench-share
bench-share: $(BUILD)/mtasts lab-deps ## warm answers with a Redis server and without, in one run; 20,000 records taken in (root)
	@sh boards/posix/deps.sh redis-server
	@sh tests/lab/run.sh share $(BUILD)/mtasts bench

.PHONY: bench-peers
bench-peers: $(BUILD)/bench/restart $(BUILD)/mtasts ## processor time of a warm answer beside Debian's postfix-mta-sts-resolver
	@sh boards/posix/deps.sh python3
	@sh boards/posix/deps.sh postfix-mta-sts-resolver || true
	@python3 -B tests/bench/peers.py $(BUILD)/mtasts $<

.PHONY: bench-resident
bench-resident: $(BUILD)/bench/restart ## memory resident with everything on and 1,000 policies, of the static daemon; fails over its bars
	@sh boards/posix/deps.sh python3
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@python3 -B tests/bench/resident.py build/x86_64/mtasts $<

.PHONY: first
first: $(BUILD)/bench/restart ## write anew which functions stand first in the static daemon (root)
	@sh boards/posix/deps.sh valgrind python3 openssl iproute2
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@unshare -n sh -c 'ip link set lo up && exec python3 -B tests/bench/first.py build/x86_64/mtasts build/x86_64/mtasts.map $<' >$(BUILD)/first.txt
	@mv $(BUILD)/first.txt boards/posix/first.txt

.PHONY: bench-restart
bench-restart: $(BUILD)/bench/restart $(BUILD)/bench/life ## from the start of the static daemon to its first answer, with 10,000 policies
	@sh boards/posix/deps.sh valgrind python3
	@$(MAKE) --no-print-directory TARGET=x86_64 build/x86_64/mtasts
	@python3 -B tests/bench/restart.py build/x86_64/mtasts $< $(or $(N),10000)

$(BUILD)/bench/life: tests/bench/life.c
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CFLAGS) -static -o $@ $<

$(BUILD)/bench/restart: tests/bench/restart.c tests/fuzz/assert.c tests/bench/domains.h $(BUILD)/daemon.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/daemon.a \
		$(BUILD)/libmtasts.a $(LDFLAGS)

.PHONY: bench-warm
bench-warm: $(BUILD)/bench/restart $(BUILD)/mtasts ## instructions and system calls an answer from the cache, alone and pipelined
	@sh boards/posix/deps.sh valgrind strace python3
	@python3 tests/bench/warm.py $(BUILD)/mtasts $(BUILD)/bench/restart 1 1
	@python3 tests/bench/warm.py $(BUILD)/mtasts $(BUILD)/bench/restart 32 16

.PHONY: bench-warm-share
bench-warm-share: $(BUILD)/bench/restart $(BUILD)/mtasts ## the same with gateways that share, whatever state Redis is in
	@sh boards/posix/deps.sh valgrind python3 redis-server
	@python3 tests/bench/warm_share.py $(BUILD)/mtasts $(BUILD)/bench/restart

.PHONY: bench-syscalls
bench-syscalls: $(BUILD)/mtasts ## system calls a cold fetch, also with its journal's child; fails over its bar (root)
	@sh boards/posix/deps.sh strace python3 openssl iproute2
	@unshare -n sh -c 'ip link set lo up && exec python3 -B tests/bench/cold.py $(BUILD)/mtasts -v'

.PHONY: bench-cold
bench-cold: $(BUILD)/mtasts ## processor time of a cold fetch, in signature checks of OpenSSL; fails over its bars (root; TLSPOL=PROGRAM: beside postfix-tlspol)
	@sh boards/posix/deps.sh python3 openssl iproute2
	@mkdir -p $(BUILD)/bench && echo nameserver 127.0.0.1 >$(BUILD)/bench/resolv.conf
	@unshare -nm sh -c 'ip link set lo up && mount --bind $(BUILD)/bench/resolv.conf /etc/resolv.conf && \
		exec python3 -B tests/bench/cold_cpu.py $(BUILD)/mtasts $(or $(LIVES),5) $(TLSPOL)'

# Two builds, one without assertions, which serves this measurement only.
UNASSERTED = -include tests/bench/unasserted.h
M3 = CC=arm-none-eabi-gcc CFLAGS='-Os -mcpu=cortex-m3 -mthumb' \
	BEARSSL_CPPFLAGS='-isystem /usr/include/bearssl'

.PHONY: bench-assert
bench-assert: ## what the assertions cost: octets, and instructions by callgrind
	@sh boards/posix/deps.sh valgrind gcc-arm-none-eabi libnewlib-arm-none-eabi
	@$(MAKE) -s BUILD=build/cortex-m3 $(M3) objects
	@$(MAKE) -s BUILD=build/cortex-m3-unasserted $(M3) CPPFLAGS='$(UNASSERTED)' objects
	@$(MAKE) -s BUILD=build/bench build/bench/bench/cache
	@$(MAKE) -s BUILD=build/bench-unasserted CPPFLAGS='$(UNASSERTED)' build/bench-unasserted/bench/cache
	@sh tests/bench/assert.sh build

.PHONY: bench-report
bench-report: $(BUILD)/bench/report ## datagrams of mail servers lost beside 16 hostile chains, at a queue of 10; fails over the bars (root)
	@unshare -n $< 300 20 0
	@unshare -n $< 1000 20 0.2
	@unshare -n $< 3000 10

$(BUILD)/bench/report: tests/bench/report.c $(GATEWAY_SRC) $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(BEARSSL_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/libmtasts.a $(BEARSSL_LIB) -lm $(LDFLAGS)
