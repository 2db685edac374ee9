# Reports judged by other programs: Python's json, gzip and email, jsonschema,
# gzip.

$(BUILD)/report/render: tests/report/render.c $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(STS_CFLAGS) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(BUILD)/libmtasts.a $(LDFLAGS)

REPORT_PKGS = python3-jsonschema gzip
REPORT_COMMANDS = "python3 tests/report/check.py $(BUILD)/report/render tests/unit/report_datagrams.txt"

.PHONY: test-report
test-report: $(BUILD)/report/render ## reports held against a schema and read by others
	@sh boards/posix/deps.sh $(REPORT_PKGS)
	@python3 tests/report/check.py $< tests/unit/report_datagrams.txt

test-build: $(BUILD)/report/render
