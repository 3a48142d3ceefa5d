package train

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/metric"
)

// ObjectiveLayer is the scope, and the layer among those of Config.Layers, of all that the task learns besides the model, such as
// proxies.
const ObjectiveLayer = "objective"

// The store's scopes of what is no weight.
const (
	optimizerScope = "optimizer"
	averageScope   = "average"
	gatheredScope  = "gathered"
	randomNumbers  = "/" + model.RNGStateVariableName
)

// layerOf is the layer a variable belongs to: its path without the variable's name.
func layerOf(v *model.Variable) string {
	if topScope(v) == ObjectiveLayer {
		return ObjectiveLayer
	}
	return strings.TrimPrefix(v.Scope(), "/")
}

// isWeight says whether v is part of the model, or learned with it, and not of the training.
func (t *Trainer[B]) isWeight(v *model.Variable) bool {
	return t.declared[v.Path()] && !t.isMemory(v)
}

// isMemory says whether v is what a task remembers of earlier batches.
func (t *Trainer[B]) isMemory(v *model.Variable) bool {
	return t.declared[v.Path()] && topScope(v) == ObjectiveLayer && !v.Trainable
}

func topScope(v *model.Variable) string {
	first, _, _ := strings.Cut(weightName(v), "/")
	return first
}

// weightName is the variable's path without the leading slash.
func weightName(v *model.Variable) string { return strings.TrimPrefix(v.Path(), "/") }

// numbers are what a step shows, in the order of [sight] after the loss.
func (o Outcome) numbers(loss *Node) []*Node {
	numbers := []*Node{loss, o.Typical, o.Active, o.Mean, o.Spread}
	for i, n := range numbers {
		if n == nil {
			numbers[i] = ScalarZero(loss.Graph(), loss.DType())
		}
	}
	return numbers
}

// mustBeDeclared panics when the loss uses a variable that the task did not declare: nothing would train or save it.
func (t *Trainer[B]) mustBeDeclared(g *Graph) {
	for v := range t.store.IterVariables() {
		if v.InUseByGraph(g) && !t.declared[v.Path()] && v.Path() != randomNumbers {
			panic(fmt.Errorf("the task's Loss uses variable %s, which its Declare does not create", v.Path()))
		}
	}
}

// mustTeach panics when a task's outcome is nothing that a gradient could make smaller by changing weights.
func mustTeach(o Outcome, weights []*model.Variable) {
	switch {
	case o.Loss == nil:
		panic(errors.New("the task's Loss returns no Loss to minimise"))
	case !o.Loss.IsScalar():
		panic(fmt.Errorf("the task's Loss returns %s to minimise, want a scalar", o.Loss.Shape()))
	case len(weights) == 0:
		panic(errors.New("the task's Loss uses no trainable variable: no step would change anything"))
	}
}

// withoutGradient are the values, before the step, of what it changes without a gradient: moving averages and memories.
func (t *Trainer[B]) withoutGradient(g *Graph) map[*model.Variable]*Node {
	old := make(map[*model.Variable]*Node)
	for v := range t.store.IterVariables() {
		if t.isWeight(v) && !v.Trainable || t.isMemory(v) {
			old[v] = v.NodeValue(g)
		}
	}
	return old
}

// trainable lists the weights the graph uses and a gradient may change, in order of creation.
func (t *Trainer[B]) trainable(g *Graph) []*model.Variable {
	var weights []*model.Variable
	for v := range t.store.IterVariables() {
		if t.isWeight(v) && v.Trainable && v.InUseByGraph(g) {
			weights = append(weights, v)
		}
	}
	return weights
}

func nodes(variables []*model.Variable, g *Graph) []*Node {
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(g)
	}
	return values
}

// penalized adds λ‖w‖² of the layers that have a λ.
func (t *Trainer[B]) penalized(loss *Node, weights []*model.Variable, g *Graph) *Node {
	var values []*Node
	var lambda []float64
	for _, v := range weights {
		if l2 := t.config.layer(layerOf(v)).L2; l2 > 0 && v.Shape().Rank() >= 2 {
			values, lambda = append(values, v.NodeValue(g)), append(lambda, l2)
		}
	}
	if len(values) == 0 {
		return loss
	}
	return Add(loss, metric.Penalty(values, lambda))
}

// lengths is the squared length of each layer's gradient [layers].
func (t *Trainer[B]) lengths(weights []*model.Variable, gradients []*Node) *Node {
	sums := make([]*Node, len(t.layers))
	for i := range sums {
		sums[i] = ScalarZero(gradients[0].Graph(), dtypes.Float32)
	}
	for i, v := range weights {
		at := t.layerIndex(v)
		sums[at] = Add(sums[at], ReduceAllSum(Square(gradients[i])))
	}
	return Stack(sums, 0)
}

// safe clips the gradients by their common length, and makes them 0 in a step that must not change anything.
func (t *Trainer[B]) safe(gradients []*Node, total, finite *Node) []*Node {
	out := slices.Clone(gradients)
	for i, g := range out {
		if t.config.Clip > 0 {
			g = Mul(g, MinScalar(MulScalar(Reciprocal(AddScalar(Sqrt(total), 1e-6)), t.config.Clip), 1))
		}
		out[i] = Where(finite, g, ScalarZero(g.Graph(), g.DType()))
	}
	return out
}

// update lets the optimizer change the weights.
func (t *Trainer[B]) update(scope *model.Scope, s stepSettings, weights []*model.Variable, gradients []*Node) {
	for i, v := range weights {
		at := t.layerIndex(v)
		t.config.Optimizer.Update(Update{
			Scope:    scope.Store().Scope(path.Join("/", optimizerScope, v.Path())),
			Variable: v,
			Gradient: gradients[i],
			Rate:     s.rates[at],
			Momentum: s.momenta[at],
			Scalars:  s.scalars,
		})
	}
}

// follow moves the average of every weight towards its new value.
func (t *Trainer[B]) follow(scope *model.Scope, keep, finite *Node) {
	if t.config.Average == 0 {
		return
	}
	g := keep.Graph()
	keep = Where(finite, keep, ScalarOne(g, keep.DType()))
	for v := range scope.Store().IterVariables() {
		if !t.isWeight(v) || !v.InUseByGraph(g) {
			continue
		}
		average := t.averageOf(v)
		old := average.NodeValue(g)
		average.SetNodeValue(Add(Mul(old, keep), Mul(v.NodeValue(g), OneMinus(keep))))
	}
}

// averageOf is the variable with v's average, which begins as v's value.
func (t *Trainer[B]) averageOf(v *model.Variable) *model.Variable {
	name := path.Join("/", averageScope, v.Path())
	if a := t.store.GetVariable(name); a != nil {
		return a.SetTrainable(false)
	}
	value, err := v.MustValue().Clone()
	if err != nil {
		panic(err)
	}
	return t.store.VariableWithValue(name, value).SetTrainable(false)
}

// stepSettings are the numbers fed to each step, as scalars in the graph.
type stepSettings struct {
	rates, momenta []*Node // by layer
	scalars        []*Node // the optimizer's
	keep           *Node   // the share the weights' average keeps
	again          *Node   // 0 for the first batch of a step, else 1
}

// settings are the numbers of the coming step, in the order that split takes them apart.
func (t *Trainer[B]) settings() *tensors.Tensor {
	at := t.moment()
	factor := t.config.Schedule(at) * t.state.RateFactor
	var rates, momenta []float32
	for _, name := range t.layers {
		layer := t.config.layer(name)
		rates = append(rates, float32(layer.Rate*factor))
		momenta = append(momenta, float32(t.config.momentum(layer, at.Epoch())))
	}
	keep := min(t.config.Average, float64(1+t.state.Step)/float64(10+t.state.Step))
	all := slices.Concat(rates, momenta, t.config.Optimizer.Scalars(t.state.Updates+1), []float32{float32(keep), float32(min(1, t.gathered.batches))})
	return tensors.FromFlatDataAndDimensions(all, len(all))
}

func (t *Trainer[B]) split(settings *Node) stepSettings {
	all := make([]*Node, settings.Shape().Dim(0))
	for i := range all {
		all[i] = Reshape(Slice(settings, AxisElem(i)))
	}
	layers := len(t.layers)
	return stepSettings{
		rates:   all[:layers],
		momenta: all[layers : 2*layers],
		scalars: all[2*layers : len(all)-2],
		keep:    all[len(all)-2],
		again:   all[len(all)-1],
	}
}
