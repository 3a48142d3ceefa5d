package encoder

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/modelfile"
)

// Initialize creates in store the variables of spec's encoder, and of its pair head if it has one, with the initial values
// that belong to seed. Variables that are there already stay as they are. The backend only records; it runs nothing.
func Initialize(backend compute.Backend, store *model.Store, spec Spec, seed uint64) error {
	store.SetParam(model.ParamInitialSeed, int64(seed))
	return Declare(backend, store, spec)
}

// Declare is [Initialize] with the seed that the store has already, as its parameter [model.ParamInitialSeed].
func Declare(backend compute.Backend, store *model.Store, spec Spec) error {
	_, err := declare(backend, store, spec)
	return err
}

// Record builds a graph that never runs, so that all variables that build asks for are created in store. An error is what build
// panics with.
func Record(backend compute.Backend, store *model.Store, build func(scope *model.Scope, g *graph.Graph)) error {
	return exceptions.TryCatch[error](func() {
		g := graph.NewGraph(backend, "record")
		defer g.Finalize()
		model.SetStore(g, store)
		build(store.RootScope(), g)
	})
}

// declare records spec's graph to learn which variables it uses, and creates those that store lacks.
func declare(backend compute.Backend, store *model.Store, spec Spec) (used map[string]*model.Variable, err error) {
	used = make(map[string]*model.Variable)
	err = Record(backend, store, func(scope *model.Scope, g *graph.Graph) {
		x := graph.Parameter(g, "x", shapes.Make(dtypes.Float32, spec.InputShape(1)...))
		embeddings := Build(scope, spec, x)
		if spec.PairHead && spec.Init == InitHe {
			beginHead(scope, spec.Dim)
		}
		if spec.PairHead {
			PairHead(scope, embeddings, embeddings)
		}
		for v := range store.IterVariables() {
			if v.InUseByGraph(g) {
				used[weightName(v)] = v
			}
		}
	})
	return used, err
}

// weightName is the variable's path without the leading slash.
func weightName(v *model.Variable) string { return strings.TrimPrefix(v.Path(), "/") }

// Weights copies the variables of the encoder and its head out of store, sorted by name. Training gives the variables'
// memory away at each step, so a copy is what keeps a state.
func Weights(store *model.Store) ([]modelfile.Tensor, error) {
	var all []modelfile.Tensor
	for v := range store.IterVariables() {
		name := weightName(v)
		if !strings.HasPrefix(name, "encoder/") && !strings.HasPrefix(name, "head/") {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("read weights %s: %w", name, err)
		}
		values, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return nil, fmt.Errorf("read weights %s: %w", name, err)
		}
		all = append(all, modelfile.Tensor{Name: name, Shape: slices.Clone(v.Shape().Dimensions), Values: values})
	}
	slices.SortFunc(all, func(a, b modelfile.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// SetWeights puts copies of weights into store, as the variables of spec's encoder and head. It fails unless they are exactly
// what spec's architecture has; store is then of no further use.
func SetWeights(backend compute.Backend, store *model.Store, spec Spec, weights []modelfile.Tensor) error {
	return setWeights(backend, store, spec, weights, copied)
}

// valueOf makes the value of a variable.
type valueOf = func(w modelfile.Tensor) (*tensors.Tensor, error)

func copied(w modelfile.Tensor) (*tensors.Tensor, error) {
	return tensors.FromFlatDataAndDimensions(w.Values, w.Shape...), nil
}

// setWeights is [SetWeights] with what value makes of weights.
func setWeights(backend compute.Backend, store *model.Store, spec Spec, weights []modelfile.Tensor, value valueOf) error {
	given := make(map[string]bool, len(weights))
	for _, w := range weights {
		if err := setVariable(store, w, value); err != nil {
			return err
		}
		given[w.Name] = true
	}
	used, err := declare(backend, store, spec)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if !given[name] {
			return fmt.Errorf("architecture %s needs weights %s, which are missing", spec.Arch, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if used[name] == nil {
			return fmt.Errorf("weights %s belong to no layer of architecture %s", name, spec.Arch)
		}
	}
	return nil
}

// borrowed is a value of the backend that shares the memory of w, or a copy where the backend has no such values. The memory of w must
// stay as it is.
func borrowed(backend compute.Backend, w modelfile.Tensor) (*tensors.Tensor, error) {
	lender, ok := backend.(interface {
		Borrow(flat []float32, shape shapes.Shape) (compute.Buffer, error)
	})
	if !ok {
		value := tensors.FromFlatDataAndDimensions(w.Values, w.Shape...)
		return value, value.MaterializeOnDevice(backend, false, 0)
	}
	buffer, err := lender.Borrow(w.Values, shapes.Make(dtypes.Float32, w.Shape...))
	if err != nil {
		return nil, err
	}
	return tensors.FromBuffer(buffer)
}

// setVariable gives the variable named like w its value, and creates it if need be.
func setVariable(store *model.Store, w modelfile.Tensor, of valueOf) error {
	return exceptions.TryCatch[error](func() {
		value, err := of(w)
		if err != nil {
			panic(err)
		}
		v := store.GetVariable(w.Name)
		if v == nil {
			store.VariableWithValue(w.Name, value)
			return
		}
		if !v.Shape().Equal(value.Shape()) {
			panic(shapeError(w.Name, w.Shape, v.Shape().Dimensions))
		}
		if err := v.SetValue(value); err != nil {
			panic(err)
		}
	})
}

func shapeError(name string, got, want []int) error {
	return fmt.Errorf("weights %s have shape %v, want %v: they belong to another architecture", name, got, want)
}
