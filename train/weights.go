package train

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/modelfile/safetensors"
)

// Weights copies the result of the training so far: the weights, or their average where Config.Average is set.
func (t *Trainer) Weights() ([]modelfile.Tensor, error) {
	weights, err := encoder.Weights(t.store)
	if err != nil || t.config.Average == 0 {
		return weights, err
	}
	for i, w := range weights {
		v := t.store.GetVariable(path.Join("/", averageScope, w.Name))
		if v == nil {
			continue // no step has been done
		}
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("read the average of %s: %w", w.Name, err)
		}
		if weights[i].Values, err = tensors.CopyFlatData[float32](value); err != nil {
			return nil, fmt.Errorf("read the average of %s: %w", w.Name, err)
		}
	}
	return weights, nil
}

// SetWeights starts from weights of the same architecture, or goes on from them, with an empty optimizer memory.
func (t *Trainer) SetWeights(weights []modelfile.Tensor) error {
	if err := encoder.SetWeights(t.backend, t.store, t.config.Spec, weights); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return t.forget()
}

// Embed returns the embeddings [d] of images [n, h, w, c] with the result of the training so far, as [encoder.Embedder] does. The
// error is a [NotFinite] when they overflow.
func (t *Trainer) Embed(ctx context.Context, images []float32) ([][]float32, error) {
	if t.embedder == nil {
		t.result = t.store
		if t.config.Average > 0 {
			t.result = model.NewStore()
		}
		var err error
		if t.embedder, err = encoder.NewStoreEmbedder(t.backend, t.config.Spec, t.result); err != nil {
			return nil, err
		}
	}
	if t.result != t.store {
		weights, err := t.Weights()
		if err != nil {
			return nil, err
		}
		if err := encoder.SetWeights(t.backend, t.result, t.config.Spec, weights); err != nil {
			return nil, err
		}
	}
	embeddings, err := t.embedder.Embed(ctx, images)
	for i, e := range embeddings {
		if slices.ContainsFunc(e, func(v float32) bool { return !finite(float64(v)) }) {
			size := len(images) / len(embeddings)
			return nil, &NotFinite{Step: t.state.Step, Rate: t.rate(max(t.state.Step-1, 0)), Where: t.diagnoseEmbedding(images[i*size : (i+1)*size])}
		}
	}
	return embeddings, err
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
func (t *Trainer) Observe(score float64, patience int) (improved, stop bool, err error) {
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
func (t *Trainer) Best() (best Best, weights []modelfile.Tensor) {
	return t.state.Best, t.state.Best.weights
}

// forget empties the optimizer's memory and the objective's, and lets the weights' average start again.
func (t *Trainer) forget() error {
	t.state.Updates = 0
	for _, v := range slices.Collect(t.store.IterVariables()) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(v.Path(), "/"), "/")
		switch {
		case first == optimizerScope, isMemory(v):
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
func (t *Trainer) save(wanted func(*model.Variable) bool) ([]safetensors.Tensor, error) {
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
		copied := safetensors.Tensor{Name: strings.TrimPrefix(v.Path(), "/"), DType: element, Shape: slices.Clone(v.Shape().Dimensions)}
		if err := value.ConstBytes(func(data []byte) { copied.Data = slices.Clone(data) }); err != nil {
			return nil, fmt.Errorf("save variable %s: %w", v.Path(), err)
		}
		saved = append(saved, copied)
	}
	return saved, nil
}

// load gives variables the values that save copied, and creates those that are missing.
func (t *Trainer) load(saved []safetensors.Tensor) error {
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
