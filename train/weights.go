package train

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// Weights copies the result of the training so far, sorted by name: the model's weights, or their average where Config.Average is set.
func (t *Trainer[B]) Weights() ([]modelfile.Tensor, error) {
	weights, err := t.ownWeights()
	if err != nil || t.config.Average == 0 {
		return weights, err
	}
	for i, w := range weights {
		v := t.store.GetVariable(path.Join("/", averageScope, w.Name))
		if v == nil {
			continue // no step has been done
		}
		if weights[i].Values, err = valuesOf(v); err != nil {
			return nil, fmt.Errorf("read the average of %s: %w", w.Name, err)
		}
	}
	return weights, nil
}

// ownWeights copies the model's weights themselves, sorted by name. Training gives the variables' memory away at each step, so a copy
// is what keeps a state.
func (t *Trainer[B]) ownWeights() ([]modelfile.Tensor, error) {
	var all []modelfile.Tensor
	for v := range t.store.IterVariables() {
		if !t.declared[v.Path()] || topScope(v) == ObjectiveLayer {
			continue
		}
		values, err := valuesOf(v)
		if err != nil {
			return nil, fmt.Errorf("read weights %s: %w", weightName(v), err)
		}
		all = append(all, modelfile.Tensor{Name: weightName(v), Shape: slices.Clone(v.Shape().Dimensions), Values: values})
	}
	slices.SortFunc(all, func(a, b modelfile.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func valuesOf(v *model.Variable) ([]float32, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](value)
}

// SetWeights starts from weights of the same model, or goes on from them, with an empty optimizer memory. They must be all of the
// model's, and no others.
func (t *Trainer[B]) SetWeights(weights []modelfile.Tensor) error {
	own, err := t.ownWeights()
	if err == nil {
		err = checkWeights(own, weights)
	}
	if err == nil {
		err = setValues(t.store, weights)
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return t.forget()
}

// NewStore is a store with the variables of a task, of which the model's have these weights, as [Trainer.Weights] gives them: what a
// program needs to run the model of its own task, in a graph of its own by [model.NewExec].
func NewStore[B any](backend compute.Backend, task Task[B], weights []modelfile.Tensor) (*model.Store, error) {
	t, err := New(backend, task, Config{Optimizer: SGD{}, StepsPerEpoch: 1})
	if err != nil {
		return nil, err
	}
	return t.store, t.SetWeights(weights)
}

// checkWeights says how weights differ from the model's own in names or shapes.
func checkWeights(own, weights []modelfile.Tensor) error {
	shapes := make(map[string][]int)
	for _, w := range own {
		shapes[w.Name] = w.Shape
	}
	for _, w := range weights {
		shape, known := shapes[w.Name]
		if !known {
			return fmt.Errorf("weights %s belong to no layer of this architecture", w.Name)
		}
		if !slices.Equal(shape, w.Shape) {
			return fmt.Errorf("weights %s have shape %v, want %v: they belong to another architecture", w.Name, w.Shape, shape)
		}
		delete(shapes, w.Name)
	}
	if missing := slices.Sorted(maps.Keys(shapes)); len(missing) > 0 {
		return fmt.Errorf("the model needs weights %s, which are missing", missing[0])
	}
	return nil
}

// setValues gives variables of store copies of weights.
func setValues(store *model.Store, weights []modelfile.Tensor) error {
	return exceptions.TryCatch[error](func() {
		for _, w := range weights {
			value := tensors.FromFlatDataAndDimensions(w.Values, w.Shape...)
			if err := store.GetVariable(w.Name).SetValue(value); err != nil {
				panic(fmt.Errorf("set weights %s: %w", w.Name, err))
			}
		}
	})
}

// Best is the best result of a training, by validation.
type Best struct {
	Score   float64 `json:"score"`   // larger is better
	Step    int     `json:"step"`    // when it was reached; 0 before the first score
	Waiting int     `json:"waiting"` // scores since then
	weights []modelfile.Tensor
}

// Observe takes the score of a validation, larger is better, after at least one step. It keeps a copy of
// the weights when the score is the best so far, and says to stop after patience scores without a better one (Koch et al.
// 2015 have 20).
func (t *Trainer[B]) Observe(score float64, patience int) (improved, stop bool, err error) {
	best := &t.state.Best
	if best.Step > 0 && score <= best.Score || !finite(score) {
		best.Waiting++
		return false, best.Waiting >= patience, nil
	}
	weights, err := t.Weights()
	if err != nil {
		return false, false, err
	}
	*best = Best{Score: score, Step: t.state.Step, weights: weights}
	return true, false, nil
}

// Best returns the best score that Observe was told, and the step and the weights it belongs to; weights is nil before.
func (t *Trainer[B]) Best() (best Best, weights []modelfile.Tensor) {
	return t.state.Best, t.state.Best.weights
}

// forget empties the optimizer's memory and the task's, and lets the weights' average start again.
func (t *Trainer[B]) forget() error {
	t.state.Updates = 0
	for _, v := range slices.Collect(t.store.IterVariables()) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(v.Path(), "/"), "/")
		switch {
		case first == optimizerScope, t.isMemory(v):
			if err := v.SetValue(tensors.FromShape(v.Shape())); err != nil {
				return err
			}
		case first == averageScope:
			value, err := t.store.GetVariable(rest).Value()
			if err != nil {
				return err
			}
			if value, err = value.Clone(); err != nil {
				return err
			}
			if err := v.SetValue(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// save copies the variables that wanted accepts. The step gives the variables' memory away, so only a copy lasts.
func (t *Trainer[B]) save(wanted func(*model.Variable) bool) ([]safetensors.Tensor, error) {
	var saved []safetensors.Tensor
	for v := range t.store.IterVariables() {
		if !wanted(v) {
			continue
		}
		element, err := elementOf(v.DType())
		if err != nil {
			return nil, fmt.Errorf("save variable %s: %w", v.Path(), err)
		}
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("save variable %s: %w", v.Path(), err)
		}
		copied := safetensors.Tensor{Name: weightName(v), DType: element, Shape: slices.Clone(v.Shape().Dimensions)}
		if err := value.ConstBytes(func(data []byte) { copied.Data = slices.Clone(data) }); err != nil {
			return nil, fmt.Errorf("save variable %s: %w", v.Path(), err)
		}
		saved = append(saved, copied)
	}
	return saved, nil
}

// load gives variables the values that save copied, and creates those that are missing.
func (t *Trainer[B]) load(saved []safetensors.Tensor) error {
	for _, s := range saved {
		dtype, err := dtypeOf(s.DType)
		if err != nil {
			return fmt.Errorf("load variable %s: %w", s.Name, err)
		}
		shape := shapes.Make(dtype, s.Shape...)
		value, err := tensors.FromRaw(nil, 0, shape, s.Data)
		if err != nil {
			return fmt.Errorf("load variable %s: %w", s.Name, err)
		}
		v := t.store.GetVariable(s.Name)
		if v == nil {
			t.store.VariableWithValue(s.Name, value)
			continue
		}
		if !v.Shape().Equal(shape) {
			return fmt.Errorf("load variable %s: shape %s, want %s", s.Name, shape, v.Shape())
		}
		if err := v.SetValue(value); err != nil {
			return fmt.Errorf("load variable %s: %w", s.Name, err)
		}
	}
	return nil
}

// elementOf is how a file stores a variable's numbers.
func elementOf(dtype dtypes.DType) (safetensors.DType, error) {
	switch dtype {
	case dtypes.Float32:
		return safetensors.F32, nil
	case dtypes.Int32: // a memory's labels
		return safetensors.I32, nil
	case dtypes.Uint64: // the state of the random numbers
		return safetensors.U64, nil
	}
	return "", fmt.Errorf("no way to store %s", dtype)
}

// dtypeOf is the inverse of elementOf.
func dtypeOf(element safetensors.DType) (dtypes.DType, error) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Int32, dtypes.Uint64} {
		if stored, err := elementOf(dtype); err == nil && stored == element {
			return dtype, nil
		}
	}
	return dtypes.InvalidDType, fmt.Errorf("no variable has numbers of type %s", element)
}
