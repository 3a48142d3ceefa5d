package onnx

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
)

// BuildTuned is [Model.Build] with weights that can learn: the kernels and biases of the convolutions are variables of scope, whose first
// values are those of the file. All else, such as the statistics of a normalisation, stays as it is.
func (m *Model) BuildTuned(scope *model.Scope, inputs []*Node, outputs []string) []*Node {
	b := newBuilder(m, inputs[0].Graph())
	b.learns = scope.IsTraining(b.inner)
	for _, n := range m.nodes {
		if n.op != "Conv" {
			continue
		}
		for _, name := range n.inputs[1:] {
			if t := m.initializers[name]; t != nil && t.problem == nil && t.Type == Float && b.values[name].node == nil {
				b.values[name] = plain(weight(scope, fmt.Sprintf("weight%d", len(b.values)+1), t).NodeValue(b.inner))
			}
		}
	}
	return b.network(inputs, make([]*Tensor, len(inputs)), outputs)
}

// weight is a variable of a scope, which has the values of a tensor where there is none yet.
func weight(scope *model.Scope, name string, t *Tensor) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	return scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(t.Float32s(), t.Shape...))
}

// byPlaces is a convolution of each channel of x [n, h, w, c] with its own kernel, w being [c, 1, kh, kw]: the sum of what each place of
// the kernel adds. GoMLX makes the gradient of a grouped convolution channel by channel.
func byPlaces(x, w *Node, win window, h, width int) *Node {
	x = encoder.Padded(encoder.Padded(x, 1, win.pads[0][0], win.pads[0][1]), 2, win.pads[1][0], win.pads[1][1])
	var sum *Node
	for dy := range win.size[0] {
		for dx := range win.size[1] {
			part := func(axis, from, count int) SliceAxisSpec {
				stride := win.strides[axis]
				first := from * win.dilations[axis]
				return AxisRange(first, first+(count-1)*stride+1).Stride(stride)
			}
			seen := Slice(x, AxisRange(), part(0, dy, h), part(1, dx, width), AxisRange())
			kernel := Reshape(Slice(w, AxisRange(), AxisRange(), AxisElem(dy), AxisElem(dx)), 1, 1, 1, -1)
			if seen = Mul(seen, kernel); sum == nil {
				sum = seen
			} else {
				sum = Add(sum, seen)
			}
		}
	}
	return sum
}
