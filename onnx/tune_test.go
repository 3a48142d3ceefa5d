package onnx

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// depthwise is a case that packages of phones have in every block.
var depthwise = opCase{name: "Conv depthwise, strided and dilated", op: "Conv", x: []int{2, 4, 9, 8}, others: []*Tensor{numbers(4, 1, 3, 3), numbers(4)},
	attributes: attributes{"group": number(4), "pads": whole(1, 0, 2, 1), "strides": whole(2, 1), "dilations": whole(1, 2)}}

func TestTunedConvolutionsStartAsTheyAreInTheFile(t *testing.T) {
	for _, c := range append(opCases(), depthwise) {
		if c.op != "Conv" || len(c.x) != 4 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			want := c.ours(t)[0]
			data, x, outputs := c.file()
			m, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			store := model.NewStore()
			b := newBackend(t)
			for _, training := range []bool{true, false} {
				got := tensors.MustCopyFlatData[float32](model.MustCallOnce(b, store, func(scope *model.Scope, in *Node) *Node {
					store.SetTraining(in.Graph(), training)
					y := m.BuildTuned(scope.In("encoder"), []*Node{TransposeAllAxes(in, 0, 2, 3, 1)}, outputs)[0]
					return TransposeAllAxes(y, 0, 3, 1, 2)
				}, tensors.FromFlatDataAndDimensions(x.Values, x.Shape...)))
				for i, v := range got {
					if math.Abs(float64(v-want.Values[i])) > 1e-5 {
						t.Fatalf("training %t: number %d is %v, want %v", training, i, v, want.Values[i])
					}
				}
			}
			weights := 0
			for v := range store.IterVariables() {
				if strings.HasPrefix(v.Path(), "/encoder/weight") {
					weights++
				}
			}
			if weights != len(c.others) {
				t.Errorf("%d weights learn, want %d", weights, len(c.others))
			}
		})
	}
}

func TestAKernelOfEachChannelHasTheGradientOfCentralDifferences(t *testing.T) {
	data, x, outputs := depthwise.file()
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	b, store := newBackend(t), model.NewStore()
	build := func(scope *model.Scope, in *Node) (loss, kernel *Node) {
		store.SetTraining(in.Graph(), true)
		y := m.BuildTuned(scope.In("encoder"), []*Node{TransposeAllAxes(in, 0, 2, 3, 1)}, outputs)[0]
		return ReduceAllSum(Square(y)), scope.Shared("encoder").GetVariable("weight1").NodeValue(in)
	}
	input := tensors.FromFlatDataAndDimensions(x.Values, x.Shape...)
	loss := func() float64 {
		out := model.MustCallOnce(b, store, func(scope *model.Scope, in *Node) *Node { l, _ := build(scope, in); return l }, input)
		return float64(tensors.ToScalar[float32](out))
	}
	gradient := tensors.MustCopyFlatData[float32](model.MustCallOnce(b, store, func(scope *model.Scope, in *Node) *Node {
		l, kernel := build(scope, in)
		return Gradient(l, kernel)[0]
	}, input))
	kernel := store.RootScope().In("encoder").GetVariable("weight1")
	first := tensors.MustCopyFlatData[float32](kernel.MustValue())
	const step = 1e-2
	for _, i := range []int{0, 4, 17, 35} {
		at := func(d float32) float64 {
			moved := append([]float32(nil), first...)
			moved[i] += d
			if err := kernel.SetValue(tensors.FromFlatDataAndDimensions(moved, 4, 1, 3, 3)); err != nil {
				t.Fatal(err)
			}
			return loss()
		}
		want := (at(step) - at(-step)) / (2 * step)
		if math.Abs(float64(gradient[i])-want) > 2e-3*math.Max(1, math.Abs(want)) {
			t.Errorf("gradient of number %d is %v, central difference %v", i, gradient[i], want)
		}
	}
}
