# What mtasts publish prints, read back by the programs that will read it.

PUBLISH_PKGS = openssl python3 knot-dnssecutils bind9-utils nsd pdns-server pdns-backend-sqlite3 sqlite3 \
	nginx-light apache2 caddy

.PHONY: publish-commands publish-deps test-publish
publish-deps:
	@sh tests/lab/deps.sh $(PUBLISH_PKGS)

publish-commands:
	@echo "STRICT=1 python3 -B tests/publish/publish.py $(BUILD)/mtasts"

test-publish: $(BUILD)/mtasts publish-deps ## publish, read back by name servers' and web servers' checkers; preload, warm
	@$(MAKE) --no-print-directory -s publish-commands | sh tests/run.sh
