package encoder

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// network builds the layers of one encoder in scope and remembers their outputs.
type network struct {
	scope  *model.Scope
	spec   Spec
	layers []Layer
}

// keep remembers a layer's output.
func (n *network) keep(name string, output *Node) *Node {
	n.layers = append(n.layers, Layer{name, output})
	return output
}

// conv is the shape of a convolution layer.
type conv struct {
	filters int
	size    int  // of the square kernel, pixels
	stride  int  // 0 means 1
	same    bool // zeros around the image keep its size; otherwise only whole windows count
	bias    bool
	init    initial
}

// conv convolves x [n, h, w, c] with a kernel [size, size, c, filters], and adds a bias per filter if wanted.
func (n *network) conv(x *Node, name string, c conv) *Node {
	scope := n.scope.In("%s", name)
	channels := x.Shape().Dim(-1)
	fanIn := c.size * c.size * channels
	w := variable(scope, "weights", c.init.weights(fanIn), c.size, c.size, channels, c.filters)
	var pad [2]int
	if c.same {
		pad = [2]int{(c.size - 1) / 2, c.size / 2}
	}
	if c.size%2 == 0 && scope.IsTraining(x.Graph()) {
		x = evenGradient(x)
		pad[0]--
	}
	x = Convolve(x, w.NodeValue(x)).Strides(max(1, c.stride)).PaddingPerDim([][2]int{pad, pad}).Done()
	if c.bias {
		b := variable(scope, "bias", c.init.bias, c.filters)
		x = Add(x, Reshape(b.NodeValue(x), 1, 1, 1, c.filters))
	}
	return n.keep(name, x)
}

// dense multiplies x [n, k] with weights [k, units] and adds a bias per unit.
func (n *network) dense(x *Node, name string, units int, init initial) *Node {
	scope := n.scope.In("%s", name)
	fanIn := x.Shape().Dim(-1)
	w := variable(scope, "weights", init.weights(fanIn), fanIn, units)
	b := variable(scope, "bias", init.bias, units)
	x = Add(MatMul(x, w.NodeValue(x)), Reshape(b.NodeValue(x), 1, units))
	return n.keep(name, x)
}

const (
	normEpsilon  = 1e-5 // PyTorch's
	normMomentum = 0.9  // how much of a moving average stays after a step
)

// norm is batch normalisation over all axes but the last (Ioffe and Szegedy 2015), as PyTorch has it: variance + 1e-5 under
// the root, moving averages that keep 0.9 of their value each step, the unbiased variance in them.
func (n *network) norm(x *Node, name string) *Node {
	scope := n.scope.In("%s", name)
	g, channels := x.Graph(), x.Shape().Dim(-1)
	scale := variable(scope, "scale", normal{mean: 1}, channels).NodeValue(g)
	offset := variable(scope, "offset", normal{}, channels).NodeValue(g)
	mean := variable(scope, "mean", normal{}, channels).SetTrainable(false)
	variance := variable(scope, "variance", normal{mean: 1}, channels).SetTrainable(false)
	if !scope.IsTraining(g) {
		y := InternalBatchNormForInference(x, scale, offset, mean.NodeValue(g), variance.NodeValue(g), normEpsilon, -1)
		return n.keep(name, y)
	}
	y, batchMean, batchVariance := InternalBatchNormForTraining(x, scale, offset, normEpsilon, x.Rank()-1)
	count := float64(x.Shape().Size() / channels)
	unbiased := count / max(1, count-1)
	follow(mean, batchMean)
	follow(variance, MulScalar(batchVariance, unbiased))
	return n.keep(name, y)
}

// follow moves an average towards the batch's value.
func follow(average *model.Variable, value *Node) {
	old := average.NodeValue(value)
	average.SetNodeValue(Add(MulScalar(old, normMomentum), MulScalar(StopGradient(value), 1-normMomentum)))
}

// relu is max(x, 0).
func relu(x *Node) *Node { return Max(x, ScalarZero(x.Graph(), x.DType())) }

// maxPool takes the largest of each 2×2 window; an odd last row or column is dropped.
func maxPool(x *Node) *Node { return MaxPool(x).Window(2).Done() }

// flatten joins height, width and channels, in this order.
func flatten(x *Node) *Node { return Reshape(x, x.Shape().Dim(0), -1) }

// dropout sets numbers to 0 with the spec's probability while training, and scales the others so that the mean stays.
func (n *network) dropout(x *Node) *Node {
	if n.spec.Dropout == 0 || !n.scope.IsTraining(x.Graph()) {
		return x
	}
	keep := 1 - n.spec.Dropout
	mask := n.scope.RandomBernoulli(Scalar(x.Graph(), x.DType(), keep), x.Shape())
	return MulScalar(Mul(x, mask), 1/keep)
}

// normal is the distribution initial values are drawn from; std 0 is a constant.
type normal struct{ mean, std float64 }

// initial says how a layer's weights and bias begin.
type initial struct {
	std  float64 // of the weights, around 0; 0 means He's √(2/fan-in)
	bias normal
}

// weights is the distribution for weights that sum fanIn inputs each.
func (i initial) weights(fanIn int) normal {
	if i.std > 0 {
		return normal{std: i.std}
	}
	return normal{std: math.Sqrt(2 / float64(fanIn))}
}

// variable returns scope's variable, created if it is missing. The first values depend on the store's seed and on the
// variable's path only, so a layer more or less in the network leaves the others' as they were.
func variable(scope *model.Scope, name string, init normal, dims ...int) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		if !slices.Equal(v.Shape().Dimensions, dims) {
			panic(shapeError(weightName(v), v.Shape().Dimensions, dims))
		}
		return v
	}
	count := 1
	for _, dim := range dims {
		count *= dim
	}
	seed := model.GetParamOr(scope, model.ParamInitialSeed, int64(0))
	values := init.draw(count, uint64(seed), model.JoinPath(scope.Scope(), name))
	return scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(values, dims...))
}

// draw returns count values.
func (d normal) draw(count int, seed uint64, path string) []float32 {
	hash := fnv.New64a()
	hash.Write([]byte(path))
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	values := make([]float32, count)
	for i := range values {
		values[i] = float32(d.mean)
		if d.std > 0 {
			values[i] = float32(d.mean + d.std*random.NormFloat64())
		}
	}
	return values
}
