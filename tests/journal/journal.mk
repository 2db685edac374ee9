# The journal's bytes read by another implementation, written from the text.

JOURNAL_UNITS = 1 8 256
JOURNAL_COMMANDS = $(foreach u,$(JOURNAL_UNITS),"sh tests/journal/read.sh $(BUILD)/journal $(u)")

$(BUILD)/journal/write: tests/journal/write.c tests/unit/flash.h tests/fuzz/assert.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/libmtasts.a $(LDFLAGS)
