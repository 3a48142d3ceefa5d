# What people run here. Every target works on a clean clone with Go alone, except bench-peers (Debian packages).
GO ?= go

.PHONY: check test bench bench-layers bench-peers demo

check: ## format, vet, staticcheck, builds for other machines
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on the files above"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...

test: ## all tests
	$(GO) test ./...

bench: ## Go benchmarks of kernels, layers and training steps
	$(GO) test -run '^$$' -bench . -benchtime 1s ./internal/kernel ./bench

bench-layers: ## every product of some networks through the whole backend; ARGS=-markdown prints a table for the docs
	$(GO) run ./bench/layers $(ARGS)

bench-peers: ## siam and PyTorch in turn on this machine; writes the table of docs/results.md (Debian; ARGS="-rounds 5", PYTHON=...)
	test -n "$(PYTHON)" || dpkg -s python3-torch libopenblas0-openmp >/dev/null 2>&1 || apt-get install -y python3-torch libopenblas0-openmp
	$(GO) run ./bench/peers -python "$(or $(PYTHON),/usr/bin/python3)" $(ARGS)

demo: ## train, judge and use a Siamese network on data built into the binary
	$(GO) run ./cmd/siam demo
