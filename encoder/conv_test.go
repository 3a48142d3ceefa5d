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
