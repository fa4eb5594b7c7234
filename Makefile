# make deps   what the tests need beyond Go: Debian packages by name, axe-core, spectral and openid-client from npm,
#             Envoy and Traefik from PyPI
# make build  the binary
# make test   all tests, with the race detector
# make lint   format, vet, staticcheck, govulncheck, generated files
# make bench  figures, side by side with their twins; never part of the tests. make peers, which it runs first, builds OPA and
#             OpenFGA from their Go modules
# make soak   an hour of kill -9, of disks that forget or fail, of tampering, of races, of nodes and databases that go, then long walks of agents against the model, with a
#             table at the end

GO ?= go
PACKAGES := chromium postgresql nginx caddy radicale dokuwiki icingaweb2 mediawiki roundcube-core roundcube-plugins roundcube-sqlite3 \
	dovecot-imapd php-sqlite3 python3-aiosmtpd
AXE := 4.14.1
ENVOY := 1.40.0
TRAEFIK := 3.7.15
# SQLite is C turned into Go, with locks of its own: under the race detector it only gets slower. What calls it is watched.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false
# No test loses a machine's power, so where there is room in memory they keep their files there: no fsync waits for a disk.
ROOM := $(shell df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8000 { print "/dev/shm" }')
SPECTRAL := 6.16.3
OPENID := 6.8.9
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
opa := github.com/open-policy-agent/opa@v1.22.2
openfga := github.com/openfga/openfga/cmd/openfga@v1.22.1
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: deps build test lint generate peers bench soak

deps:
	@sh .ci/deps $(AXE) $(SPECTRAL) $(OPENID) $(ENVOY) $(TRAEFIK) $(PACKAGES)

build:
	$(GO) build -o stead ./cmd/stead

# -count=1: go test knows nothing of the programs that tests build and start, and would take results of other ones from its cache.
test: deps
	TMPDIR=$${TMPDIR:-$(ROOM)} GOTMPDIR=$${GOTMPDIR:-/tmp} $(GO) test $(RACE) -count=1 -timeout 20m ./...

generate:
	$(GO) run github.com/a-h/templ/cmd/templ@v0.3.1020 generate

lint:
	@sh .ci/lint "$(STATICCHECK)" "$(GOVULNCHECK)"

peers: .deps/peers/opa .deps/peers/openfga

.deps/peers/%:
	@echo "building $* for the benchmarks"
	GOBIN=$(CURDIR)/.deps/peers $(GO) install $($*)

bench: peers
	$(GO) test -run '^$$' -bench . -benchtime 3s -timeout 60m ./bench/

soak:
	@out=$$(mktemp) && { STEAD_SOAK=9m $(GO) test -count 1 -v -timeout 120m ./soak/ && \
		STEAD_SOAK=9m $(GO) test -count 1 -timeout 60m -run TestDutiesMachine ./e2e/agents -rapid.checks=3000; } 2>&1 | tee $$out; \
	test "$$(grep -c '^ok' $$out)" = 2 || exit 1; \
	echo; echo '| attack | times | took | outcome |'; echo '|---|---|---|---|'; grep '^|' $$out; rm $$out
