package train

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
)

// points is a batch of a task of a program outside: y is to be predicted from x.
type points struct{ x, y []float32 }

// line is that task: y ≈ a·x + b, with the mean squared error.
type line struct{ undeclared, reserved, panics bool }

func (l line) Declare(_ compute.Backend, store *model.Store) error {
	if l.panics {
		panic(errors.New("no paper"))
	}
	scope := store.RootScope().In("line")
	if l.reserved {
		scope = store.RootScope().In(averageScope)
	}
	scope.VariableWithValue("a", []float32{0.5})
	scope.VariableWithValue("b", []float32{0})
	return nil
}

func (l line) Feed(p points) ([]*tensors.Tensor, error) {
	if len(p.x) != len(p.y) {
		return nil, errors.New("as many x as y")
	}
	return []*tensors.Tensor{tensors.FromValue(p.x), tensors.FromValue(p.y)}, nil
}

func (l line) predict(scope *model.Scope, x *Node) *Node {
	at := func(name string) *Node { return scope.Store().GetVariable("/line/" + name).NodeValue(x) }
	return Add(Mul(x, at("a")), at("b"))
}

func (l line) Loss(scope *model.Scope, inputs []*Node) Outcome {
	loss := ReduceAllMean(Square(Sub(l.predict(scope, inputs[0]), inputs[1])))
	if l.undeclared {
		loss = Add(loss, ReduceAllSum(scope.In("late").VariableWithValue("c", []float32{1}).NodeValue(loss)))
	}
	return Outcome{Loss: loss}
}

// layeredLine shows its layers too.
type layeredLine struct{ line }

func (l layeredLine) Outputs(scope *model.Scope, inputs []*Node) []Output {
	return []Output{{"the line", l.predict(scope, inputs[0])}}
}

func lineConfig() Config {
	return Config{Optimizer: SGD{}, Layer: Layer{Rate: 0.1}, StepsPerEpoch: 5}
}

func lineTrainer(t *testing.T, task Task[points], config Config) *Trainer[points] {
	t.Helper()
	tr, err := New(backend(t), task, config)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// samples are noisy points of 3x − 1.
func samples(from, to int) iter.Seq2[points, error] {
	return func(yield func(points, error) bool) {
		for i := from; i < to; i++ {
			random := rand.New(rand.NewPCG(uint64(i), 5))
			var p points
			for range 8 {
				x := float32(random.NormFloat64())
				p.x, p.y = append(p.x, x), append(p.y, 3*x-1+0.1*float32(random.NormFloat64()))
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func lineLosses(t *testing.T, tr *Trainer[points], batches iter.Seq2[points, error]) (all []float64) {
	t.Helper()
	for step, err := range tr.Steps(context.Background(), batches) {
		if err != nil {
			t.Fatal(err)
		}
		if step.Active != 0 || step.Mean != 0 || step.Spread != 0 || step.Note != "" {
			t.Errorf("step %+v of a task without such numbers, want 0", step)
		}
		all = append(all, step.Loss)
	}
	return all
}

func TestATaskOfAnotherProgramTrains(t *testing.T) {
	tr := lineTrainer(t, line{}, lineConfig())
	got := lineLosses(t, tr, samples(0, 6))
	a, b := 0.5, 0.0
	n := 0
	for p := range samples(0, 6) { // gradient descent, by hand
		var loss, da, db float64
		for i, x := range p.x {
			e := a*float64(x) + b - float64(p.y[i])
			loss, da, db = loss+e*e/8, da+2*e*float64(x)/8, db+2*e/8
		}
		if math.Abs(got[n]-loss) > 1e-5 {
			t.Errorf("loss %d = %v, want %v", n+1, got[n], loss)
		}
		a, b, n = a-0.1*da, b-0.1*db, n+1
	}
	weights, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	if len(weights) != 2 || weights[0].Name != "line/a" || math.Abs(float64(weights[0].Values[0])-a) > 1e-5 || math.Abs(float64(weights[1].Values[0])-b) > 1e-5 {
		t.Errorf("weights = %v, want line/a %v and line/b %v", weights, a, b)
	}
	store := must(NewStore(backend(t), line{}, weights))
	exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, x *Node) *Node { return line{}.predict(scope, x) })
	if got := tensors.MustCopyFlatData[float32](must(exec.Call1([]float32{2})))[0]; math.Abs(float64(got)-(2*a+b)) > 1e-5 {
		t.Errorf("the line at 2 from a new store = %v, want %v", got, 2*a+b)
	}
	if layers := tr.Layers(); !slices.Equal(layers, []string{"line", ObjectiveLayer}) {
		t.Errorf("Layers() = %v, want line and %s", layers, ObjectiveLayer)
	}
}

func TestATaskOfAnotherProgramResumes(t *testing.T) {
	config := lineConfig()
	config.Optimizer, config.Average = NewAdam(), 0.9
	path := filepath.Join(t.TempDir(), "checkpoint")
	whole := lineTrainer(t, line{}, config)
	want := lineLosses(t, whole, samples(0, 8))
	first := lineTrainer(t, line{}, config)
	got := lineLosses(t, first, samples(0, 3))
	if err := first.SaveCheckpoint(path, nil); err != nil {
		t.Fatal(err)
	}
	second := lineTrainer(t, line{}, config)
	if _, err := second.LoadCheckpoint(path); err != nil {
		t.Fatal(err)
	}
	got = append(got, lineLosses(t, second, samples(3, 8))...)
	if !slices.Equal(got, want) {
		t.Errorf("losses of a resumed training = %v, want %v", got, want)
	}
	if a, b := must(whole.Weights()), must(second.Weights()); !cmp.Equal(a, b) {
		t.Errorf("weights = %v, want %v", b, a)
	}
	other := lineTrainer(t, encodedLine{}, config)
	if _, err := other.LoadCheckpoint(path); err == nil || !strings.Contains(err.Error(), "another model: it lacks curve/c") {
		t.Errorf("LoadCheckpoint of a line into a curve = %v, want an error that names what it lacks", err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// encodedLine has a variable more.
type encodedLine struct{ line }

func (c encodedLine) Declare(backend compute.Backend, store *model.Store) error {
	store.RootScope().In("curve").VariableWithValue("c", []float32{0})
	return c.line.Declare(backend, store)
}

func TestTasksThatDeclareWrongAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		task Task[points]
		want string
	}{
		"a variable in a scope of the trainer's": {line{reserved: true}, "/average/a, but the scope average is the trainer's"},
		"a panic":                                {line{panics: true}, "no paper"},
	} {
		if _, err := New(backend(t), test.task, lineConfig()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("New of a task with %s = %v, want an error with %q", name, err, test.want)
		}
	}
	for _, err := range lineTrainer(t, line{undeclared: true}, lineConfig()).Steps(t.Context(), samples(0, 1)) {
		if err == nil || !strings.Contains(err.Error(), "variable /late/c, which its Declare does not create") {
			t.Errorf("a step with a variable that was not declared = %v, want an error that names it", err)
		}
	}
}

// wrongLine is a line with a loss that nothing can be learned from.
type wrongLine struct {
	line
	loss func(right *Node) *Node
}

func (w wrongLine) Loss(scope *model.Scope, inputs []*Node) Outcome {
	return Outcome{Loss: w.loss(w.line.Loss(scope, inputs).Loss)}
}

func TestLossesThatTeachNothingAreRefused(t *testing.T) {
	for want, loss := range map[string]func(right *Node) *Node{
		"Loss returns no Loss to minimise":      func(*Node) *Node { return nil },
		"Loss returns (Float32)[2] to minimise": func(right *Node) *Node { return Stack([]*Node{right, right}, 0) },
	} {
		for _, err := range lineTrainer(t, wrongLine{loss: loss}, lineConfig()).Steps(t.Context(), samples(0, 1)) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a step = %v, want an error with %q", err, want)
			}
		}
	}
	for _, err := range lineTrainer(t, constant{}, lineConfig()).Steps(t.Context(), samples(0, 1)) {
		if want := "Loss uses no trainable variable"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a step of a constant loss = %v, want an error with %q", err, want)
		}
	}
}

// constant is a line whose loss does not depend on it.
type constant struct{ line }

func (constant) Loss(_ *model.Scope, inputs []*Node) Outcome {
	return Outcome{Loss: ReduceAllSum(inputs[1])}
}

func TestNumbersThatOverflowAreTracedAsFarAsTheTaskShows(t *testing.T) {
	for _, test := range []struct {
		task Task[points]
		bad  points
		want string
	}{
		{line{}, points{[]float32{1}, []float32{3e38}}, "step 1: the loss is +Inf; lower"},
		{layeredLine{}, points{[]float32{3e38}, []float32{1}}, "step 1: the loss is +Inf: layer the line gives numbers that are not finite"},
		{layeredLine{}, points{[]float32{1}, []float32{3e38}}, "step 1: the loss is +Inf, though every layer's output is finite"},
		{line{}, points{[]float32{1}, []float32{float32(math.NaN())}}, "step 1: the batch holds numbers that are not finite"},
	} {
		tr := lineTrainer(t, test.task, lineConfig())
		if err := tr.SetWeights([]modelfile.Tensor{
			{Name: "line/a", Shape: []int{1}, Values: []float32{10}}, {Name: "line/b", Shape: []int{1}, Values: []float32{0}},
		}); err != nil {
			t.Fatal(err)
		}
		_, err := tr.step(test.bad)
		if overflow, ok := errors.AsType[*NotFinite](err); !ok || !strings.HasPrefix(overflow.Error(), test.want) {
			t.Errorf("step of %T on %v = %v, want %q", test.task, test.bad, err, test.want)
		}
	}
}

func TestSetWeightsWantsExactlyTheModels(t *testing.T) {
	tensor := func(name string, values ...float32) modelfile.Tensor {
		return modelfile.Tensor{Name: name, Shape: []int{len(values)}, Values: values}
	}
	tr := lineTrainer(t, line{}, lineConfig())
	before := must(tr.Weights())
	for want, weights := range map[string][]modelfile.Tensor{
		"needs weights line/b, which are missing": {tensor("line/a", 1)},
		"line/c belong to no layer":               {tensor("line/a", 1), tensor("line/b", 1), tensor("line/c", 1)},
		"have shape [2], want [1]":                {tensor("line/a", 1, 2), tensor("line/b", 1)},
	} {
		if err := tr.SetWeights(weights); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("SetWeights error = %v, want one with %q", err, want)
		}
	}
	if after := must(tr.Weights()); !cmp.Equal(before, after) {
		t.Errorf("refused weights changed the model to %v", after)
	}
}

// signs is an optimizer of a program outside: steps of one length along the sign of a running mean of the gradients.
type signs struct{}

func (signs) Scalars(int) []float32 { return nil }

func (signs) Update(u Update) {
	mean := u.Memory("mean")
	m := Add(MulScalar(mean.NodeValue(u.Gradient), 0.9), MulScalar(u.Gradient, 0.1))
	mean.SetNodeValue(m)
	u.Variable.SetNodeValue(Sub(u.Variable.NodeValue(m), Mul(Sign(m), u.Rate)))
}

func TestAnOptimizerOfAnotherProgramTrains(t *testing.T) {
	config := lineConfig()
	config.Optimizer, config.Schedule = signs{}, func(at Moment) float64 { return 1 / float64(1+at.Step) }
	tr := lineTrainer(t, line{}, config)
	lineLosses(t, tr, samples(0, 3))
	if a := must(tr.Weights())[0].Values[0]; math.Abs(float64(a)-(0.5+0.1+0.05+0.1/3)) > 1e-6 {
		t.Errorf("a after three steps up = %v, want 0.5 + 0.1 + 0.05 + 0.0333", a)
	}
}

// clouds are batches of vectors of four classes around points of their own.
func clouds(from, to int) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		for i := from; i < to; i++ {
			random := rand.New(rand.NewPCG(uint64(i), 7))
			b := &dataset.Batch{N: 16}
			for row := range b.N {
				class := row / 4
				for j := range 6 {
					b.Vectors = append(b.Vectors, float32(math.Sin(float64((class+1)*(j+1))))+0.3*float32(random.NormFloat64()))
				}
				b.Labels = append(b.Labels, int32(class))
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func TestEncodersOfVectorsTrain(t *testing.T) {
	c := config()
	c.Spec = encoder.MLP(6)
	tr := trainer(t, c)
	run(t, tr, clouds(0, 60))
	for b := range clouds(100, 101) {
		rows := embedded(t, tr, c.Spec, b.Vectors)
		right := 0
		for i := range rows {
			best, at := math.Inf(1), -1
			for k := range rows {
				var d float64
				for j := range rows[i] {
					d += math.Pow(float64(rows[i][j]-rows[k][j]), 2)
				}
				if i != k && d < best {
					best, at = d, k
				}
			}
			if b.Labels[at] == b.Labels[i] {
				right++
			}
		}
		if right < 15 {
			t.Errorf("%d of 16 vectors have a neighbour of their class nearest, want nearly all", right)
		}
	}
	if _, err := tr.step(stripesBatch(0)); err == nil || !strings.Contains(err.Error(), "batch of 20 vectors with 0 numbers, want shape [6] for each") {
		t.Errorf("step of an encoder of vectors on images = %v, want an error that says so", err)
	}
}

// joined makes one batch of every so many.
func joined(batches iter.Seq2[points, error], count int) iter.Seq2[points, error] {
	return func(yield func(points, error) bool) {
		var all points
		for p, err := range batches {
			all.x, all.y = append(all.x, p.x...), append(all.y, p.y...)
			if len(all.x) < count*len(p.x) {
				continue
			}
			if !yield(all, err) {
				return
			}
			all = points{}
		}
	}
}

func TestGradientsOfSeveralBatchesMakeTheStepOfOneLargeBatch(t *testing.T) {
	for name, optimizer := range map[string]Optimizer{"sgd": SGD{}, "adam": NewAdam()} {
		t.Run(name, func(t *testing.T) {
			config := lineConfig()
			config.Optimizer, config.Clip, config.Average = optimizer, 0.5, 0.9
			large := lineTrainer(t, line{}, config)
			want := lineLosses(t, large, joined(samples(0, 15), 3))
			config.Accumulate = 3
			small := lineTrainer(t, line{}, config)
			got := lineLosses(t, small, samples(0, 7)) // the seventh makes no step
			path := filepath.Join(t.TempDir(), "checkpoint")
			if err := small.SaveCheckpoint(path, nil); err != nil {
				t.Fatal(err)
			}
			small = lineTrainer(t, line{}, config)
			if _, err := small.LoadCheckpoint(path); err != nil || small.Done() != 2 {
				t.Fatal(small.Done(), err)
			}
			got = append(got, lineLosses(t, small, samples(6, 15))...)
			if len(got) != 5 || len(want) != 5 {
				t.Fatalf("%d steps, want 5 and %d", len(got), len(want))
			}
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-5*want[i] {
					t.Errorf("loss of step %d = %v, want %v", i+1, got[i], want[i])
				}
			}
			ours, err := small.Weights()
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := large.Weights()
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range theirs {
				if math.Abs(float64(ours[i].Values[0]-w.Values[0])) > 1e-5 {
					t.Errorf("%s = %v, want %v", w.Name, ours[i].Values, w.Values)
				}
			}
		})
	}
}
