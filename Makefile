# What people run here. Every target works on a clean clone with Go alone, except bench-peers, bench-coseg and bench-search (Debian packages) and bench-ort (Node.js).
GO ?= go

.PHONY: check tidy test kill test-arm64 testdata bench bench-layers bench-step bench-peers bench-ort bench-coseg bench-losses bench-thresholds bench-tracking bench-search bench-server tutorials demo

check: ## format, vet, staticcheck, builds for other machines
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on the files above"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...

tidy: ## go.mod and go.sum of all modules, the examples' too
	for module in $$(git ls-files '*go.mod'); do (cd $$(dirname $$module) && $(GO) mod tidy) || exit 1; done

test: ## all tests
	$(GO) test ./...

kill: ## kill processes that change a gallery's file, 1,000 times, and look for what was lost (two minutes)
	SIAM_KILLS=1000 $(GO) test -run Killed -v -timeout 30m ./gallery/sqlite

test-arm64: ## tests of the kernels' NEON loops, on this machine under qemu
	@command -v qemu-aarch64-static >/dev/null || { echo "skipped: install qemu-user-static to run arm64 tests here"; exit 0; }; \
	set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./internal/kernel; \
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -c -o "$$dir/kernel.test" ./internal/kernel; \
	cd internal/kernel; qemu-aarch64-static "$$dir/kernel.test" -test.short

testdata: ## train testdata/strokes.safetensors again, and draw the images beside it (a minute; see testdata/README.md)
	rm -rf testdata/made
	$(GO) run ./cmd/siam data generate alphabets --seed 11 --alphabets 60 --out testdata/made/alphabets
	$(GO) run ./cmd/siam train oneshot-triplet --data testdata/made/alphabets --out testdata/strokes.safetensors \
		--set size=28 --set widths=[8,16,32] --set dim=32 --set invented=0 --set turns=false --set steps=1500
	$(GO) run ./cmd/siam data generate alphabets --seed 12 --alphabets 1 --characters 2 --drawers 2 --out testdata/made/unseen
	cp testdata/made/unseen/Generated001/character01/0001_01.png testdata/a.png
	cp testdata/made/unseen/Generated001/character01/0001_02.png testdata/same-as-a.png
	cp testdata/made/unseen/Generated001/character02/0002_01.png testdata/other.png
	rm -rf testdata/made

bench: ## Go benchmarks of kernels, layers and training steps
	$(GO) test -run '^$$' -bench . -benchtime 1s ./internal/kernel ./bench

bench-layers: ## every product of some networks through the whole backend; writes the table of docs/results.md
	$(GO) run ./bench/layers -results docs/results.md $(ARGS)

bench-step: ## what a training step's time goes into, operation by operation; writes the table of docs/results.md
	$(GO) run ./bench/step -results docs/results.md $(ARGS)

bench-peers: ## siam and PyTorch in turn on this machine; writes the table of docs/results.md (Debian; ARGS="-rounds 5", PYTHON=...)
	test -n "$(PYTHON)" || dpkg -s python3-torch libopenblas0-openmp >/dev/null 2>&1 || apt-get install -y python3-torch libopenblas0-openmp
	$(GO) run ./bench/peers -python "$(or $(PYTHON),/usr/bin/python3)" $(ARGS)

bench-ort: ## public networks here and in ONNX Runtime in turn; writes the table of docs/results.md (Node.js; SIAM_WEIGHTS=folder of networks, ARGS="-turns 5")
	test -d bench/ort/node_modules || ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix bench/ort
	test -d bench/ort/made || ! dpkg -s python3-torchvision >/dev/null 2>&1 || /usr/bin/python3 bench/ort/networks.py bench/ort/made
	$(GO) run ./bench/ort $(ARGS)

bench-coseg: ## the published network of co-segmentation at full size, and its correlation layer, beside PyTorch; writes the table of docs/results.md (Debian; PYTHON=..., ARGS="-turns 2")
	test -n "$(PYTHON)" || dpkg -s python3-torch libopenblas0-openmp >/dev/null 2>&1 || apt-get install -y python3-torch libopenblas0-openmp
	$(GO) run ./bench/coseg -results docs/results.md -python "$(or $(PYTHON),/usr/bin/python3)" $(ARGS)

bench-losses: ## train one small network with every loss on Omniglot; writes the table of docs/results.md (DATA=folder)
	$(GO) run ./bench/losses -data "$(or $(DATA),data/omniglot)" $(ARGS)

bench-gallery: ## what a calibrated gallery promises and keeps, on LFW; writes the table of docs/results.md (LFW250=, LFWCROP=folders, MODEL=f0095.safetensors)
	$(GO) run ./bench/gallery -results docs/results.md -lfw250 "$(or $(LFW250),data/lfw250/lfw250)" -lfwcrop "$(or $(LFWCROP),data/lfwcrop/lfwcrop/faces)" -model "$(or $(MODEL),f0095.safetensors)" $(ARGS)

bench-photos: ## large photographs a second and memory, siam embed --faces; writes the table of docs/results.md (MODEL=model with a detector, FACES=folder)
	$(GO) run ./bench/photos -model "$(or $(MODEL),f0095.safetensors)" -faces "$(or $(FACES),data/lfw250/lfw250)" $(ARGS)

bench-server: ## siam serve under load; writes the table of docs/results.md (Linux; MODEL=model of whole images, ARGS="-rates 100,300 -photo-model f0095.safetensors -photo large.jpg")
	$(GO) run ./bench/server -results docs/results.md -model "$(or $(MODEL),faces.safetensors)" $(ARGS)

bench-tracking: ## trackers on MOT15 sequences with two detectors; writes the table of docs/results.md (MOT15=, SORT=folders, MODEL=reid_0288.safetensors, CROPS=folder of encoders of crops, PAIRS=folders of association networks)
	$(GO) run ./bench/tracking -results docs/results.md -mot15 "$(or $(MOT15),data/mot15_sequences/mot15_sequences)" -sort "$(or $(SORT),data/sort_detections/sort_detections)" -model "$(or $(MODEL),reid_0288.safetensors)" -crops "$(CROPS)" -pairs "$(PAIRS)" $(ARGS)

bench-search: ## nearest search here, in FAISS and in hnswlib in turn; writes the table of docs/results.md (Debian; ARGS="-graph 100000 -turns 5", an hour with the million)
	dpkg -s python3-faiss python3-hnswlib >/dev/null 2>&1 || apt-get install -y python3-faiss python3-hnswlib
	$(GO) run ./bench/search -results docs/results.md $(ARGS)

tutorials: ## run all commands of docs/tutorials with all their steps, and write what they print into the pages (ten minutes)
	$(GO) test ./docs/tutorials -run Commands -full -write -timeout 1h

bench-thresholds: ## do claimed error rates hold on new people? 140 short trainings; writes the table of docs/results.md (ARGS="-lfwcrop DIR -orl DIR -mot16 DIR", an hour; a run that was interrupted goes on)
	$(GO) run ./bench/thresholds $(ARGS)

demo: ## train, judge and use a Siamese network on data built into the binary
	$(GO) run ./cmd/siam demo
