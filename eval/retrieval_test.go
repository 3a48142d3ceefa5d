package eval

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/distance"
)

// pytorch-metric-learning's tests/utils/test_calculate_accuracies.py, whose neighbour lists are as long as the largest class.
func TestMeasuresAgreeWithPytorchMetricLearning(t *testing.T) {
	labels := []int{1, 1, 2, 3, 4, 0}
	neighbours := [][]int{{0, 1, 1, 2, 2}, {1, 0, 1, 1, 3}, {4, 4, 4, 4, 2}, {3, 1, 3, 1, 3}, {0, 0, 4, 2, 2}, {1, 2, 3, 4, 5}}
	count := map[int]int{0: 2, 1: 3, 2: 5, 3: 4, 4: 5}
	var sums [4]float64
	for q, row := range neighbours {
		var hits []int
		for rank, label := range row {
			if label == labels[q] {
				hits = append(hits, rank)
			}
		}
		first := -1
		if len(hits) > 0 {
			first = hits[0]
		}
		for m, v := range judge(hits, count[labels[q]], first).measures() {
			sums[m] += v / float64(len(labels))
		}
	}
	near(t, "P@1", sums[0], 2.0/6, 1e-12)
	near(t, "R-precision", sums[1], (2.0/3+2.0/3+1.0/5+2.0/4+1.0/5+0)/6, 1e-12)
	near(t, "MAP@R", sums[2], ((1.0/2+2.0/3)/3+(1+2.0/3)/3+(1.0/5)/5+(1+2.0/3)/4+(1.0/3)/5+0)/6, 1e-12)
	near(t, "MRR", sums[3], (1.0/2+1+1.0/5+1+1.0/3+0)/6, 1e-12)
}

// cloud makes n embeddings around the centres of their labels.
func cloud(n, d, labels int, seed uint64) Labelled {
	rng := rand.New(rand.NewPCG(seed, 1))
	var set Labelled
	for i := range n {
		label := i * 7 % labels
		row := make([]float32, d)
		for j := range row {
			row[j] = float32(math.Sin(float64(label*(j+3)))+0.8*rng.NormFloat64()) + 3
		}
		set.Embeddings, set.Labels = append(set.Embeddings, row), append(set.Labels, label)
	}
	return set
}

// slowRetrieval sorts all references of every query: the definition.
func slowRetrieval(queries, references Labelled, leaveSelfOut bool) (measures [4]float64, recallAt5 float64) {
	counted := 0.0
	for q, e := range queries.Embeddings {
		var order []int
		relevant := 0
		for r := range references.Labels {
			if leaveSelfOut && r == q {
				continue
			}
			order = append(order, r)
			if references.Labels[r] == queries.Labels[q] {
				relevant++
			}
		}
		if relevant == 0 {
			continue
		}
		counted++
		distance := func(r int) float64 {
			sum := 0.0
			for j, v := range references.Embeddings[r] {
				sum += (float64(v) - float64(e[j])) * (float64(v) - float64(e[j]))
			}
			return sum
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if distance(a) < distance(b) {
				return -1
			}
			return 1
		})
		hits, first := 0.0, 0
		for rank, r := range order {
			if references.Labels[r] != queries.Labels[q] {
				continue
			}
			if hits++; first == 0 {
				first = rank + 1
			}
			if rank < relevant {
				measures[1] += 1 / float64(relevant)
				measures[2] += hits / float64(rank+1) / float64(relevant)
			}
		}
		if first == 1 {
			measures[0]++
		}
		if first <= 5 {
			recallAt5++
		}
		measures[3] += 1 / float64(first)
	}
	for m := range measures {
		measures[m] /= counted
	}
	return measures, recallAt5 / counted
}

func TestRetrieveAgreesWithSortingEverything(t *testing.T) {
	set := cloud(200, 6, 17, 1)
	set.Labels[3] = 1000 // nobody else has it
	queries, references := cloud(50, 6, 20, 2), cloud(150, 6, 17, 3)
	for _, by := range []distance.Distance{{}, {Name: "own", Of: distance.SquaredEuclidean().Of}} {
		self, err := Retrieve(set, Ranking{Distance: by})
		if err != nil {
			t.Fatal(err)
		}
		want, recall := slowRetrieval(set, set, true)
		checkRetrieval(t, "Retrieve", self, want, recall)
		if self.Lone != 1 || self.Queries != 199 {
			t.Errorf("Retrieve judged %d queries and left out %d, want 199 and 1", self.Queries, self.Lone)
		}
		from, err := RetrieveFrom(queries, references, Ranking{Distance: by})
		if err != nil {
			t.Fatal(err)
		}
		want, recall = slowRetrieval(queries, references, false)
		checkRetrieval(t, "RetrieveFrom", from, want, recall)
	}
}

func checkRetrieval(t *testing.T, what string, got Retrieval, want [4]float64, recallAt5 float64) {
	t.Helper()
	near(t, what+" P@1", got.PrecisionAt1.Value, want[0], 1e-9)
	near(t, what+" R-precision", got.RPrecision.Value, want[1], 1e-9)
	near(t, what+" MAP@R", got.MAPAtR.Value, want[2], 1e-9)
	near(t, what+" MRR", got.MRR.Value, want[3], 1e-9)
	near(t, what+" recall@5", got.RecallAt["5"].Value, recallAt5, 1e-9)
	near(t, what+" recall@1", got.RecallAt["1"].Value, want[0], 1e-9)
	if ci := got.MAPAtR.CI95; ci[0] >= got.MAPAtR.Value || ci[1] <= got.MAPAtR.Value {
		t.Errorf("%s MAP@R = %v, want an interval around the value", what, got.MAPAtR)
	}
}

// References that do not count are as good as not there.
func TestExceptedReferencesDoNotCount(t *testing.T) {
	set := cloud(120, 6, 9, 6)
	except := func(q, r int) bool { return q/20 == r/20 }
	got, err := Retrieve(set, Ranking{Except: except})
	if err != nil {
		t.Fatal(err)
	}
	var want [4]float64
	recall, judged := 0.0, 0
	for q := range set.Labels {
		query := Labelled{Embeddings: set.Embeddings[q : q+1], Labels: set.Labels[q : q+1]}
		var rest Labelled
		relevant := false
		for r, label := range set.Labels {
			if r == q || label == set.Labels[q] && except(q, r) {
				continue
			}
			relevant = relevant || label == set.Labels[q]
			rest.Embeddings, rest.Labels = append(rest.Embeddings, set.Embeddings[r]), append(rest.Labels, label)
		}
		if !relevant {
			continue
		}
		measures, recallAt5 := slowRetrieval(query, rest, false)
		for m := range want {
			want[m] += measures[m]
		}
		recall += recallAt5
		judged++
	}
	for m := range want {
		want[m] /= float64(judged)
	}
	checkRetrieval(t, "Retrieve with exceptions", got, want, recall/float64(judged))
	if got.Queries != judged || got.Lone != len(set.Labels)-judged {
		t.Errorf("Retrieve judged %d queries and left out %d, want %d and %d", got.Queries, got.Lone, judged, len(set.Labels)-judged)
	}
}

func TestPerClassMeansCountEveryLabelTheSame(t *testing.T) {
	near(t, "classMean", classMean([]float64{1, 1, 1, 0}, []int{5, 5, 5, 2}), 0.5, 1e-12)
	set := Labelled{Embeddings: [][]float32{{0}, {1}, {2}, {10}, {0.4}}, Labels: []int{0, 0, 0, 1, 1}} // both of label 1 lie beside label 0
	got, err := Retrieve(set, Ranking{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "P@1", got.PrecisionAt1.Value, 1.0/5, 1e-12)
	near(t, "P@1 per class", got.PerClass.PrecisionAt1, (1.0/3+0)/2, 1e-12)
}

func TestCollapsedEmbeddingsDoNotLookGood(t *testing.T) {
	set := cloud(100, 4, 10, 4)
	for _, row := range set.Embeddings {
		for j := range row {
			row[j] = 0.5
		}
	}
	got, err := Retrieve(set, Ranking{})
	if err != nil {
		t.Fatal(err)
	}
	if got.PrecisionAt1.Value > 0.25 || got.MRR.Value > 0.5 {
		t.Errorf("P@1 of embeddings that are all 0.5 = %v, MRR %v, want about 0.1", got.PrecisionAt1.Value, got.MRR.Value)
	}
}

func TestRetrievalIsTheSameOnAnyNumberOfCores(t *testing.T) {
	set := cloud(150, 5, 9, 5)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _ := Retrieve(set, Ranking{})
	runtime.GOMAXPROCS(4)
	four, _ := Retrieve(set, Ranking{})
	if one.MAPAtR != four.MAPAtR || one.MRR != four.MRR {
		t.Errorf("MAP@R on 4 cores = %v, want %v as on 1", four.MAPAtR, one.MAPAtR)
	}
}

func TestRetrievalThatCannotBeJudgedSaysWhy(t *testing.T) {
	for want, set := range map[string]Labelled{
		"0 embeddings and 0 labels":        {},
		"1 embeddings and 2 labels":        {Embeddings: [][]float32{{1}}, Labels: []int{1, 2}},
		"embedding 2 has 2 numbers":        {Embeddings: [][]float32{{1}, {1, 2}}, Labels: []int{1, 1}},
		"embedding 2 holds NaN":            {Embeddings: [][]float32{{1}, {float32(math.NaN())}}, Labels: []int{1, 1}},
		"none of 2 queries has a referenc": {Embeddings: [][]float32{{1}, {2}}, Labels: []int{1, 2}},
	} {
		if _, err := Retrieve(set, Ranking{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Retrieve = %v, want an error with %q", err, want)
		}
	}
}

func BenchmarkRetrieve5000(b *testing.B) {
	set := cloud(5000, 128, 250, 6)
	for b.Loop() {
		if _, err := Retrieve(set, Ranking{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRetrieve50000 is an exact evaluation of a large set; it reports the memory that the process holds besides the
// embeddings.
func BenchmarkRetrieve50000(b *testing.B) {
	set := cloud(50000, 128, 2500, 6)
	for b.Loop() {
		if _, err := Retrieve(set, Ranking{}); err != nil {
			b.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
}
