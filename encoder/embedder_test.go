package encoder

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/cpu"
)

// embedder has spec's initial weights.
func embedder(t testing.TB, b compute.Backend, spec Spec) *Embedder {
	t.Helper()
	e, err := NewEmbedder(b, spec, weights(t, b, spec, 1))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// embed wants embeddings.
func embed(t testing.TB, e *Embedder, images []float32) [][]float32 {
	t.Helper()
	rows, err := e.Embed(t.Context(), images)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The backend computes each image alike in batches of all sizes, at all places; see [kernel.NewKeptConv].
func TestEmbeddingsAreTheSameBitsInEveryBatch(t *testing.T) {
	b := backend(t)
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			e := embedder(t, b, spec)
			const most = 40
			images := pictures(spec.Preprocess, most)
			size := spec.Preprocess.Size()
			alone := make([][]float32, most)
			for i := range alone {
				alone[i] = embed(t, e, images[i*size:(i+1)*size])[0]
			}
			for _, n := range []int{2, 3, 5, 9, 17, most} {
				for i, row := range embed(t, e, images[(most-n)*size:]) {
					if want := alone[most-n+i]; len(row) != spec.Dim || !slices.Equal(row, want) {
						t.Fatalf("embedding %d of %d = %v…, alone %v…", i, n, row[:4], want[:4])
					}
				}
			}
			if close(alone[0], alone[1], 1e-6) {
				t.Errorf("two images have one embedding %v…", alone[0][:4])
			}
		})
	}
}

func TestFewSizesOfBatchesAreCompiled(t *testing.T) {
	sizes := map[int]bool{}
	for n := 1; n <= maxRows; n++ {
		p := padded(n)
		if p < n || 4*p > 5*n {
			t.Errorf("padded(%d) = %d, want %d to a quarter more", n, p, n)
		}
		sizes[p] = true
	}
	if len(sizes) != 16 || !sizes[maxRows] {
		t.Errorf("%d sizes up to %d, want 16 with %d itself: %v", len(sizes), maxRows, maxRows, sizes)
	}
}

func TestHeavyEncodersHaveSmallBatches(t *testing.T) {
	for want, layers := range map[int]int{32: 1, 12: 5, 1: 80} { // each a little more than 2^29 multiplications
		spec := importedSpec()
		spec.Preprocess.Height, spec.Preprocess.Width, spec.Dim, spec.OneByOne = 64, 64, 3, false
		e, err := NewImportedEmbedder(backend(t), spec, func(images *graph.Node) *graph.Node {
			x := graph.BroadcastToDims(graph.ReduceAndKeep(images, graph.ReduceMean, -1), images.Shape().Dim(0), 64, 64, 64)
			for range layers {
				x = graph.Convolve(x, graph.Ones(images.Graph(), shapes.Make(dtypes.Float32, 8, 4, 64, 64))).PadSame().Done()
			}
			return graph.Slice(graph.ReduceMean(x, 1, 2), graph.AxisRange(), graph.AxisRange(0, 3))
		})
		if err != nil {
			t.Fatal(err)
		}
		if e.Rows() != want {
			t.Errorf("an encoder of %d layers embeds %d images at once, want %d", layers, e.Rows(), want)
		}
	}
}

func TestManyCallersGetTheirOwnEmbeddings(t *testing.T) {
	b := backend(t)
	spec := specs()["resnet"]
	e := embedder(t, b, spec)
	const callers = 16
	images := pictures(spec.Preprocess, callers)
	size := spec.Preprocess.Size()
	want := embed(t, e, images)
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			for range 5 {
				rows, err := e.Embed(t.Context(), images[i*size:(i+1)*size])
				if err != nil || !close(rows[0], want[i], 1e-5) {
					t.Errorf("caller %d of %d gets %v, %v, want %v", i, callers, rows, err, want[i])
				}
			}
		})
	}
	wait.Wait()
}

func TestEmbedRefusesWhatIsNoImage(t *testing.T) {
	b := backend(t)
	spec := Conv4(16)
	e := embedder(t, b, spec)
	size := spec.Preprocess.Size()
	many := make([]float32, 40*size) // more than a batch
	for name, value := range map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1)} {
		broken := slices.Clone(many)
		broken[35*size+7] = float32(value)
		if _, err := e.Embed(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "image 36 has "+name) {
			t.Errorf("Embed of an image with %s = %v, want an error that names image 36 and %s", name, err, name)
		}
	}
	if _, err := e.Embed(t.Context(), make([]float32, 100)); err == nil {
		t.Error("Embed of 100 pixels = nil error, want one")
	}
	if rows, err := e.Embed(t.Context(), nil); err != nil || len(rows) != 0 {
		t.Errorf("Embed of nothing = %v, %v, want nothing", rows, err)
	}
}

func TestEmbedStopsWhenCancelled(t *testing.T) {
	b := backend(t)
	spec := Conv4(16)
	e := embedder(t, b, spec)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(ctx, pictures(spec.Preprocess, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Embed = %v, want %v", err, context.Canceled)
	}
}

func TestFailureOfTheBackendIsAnErrorOfOneLine(t *testing.T) {
	b, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	spec := Conv4(16)
	e := embedder(t, b, spec)
	b.Finalize()
	if _, err := e.Embed(t.Context(), pictures(spec.Preprocess, 1)); err == nil || len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
		t.Errorf("Embed on a finalized backend = %v, want an error of one short line", err)
	}
}

func TestCloseFreesWhatIsOnTheBackend(t *testing.T) {
	b, err := cpu.New(cpu.Options{Threads: 1}) // others would keep their memory until they rest
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	spec := Koch35()
	w := weights(t, b, spec, 1)
	images := pictures(spec.Preprocess, 9)
	before := heap()
	e, err := NewEmbedder(b, spec, w)
	if err != nil {
		t.Fatal(err)
	}
	embed(t, e, images)
	held := heap() - before
	if held < 1<<20 {
		t.Fatalf("an embedder holds %d bytes, want some MiB: the test measures something else", held)
	}
	for range 2 {
		e.Close()
		if _, err := e.Embed(t.Context(), images); !errors.Is(err, ErrClosed) || len(err.Error()) > 100 {
			t.Errorf("Embed after Close = %v, want %v", err, ErrClosed)
		}
	}
	if left := heap() - before; left > held/10 {
		t.Errorf("a closed embedder holds %d bytes, want next to nothing of %d", left, held)
	}
	runtime.KeepAlive(e)
	runtime.KeepAlive(w)
}

func TestWeightsAreNotCopied(t *testing.T) {
	b, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	spec := Koch35()
	w := weights(t, b, spec, 1)
	size := 0
	for _, tensor := range w {
		size += 4 * len(tensor.Values)
	}
	before := heap()
	e, err := NewEmbedder(b, spec, w)
	if err != nil {
		t.Fatal(err)
	}
	if held := heap() - before; held > size/10 {
		t.Errorf("an embedder of %d bytes of weights adds %d, want next to nothing", size, held)
	}
	runtime.KeepAlive(e)
	runtime.KeepAlive(w)
}

// heap is the memory in use in bytes, once threads that other tests have left to rest have given theirs back.
func heap() int {
	last, same := -1, 0
	for same < 3 {
		time.Sleep(30 * time.Millisecond)
		runtime.GC()
		runtime.GC() // the first one moves what pools hold aside
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		now := int(m.HeapAlloc)
		if same++; now < last-64<<10 || now > last+64<<10 {
			same = 0
		}
		last = now
	}
	return last
}

func TestClosingAnEmbedderOfAStoreLeavesTheStore(t *testing.T) {
	b := backend(t)
	spec := Conv4(16)
	store := initialized(t, b, spec, 1)
	e, err := NewStoreEmbedder(b, spec, store)
	if err != nil {
		t.Fatal(err)
	}
	embed(t, e, pictures(spec.Preprocess, 1))
	e.Close()
	if _, err := Weights(store); err != nil {
		t.Errorf("Weights of the store after Close: %v", err)
	}
}

// Callers embed while the embedder is closed: each gets embeddings or ErrClosed.
func TestCloseBetweenCalls(t *testing.T) {
	b := backend(t)
	spec := specs()["resnet"]
	e := embedder(t, b, spec)
	images := pictures(spec.Preprocess, 3)
	want := embed(t, e, images)
	var wait sync.WaitGroup
	for g := range uint64(8) {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(g, 1))
			for range 20 {
				rows, err := e.Embed(t.Context(), images)
				if err != nil && !errors.Is(err, ErrClosed) || err == nil && !close(rows[2], want[2], 1e-5) {
					t.Errorf("Embed beside Close = %v, %v", rows, err)
				}
				if err == nil && random.IntN(20) == 0 {
					e.Close()
				}
			}
		})
	}
	wait.Wait()
}
