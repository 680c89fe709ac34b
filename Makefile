# `make demo` shows Pilothouse at work, `make test` runs everything. Both install
# what is missing and say what they are doing; `make` lists the rest.

BINARY  := bin/pilothouse

# The only place that knows how the daemon is built. The two tags keep `plugin`
# and golang.org/x/net/trace out of it, which lets the linker drop dead methods;
# docs/dependencies.md tells the price of losing them.
TAGS    := kustomize_disable_go_plugin_support grpcnotrace
LDFLAGS := -s -w
GOBUILD  = CGO_ENABLED=0 go build -trimpath -tags "$(TAGS)" -ldflags "$(LDFLAGS)"

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: ## Show the live tree of a real cluster (yours, or one that is started here)
	@go run ./scripts/demo

.PHONY: demo-down
demo-down: ## Remove what `make demo` brought up
	@go run ./scripts/demo -down

.PHONY: test
test: ## Set up and run every test, with a real cluster
	@go run ./scripts/test

.PHONY: test-unit
test-unit: ## Run the tests that need nothing but Go
	@go test -race ./...

.PHONY: bench
bench: ## Measure, beside kubectl, on a real cluster
	@go run ./scripts/bench

# The linter is built from a module of its own and kept in Go's build cache.
LINT := go tool -modfile=$(CURDIR)/lint/go.mod golangci-lint

.PHONY: lint
lint: ## Hold the code against the project's standards
	@$(LINT) run ./...
	@cd testdata/cluster && $(LINT) run --config $(CURDIR)/.golangci.yml ./...

.PHONY: format
format: ## Format the code as lint wants it
	@$(LINT) fmt ./...
	@cd testdata/cluster && $(LINT) fmt --config $(CURDIR)/.golangci.yml ./...

.PHONY: build
build: ## Build bin/pilothouse
	@$(GOBUILD) -o $(BINARY) .

.PHONY: generate
generate: ## Write the files that are made from Go declarations
	@go generate ./...

.PHONY: clean
clean: demo-down ## Remove what was built here and what runs
	@$(BINARY) daemon stop 2>/dev/null || true
	@rm -rf bin out

# print-NAME answers the value of a variable: the architecture test asks for it.
print-%:
	@echo '$($*)'
