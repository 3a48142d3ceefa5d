package metric

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// masks are a batch's pairs written out.
type masks struct {
	d               [][]float64
	same, different [][]bool
}

// lossTable has one row for each loss: the loss with its usual distance, and the values of each anchor's tuples by the
// definition.
var lossTable = map[string]struct {
	loss     Loss
	distance Distance
	oracle   func(m masks, anchor int) []float64
}{
	"Triplet": {Triplet(0.2), SquaredEuclidean(), func(m masks, a int) []float64 {
		return m.triplets(a, func(gap float64) float64 { return max(gap+0.2, 0) })
	}},
	"SoftTriplet": {SoftTriplet(), SquaredEuclidean(), func(m masks, a int) []float64 {
		return m.triplets(a, func(gap float64) float64 { return math.Log(1 + math.Exp(gap)) })
	}},
	"Contrastive": {Contrastive(0.25, 1.5), SquaredEuclidean(), func(m masks, a int) (values []float64) {
		for k, d := range m.d[a] {
			if m.same[a][k] {
				values = append(values, max(d-0.25, 0))
			}
			if m.different[a][k] {
				values = append(values, max(1.5-d, 0))
			}
		}
		return values
	}},
	"SupCon": {SupCon(0.1), Cosine(), func(m masks, a int) []float64 {
		var all, sum float64
		positives := 0
		for k, d := range m.d[a] {
			if m.same[a][k] || m.different[a][k] {
				all += math.Exp(-d / 0.1)
			}
		}
		for k, d := range m.d[a] {
			if m.same[a][k] {
				sum -= math.Log(math.Exp(-d/0.1) / all)
				positives++
			}
		}
		if positives == 0 {
			return nil
		}
		return []float64{sum / float64(positives)}
	}},
	"NTXent": {NTXent(0.2), Cosine(), func(m masks, a int) (values []float64) {
		var negatives float64
		for k, d := range m.d[a] {
			if m.different[a][k] {
				negatives += math.Exp(-d / 0.2)
			}
		}
		for k, d := range m.d[a] {
			if m.same[a][k] {
				own := math.Exp(-d / 0.2)
				values = append(values, -math.Log(own/(own+negatives)))
			}
		}
		return values
	}},
	"MultiSimilarity": {MultiSimilarity(2, 50, 0.5), Cosine(), func(m masks, a int) []float64 {
		same, different := 1.0, 1.0
		for k, d := range m.d[a] {
			if m.same[a][k] {
				same += math.Exp(2 * (d - 0.5))
			}
			if m.different[a][k] {
				different += math.Exp(-50 * (d - 0.5))
			}
		}
		return []float64{math.Log(same)/2 + math.Log(different)/50}
	}},
	"NormalizedSoftmax": {NormalizedSoftmax(8), Cosine(), classOracle(8, func(cos float64) float64 { return cos })},
	"CosFace":           {CosFace(0.3, 8), Cosine(), classOracle(8, func(cos float64) float64 { return cos - 0.3 })},
	"ArcFace": {ArcFace(0.5, 8), Cosine(), classOracle(8, func(cos float64) float64 {
		if angle := math.Acos(cos) + 0.5; angle < math.Pi {
			return math.Cos(angle)
		}
		return cos - 0.5*math.Sin(0.5)
	})},
}

func classOracle(scale float64, own func(cos float64) float64) func(m masks, a int) []float64 {
	return func(m masks, a int) (values []float64) {
		for p, d := range m.d[a] {
			if !m.same[a][p] {
				continue
			}
			target := math.Exp(scale * own(1-d))
			all := target
			for k, d := range m.d[a] {
				if m.different[a][k] {
					all += math.Exp(scale * (1 - d))
				}
			}
			values = append(values, -math.Log(target/all))
		}
		return values
	}
}

// triplets lists the values of anchor's triplets.
func (m masks) triplets(anchor int, value func(gap float64) float64) (values []float64) {
	for p := range m.d {
		for n := range m.d {
			if m.same[anchor][p] && m.different[anchor][n] {
				values = append(values, value(m.d[anchor][p]-m.d[anchor][n]))
			}
		}
	}
	return values
}

// writtenOut makes the masks of a batch by loops. byClass compares with one representative per class instead.
func writtenOut(d [][]float64, labels []int32) masks {
	m := masks{d: d}
	for i := range labels {
		m.same = append(m.same, make([]bool, len(labels)))
		m.different = append(m.different, make([]bool, len(labels)))
		for k := range labels {
			m.same[i][k] = i != k && labels[i] == labels[k]
			m.different[i][k] = labels[i] != labels[k]
		}
	}
	return m
}

// A classification loss wants exactly one same other: pairs of twins stand for a class and its proxy.
func twins(n int) []int32 {
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i / 2)
	}
	return labels
}

func isClassLoss(name string) bool {
	return slices.Contains([]string{"NormalizedSoftmax", "CosFace", "ArcFace"}, name)
}

func TestLossesMatchTheirDefinitions(t *testing.T) {
	for name, test := range lossTable {
		t.Run(name, func(t *testing.T) {
			e, labels := batch(12, 4, true)
			if isClassLoss(name) {
				labels = twins(12)
			}
			got := run(t, func(x, l *Node) []*Node {
				terms := test.loss.terms(Within(test.distance, x, l), nil)
				return []*Node{terms.Sum, terms.Count, terms.Active, terms.Seen}
			}, e, labels)
			of := squared
			if test.distance.Name == "cosine" {
				of = cosine
			}
			m := writtenOut(matrix(of, e), labels)
			for a := range labels {
				values := test.oracle(m, a)
				var sum, active float64
				for _, v := range values {
					sum += v
					if v > 0 {
						active++
					}
				}
				for i, want := range []float64{sum, float64(len(values)), active, float64(len(values))} {
					if !near(got[i][a], want, 1e-7) {
						t.Errorf("anchor %d: %s = %v, want %v", a, []string{"Sum", "Count", "Active", "Seen"}[i], got[i][a], want)
					}
				}
			}
		})
	}
}

// gradientRows are the losses with all pairs, and the triplet loss with every miner.
func gradientRows() map[string]Objective {
	rows := make(map[string]Objective)
	for name, row := range lossTable {
		rows[name] = Objective{row.distance, All(), row.loss, Mean(), 0}
	}
	for name, row := range minerTable {
		rows["SoftTriplet with "+name] = Objective{SquaredEuclidean(), row.miner, SoftTriplet(), MeanActive(), 0}
	}
	for name, row := range distanceTable {
		rows["Triplet of "+name] = Objective{row.distance, All(), Triplet(0.2), Sum(), 0}
	}
	return rows
}

func TestGradientsMatchCentralDifferences(t *testing.T) {
	const step = 1e-5
	for name, o := range gradientRows() {
		t.Run(name, func(t *testing.T) {
			e, labels := batch(8, 3, true)
			if isClassLoss(name) {
				labels = twins(8)
			}
			loss := func(x, l *Node) *Node {
				return o.Reducer.reduce(o.Loss.terms(o.Miner.narrow(Within(o.Distance, x, l)), o.Miner.keep))
			}
			got := run(t, func(x, l *Node) []*Node { return Gradient(loss(x, l), x) }, e, labels)[0]
			value := func() float64 {
				return run(t, func(x, l *Node) []*Node { return []*Node{loss(x, l)} }, e, labels)[0][0]
			}
			var nonzero bool
			for i := range got {
				at := &e[i/3][i%3]
				keep := *at
				*at = keep + step
				up := value()
				*at = keep - step
				down := value()
				*at = keep
				want := (up - down) / (2 * step)
				if !near(got[i], want, 1e-5) {
					t.Errorf("gradient[%d] = %v, want %v", i, got[i], want)
				}
				nonzero = nonzero || want != 0
			}
			if !nonzero {
				t.Error("the gradient is 0 everywhere: the batch tests nothing")
			}
		})
	}
}

// Every exported constructor must have its row of oracle and gradient checks.
func TestTablesAreComplete(t *testing.T) {
	tables := map[string]func(name string) bool{
		"Loss":     func(name string) bool { _, ok := lossTable[name]; return ok },
		"Miner":    func(name string) bool { _, ok := minerTable[name]; return ok },
		"Distance": func(name string) bool { _, ok := distanceTable[name]; return ok },
		"Reducer":  func(name string) bool { _, ok := reducerTable[name]; return ok },
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
			if !ok || len(f.Type.Results.List) != 1 || tables[result.Name] == nil {
				continue
			}
			found++
			if !tables[result.Name](f.Name.Name) {
				t.Errorf("%s %s has no row in the tables of the tests", strings.ToLower(result.Name), f.Name.Name)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d constructors, want all", found)
	}
}

// Large batches are looked at in several pieces.
func TestTripletsOfManyAnchorsMatchTheDefinition(t *testing.T) {
	const n = 150
	if n*n*n <= chunkSize {
		t.Fatalf("%d anchors make one piece of %d gaps: the batch tests nothing", n, chunkSize)
	}
	e, labels := batch(n, 3, true)
	got := run(t, func(x, l *Node) []*Node {
		terms := Triplet(0.2).terms(Within(SquaredEuclidean(), x, l), nil)
		return []*Node{terms.Sum, terms.Active}
	}, e, labels)
	m := writtenOut(matrix(squared, e), labels)
	for a := range e {
		var sum, active float64
		for _, v := range lossTable["Triplet"].oracle(m, a) {
			sum += v
			if v > 0 {
				active++
			}
		}
		if !near(got[0][a], sum, 1e-9) || got[1][a] != active {
			t.Errorf("anchor %d: sum %v, active %v; want %v, %v", a, got[0][a], got[1][a], sum, active)
		}
	}
}
