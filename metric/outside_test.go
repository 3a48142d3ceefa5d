package metric_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/metric"
)

// What another module can write, with exported names alone: parts that are Siam's own, written again. Each pair of objectives must
// give the same numbers.
func TestPartsFromOutsideAreAsGoodAsOurs(t *testing.T) {
	base := metric.Objective{Distance: metric.Euclidean(), Miner: metric.All(), Loss: metric.Contrastive(0.2, 1), Reducer: metric.Mean()}
	triplets := base
	triplets.Loss = metric.SoftMarginTriplet()
	for name, pair := range map[string]func(ours, own *metric.Objective){
		"a loss of pairs": func(_, own *metric.Objective) { own.Loss = contrastive() },
		"a loss of triplets": func(ours, own *metric.Objective) {
			ours.Loss, own.Loss = metric.SoftMarginTriplet(), softMargin()
		},
		"a loss of triplets and a miner of single ones": func(ours, own *metric.Objective) {
			ours.Loss, ours.Miner = metric.SoftMarginTriplet(), metric.BatchHard()
			own.Loss, own.Miner = softMargin(), batchHard()
		},
		"a loss that learns": func(ours, own *metric.Objective) { ours.Loss, own.Loss = metric.Margin(0.2, 0.9), margin() },
		"a loss with proxies": func(ours, own *metric.Objective) {
			ours.Loss, own.Loss = metric.NormalizedSoftmax(8), softmax()
			ours.Classes, own.Classes = 5, 5
		},
		"a miner of triplets": func(ours, own *metric.Objective) {
			*ours, *own = triplets, triplets
			ours.Miner, own.Miner = metric.SemiHard(0.3), semiHard()
		},
		"a miner that compares embeddings": func(ours, own *metric.Objective) {
			*ours, *own = triplets, triplets
			ours.Miner, own.Miner = metric.Angular(45), angular()
		},
		"a reducer":  func(_, own *metric.Objective) { own.Reducer = mean() },
		"a distance": func(_, own *metric.Objective) { own.Distance = euclidean() },
		"a regulariser": func(ours, own *metric.Objective) {
			ours.Regularizers, own.Regularizers = []metric.Regularizer{metric.Length(0.3)}, []metric.Regularizer{length()}
		},
		"a regulariser that learns": func(ours, own *metric.Objective) {
			also := metric.Objective{Distance: metric.Cosine(), Loss: metric.NormalizedSoftmax(8), Reducer: metric.Mean(), Classes: 5}
			ours.Regularizers, own.Regularizers = []metric.Regularizer{metric.Also(0.3, also)}, []metric.Regularizer{proxies(0.3)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, own := base, base
			pair(&ours, &own)
			want, got := numbers(t, ours), numbers(t, own)
			for i := range want {
				if d := got[i] - want[i]; !(d < 1e-5 && d > -1e-5) {
					t.Fatalf("number %d of loss, watch and gradient = %v, want %v", i, got[i], want[i])
				}
			}
		})
	}
}

func contrastive() metric.Loss {
	return metric.Loss{Name: "own", Terms: func(p metric.Pairs) []metric.Terms {
		pull := MaxScalar(AddScalar(p.Distances, -0.2), 0)
		push := MaxScalar(AddScalar(Neg(p.Distances), 1), 0)
		return []metric.Terms{metric.TermsOf(pull, p.Same), metric.TermsOf(push, p.Different)}
	}}
}

func softMargin() metric.Loss {
	return metric.Loss{Name: "own", Triplets: true, Terms: func(p metric.Pairs) []metric.Terms {
		return []metric.Terms{p.TripletTerms(func(gap *Node) *Node { return Log1p(Exp(gap)) })}
	}}
}

func margin() metric.Loss {
	boundary := func(scope *model.Scope) *model.Variable {
		return metric.Variable(scope, "boundary", func() *tensors.Tensor { return tensors.FromScalar(float32(0.9)) })
	}
	return metric.Loss{
		Name: "own", Declare: func(scope *model.Scope) { boundary(scope) },
		Terms: func(p metric.Pairs) []metric.Terms {
			beyond := Sub(p.Distances, boundary(p.Scope).NodeValue(p.Distances))
			values := MaxScalar(AddScalar(Where(p.Same, beyond, Neg(beyond)), 0.2), 0)
			return []metric.Terms{metric.TermsOf(values, LogicalOr(p.Same, p.Different))}
		},
	}
}

func softmax() metric.Loss {
	return metric.Loss{Name: "own", Proxies: true, Terms: func(p metric.Pairs) []metric.Terms {
		logits := MulScalar(p.Distances, -8)
		own := ReduceSum(metric.Masked(p.Same, logits), -1)
		all := metric.LogSumExp(logits, LogicalOr(p.Same, p.Different))
		return []metric.Terms{metric.PerAnchor(Sub(all, own), metric.AnyOf(p.Same))}
	}}
}

func batchHard() metric.Miner {
	return metric.Miner{Name: "own", Pick: func(p metric.Pairs) metric.Pairs {
		distances := StopGradient(p.Distances)
		p.Same, p.Different = metric.Farthest(distances, p.Same), metric.Nearest(distances, p.Different)
		p.Single = true
		return p
	}}
}

func semiHard() metric.Miner {
	return metric.Miner{Name: "own", Keep: func(t metric.Triplets) *Node {
		zero := ScalarZero(t.Gap.Graph(), t.Gap.DType())
		return LogicalAnd(LessThan(t.Gap, zero), LessOrEqual(t.Negative, AddScalar(t.Positive, 0.3)))
	}}
}

func angular() metric.Miner {
	return metric.Miner{Name: "own", Embeddings: true, Keep: func(t metric.Triplets) *Node {
		a, p, n := t.Embeddings()
		a, p, n = InsertAxes(a, 1, 1), InsertAxes(p, 0, 1), InsertAxes(n, 0, 0) // [a, 1, 1, d], [1, p, 1, d], [1, 1, m, d]
		square := func(x *Node) *Node { return ReduceSum(Square(x), -1) }
		middle := MulScalar(Add(a, p), 0.5)
		return GreaterThan(square(Sub(a, p)), MulScalar(square(Sub(n, middle)), 4)) // tan² 45° is 1
	}}
}

func mean() metric.Reducer {
	return metric.Reducer{Name: "own", Reduce: func(t metric.Terms) *Node {
		return Div(ReduceAllSum(t.Sum), MaxScalar(ReduceAllSum(t.Count), 1))
	}}
}

func euclidean() metric.Distance {
	return metric.Distance{Name: "own", Matrix: func(a, b *Node) *Node {
		return metric.SafeSqrt(ReduceSum(Square(Sub(InsertAxes(a, 1), InsertAxes(b, 0))), -1))
	}}
}

func length() metric.Regularizer {
	return metric.Regularizer{Name: "own", Penalty: func(s metric.Subject) *Node {
		return MulScalar(ReduceAllMean(ReduceSum(Square(s.Embeddings), -1)), 0.3)
	}}
}

// proxies is what Also makes of a loss with proxies, which it learns in the scope of the regulariser.
func proxies(weight float64) metric.Regularizer {
	o := metric.Objective{Distance: metric.Cosine(), Loss: softmax(), Reducer: mean(), Classes: 5}
	return metric.Regularizer{
		Name: "own", Declare: o.Declare,
		Penalty: func(s metric.Subject) *Node { return MulScalar(o.Apply(s.Scope, s.Batch).Loss, weight) },
	}
}

// numbers are the loss, what is watched and the gradient of an objective of one fixed batch.
func numbers(t *testing.T, o metric.Objective) []float32 {
	t.Helper()
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	const n, d = 23, 5
	random := rand.New(rand.NewPCG(3, 0))
	embeddings, labels := make([]float32, n*d), make([]int32, n)
	for i := range embeddings {
		embeddings[i] = float32(0.5 * random.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(random.IntN(5))
	}
	positives := metric.Positives(labels)
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	o.Declare(store.RootScope(), d)
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, in []*Node) []*Node {
		r := o.Apply(scope, metric.Batch{Embeddings: in[0], Labels: in[1], Positives: in[2]})
		return append([]*Node{r.Loss, r.Active, r.Typical, r.Mean, r.Spread}, Gradient(r.Loss, in[0])...)
	})
	outputs, err := exec.Call(tensors.FromFlatDataAndDimensions(embeddings, n, d), labels,
		tensors.FromFlatDataAndDimensions(positives, n, len(positives)/n))
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	for _, o := range outputs {
		all = append(all, tensors.MustCopyFlatData[float32](o)...)
	}
	return all
}

func TestPartsThatAreWrittenWrongSaySo(t *testing.T) {
	good := metric.Objective{Distance: metric.Cosine(), Miner: metric.All(), Loss: softMargin(), Reducer: mean()}
	for want, change := range map[string]func(o *metric.Objective){
		"loss own returned no terms": func(o *metric.Objective) {
			o.Loss = metric.Loss{Name: "own", Terms: func(metric.Pairs) []metric.Terms { return nil }}
		},
		"reducer own gives (Float32)[23], want a scalar": func(o *metric.Objective) {
			o.Reducer = metric.Reducer{Name: "own", Reduce: func(t metric.Terms) *Node { return t.Sum }}
		},
		"regularizer own gives (Float32)[23, 5], want a scalar": func(o *metric.Objective) {
			o.Regularizers = []metric.Regularizer{{Name: "own", Penalty: func(s metric.Subject) *Node { return s.Embeddings }}}
		},
		"but its Embeddings is not set": func(o *metric.Objective) {
			o.Miner = angular()
			o.Miner.Embeddings = false
		},
	} {
		o := good
		change(&o)
		if got := panics(func() { numbers(t, o) }); !strings.Contains(got, want) {
			t.Errorf("panics with %q, want one with %q", got, want)
		}
	}
}

func panics(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}
