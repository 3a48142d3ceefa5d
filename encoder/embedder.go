package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/internal/batch"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/modelfile"
)

// ErrClosed says that a model is of no use any more because it was closed.
var ErrClosed = errors.New("the model is closed")

// Embedder turns images, or vectors, into embeddings with fixed weights. Batch normalisation uses its moving averages and dropout is
// off, so an embedding depends on what is embedded with it in its last bits at most.
//
// It is safe for use by several goroutines. The images of calls that come together are embedded together; a lone caller waits
// for nobody.
type Embedder struct {
	backend compute.Backend
	spec    Spec
	exec    *model.Exec
	weights *model.Store // the embedder's own, or nil
	queue   *batch.Queue[[]float32, []float32]
	free    sync.Once
}

// NewEmbedder builds spec's encoder with weights, which must be exactly the architecture's. On the backend "cpu" it does not copy them:
// they must stay as they are until [Embedder.Close].
func NewEmbedder(backend compute.Backend, spec Spec, weights []modelfile.Tensor) (*Embedder, error) {
	store := model.NewStore()
	err := setWeights(backend, store, spec, weights, func(w modelfile.Tensor) (*tensors.Tensor, error) { return borrowed(backend, w) })
	if err != nil {
		return nil, err
	}
	rows, err := rowsOf(backend, store, spec, ours(spec))
	if err != nil {
		return nil, err
	}
	e, err := newEmbedder(backend, store, spec, rows, ours(spec))
	if err != nil {
		return nil, err
	}
	e.weights = store
	return e, nil
}

// NewStoreEmbedder builds spec's encoder on the variables of store as they are at each call; training may change them in
// between, not during one.
func NewStoreEmbedder(backend compute.Backend, spec Spec, store *model.Store) (*Embedder, error) {
	return newEmbedder(backend, store, spec, maxRows, ours(spec))
}

// NewImportedEmbedder runs an [Imported] network, which build adds to the graph of its images [n, h, w, c]; what build returns
// becomes embeddings [n, d].
func NewImportedEmbedder(backend compute.Backend, spec Spec, build func(images *graph.Node) *graph.Node) (*Embedder, error) {
	store := model.NewStore()
	embed := func(_ *model.Scope, images *graph.Node) *graph.Node {
		x := graph.Reshape(build(images), images.Shape().Dim(0), spec.Dim)
		if spec.Normalize {
			x = normalize(x)
		}
		return x
	}
	if spec.OneByOne {
		return newEmbedder(backend, store, spec, 1, embed)
	}
	rows, err := rowsOf(backend, store, spec, embed)
	if err != nil {
		return nil, err
	}
	return newEmbedder(backend, store, spec, rows, embed)
}

// graphFunction adds an encoder to the graph of its images.
type graphFunction = func(scope *model.Scope, images *graph.Node) *graph.Node

// ours builds one of the package's own encoders.
func ours(spec Spec) graphFunction {
	return func(scope *model.Scope, images *graph.Node) *graph.Node { return Build(scope, spec, images) }
}

func newEmbedder(backend compute.Backend, store *model.Store, spec Spec, rows int, build graphFunction) (*Embedder, error) {
	exec, err := model.NewExec(backend, store, build)
	if err != nil {
		return nil, fmt.Errorf("build encoder %s: %w", spec.Arch, err)
	}
	e := &Embedder{backend: backend, spec: spec, exec: exec.SetMaxCache(-1)}
	e.queue = batch.New(rows, e.run, ErrClosed)
	return e, nil
}

// Rows is the most images that go through the encoder at once.
func (e *Embedder) Rows() int { return e.queue.Most() }

// Embed returns the embedding [d] of each input: of images [n, h, w, c] after Preprocess, or of vectors [n, k]. The length must be a
// multiple of [Spec.InputSize], and the numbers finite. Numbers of the embeddings that are not finite are the caller's to find.
//
// When ctx ends, Embed returns its error: at once, or when the batch that it computes itself is done. After [Embedder.Close] it
// fails with [ErrClosed].
func (e *Embedder) Embed(ctx context.Context, images []float32) ([][]float32, error) {
	size := e.spec.InputSize()
	if len(images)%size != 0 {
		return nil, fmt.Errorf("embed: %d numbers are no whole number of inputs of shape %v", len(images), e.spec.InputShape(1)[1:])
	}
	rows := slices.Collect(slices.Chunk(images, size))
	embeddings := make([][]float32, 0, len(rows))
	for piece := range slices.Chunk(rows, e.Rows()) {
		for i, image := range piece {
			if !notFinite(kernel.Reduce(kernel.ReduceSum, image)) {
				continue // a sum is finite only if all its numbers are
			}
			if at := slices.IndexFunc(image, notFinite); at >= 0 {
				return nil, fmt.Errorf("embed: image %d has %v among its numbers", len(embeddings)+i+1, image[at])
			}
		}
		done, err := e.queue.Do(ctx, piece)
		if err != nil {
			return nil, fmt.Errorf("embed: %w", err)
		}
		embeddings = append(embeddings, done...)
	}
	return embeddings, nil
}

// Warm embeds black images in batches of every size, so that no later call waits until a size is compiled. It fails as
// [Embedder.Embed] does.
func (e *Embedder) Warm(ctx context.Context) error {
	for n := 1; n <= e.Rows(); n++ {
		if padded(n) != n {
			continue
		}
		if _, err := e.Embed(ctx, make([]float32, n*e.spec.InputSize())); err != nil {
			return err
		}
	}
	return nil
}

func notFinite(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }

// run embeds a batch. It panics on errors of the graph.
func (e *Embedder) run(images [][]float32, read func()) ([][]float32, error) {
	input, err := tensors.FromShapeForBackend(e.backend, 0, shapes.Make(dtypes.Float32, e.spec.InputShape(padded(len(images)))...))
	if err != nil {
		return nil, err
	}
	defer input.MustFinalizeAll()
	tensors.MustMutableFlatData(input, func(flat []float32) {
		for i, image := range images {
			copy(flat[i*e.spec.InputSize():], image)
		}
	})
	read()
	output := e.exec.MustCall(input)[0]
	defer output.MustFinalizeAll()
	embeddings := make([][]float32, len(images))
	tensors.MustConstFlatData(output, func(flat []float32) {
		for i := range embeddings { // each in memory of its own: they may belong to different callers
			embeddings[i] = slices.Clone(flat[i*e.spec.Dim : (i+1)*e.spec.Dim])
		}
	})
	return embeddings, nil
}

// Close frees what the embedder holds on its backend once nothing is being embedded. Calls that wait fail with [ErrClosed], as
// later ones do.
func (e *Embedder) Close() {
	e.queue.Close()
	e.free.Do(func() {
		e.exec.Finalize()
		if e.weights != nil {
			e.weights.Finalize()
		}
	})
}
