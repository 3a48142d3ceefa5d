package encoder

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

const (
	// maxRows is the most images that go through an encoder at once: more are no faster.
	maxRows = 32
	// maxWork is the most multiplications of a batch of several images, which bounds the time it takes: about a quarter of a
	// second on two cores.
	maxWork = 1 << 35
)

// rowsOf is how many images go through an encoder at once, at most.
func rowsOf(backend compute.Backend, store *model.Store, spec Spec, build graphFunction) (int, error) {
	work := 1.0
	err := exceptions.TryCatch[error](func() {
		g := graph.NewGraph(backend, "work")
		defer g.Finalize()
		model.SetStore(g, store)
		build(store.RootScope(), graph.Parameter(g, "images", shapes.Make(dtypes.Float32, spec.InputShape(1)...)))
		for _, n := range g.Nodes() {
			work += multiplications(n)
		}
	})
	if err != nil {
		return 0, fmt.Errorf("build encoder %s: %w", spec.Arch, err)
	}
	return int(min(maxRows, max(1, maxWork/work))), nil
}

// multiplications is about how many a node takes: of convolutions, whose channels come last, and of matrix products.
func multiplications(n *graph.Node) float64 {
	size := func(n *graph.Node) float64 { return float64(n.Shape().Size()) }
	switch n.Type() {
	case graph.NodeTypeConvGeneral: // every output adds up the products of one filter
		return size(n) * size(n.Inputs()[1]) / float64(n.Shape().Dim(-1))
	case graph.NodeTypeDotGeneral: // [m, k]·[k, n] = [m, n] takes m·k·n
		return math.Sqrt(size(n.Inputs()[0]) * size(n.Inputs()[1]) * size(n))
	}
	return 0
}

// padded is how many images a batch of n is filled up to, with black ones: at most a quarter more, so that no more than 16 sizes
// up to maxRows are ever compiled.
func padded(n int) int {
	step := 1
	for n > 8*step {
		step *= 2
	}
	return (n + step - 1) / step * step
}
