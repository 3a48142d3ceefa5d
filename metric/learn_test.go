package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/distance"
)

// world is a made-up problem: a class is a point in the first four components of an input and its examples lie around it; the
// other components are larger and mean nothing. An encoder has to learn which is which, and then knows new classes.
type world struct{ random *rand.Rand }

const (
	inputs, meaning, outputs = 16, 4, 8
	learned, perBatch, each  = 40, 8, 4
)

func newWorld(seed uint64) world { return world{rand.New(rand.NewPCG(seed, 7))} }

func (w world) normal(n int, deviation float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = deviation * w.random.NormFloat64()
	}
	return x
}

func (w world) classes(n int) (points [][]float64) {
	for range n {
		points = append(points, w.normal(meaning, 1))
	}
	return points
}

// example is what an encoder sees of a class.
func (w world) example(class []float64) []float32 {
	components := append(w.normal(meaning, 0.25), w.normal(inputs-meaning, 1.5)...)
	x := make([]float32, inputs)
	for i, v := range components {
		x[i] = float32(v)
		if i < meaning {
			x[i] += float32(class[i])
		}
	}
	return x
}

// batch is some of the classes with some examples each.
func (w world) batch(classes [][]float64) (x [][]float32, labels []int32) {
	for _, c := range w.random.Perm(len(classes))[:perBatch] {
		for range each {
			x, labels = append(x, w.example(classes[c])), append(labels, int32(c))
		}
	}
	return x, labels
}

// learner trains a linear encoder to unit vectors by steps of a fixed length relative to each variable.
type learner struct {
	step, judge *model.Exec
	weights     *model.Variable
}

func newLearner(t *testing.T, o Objective) learner {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	random := rand.New(rand.NewPCG(5, 6))
	first := make([]float32, inputs*outputs)
	for i := range first {
		first[i] = float32(random.NormFloat64()) / 4
	}
	encoder := store.RootScope().In("encoder")
	weights := encoder.VariableWithValue("weights", tensors.FromFlatDataAndDimensions(first, inputs, outputs))
	scope := store.RootScope().In("objective")
	o.Declare(scope, outputs)
	outcome := func(o Objective, x, labels *Node) Outcome {
		return o.Apply(scope, Batch{Embeddings: unit(Dot(x, weights.NodeValue(x)).Product()), Labels: labels})
	}
	judged := o
	judged.Miner, judged.Reducer, judged.Memory, judged.Regularizers = All(), Mean(), 0, nil
	return learner{
		weights: weights,
		step: model.MustNewExec(backend, store, func(_ *model.Scope, x, labels, rate *Node) *Node {
			loss := outcome(o, x, labels).Loss
			g := x.Graph()
			var variables []*model.Variable
			var values []*Node
			for v := range store.IterVariables() {
				if v.Trainable && v.InUseByGraph(g) {
					variables, values = append(variables, v), append(values, v.NodeValue(g))
				}
			}
			for i, slope := range Gradient(loss, values...) {
				length := func(x *Node) *Node { return Sqrt(AddScalar(ReduceAllSum(Square(x)), 1e-12)) }
				change := Mul(slope, Mul(rate, Div(length(values[i]), length(slope))))
				variables[i].SetNodeValue(Sub(values[i], change))
			}
			return loss
		}),
		judge: model.MustNewExec(backend, store, func(_ *model.Scope, x, labels *Node) *Node { return outcome(judged, x, labels).Loss }),
	}
}

// oneShot is the share of examples of new classes whose nearest of one example of each class is of their own.
func (l learner) oneShot(by distance.Distance, w world, classes [][]float64) float64 {
	weights := l.weights.MustValue().Value().([][]float32)
	embed := func(x []float32) []float32 {
		y := make([]float32, outputs)
		var square float64
		for j := range y {
			for i, v := range x {
				y[j] += v * weights[i][j]
			}
			square += float64(y[j] * y[j])
		}
		for j := range y {
			y[j] /= float32(math.Sqrt(square))
		}
		return y
	}
	var support [][]float32
	for _, class := range classes {
		support = append(support, embed(w.example(class)))
	}
	right, all := 0, 0
	for label, class := range classes {
		for range 20 {
			query, best := embed(w.example(class)), 0
			for k := range support {
				if by.Of(query, support[k]) < by.Of(query, support[best]) {
					best = k
				}
			}
			all++
			if best == label {
				right++
			}
		}
	}
	return float64(right) / float64(all)
}

// trainables are all losses as their authors use them, and parts that are no loss's usual ones.
func trainables() map[string]Choice {
	all := map[string]Choice{
		"triplet, all":           {Loss: "triplet", Miner: "all"},
		"triplet, hard":          {Loss: "triplet", Miner: "hard"},
		"triplet, easy positive": {Loss: "triplet", Miner: "easy_positive"},
		"triplet, angular":       {Loss: "triplet", Miner: "angular", Parameters: map[string]float64{"degrees": 30}},
		"triplet, sum":           {Loss: "triplet", Reducer: "sum"},
		"contrastive, snr":       {Loss: "contrastive", Distance: "snr", Parameters: map[string]float64{"near": 0.01, "beyond": 0.5}},
		"contrastive, l1":        {Loss: "contrastive", Distance: "l1"},
		"nt_xent, per class":     {Loss: "nt_xent", Reducer: "per_class"},
		"supcon, memory":         {Loss: "supcon", Memory: 128},
		"margin, memory":         {Loss: "margin", Memory: 128},
	}
	for _, name := range LossNames() {
		all[name] = Choice{Loss: name}
	}
	// In four dimensions that mean something 40 classes cannot all point away from each other, as scale 32 wants.
	all["proxy_anchor"] = Choice{Loss: "proxy_anchor", Parameters: map[string]float64{"scale": 4}}
	return all
}

func TestEveryLossLearnsToTellNewClassesApart(t *testing.T) {
	for name, choice := range trainables() {
		t.Run(name, func(t *testing.T) {
			choice.Classes = learned
			o, err := choice.Objective()
			if err != nil {
				t.Fatal(err)
			}
			steps := 80
			if o.Classes > 0 {
				steps = 300 // a proxy is in few batches
			}
			outside, err := distance.ByName(o.Distance.Name)
			if err != nil {
				t.Fatal(err)
			}
			l, w := newLearner(t, o), newWorld(11)
			old, fresh := w.classes(learned), w.classes(10)
			x, labels := w.batch(old)
			loss := func() float32 { return tensors.ToScalar[float32](l.judge.MustCall(x, labels)[0]) }
			lossBefore, before := loss(), l.oneShot(outside, w, fresh)
			for step := range steps {
				x, labels := w.batch(old)
				rate := float32(0.1 * (1 - float64(step)/float64(steps)))
				if _, err := l.step.Call(x, labels, rate); err != nil {
					t.Fatal(err)
				}
			}
			lossAfter, after := loss(), l.oneShot(outside, w, fresh)
			if lossAfter > 0.9*lossBefore {
				t.Errorf("loss = %v after %d steps, want at most 0.9 of the %v before", lossAfter, steps, lossBefore)
			}
			if before > 0.3 || after < 0.6 {
				t.Errorf("one-shot accuracy of new classes = %v, after %d steps %v; want at most 0.3, then at least 0.6", before, steps, after)
			}
		})
	}
}
