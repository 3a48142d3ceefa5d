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

// Layers builds the layers of a network. Each has a name of its own, a scope of that name with its variables, and initial values
// as Siam's networks have them; their outputs are remembered, so that a training whose numbers overflow can say in which layer.
// Its methods panic, as GoMLX's graph functions do, when shapes do not fit.
type Layers struct {
	scope   *model.Scope
	outputs []Layer
}

// NewLayers begins a network whose layers are sub-scopes of scope.
func NewLayers(scope *model.Scope) *Layers { return &Layers{scope: scope} }

// Layer is the output of one layer, by name.
type Layer struct {
	Name   string
	Output *Node
}

// Outputs are the outputs of the layers so far, in order.
func (l *Layers) Outputs() []Layer { return l.outputs }

// Keep remembers the output of a layer that the caller built, and returns it.
func (l *Layers) Keep(name string, output *Node) *Node {
	l.outputs = append(l.outputs, Layer{name, output})
	return output
}

// Variable is a variable of a layer that the caller builds. The first values depend on the training's seed and on the variable's
// path only, so a layer more or less in the network leaves the others' as they were.
func (l *Layers) Variable(layer, name string, init Normal, dims ...int) *model.Variable {
	return variable(l.scope.In("%s", layer), name, init, dims...)
}

// Conv is the shape of a convolution layer.
type Conv struct {
	Filters int
	Size    int  // of the square kernel, pixels
	Stride  int  // 0 means 1
	Same    bool // zeros around the image keep its size; otherwise only whole windows count
	Bias    bool
	Initial Initial
}

// Conv convolves x [n, h, w, c] with a kernel [size, size, c, filters], and adds a bias per filter if wanted.
func (l *Layers) Conv(x *Node, name string, c Conv) *Node {
	scope := l.scope.In("%s", name)
	channels := x.Shape().Dim(-1)
	fanIn := c.Size * c.Size * channels
	w := variable(scope, "weights", c.Initial.weights(fanIn), c.Size, c.Size, channels, c.Filters)
	var pad [2]int
	if c.Same {
		pad = [2]int{(c.Size - 1) / 2, c.Size / 2}
	}
	if c.Size%2 == 0 && scope.IsTraining(x.Graph()) {
		x = evenGradient(x)
		pad[0]--
	}
	x = Convolve(x, w.NodeValue(x)).Strides(max(1, c.Stride)).PaddingPerDim([][2]int{pad, pad}).Done()
	if c.Bias {
		b := variable(scope, "bias", c.Initial.Bias, c.Filters)
		x = Add(x, Reshape(b.NodeValue(x), 1, 1, 1, c.Filters))
	}
	return l.Keep(name, x)
}

// Dense multiplies x [n, k] with weights [k, units] and adds a bias per unit.
func (l *Layers) Dense(x *Node, name string, units int, init Initial) *Node {
	scope := l.scope.In("%s", name)
	fanIn := x.Shape().Dim(-1)
	w := variable(scope, "weights", init.weights(fanIn), fanIn, units)
	b := variable(scope, "bias", init.Bias, units)
	x = Add(MatMul(x, w.NodeValue(x)), Reshape(b.NodeValue(x), 1, units))
	return l.Keep(name, x)
}

const (
	normEpsilon  = 1e-5 // PyTorch's
	normMomentum = 0.9  // how much of a moving average stays after a step
)

// Norm is batch normalisation over all axes but the last (Ioffe and Szegedy 2015), as PyTorch has it: variance + 1e-5 under
// the root, moving averages that keep 0.9 of their value each step, the unbiased variance in them.
func (l *Layers) Norm(x *Node, name string) *Node {
	scope := l.scope.In("%s", name)
	g, channels := x.Graph(), x.Shape().Dim(-1)
	scale := variable(scope, "scale", Normal{Mean: 1}, channels).NodeValue(g)
	offset := variable(scope, "offset", Normal{}, channels).NodeValue(g)
	mean := variable(scope, "mean", Normal{}, channels).SetTrainable(false)
	variance := variable(scope, "variance", Normal{Mean: 1}, channels).SetTrainable(false)
	if !scope.IsTraining(g) {
		y := InternalBatchNormForInference(x, scale, offset, mean.NodeValue(g), variance.NodeValue(g), normEpsilon, -1)
		return l.Keep(name, y)
	}
	y, batchMean, batchVariance := InternalBatchNormForTraining(x, scale, offset, normEpsilon, x.Rank()-1)
	count := float64(x.Shape().Size() / channels)
	unbiased := count / max(1, count-1)
	follow(mean, batchMean)
	follow(variance, MulScalar(batchVariance, unbiased))
	return l.Keep(name, y)
}

// follow moves an average towards the batch's value.
func follow(average *model.Variable, value *Node) {
	old := average.NodeValue(value)
	average.SetNodeValue(Add(MulScalar(old, normMomentum), MulScalar(StopGradient(value), 1-normMomentum)))
}

// Padded has zeros before and after an axis of x. It is a concatenation, as a padding has no gradient in GoMLX.
func Padded(x *Node, axis, before, after int) *Node {
	zeros := func(count int) []*Node {
		if count == 0 {
			return nil
		}
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = count
		return []*Node{Zeros(x.Graph(), shape)}
	}
	if before == 0 && after == 0 {
		return x
	}
	return Concatenate(slices.Concat(zeros(before), []*Node{x}, zeros(after)), axis)
}

// ReLU is max(x, 0).
func ReLU(x *Node) *Node { return Max(x, ScalarZero(x.Graph(), x.DType())) }

// LeakyReLU is max(x, slope·x), slope in (0, 1). In training its gradient is made of the result, so that x need not be kept.
func (l *Layers) LeakyReLU(x *Node, slope float64) *Node {
	if !l.scope.IsTraining(x.Graph()) {
		return Max(x, MulScalar(x, slope))
	}
	var y *Node
	x = IdentityWithCustomGradient(x, func(_, v *Node) *Node {
		return Add(MulScalar(v, slope), MulScalar(Mul(v, NonNegativeIndicator(y)), 1-slope))
	})
	y = Sub(x, StopGradient(MulScalar(MinScalar(x, 0), 1-slope)))
	return y
}

// MaxPool2 takes the largest of each 2×2 window of x [n, h, w, c]; an odd last row or column is dropped.
func MaxPool2(x *Node) *Node { return MaxPool(x).Window(2).Done() }

// Flatten joins height, width and channels of x [n, h, w, c], in this order, to [n, h·w·c].
func Flatten(x *Node) *Node { return Reshape(x, x.Shape().Dim(0), -1) }

// Dropout sets numbers to 0 with a probability, in [0, 1), while training, and scales the others so that the mean stays.
func (l *Layers) Dropout(x *Node, probability float64) *Node {
	if probability == 0 || !l.scope.IsTraining(x.Graph()) {
		return x
	}
	keep := 1 - probability
	mask := l.scope.RandomBernoulli(Scalar(x.Graph(), x.DType(), keep), x.Shape())
	return MulScalar(Mul(x, mask), 1/keep)
}

// Normal is the distribution that initial values are drawn from; without deviation it is a constant.
type Normal struct{ Mean, Std float64 }

// Initial says how a layer's weights and bias begin.
type Initial struct {
	Std  float64 // of the weights, around 0; 0 means √(2/fan-in) (He et al. 2015, equation 10)
	Bias Normal
}

// weights is the distribution for weights that sum fanIn inputs each.
func (i Initial) weights(fanIn int) Normal {
	if i.Std > 0 {
		return Normal{Std: i.Std}
	}
	return Normal{Std: math.Sqrt(2 / float64(fanIn))}
}

// variable returns scope's variable, created if it is missing. The first values depend on the store's seed and on the
// variable's path only, so a layer more or less in the network leaves the others' as they were.
func variable(scope *model.Scope, name string, init Normal, dims ...int) *model.Variable {
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
func (d Normal) draw(count int, seed uint64, path string) []float32 {
	hash := fnv.New64a()
	hash.Write([]byte(path))
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	values := make([]float32, count)
	for i := range values {
		values[i] = float32(d.Mean)
		if d.Std > 0 {
			values[i] = float32(d.Mean + d.Std*random.NormFloat64())
		}
	}
	return values
}
