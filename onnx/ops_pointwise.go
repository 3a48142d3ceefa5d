package onnx

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

func same(_ *builder, _ *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	return in[:1], nil
}

func castGraph(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x, to := b.inGraph(in[0]), DataType(n.integer("to", int(Float)))
	switch {
	case to.real():
		return one(ConvertDType(x.node, dtypes.Float32), x), nil
	case to == Int64 || to == Int32:
		return one(ConvertDType(x.node, dtypes.Int64), x), nil
	}
	return nil, fmt.Errorf("conversion of numbers that depend on the image to %s is not supported", to)
}

// unary makes an operation of a function of one number.
func unary(f func(x *Node) *Node) graphOp {
	return func(b *builder, _ *node, in []value) ([]value, error) {
		if err := require(in, 1); err != nil {
			return nil, err
		}
		x := b.inGraph(in[0])
		return one(f(x.node), x), nil
	}
}

func relu(x *Node) *Node       { return Max(x, ScalarZero(x.Graph(), x.DType())) }
func sigmoid(x *Node) *Node    { return Sigmoid(x) }
func tanh(x *Node) *Node       { return Tanh(x) }
func exp(x *Node) *Node        { return Exp(x) }
func log(x *Node) *Node        { return Log(x) }
func sqrt(x *Node) *Node       { return Sqrt(x) }
func neg(x *Node) *Node        { return Neg(x) }
func abs(x *Node) *Node        { return Abs(x) }
func reciprocal(x *Node) *Node { return Reciprocal(x) }
func floor(x *Node) *Node      { return Floor(x) }
func ceil(x *Node) *Node       { return Ceil(x) }
func erf(x *Node) *Node        { return Erf(x) }

// softplus is log(1 + exp(x)), without overflow.
func softplus(x *Node) *Node { return Add(relu(x), Log1p(Exp(Neg(Abs(x))))) }

func hardSwish(x *Node) *Node { return Mul(x, clampTo(AddScalar(MulScalar(x, 1.0/6), 0.5), 0, 1)) }

func mish(x *Node) *Node { return Mul(x, Tanh(softplus(x))) }

func clampTo(x *Node, low, high float64) *Node {
	if !math.IsInf(low, -1) {
		x = MaxScalar(x, low)
	}
	if !math.IsInf(high, 1) {
		x = MinScalar(x, high)
	}
	return x
}

// withSlope is x where x is positive and slope·x elsewhere, for any slope.
func withSlope(x, slope *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return Add(Max(x, zero), Mul(slope, Min(x, zero)))
}

func leakyRelu(b *builder, n *node, in []value) ([]value, error) {
	slope := n.float("alpha", 0.01)
	return unary(func(x *Node) *Node { return withSlope(x, Scalar(x.Graph(), x.DType(), slope)) })(b, n, in)
}

func elu(b *builder, n *node, in []value) ([]value, error) {
	alpha := n.float("alpha", 1)
	return unary(func(x *Node) *Node {
		below := Expm1(Min(x, ScalarZero(x.Graph(), x.DType())))
		return Add(relu(x), MulScalar(below, alpha))
	})(b, n, in)
}

func hardSigmoid(b *builder, n *node, in []value) ([]value, error) {
	alpha, beta := n.float("alpha", 0.2), n.float("beta", 0.5)
	return unary(func(x *Node) *Node { return clampTo(AddScalar(MulScalar(x, alpha), beta), 0, 1) })(b, n, in)
}

func gelu(b *builder, n *node, in []value) ([]value, error) {
	if n.text("approximate", "none") != "none" {
		return nil, fmt.Errorf("approximate %q is not supported", n.text("approximate", ""))
	}
	return unary(func(x *Node) *Node {
		return Mul(MulScalar(x, 0.5), OnePlus(Erf(MulScalar(x, 1/math.Sqrt2))))
	})(b, n, in)
}

// pRelu has a slope that broadcasts to x from the right, such as one per channel as [c, 1, 1].
func pRelu(b *builder, _ *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	x, slope, axes := b.aligned(in[0], in[1])
	return one(withSlope(x, slope), value{axes: axes}), nil
}

func clip(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	low, err := scalar(in, 1, float64(n.float("min", float32(math.Inf(-1)))))
	if err != nil {
		return nil, err
	}
	high, err := scalar(in, 2, float64(n.float("max", float32(math.Inf(1)))))
	if err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	return one(clampTo(x.node, low, high), x), nil
}

// pairwise makes an operation of a function of two numbers; with more inputs it goes on from left to right.
func pairwise(f func(x, y *Node) *Node) graphOp {
	return func(b *builder, _ *node, in []value) ([]value, error) {
		if err := require(in, max(1, len(in))); err != nil {
			return nil, err
		}
		result := in[0]
		for _, next := range in[1:] {
			x, y, axes := b.aligned(result, next)
			result = value{node: f(x, y), axes: axes}
		}
		return []value{result}, nil
	}
}

func add(x, y *Node) *Node     { return Add(x, y) }
func sub(x, y *Node) *Node     { return Sub(x, y) }
func mul(x, y *Node) *Node     { return Mul(x, y) }
func div(x, y *Node) *Node     { return Div(x, y) }
func pow(x, y *Node) *Node     { return Pow(x, y) }
func minimum(x, y *Node) *Node { return Min(x, y) }
func maximum(x, y *Node) *Node { return Max(x, y) }
