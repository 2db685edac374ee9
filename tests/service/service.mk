# The daemon as a service: its units, pages, installation, restarts, rights.
# What a machine cannot do is reported and exits 77, which counts as not run.

SERVICE_PKGS := $(shell cat tests/service/deps)
SERVICE_TESTS = "sh tests/service/pages.sh" \
	"sh tests/service/install.sh $(BUILD)/mtasts" \
	"sh tests/service/packages.sh $(BUILD)/mtasts" \
	"sh tests/service/units.sh $(BUILD)/mtasts" \
	$(foreach t,sandbox restart loading rights log memory moving dane report status warm help handbook, \
		"python3 tests/service/$(t).py $(BUILD)/mtasts") \
	"python3 tests/service/refresh.py $(BUILD)/mtasts $(BUILD)/bench/restart"

.PHONY: test-service service-deps service-commands
service-deps:
	@sh tests/lab/deps.sh $(SERVICE_PKGS)

service-commands:
	@printf '%s\n' $(SERVICE_TESTS)

test-service: $(BUILD)/mtasts $(BUILD)/bench/restart service-deps ## units, pages, installation, restarts, rights (root)
	@{ echo alone; $(MAKE) --no-print-directory -s service-commands; } | sh tests/run.sh

# Too large to run with the others, so a target of its own. Debian has only
# tidy; a stricter validator is used where npm can fetch it.
HTML_VALIDATE = 9.7.1
.PHONY: test-status-page
test-status-page: $(BUILD)/mtasts ## the page of mtasts status in a browser; pictures in $(BUILD)/status-page
	@sh boards/posix/deps.sh chromium chromium-driver tidy
	@! command -v npm >/dev/null || npm install --ignore-scripts --no-audit --no-fund --silent \
		--prefix $(BUILD)/npm html-validate@$(HTML_VALIDATE) || echo 'no html-validate from npm' >&2
	@python3 tests/service/status_page.py $(BUILD)/mtasts $(BUILD)/status-page \
		$(BUILD)/npm/node_modules/.bin/html-validate
