# make deps   what the tests need beyond Go: Debian packages by name, axe-core from npm
# make build  the binary
# make test   all tests, with the race detector
# make lint   format, vet, staticcheck, govulncheck, generated files
# make bench  figures, side by side with their twins; never part of the tests
# make soak   an hour of kill -9, of disks that forget or fail, of tampering, of races, of nodes and databases that go, with a
#             table at the end

GO ?= go
PACKAGES := chromium postgresql nginx caddy radicale dokuwiki icingaweb2 mediawiki roundcube-core roundcube-plugins roundcube-sqlite3 \
	dovecot-imapd php-sqlite3
AXE := 4.14.1
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: deps build test lint generate bench soak

deps:
	@sh .ci/deps $(AXE) $(PACKAGES)

build:
	$(GO) build -o stead ./cmd/stead

test: deps
	$(GO) test -race -timeout 20m ./...

generate:
	$(GO) run github.com/a-h/templ/cmd/templ@v0.3.1020 generate

lint:
	@sh .ci/lint "$(STATICCHECK)" "$(GOVULNCHECK)"

bench:
	$(GO) test -run '^$$' -bench . -benchtime 3s -timeout 60m ./bench/

soak:
	@out=$$(mktemp) && STEAD_SOAK=9m $(GO) test -count 1 -v -timeout 120m ./soak/ 2>&1 | tee $$out; \
	grep -q '^ok' $$out || exit 1; \
	echo; echo '| attack | times | took | outcome |'; echo '|---|---|---|---|'; grep '^|' $$out; rm $$out
