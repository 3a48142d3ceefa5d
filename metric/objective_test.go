package metric

import (
	"math"
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func TestApplyWatchesTheDistances(t *testing.T) {
	e := [][]float64{{0}, {1}, {3}}
	got := run(t, func(x, l *Node) []*Node {
		o := Objective{Euclidean(), All(), Triplet(0.5), Mean(), 0}.Apply(nil, x, l)
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
		return []*Node{Objective{Euclidean(), SemiHard(0.5), Triplet(0.5), Mean(), 0}.Apply(nil, x, l).Active}
	}, e, []int32{0, 0, 1, 2})
	// Of the triplets (0,1,2), (0,1,3), (1,0,2), (1,0,3) with gaps -0.2, -8, 0.8 and -7 one is semi-hard.
	if got[0][0] != 0.25 {
		t.Errorf("Active = %v, want 0.25", got[0][0])
	}
}

func TestClassesCompareWithProxies(t *testing.T) {
	store := model.NewStore()
	o := Objective{Cosine(), All(), NormalizedSoftmax(4), Mean(), 3}
	embeddings := [][]float32{{1, 0}, {0, 2}, {-1, 1}, {1, 1}}
	labels := []int32{0, 2, 1, 1}
	exec := model.MustNewExec(gobackend.GetBackend(), store, func(scope *model.Scope, x, l *Node) *Node {
		return o.Apply(scope.In("objective"), x, l).Loss
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
			total += math.Exp(-4 * float64(Cosine().Of(e, proxies[2*c:2*c+2])))
		}
		own := int(labels[i])
		want += (math.Log(total) + 4*float64(Cosine().Of(e, proxies[2*own:2*own+2]))) / 4
	}
	if loss := float64(tensors.ToScalar[float32](got)); !near(loss, want, 1e-5) {
		t.Errorf("loss = %v, want %v", loss, want)
	}
}

func TestCollapsedIsTheTypicalValueOfEqualEmbeddings(t *testing.T) {
	for _, loss := range []Loss{Triplet(0.2), SoftTriplet()} {
		o := Objective{SquaredEuclidean(), All(), loss, Sum(), 0}
		got := run(t, func(x, l *Node) []*Node { return []*Node{o.Apply(nil, x, l).Typical} },
			[][]float64{{1, 2}, {1, 2}, {1, 2}}, []int32{0, 0, 1})[0][0]
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
	for name, bad := range map[string]Objective{
		"an empty objective":            {},
		"a triplet miner without them":  {Cosine(), SemiHard(0.2), SupCon(0.1), Mean(), 0},
		"a negative number of classes":  {Cosine(), All(), NormalizedSoftmax(1), Mean(), -1},
		"an objective without distance": {Distance{}, All(), SupCon(0.1), Mean(), 0},
	} {
		if bad.Check() == nil {
			t.Errorf("Check of %s = nil, want an error", name)
		}
	}
}
