package recipe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
)

// pyramid is an encoder of five convolutions of stride 2, as another program might have written it.
func pyramid(t *testing.T, b compute.Backend) *modelfile.File {
	t.Helper()
	data, err := onnx.Written{
		Store: model.NewStore(), Inputs: []onnx.ValueInfo{{Name: "images", Shape: []int{-1, 64, 64, 3}}}, Outputs: []string{"s4", "s8", "s16", "s32"},
		Build: func(_ *model.Scope, in []*Node) (maps []*Node) {
			x := in[0]
			for k := range 5 {
				kernel := make([]float32, 9*x.Shape().Dim(3)*4)
				for i := range kernel {
					kernel[i] = float32(0.5 * math.Sin(float64(7*i*i+k)))
				}
				w := Const(x.Graph(), tensors.FromFlatDataAndDimensions(kernel, 3, 3, x.Shape().Dim(3), 4))
				x = encoder.ReLU(Convolve(x, w).Strides(2).PadSame().Done())
				if k > 0 {
					maps = append(maps, TransposeAllAxes(x, 0, 3, 1, 2))
				}
			}
			return maps
		},
	}.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	return &modelfile.File{Kind: modelfile.Encoder, Spec: []byte("{}"), Networks: map[string][]byte{encoder.EncoderNetwork: data}}
}

// learning is the decoder's recipe at a size that trains within a second, one step.
func learning(tune float64) Recipe {
	r := CosegMobilenet()
	change(&r.Settings, func(d *Shared) { d.Couples, d.Families, d.Tune = 2, 20, tune })
	s := &r.Settings
	s.Size, s.Steps, s.Every, s.Average, s.Decay = 64, 1, 1, 0, 0
	return r
}

func TestATunedEncoderLearnsFromWhereItIsAtAPartOfTheRate(t *testing.T) {
	b, set := backend(t), coseg.World{Seed: 1, Side: 64}.Set(0, 4, 4)
	train := func(tune float64, init *modelfile.File) outcome {
		return trained(t, learning(tune), Job{Backend: b, Background: set, Seed: 1, Init: init})
	}
	first := train(0, pyramid(t, b))
	if names := encoderWeights(first.model); len(names) > 0 {
		t.Errorf("an encoder that does not learn has weights %v of its own", names)
	}
	frozen, tuned := train(0, first.model), train(0.1, first.model)
	if frozen.losses()[0] != tuned.losses()[0] {
		t.Errorf("loss %v at the beginning, want %v: the encoder starts as it was", tuned.losses()[0], frozen.losses()[0])
	}
	// Adam's first step moves all weights by the rate, whatever their gradients.
	again := train(1e-9, first.model)
	moved, decoder := furthestOf(tuned.model, again.model, "encoder/"), furthestOf(tuned.model, first.model, "decoder/mask")
	if math.Abs(moved-0.1*decoder) > 0.02*decoder || moved == 0 {
		t.Errorf("the encoder moved by %v and the decoder by %v, want a tenth", moved, decoder)
	}
	if names := encoderWeights(tuned.model); len(names) != 5 {
		t.Errorf("weights %v learn, want those of five convolutions", names)
	}
	if names := encoderWeights(train(0.1, tuned.model).model); len(names) != 5 {
		t.Errorf("weights %v go on learning, want those of five convolutions", names)
	}
}

func encoderWeights(file *modelfile.File) (names []string) {
	for _, w := range file.Weights {
		if strings.HasPrefix(w.Name, "encoder/") {
			names = append(names, w.Name)
		}
	}
	return names
}

// furthestOf is how far the weights of a part, by the beginning of their names, are apart in two files at most.
func furthestOf(a, b *modelfile.File, part string) float64 {
	most := 0.0
	for _, w := range a.Weights {
		at := slices.IndexFunc(b.Weights, func(x modelfile.Tensor) bool { return x.Name == w.Name && strings.HasPrefix(w.Name, part) })
		if at < 0 {
			continue
		}
		for i, v := range w.Values {
			most = max(most, math.Abs(float64(v)-float64(b.Weights[at].Values[i])))
		}
	}
	return most
}
