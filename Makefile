# Two commands for people: `make run` and `make test`. Everything else here is
# what those two need, and what contributors use. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

GO ?= go
# Nothing here links C: a machine with Go and no compiler builds everything, and
# every build and test shares one cache.
export CGO_ENABLED ?= 0

VERSION := $(shell sed -n 's/^  version: *//p' builder-config.yaml)
LDFLAGS := -s -w -X github.com/otelaudit/otelaudit/internal/cli.version=$(VERSION)

# What the programs are made of: Go, and everything it embeds.
SOURCES := $(shell find accessreceiver auditprocessor auditconnector auditexporter journalexporter forwardexporter guardextension storageextension migrations internal \
	-type f ! -name '*_test.go' ! -name '*.md' ! -path '*/testdata/*' 2>/dev/null)
CLI_SOURCES := $(shell find cmd config -type f ! -name '*_test.go' ! -name '*.md' 2>/dev/null)
MODULE := go.mod go.sum

TOOLS := build/tools
COLLECTOR := bin/otelcol-audit
CLI := bin/otelaudit
NODE_MODULES := testbed/js/node_modules/.package-lock.json

GOTESTFLAGS ?=
GOTESTSUM_FORMAT ?= pkgname-and-test-fails
TEST_TIMEOUT ?= 20m
FUZZTIME ?= 10s
PACKAGES ?= ./...
say = @printf '\033[1m==>\033[0m %s\n'

##@ For everybody

.PHONY: run
run: postgresql build ## Build everything and run it here: PostgreSQL, the collector, ready in a minute
	$(say) "starting (stop with Ctrl-C)"
	@exec $(CLI) dev $(DEV_FLAGS)

.PHONY: build
build: $(COLLECTOR) $(CLI) ## Build bin/otelcol-audit and bin/otelaudit

.PHONY: test
test: postgresql pgbouncer faketime node systemd promtool $(TOOLS)/gotestsum build $(NODE_MODULES) ## Run every test, with a real PostgreSQL and the built programs
	$(say) "testing $(PACKAGES)"
	@$(TOOLS)/gotestsum --format $(GOTESTSUM_FORMAT) --packages="$(PACKAGES)" -- -timeout $(TEST_TIMEOUT) $(GOTESTFLAGS)

.PHONY: bench
bench: postgresql peers build ## Measure against bare COPY, INSERT and other programs; writes build/bench.json
	$(say) "measuring (BENCH_FLAGS=-h lists the phases; leave the machine alone)"
	@$(GO) run ./testbed/cmd/bench -out build/bench.json $(BENCH_FLAGS)

.PHONY: clean
clean: ## Remove what was built, and nothing else
	rm -rf bin build testbed/js/node_modules

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ For contributors

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Run golangci-lint and check the formatting
	$(say) "linting"
	@$(TOOLS)/golangci-lint run

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint ## Format the Go code
	@$(TOOLS)/golangci-lint fmt

.PHONY: generate
generate: $(TOOLS)/mdatagen ## Write the code that metadata.yaml describes
	$(say) "generating"
	@PATH="$(CURDIR)/$(TOOLS):$$PATH" $(GO) generate $(PACKAGES)

.PHONY: check-generated
check-generated: ## Fail if `make generate` would change anything
	@scripts/check-generated $(MAKE) --no-print-directory generate

.PHONY: fuzz
fuzz: postgresql ## Run every fuzz target for a short while (FUZZTIME=10s each)
	@scripts/fuzz $(FUZZTIME)

SEEDS ?= 10000
EVENTS ?= 1000000

.PHONY: mutation
mutation: postgresql ## Attack the signed log with SEEDS=10000 stores, and hold the verifier to what it must find
	$(say) "attacking $(SEEDS) stores (some two minutes per thousand)"
	@$(GO) test ./testbed/mutation -run TestMutations -count=1 -timeout 6h -v -args -seeds $(SEEDS)

SEED ?= 1
ROUNDS ?= 10

.PHONY: chaos
chaos: postgresql pgbouncer faketime build ## Hurt collectors and PostgreSQL under load in every way, SEED=1 ROUNDS=10, and reckon
	$(say) "hurting (an hour at most; CHAOS_FLAGS=-h lists the bounds)"
	@$(GO) build -o build/chaos ./testbed/cmd/chaos
	@build/chaos -seed $(SEED) -rounds $(ROUNDS) $(CHAOS_FLAGS)

.PHONY: overload
overload: postgresql build ## Give a collector too much in six ways, PostgreSQL away for ten minutes among them (some 20 minutes)
	$(say) "overloading"
	@$(GO) test ./testbed/overload -run TestOverload -count=1 -timeout 1h -v -args -full $(OVERLOAD_FLAGS)

.PHONY: concurrency
concurrency: postgresql build ## Have 25 clients write EVENTS=1000000 of one tenant through four collectors, then verify
	$(say) "writing $(EVENTS) events"
	@$(GO) test ./testbed/e2e -run TestManyWritersOneTenant -count=1 -timeout 3h -v -args -concurrent-events $(EVENTS)

KAFKA_ROUNDS ?= 5
COLLECTOR_EVENTS ?= 200000

.PHONY: kafka
kafka: postgresql build ## Kill agent, gateways, broker and PostgreSQL around a Kafka buffer, KAFKA_ROUNDS=5 times under load
	$(say) "going round $(KAFKA_ROUNDS) times"
	@$(GO) test ./testbed/e2e -run TestKafkaBuffer -count=1 -timeout 1h -v -args -kafka-rounds $(KAFKA_ROUNDS)

.PHONY: bench-collectors
bench-collectors: postgresql build ## Measure processor time per event with one, two and four collectors on one database
	@$(GO) test ./testbed/e2e -run TestScaleOut -count=1 -timeout 1h -v -args -scale-events $(COLLECTOR_EVENTS)

.PHONY: bench-verify
bench-verify: postgresql build ## Measure verify and prove at 1, 5 and 10 million events (20 GB of disk); writes build/bench-verify.json
	$(say) "measuring (about half an hour; leave the machine alone)"
	@$(GO) run ./testbed/cmd/verifybench -out build/bench-verify.json $(BENCH_FLAGS)

TENANTS ?= 1000

.PHONY: bench-read
bench-read: postgresql ## Measure lists and counts on EVENTS=10000000 of TENANTS=1000 (14 GB of disk); writes build/bench-read.json
	$(say) "filling a store with $(EVENTS) events (some ten minutes for ten million), then measuring"
	@$(GO) run ./testbed/cmd/readbench -events $(EVENTS) -tenants $(TENANTS) -out build/bench-read.json $(BENCH_FLAGS)

COMMIT ?=

.PHONY: bench-components
bench-components: $(TOOLS)/benchstat ## Measure the components, with allocations; COMMIT=main~3 compares with it, in turns
	@GO=$(GO) BENCHSTAT=$(CURDIR)/$(TOOLS)/benchstat scripts/bench-components $(CURDIR)/build/bench-components.txt $(COMMIT)

.PHONY: postgresql
postgresql: ## Find PostgreSQL's server programs, install them where that is allowed
	@scripts/need-postgresql

.PHONY: pgbouncer
pgbouncer: ## Find pgbouncer, install it where that is allowed
	@scripts/need-pgbouncer

.PHONY: node
node: ## Find Node.js and npm, install them where that is allowed
	@scripts/need-node

.PHONY: peers
peers: ## Find or make the programs that `make bench` compares with; without them it says so
	@GO=$(GO) scripts/need-peers $(TOOLS)/telegraf

.PHONY: faketime
faketime: ## Find libfaketime, install it where that is allowed
	@scripts/need-faketime

.PHONY: systemd
systemd: ## Find systemd-analyze and flock, install them where that is allowed
	@scripts/need-systemd

.PHONY: promtool
promtool: ## Find promtool and prometheus, install them where that is allowed
	@scripts/need-promtool

# The manifest decides what is compiled in, so the generated sources are made
# anew when it changes; a change of our own code needs only the second rule.
build/otelcol-audit/main.go: builder-config.yaml $(MODULE) $(TOOLS)/builder
	$(say) "resolving the components of builder-config.yaml (downloads on the first run)"
	@$(TOOLS)/builder --config builder-config.yaml --skip-compilation 2>&1 | scripts/quiet-builder
	@touch $@

$(COLLECTOR): build/otelcol-audit/main.go $(SOURCES)
	$(say) "compiling $@ (two to four minutes the first time, seconds afterwards)"
	@mkdir -p $(@D)
	@$(GO) build -C build/otelcol-audit -v -trimpath -ldflags='-s -w' -o $(CURDIR)/$@ . 2>&1 | scripts/progress
	@ls -sh $@

$(CLI): $(SOURCES) $(CLI_SOURCES) $(MODULE) builder-config.yaml
	$(say) "compiling $@"
	@mkdir -p $(@D)
	@$(GO) build -v -trimpath -ldflags='$(LDFLAGS)' -o $@ ./cmd/otelaudit 2>&1 | scripts/progress
	@ls -sh $@

$(NODE_MODULES): testbed/js/package.json testbed/js/package-lock.json
	$(say) "installing the JavaScript clients that the end-to-end tests run"
	@cd testbed/js && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

$(TOOLS)/builder: PACKAGE := go.opentelemetry.io/collector/cmd/builder
$(TOOLS)/mdatagen: PACKAGE := go.opentelemetry.io/collector/cmd/mdatagen
$(TOOLS)/gotestsum: PACKAGE := gotest.tools/gotestsum
$(TOOLS)/builder $(TOOLS)/mdatagen $(TOOLS)/gotestsum: tools/go.mod tools/go.sum
	$(say) "compiling $@"
	@mkdir -p $(@D)
	@$(GO) build -C tools -v -o $(CURDIR)/$@ $(PACKAGE) 2>&1 | scripts/progress

$(TOOLS)/benchstat: tools/benchstat.mod tools/benchstat.sum
	$(say) "compiling $@"
	@mkdir -p $(@D)
	@$(GO) build -C tools -modfile=benchstat.mod -v -o $(CURDIR)/$@ golang.org/x/perf/cmd/benchstat 2>&1 | scripts/progress

$(TOOLS)/golangci-lint: tools/golangci-lint.mod tools/golangci-lint.sum
	$(say) "compiling $@ (a few minutes the first time)"
	@mkdir -p $(@D)
	@$(GO) build -C tools -modfile=golangci-lint.mod -v -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint 2>&1 | scripts/progress
