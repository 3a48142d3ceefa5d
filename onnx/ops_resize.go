package onnx

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// resize enlarges by whole factors by repeating pixels where the node means that, and multiplies with a matrix of weights
// along each axis otherwise.
func resize(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	shape, scales, err := n.resizeTo(x.dims(), in)
	if err != nil {
		return nil, err
	}
	if err := checkSize(shape, maxElements); err != nil {
		return nil, err
	}
	for i, dim := range x.dims() {
		if shape[i] == dim && scales[i] == 1 {
			continue
		}
		weights, repeats, err := n.resizeWeights(dim, shape[i], scales[i])
		if err != nil {
			return nil, err
		}
		if repeats {
			x = x.repeat(i, shape[i]/dim)
		} else {
			x.node = b.along(x.node, x.axes[i], floatTensor([]int{shape[i], dim}, weights))
		}
	}
	return []value{x}, nil
}

// resizeTo finds the new shape and the scale of each axis. Version 10 and Upsample have the scales second, later versions
// third, and the shape fourth.
func (n *node) resizeTo(dims []int, in []value) (shape []int, scales []float64, err error) {
	at := 2
	if len(in) == 2 || n.op == "Upsample" {
		at = 1
	}
	lists, err := knownInputs(in, 1)
	if err != nil {
		return nil, nil, err
	}
	shape, scales = make([]int, len(dims)), make([]float64, len(dims))
	if given(in, 3) && lists[2].Size() == len(dims) {
		for i, v := range lists[2].Int64s() {
			if v < 1 || v > maxSide {
				return nil, nil, fmt.Errorf("new shape %v", lists[2].Int64s())
			}
			shape[i], scales[i] = int(v), float64(v)/float64(dims[i])
		}
		return shape, scales, nil
	}
	given := n.attributes["scales"].floats
	if len(in) > at && in[at].known != nil {
		given = in[at].known.Float32s()
	}
	if len(given) != len(dims) {
		return nil, nil, errors.New("it has neither a scale nor a new size for every axis")
	}
	for i, scale := range given {
		size := math.Floor(float64(dims[i]) * float64(scale))
		if !(scale > 0) || size < 1 || size > maxSide && size != float64(dims[i]) {
			return nil, nil, fmt.Errorf("scale %v of an axis of %d", scale, dims[i])
		}
		shape[i], scales[i] = int(size), float64(scale)
	}
	return shape, scales, nil
}

// resizeWeights is the matrix [to, from] that resizes an axis; repeats says that it repeats every element equally often.
func (n *node) resizeWeights(from, to int, scale float64) (weights []float32, repeats bool, err error) {
	weights = make([]float32, to*from)
	repeats = to%from == 0
	for i := range to {
		at, err := n.resizeFrom(float64(i), float64(from), float64(to), scale)
		if err != nil {
			return nil, false, err
		}
		row := weights[i*from : (i+1)*from]
		switch mode := n.text("mode", "nearest"); mode {
		case "nearest":
			nearest, err := n.nearest(at)
			if err != nil {
				return nil, false, err
			}
			nearest = min(max(nearest, 0), from-1)
			row[nearest] = 1
			repeats = repeats && nearest == i/(to/from)
		case "linear", "bilinear":
			repeats = false
			at = min(max(at, 0), float64(from-1))
			low := int(at)
			row[low] += float32(1 - (at - float64(low)))
			row[min(low+1, from-1)] += float32(at - float64(low))
		default:
			return nil, false, fmt.Errorf("mode %q is not supported", mode)
		}
	}
	return weights, repeats, nil
}

// resizeFrom is the position in the old axis of element i of the new one.
func (n *node) resizeFrom(i, from, to, scale float64) (float64, error) {
	otherwise := "half_pixel"
	if n.op == "Upsample" {
		otherwise = "asymmetric"
	}
	switch mode := n.text("coordinate_transformation_mode", otherwise); {
	case mode == "asymmetric":
		return i / scale, nil
	case mode == "half_pixel", mode == "pytorch_half_pixel" && to > 1:
		return (i+0.5)/scale - 0.5, nil
	case mode == "pytorch_half_pixel":
		return 0, nil
	case mode == "align_corners" && to > 1:
		return i * (from - 1) / (to - 1), nil
	case mode == "align_corners":
		return 0, nil
	default:
		return 0, fmt.Errorf("coordinate_transformation_mode %q is not supported", mode)
	}
}

func (n *node) nearest(at float64) (int, error) {
	otherwise := "round_prefer_floor"
	if n.op == "Upsample" {
		otherwise = "floor"
	}
	switch mode := n.text("nearest_mode", otherwise); mode {
	case "round_prefer_floor":
		return int(math.Ceil(at - 0.5)), nil
	case "round_prefer_ceil":
		return int(math.Floor(at + 0.5)), nil
	case "floor":
		return int(math.Floor(at)), nil
	case "ceil":
		return int(math.Ceil(at)), nil
	default:
		return 0, fmt.Errorf("nearest_mode %q is not supported", mode)
	}
}

// repeat writes every element along ONNX's axis i so many times.
func (x value) repeat(i, times int) value {
	axis := x.axes[i]
	dims := append([]int(nil), x.node.Shape().Dimensions...)
	full := append(append(append([]int(nil), dims[:axis+1]...), times), dims[axis+1:]...)
	y := BroadcastToDims(InsertAxes(x.node, axis+1), full...)
	dims[axis] *= times
	return value{node: Reshape(y, dims...), axes: x.axes}
}

// along multiplies an axis of x with a matrix [to, from].
func (b *builder) along(x *Node, axis int, matrix *Tensor) *Node {
	y := DotGeneral(x, []int{axis}, nil, b.constant(matrix), []int{1}, nil) // the new axis comes last
	order := identity(x.Rank() - 1)
	order = append(order[:axis:axis], append([]int{x.Rank() - 1}, order[axis:]...)...)
	return TransposeAllAxes(y, order...)
}
