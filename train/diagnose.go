package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
)

// NotFinite is the error of a training whose numbers overflow: in the loss or a gradient of a step, which then changes nothing, or
// in what the weights after a step give.
type NotFinite struct {
	Step  int
	Rate  float64 // of learning in that step
	Where string  // names the layer
}

func (e *NotFinite) Error() string {
	return fmt.Sprintf("step %d: %s; lower the learning rate (now %.3g)", e.Step, e.Where, e.Rate)
}

// diagnoseEmbedding says which layer makes an embedding of an image that is not finite.
func (t *Trainer) diagnoseEmbedding(image []float32) string {
	weights, err := t.Weights()
	layer := ""
	if err == nil {
		layer, err = t.firstBadLayer(weights, image, 1, false)
	}
	switch {
	case err != nil:
		return fmt.Sprintf("an embedding is not finite (looking for the layer failed: %v)", err)
	case layer == "":
		return "an embedding is not finite, though every layer's output is"
	}
	return fmt.Sprintf("an embedding is not finite: layer %s gives numbers that are not", layer)
}

// diagnose says where the numbers of a step stopped being finite, in words that go on "step 7: …".
func (t *Trainer) diagnose(batch *dataset.Batch, r result) string {
	for _, v := range batch.Images {
		if !finite(float64(v)) {
			return "the batch's images hold numbers that are not finite"
		}
	}
	if !finite(r.loss) {
		weights, err := encoder.Weights(t.store)
		layer := ""
		if err == nil {
			layer, err = t.firstBadLayer(weights, batch.Images, batch.N, true)
		}
		switch {
		case err != nil:
			return fmt.Sprintf("the loss is %v (looking for the layer failed: %v)", r.loss, err)
		case layer == "":
			return fmt.Sprintf("the loss is %v, though every layer's output is finite", r.loss)
		}
		return fmt.Sprintf("the loss is %v: layer %s gives numbers that are not finite", r.loss, layer)
	}
	// Gradients flow from the last layer to the first, so the last bad one began it.
	for i := len(r.gradients) - 1; i >= 0; i-- {
		if !finite(r.gradients[i]) {
			return fmt.Sprintf("the gradient of layer %s is not finite", t.layers[i])
		}
	}
	return "the gradient of all layers together is not finite"
}

// firstBadLayer runs an encoder of these weights on n images, as in training or as afterwards, and returns the first layer whose
// output is not finite, "" if there is none.
func (t *Trainer) firstBadLayer(weights []modelfile.Tensor, pixels []float32, n int, training bool) (string, error) {
	copied := model.NewStore()
	if err := encoder.SetWeights(t.backend, copied, t.config.Spec, weights); err != nil {
		return "", err
	}
	p := t.config.Spec.Preprocess
	images := tensors.FromFlatDataAndDimensions(pixels, n, p.Height, p.Width, p.Channels)
	var names []string
	var good []float32
	err := exceptions.TryCatch[error](func() {
		exec := model.MustNewExec(t.backend, copied, func(scope *model.Scope, images *Node) *Node {
			scope.Store().SetTraining(images.Graph(), training)
			var finite []*Node
			for _, layer := range encoder.BuildLayers(scope, t.config.Spec, images) {
				names = append(names, "encoder/"+layer.Name)
				finite = append(finite, LogicalAll(IsFinite(layer.Output)))
			}
			return ConvertDType(Stack(finite, 0), dtypes.Float32)
		})
		good = tensors.MustCopyFlatData[float32](exec.MustCall(images)[0])
	})
	if err != nil {
		return "", err
	}
	for i, ok := range good {
		if ok == 0 {
			return names[i], nil
		}
	}
	return "", nil
}
