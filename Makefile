# procward: `make demo` shows it at work, `make test` tests it. Both need only Go and make.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)
BINARY  ?= bin/procward
FUZZTIME ?= 10s
FUZZPKGS ?= ./...
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/procward: one static program for any Linux of this architecture
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/procward

.PHONY: demo
demo: build ## Show the main job on real processes: no root, no configuration, at most 30 s
	@bin/procward demo

.PHONY: test
test: ## Run all tests; those that need root or a kernel feature skip and say why
	CGO_ENABLED=0 $(GO) run ./internal/testbed/run ./...

.PHONY: race
race: ## Run the tests under the race detector (needs gcc); those beside clusterware and the field corpus run a program built without it
	$(GO) test -race $$($(GO) list ./... | grep -v -e /testbed/cluster -e /testbed/field)

.PHONY: test-crash
test-crash: ## Kill the daemon 500 times in a storm of crashes, on a good, a full and a failing disk (about 40 minutes)
	PROCWARD_CRASHES=500 $(GO) test -count=1 -timeout 120m -v -run TestKilledDaemon ./cmd/procward

.PHONY: histories
histories: ## Play 10,000 histories of faults on a virtual clock (about a minute)
	PROCWARD_HISTORIES=10000 $(GO) test -count=1 -timeout 20m -run TestHistories ./internal/engine

.PHONY: reloads
reloads: ## Reload 15,000 times at random, whatever is under way, on a virtual clock (about a minute)
	PROCWARD_RELOADS=15000 $(GO) test -count=1 -timeout 20m -run TestReloads ./internal/engine

.PHONY: test-vm
test-vm: ## Test what ends a machine, in virtual ones, most of which wait (root, Debian on amd64; under 15 minutes)
	PROCWARD_TEST_VM=1 $(GO) test -count=1 -timeout 40m -parallel 3 -v ./internal/testbed/vm

.PHONY: fuzz
fuzz: ## Run every fuzz target of FUZZPKGS for FUZZTIME each
	@set -e; for pkg in $$($(GO) list $(FUZZPKGS)); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "fuzz $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg; \
		done; \
	done

.PHONY: lint
lint: ## gofmt, vet and staticcheck; always clean
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: generate
generate: ## Write the generated files anew (docs/messages.md, the tables in docs/configuration)
	$(GO) generate ./...

.PHONY: bench
bench: ## Measure against floors in C, and write docs/benchmarks.md (root, gcc; several minutes)
	$(GO) run ./internal/bench -out docs/benchmarks.md

.PHONY: bench-peers
bench-peers: ## The same kill under monit, supervisord, runit, daemontools and procward (root, Debian)
	$(GO) run ./internal/bench -peers -out docs/benchmarks.md

.PHONY: install
install: bin/procward ## Install what was built, the systemd unit, the parts for clusterware and the documents below DESTDIR
	install -D -m 0755 bin/procward $(DESTDIR)/usr/sbin/procward
	install -D -m 0644 packaging/systemd/procward.service $(DESTDIR)/usr/lib/systemd/system/procward.service
	install -d -m 0755 $(DESTDIR)/usr/lib/procward/hooks
	install -m 0755 packaging/hooks/* $(DESTDIR)/usr/lib/procward/hooks
	install -D -m 0755 packaging/ocf/procward $(DESTDIR)/usr/lib/ocf/resource.d/procward/procward
	install -d -m 0755 $(DESTDIR)/etc/procward/conf.d $(DESTDIR)/etc/procward/scripts $(DESTDIR)/usr/share/doc/procward
	install -m 0644 README.md CHANGELOG.md $(DESTDIR)/usr/share/doc/procward
	cp -r docs examples $(DESTDIR)/usr/share/doc/procward/

bin/procward:
	$(MAKE) build

.PHONY: clean
clean: ## Remove what build makes
	rm -rf bin
