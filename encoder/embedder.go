package encoder

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/modelfile"
)

// Embedder turns images into embeddings with fixed weights. Batch normalisation uses its moving averages and dropout is
// off, so an image's embedding does not depend on what it is embedded with. Safe for use by several goroutines.
type Embedder struct {
	spec Spec
	rows int // the most images that go through the encoder at once
	mu   sync.Mutex
	exec *model.Exec
}

// NewEmbedder builds spec's encoder with copies of weights, which must be exactly the architecture's.
func NewEmbedder(backend compute.Backend, spec Spec, weights []modelfile.Tensor) (*Embedder, error) {
	store := model.NewStore()
	if err := SetWeights(backend, store, spec, weights); err != nil {
		return nil, err
	}
	for v := range store.IterVariables() { // in memory of the backend's own, so that it knows that they stay
		if err := v.MustValue().MaterializeOnDevice(backend, false, 0); err != nil {
			return nil, fmt.Errorf("build encoder %s: %w", spec.Arch, err)
		}
	}
	return NewStoreEmbedder(backend, spec, store)
}

// NewStoreEmbedder builds spec's encoder on the variables of store as they are at each call; training may change them in
// between, not during one.
func NewStoreEmbedder(backend compute.Backend, spec Spec, store *model.Store) (*Embedder, error) {
	return newEmbedder(backend, store, spec, func(scope *model.Scope, images *graph.Node) *graph.Node {
		return Build(scope, spec, images)
	})
}

// NewImportedEmbedder runs an [Imported] network, which build adds to the graph of its images [n, h, w, c]; what build returns
// becomes embeddings [n, d].
func NewImportedEmbedder(backend compute.Backend, spec Spec, build func(images *graph.Node) *graph.Node) (*Embedder, error) {
	e, err := newEmbedder(backend, model.NewStore(), spec, func(_ *model.Scope, images *graph.Node) *graph.Node {
		x := graph.Reshape(build(images), images.Shape().Dim(0), spec.Dim)
		if spec.Normalize {
			x = normalize(x)
		}
		return x
	})
	if err == nil && spec.OneByOne {
		e.rows = 1
	}
	return e, err
}

func newEmbedder(backend compute.Backend, store *model.Store, spec Spec, build func(*model.Scope, *graph.Node) *graph.Node) (*Embedder, error) {
	exec, err := model.NewExec(backend, store, build)
	if err != nil {
		return nil, fmt.Errorf("build encoder %s: %w", spec.Arch, err)
	}
	return &Embedder{spec: spec, rows: maxRows, exec: exec.SetMaxCache(-1)}, nil
}

// maxRows is the most images that go through the encoder at once. Smaller batches are padded to a power of two, so that at
// most eight sizes are ever compiled.
const maxRows = 128

// Embed returns the embedding [d] of each image. images is [n, h, w, c] after Preprocess; its length must be a multiple of
// h·w·c. Cancelling ctx stops between batches.
func (e *Embedder) Embed(ctx context.Context, images []float32) ([][]float32, error) {
	p := e.spec.Preprocess
	size := p.Height * p.Width * p.Channels
	if len(images)%size != 0 {
		return nil, fmt.Errorf("embed: %d numbers are no whole number of images of %d×%d×%d", len(images), p.Height, p.Width, p.Channels)
	}
	n := len(images) / size
	embeddings := make([][]float32, 0, n)
	for first := 0; first < n; first += e.rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		last := min(n, first+e.rows)
		rows, err := e.batch(images[first*size:last*size], last-first)
		if err != nil {
			return nil, fmt.Errorf("embed: %w", err)
		}
		embeddings = append(embeddings, rows...)
	}
	return embeddings, nil
}

// batch embeds n images, at most e.rows.
func (e *Embedder) batch(images []float32, n int) ([][]float32, error) {
	p := e.spec.Preprocess
	padded := 1 << bits.Len(uint(n-1))
	if padded > n {
		images = append(images[:len(images):len(images)], make([]float32, (padded-n)*len(images)/n)...)
	}
	var flat []float32
	err := exceptions.TryCatch[error](func() {
		input := tensors.FromFlatDataAndDimensions(images, padded, p.Height, p.Width, p.Channels)
		defer input.MustFinalizeAll()
		flat = e.run(input)
	})
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = flat[i*e.spec.Dim : (i+1)*e.spec.Dim : (i+1)*e.spec.Dim]
	}
	return rows, nil
}

// run executes the graph for input's shape, compiling it the first time. It panics on errors.
func (e *Embedder) run(input *tensors.Tensor) []float32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	output := e.exec.MustCall(input)[0]
	defer output.MustFinalizeAll()
	return tensors.MustCopyFlatData[float32](output)
}
