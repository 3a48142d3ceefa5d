package metric

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/distance"
)

func TestApplyWatchesTheDistances(t *testing.T) {
	e := [][]float64{{0}, {1}, {3}}
	got := run(t, func(x, l *Node) []*Node {
		o := Objective{Distance: Euclidean(), Loss: Triplet(0.5), Reducer: Mean()}.Apply(nil, Batch{Embeddings: x, Labels: l})
		return []*Node{o.Loss, o.Active, o.Mean, o.Spread}
	}, e, []int32{0, 0, 1})
	// Triplets (0,1,2) and (1,0,2) with gaps 1-3 and 1-2; distances 1, 3, 2 twice each.
	for i, want := range []float64{0, 0, 2, math.Sqrt(2.0 / 3)} {
		if !near(got[i][0], want, 1e-9) {
			t.Errorf("%s = %v, want %v", []string{"Loss", "Active", "Mean", "Spread"}[i], got[i][0], want)
		}
	}
}

func TestActiveCountsWhatTheMinerLeftOut(t *testing.T) {
	e := [][]float64{{0}, {1}, {1.2}, {9}}
	got := run(t, func(x, l *Node) []*Node {
		return []*Node{Objective{Distance: Euclidean(), Miner: SemiHard(0.5), Loss: Triplet(0.5), Reducer: Mean()}.Apply(nil, Batch{Embeddings: x, Labels: l}).Active}
	}, e, []int32{0, 0, 1, 2})
	// Of the triplets (0,1,2), (0,1,3), (1,0,2), (1,0,3) with gaps -0.2, -8, 0.8 and -7 one is semi-hard.
	if got[0][0] != 0.25 {
		t.Errorf("Active = %v, want 0.25", got[0][0])
	}
}

func TestClassesCompareWithProxies(t *testing.T) {
	store := model.NewStore()
	o := Objective{Distance: Cosine(), Loss: NormalizedSoftmax(4), Reducer: Mean(), Classes: 3}
	embeddings := [][]float32{{1, 0}, {0, 2}, {-1, 1}, {1, 1}}
	labels := []int32{0, 2, 1, 1}
	exec := model.MustNewExec(gobackend.GetBackend(), store, func(scope *model.Scope, x, l *Node) *Node {
		return o.Apply(scope.In("objective"), Batch{Embeddings: x, Labels: l}).Loss
	})
	got, err := exec.Call1(embeddings, labels)
	if err != nil {
		t.Fatal(err)
	}
	proxies := tensors.MustCopyFlatData[float32](store.GetVariable("/objective/proxies").MustValue())
	var want float64
	for i, e := range embeddings {
		var total float64
		for c := range 3 {
			total += math.Exp(-4 * float64(distance.Cosine().Of(e, proxies[2*c:2*c+2])))
		}
		own := int(labels[i])
		want += (math.Log(total) + 4*float64(distance.Cosine().Of(e, proxies[2*own:2*own+2]))) / 4
	}
	if loss := float64(tensors.ToScalar[float32](got)); !near(loss, want, 1e-5) {
		t.Errorf("loss = %v, want %v", loss, want)
	}
}

func TestCollapsedIsTheTypicalValueOfEqualEmbeddings(t *testing.T) {
	for _, loss := range []Loss{Triplet(0.2), SoftMarginTriplet(), Quadruplet(0.2, 0.1)} {
		o := Objective{Distance: SquaredEuclidean(), Loss: loss, Reducer: Sum()}
		got := run(t, func(x, l *Node) []*Node { return []*Node{o.Apply(nil, Batch{Embeddings: x, Labels: l}).Typical} },
			[][]float64{{1, 2}, {1, 2}, {1, 2}, {1, 2}}, []int32{0, 0, 1, 2})[0][0]
		if !near(got, o.Collapsed(), 1e-9) {
			t.Errorf("%s: typical value of equal embeddings = %v, want %v", loss.Name, got, o.Collapsed())
		}
	}
}

func TestCheckFindsPartsThatDoNotFit(t *testing.T) {
	good := FaceNet()
	if err := good.Check(); err != nil {
		t.Errorf("FaceNet().Check() = %v, want nil", err)
	}
	pairs := Objective{Distance: Cosine(), Loss: SupCon(0.1), Reducer: Mean()}
	change := func(f func(*Objective)) Objective {
		o := pairs
		f(&o)
		return o
	}
	for name, bad := range map[string]Objective{
		"an empty objective":            {},
		"an objective without distance": change(func(o *Objective) { o.Distance = Distance{} }),
		"a triplet miner without them":  change(func(o *Objective) { o.Miner = SemiHard(0.2) }),
		"a negative number of classes":  change(func(o *Objective) { o.Classes = -1 }),
		"a negative memory":             change(func(o *Objective) { o.Memory = -1 }),
		"classes and a memory":          change(func(o *Objective) { o.Classes, o.Memory = 3, 8 }),
		"a class loss without classes":  change(func(o *Objective) { o.Loss = CosFace(0.1, 8) }),
		"drawing among proxies":         change(func(o *Objective) { o.Miner, o.Classes = DistanceWeighted(0.5, 1.4), 3 }),
		"an empty regularizer":          change(func(o *Objective) { o.Regularizers = make([]Regularizer, 1) }),
		"sparse centres without":        change(func(o *Objective) { o.Regularizers = []Regularizer{SparseCenters(1)} }),
		"sparse centres of one proxy": change(func(o *Objective) {
			o.Classes, o.Regularizers = 3, []Regularizer{SparseCenters(1)}
		}),
		"a bad objective beside": change(func(o *Objective) { o.Regularizers = []Regularizer{Also(1, Objective{})} }),
	} {
		if err := bad.Check(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("Check of %s = %v, want an error of one line", name, err)
		}
	}
}

func TestCheckLabelsFindsThoseOutOfRange(t *testing.T) {
	pairs := Objective{Distance: Cosine(), Loss: SupCon(0.1), Reducer: Mean()}
	classes, memory, beside := pairs, pairs, pairs
	classes.Classes, memory.Memory = 3, 8
	beside.Regularizers = []Regularizer{Also(1, memory)}
	for _, test := range []struct {
		name   string
		o      Objective
		labels []int32
		good   bool
	}{
		{"any labels of pairs", pairs, []int32{-5, 1 << 30}, true},
		{"labels of three classes", classes, []int32{0, 2}, true},
		{"a fourth class", classes, []int32{0, 3}, false},
		{"a negative class", classes, []int32{-1, 0}, false},
		{"labels to remember", memory, []int32{0, 1 << 30}, true},
		{"a negative label to remember", memory, []int32{0, -1}, false},
		{"a negative label to remember beside", beside, []int32{0, -1}, false},
	} {
		if err := test.o.CheckLabels(test.labels); (err == nil) != test.good {
			t.Errorf("CheckLabels of %s = %v, want no error: %v", test.name, err, test.good)
		}
	}
}
