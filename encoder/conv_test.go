package encoder

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// A convolution is linear in its input, so differences over a whole step give its gradient.
func TestConvolutionsHaveTheRightGradientToTheirInput(t *testing.T) {
	const side = 7
	b := backend(t)
	for _, c := range []Conv{
		{Size: 1, Stride: 2}, {Size: 2}, {Size: 2, Same: true}, {Size: 3, Same: true}, {Size: 3, Stride: 2, Same: true},
		{Size: 4}, {Size: 4, Same: true}, {Size: 4, Stride: 2}, {Size: 4, Stride: 2, Same: true}, {Size: 5},
	} {
		c.Filters = 2
		t.Run(fmt.Sprintf("size %d, stride %d, same %v", c.Size, max(1, c.Stride), c.Same), func(t *testing.T) {
			exec := model.MustNewExec(b, model.NewStore(), func(scope *model.Scope, x *Node) []*Node {
				scope.Store().SetTraining(x.Graph(), true)
				y := NewLayers(scope).Conv(x, "conv", c)
				weighted := ReduceAllSum(Mul(y, Sin(IotaFull(x.Graph(), y.Shape()))))
				return append([]*Node{weighted}, Gradient(weighted, x)...)
			})
			call := func(x []float32) []*tensors.Tensor {
				out, err := exec.Call(tensors.FromFlatDataAndDimensions(x, 1, side, side, 1))
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			x := make([]float32, side*side)
			base := call(x)
			gradient := tensors.MustCopyFlatData[float32](base[1])
			for i := range x {
				x[i] = 1
				want := tensors.ToScalar[float32](call(x)[0]) - tensors.ToScalar[float32](base[0])
				x[i] = 0
				if math.Abs(float64(gradient[i]-want)) > 1e-5 {
					t.Errorf("gradient[%d] = %v, want %v", i, gradient[i], want)
				}
			}
		})
	}
}

func TestLeakyReLUIsItsFormulaWithItsGradient(t *testing.T) {
	x := []float32{-3, -0.5, -1e-30, 0, 1e-30, 0.5, 3}
	for _, training := range []bool{false, true} {
		exec := model.MustNewExec(backend(t), model.NewStore(), func(scope *model.Scope, x *Node) []*Node {
			scope.Store().SetTraining(x.Graph(), training)
			y := NewLayers(scope).LeakyReLU(x, 0.2)
			return []*Node{y, Gradient(ReduceAllSum(Mul(y, IotaFull(x.Graph(), x.Shape()))), x)[0]}
		})
		out := exec.MustCall(tensors.FromFlatDataAndDimensions(x, len(x)))
		y, gradient := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
		for i, v := range x {
			want, slope := v, float32(1)
			if v < 0 {
				want, slope = 0.2*v, 0.2
			}
			if math.Abs(float64(y[i]-want)) > 1e-6*math.Abs(float64(want)) {
				t.Errorf("LeakyReLU(%v), training %v = %v, want %v", v, training, y[i], want)
			}
			if d := gradient[i] - float32(i)*slope; d > 1e-6 || d < -1e-6 {
				t.Errorf("gradient of LeakyReLU at %v, training %v = %v, want %v", v, training, gradient[i], float32(i)*slope)
			}
		}
	}
}
