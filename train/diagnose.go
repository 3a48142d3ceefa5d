package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/modelfile"
)

// NotFinite is the error of a training whose numbers overflow: in the loss or a gradient of a step, which then changes nothing, or
// in what the weights after a step give.
type NotFinite struct {
	Step  int
	Rate  float64 // of learning in that step
	Where string  // names the layer
}

// Error says when, where, and what to do.
func (e *NotFinite) Error() string {
	return fmt.Sprintf("step %d: %s; lower the learning rate (now %.3g)", e.Step, e.Where, e.Rate)
}

// diagnose says where the numbers of a step stopped being finite, in words that go on "step 7: …".
func (t *Trainer[B]) diagnose(batch B, r result) string {
	feed := func() ([]*tensors.Tensor, error) { return t.task.Feed(batch) }
	switch inputs, err := feed(); {
	case err != nil:
		return fmt.Sprintf("the loss is %v (looking at the batch again failed: %v)", r.loss, err)
	case !slices.ContainsFunc(inputs, overflows):
	default:
		return "the batch holds numbers that are not finite"
	}
	if !finite(r.loss) {
		return fmt.Sprintf("the loss is %v", r.loss) + t.badLayer(t.ownWeights, true, feed)
	}
	// Gradients flow from the last layer to the first, so the last bad one began it.
	for i := len(r.gradients) - 1; i >= 0; i-- {
		if !finite(r.gradients[i]) {
			return fmt.Sprintf("the gradient of layer %s is not finite", t.layers[i])
		}
	}
	return "the gradient of all layers together is not finite"
}

// overflows says whether a tensor has a number that is not finite.
func overflows(x *tensors.Tensor) bool {
	if x.DType() != dtypes.Float32 {
		return false
	}
	return slices.ContainsFunc(tensors.MustCopyFlatData[float32](x), func(v float32) bool { return !finite(float64(v)) })
}

// badLayer says, in words that go on a sentence, which layer is the first whose output is not finite, in a model of these weights, as
// in training or as afterwards. It says nothing of a task that shows no layers.
func (t *Trainer[B]) badLayer(weights func() ([]modelfile.Tensor, error), training bool, feed func() ([]*tensors.Tensor, error)) string {
	layered, ok := t.task.(Layered)
	if !ok {
		return ""
	}
	layer, err := t.firstBad(layered, weights, training, feed)
	switch {
	case err != nil:
		return fmt.Sprintf(" (looking for the layer failed: %v)", err)
	case layer == "":
		return ", though every layer's output is finite"
	}
	return fmt.Sprintf(": layer %s gives numbers that are not finite", layer)
}

// firstBad is the first layer whose output is not finite, "" if there is none.
func (t *Trainer[B]) firstBad(task Layered, weights func() ([]modelfile.Tensor, error), training bool, feed func() ([]*tensors.Tensor, error)) (string, error) {
	values, err := weights()
	if err != nil {
		return "", err
	}
	store, err := NewStore(t.backend, t.task, values)
	if err != nil {
		return "", err
	}
	inputs, err := feed()
	if err != nil {
		return "", err
	}
	var names []string
	var good []float32
	err = exceptions.TryCatch[error](func() {
		exec := model.MustNewExec(t.backend, store, func(scope *model.Scope, inputs []*Node) *Node {
			scope.Store().SetTraining(inputs[0].Graph(), training)
			var finite []*Node
			for _, output := range task.Outputs(scope, inputs) {
				names = append(names, output.Layer)
				finite = append(finite, LogicalAll(IsFinite(output.Value)))
			}
			return ConvertDType(Stack(finite, 0), dtypes.Float32)
		})
		good = tensors.MustCopyFlatData[float32](exec.MustCall(inputs)[0])
	})
	if err != nil {
		return "", err
	}
	if at := slices.Index(good, 0); at >= 0 {
		return names[at], nil
	}
	return "", nil
}
