package metric

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// masks are a batch's pairs written out: anchors against others, which are the batch itself or proxies of classes.
type masks struct {
	d                   [][]float64
	same, different     [][]bool
	labels, otherLabels []int32
}

// part lists the values of a loss's tuples by anchor.
type part [][]float64

// lossRow is a loss with its usual distance, and its parts by the definition.
type lossRow struct {
	loss     Loss
	distance Distance
	oracle   func(m masks) []part
	// pool turns the distances to the proxies of a class into one; nil where a class has one.
	pool func(d []float64) float64
}

// perAnchor is an oracle of one part, from the values of one anchor's tuples.
func perAnchor(values func(m masks, a int) []float64) func(m masks) []part {
	return func(m masks) []part {
		p := make(part, len(m.d))
		for a := range m.d {
			p[a] = values(m, a)
		}
		return []part{p}
	}
}

// perPair is an oracle of one part for the same pairs and one for the different ones; nil values are no tuples.
func perPair(same, different func(d float64) []float64) func(m masks) []part {
	return func(m masks) []part {
		pull, push := make(part, len(m.d)), make(part, len(m.d))
		for a, row := range m.d {
			for k, d := range row {
				if m.same[a][k] {
					pull[a] = append(pull[a], same(d)...)
				}
				if m.different[a][k] {
					push[a] = append(push[a], different(d)...)
				}
			}
		}
		return []part{pull, push}
	}
}

// joined puts the values of all parts into one.
func joined(oracle func(m masks) []part) func(m masks) []part {
	return func(m masks) []part {
		parts := oracle(m)
		for a := range parts[0] {
			for _, p := range parts[1:] {
				parts[0][a] = append(parts[0][a], p[a]...)
			}
		}
		return parts[:1]
	}
}

func value(x float64) []float64 { return []float64{x} }

// triplets lists the values of anchor's triplets.
func (m masks) triplets(anchor int, value func(gap float64) float64) (values []float64) {
	for p := range m.d[anchor] {
		for n := range m.d[anchor] {
			if m.same[anchor][p] && m.different[anchor][n] {
				values = append(values, value(m.d[anchor][p]-m.d[anchor][n]))
			}
		}
	}
	return values
}

// masksOf writes out the pairs of a row's problem by loops.
func (r lossRow) masksOf(e [][]float64, labels []int32) masks {
	oracle := distanceTable[r.distanceName()].oracle
	if !r.loss.Proxies {
		return writtenOut(matrix(oracle, e), labels)
	}
	k, n := max(1, r.loss.Centers), len(labels)
	m := masks{labels: labels}
	for c := range (len(e) - n) / k {
		m.otherLabels = append(m.otherLabels, int32(c))
	}
	for a := range labels {
		var row []float64
		for c := range m.otherLabels {
			var d []float64
			for _, proxy := range e[n+c*k : n+(c+1)*k] {
				d = append(d, oracle(e[a], proxy))
			}
			if r.pool == nil {
				row = append(row, d[0])
			} else {
				row = append(row, r.pool(d))
			}
		}
		m.d = append(m.d, row)
	}
	m.compareLabels()
	return m
}

func (r lossRow) distanceName() string {
	for name, row := range distanceTable {
		if row.distance.Name == r.distance.Name {
			return name
		}
	}
	return ""
}

// writtenOut makes the masks of a batch against itself.
func writtenOut(d [][]float64, labels []int32) masks {
	m := masks{d: d, labels: labels, otherLabels: labels}
	m.compareLabels()
	for i := range labels {
		m.same[i][i] = false
	}
	return m
}

func (m *masks) compareLabels() {
	for _, label := range m.labels {
		var same, different []bool
		for _, other := range m.otherLabels {
			same, different = append(same, label == other), append(different, label != other)
		}
		m.same, m.different = append(m.same, same), append(m.different, different)
	}
}

const testClasses = 5

// problem is a batch for a row, followed by the proxies of testClasses classes where the loss wants them.
func (r lossRow) problem(n, d int) ([][]float64, []int32) {
	e, labels := batch(n, d, true)
	if r.loss.Proxies {
		labels[n-1] = 3
		proxies, _ := batch(testClasses*max(1, r.loss.Centers), d, false)
		e = append(e, proxies...)
	}
	return e, labels
}

// pairs are those of a problem in the graph.
func (r lossRow) pairs(scope *model.Scope, x, labels *Node) Pairs {
	n := labels.Shape().Dim(0)
	p := Within(r.distance, Slice(x, AxisRange(0, n)), labels)
	if r.loss.Proxies {
		p = againstProxies(r.distance, r.loss, Slice(x, AxisRange(0, n)), labels, Slice(x, AxisRangeToEnd(n)))
	}
	p.Scope = scope
	return p
}

func TestLossesMatchTheirDefinitions(t *testing.T) {
	for name, row := range lossTable {
		t.Run(name, func(t *testing.T) {
			e, labels := row.problem(12, 4)
			parts := row.oracle(row.masksOf(e, labels))
			got := compile(t, func(scope *model.Scope, x, l *Node) (all []*Node) {
				for _, terms := range row.loss.Terms(row.pairs(scope, x, l)) {
					all = append(all, terms.Sum, terms.Count, terms.Active)
				}
				return all
			}).run(e, labels)
			if len(got) != 3*len(parts) {
				t.Fatalf("%d parts, want %d", len(got)/3, len(parts))
			}
			for i, part := range parts {
				checkPart(t, got[3*i:3*i+3], part)
			}
		})
	}
}

// checkPart compares the sums, counts and active counts of a part with its values.
func checkPart(t *testing.T, got [][]float64, want part) {
	t.Helper()
	tuples := 0
	for a, values := range want {
		var sum, active float64
		for _, v := range values {
			sum += v
			if v > 0 {
				active++
			}
		}
		tuples += len(values)
		for i, want := range []float64{sum, float64(len(values)), active} {
			if !near(got[i][a], want, 1e-7) {
				t.Errorf("anchor %d: %s = %v, want %v", a, []string{"Sum", "Count", "Active"}[i], got[i][a], want)
			}
		}
	}
	if tuples == 0 {
		t.Error("the batch has no tuple of this part: it tests nothing")
	}
}

// gradientRow is something to differentiate: a loss with a miner and a reducer.
type gradientRow struct {
	lossRow
	miner   Miner
	reducer Reducer
}

// gradientRows are the losses with all pairs, and the triplet loss with every miner, distance and reducer.
func gradientRows() map[string]gradientRow {
	rows := make(map[string]gradientRow)
	for name, row := range lossTable {
		if name != "Circle" { // see TestCircleHoldsItsWeights
			rows[name] = gradientRow{row, All(), Mean()}
		}
	}
	soft := lossRow{loss: SoftMarginTriplet(), distance: SquaredEuclidean()}
	for name, row := range minerTable {
		rows["SoftMarginTriplet with "+name] = gradientRow{soft, row.miner, MeanActive()}
	}
	for name, row := range distanceTable {
		rows["Triplet of "+name] = gradientRow{lossRow{loss: Triplet(0.2), distance: row.distance}, All(), Sum()}
	}
	for name, row := range reducerTable {
		rows["SoftMarginTriplet by "+name] = gradientRow{soft, All(), row.reducer}
	}
	return rows
}

func TestGradientsMatchCentralDifferences(t *testing.T) {
	for name, row := range gradientRows() {
		t.Run(name, func(t *testing.T) {
			e, labels := row.problem(8, 3)
			c := compile(t, func(scope *model.Scope, x, l *Node) []*Node {
				o := Objective{Reducer: row.reducer}
				loss := o.reduce(row.loss.Terms(row.miner.narrow(row.pairs(scope, x, l))), l)
				return append([]*Node{loss}, Gradient(loss, x)...)
			})
			checkGradient(t, c.run(e, labels)[1], e, func() float64 { return c.run(e, labels)[0][0] })
		})
	}
}

// checkGradient compares the gradient by embeddings with central differences of loss, a function of what is in embeddings.
func checkGradient(t *testing.T, gradient []float64, embeddings [][]float64, loss func() float64) {
	t.Helper()
	const step = 1e-5
	nonzero := false
	for i, got := range gradient {
		d := len(embeddings[0])
		at := &embeddings[i/d][i%d]
		keep := *at
		*at = keep + step
		up := loss()
		*at = keep - step
		down := loss()
		*at = keep
		want := (up - down) / (2 * step)
		if !near(got, want, 1e-5) {
			t.Errorf("gradient[%d] = %v, want %v", i, got, want)
		}
		nonzero = nonzero || want != 0
	}
	if !nonzero {
		t.Error("the gradient is 0 everywhere: the batch tests nothing")
	}
}

// Every exported constructor must have its row of oracle and gradient checks, and its name.
func TestTablesAreComplete(t *testing.T) {
	tables := map[string]func(name string) bool{
		"Loss":        func(name string) bool { _, ok := lossTable[name]; return ok },
		"Miner":       func(name string) bool { _, ok := minerTable[name]; return ok },
		"Distance":    func(name string) bool { _, ok := distanceTable[name]; return ok },
		"Reducer":     func(name string) bool { _, ok := reducerTable[name]; return ok },
		"Regularizer": func(name string) bool { _, ok := regularizerTable[name]; return ok },
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
	if found < 40 {
		t.Errorf("found %d constructors, want all", found)
	}
}

func softmax64(logits []float64) []float64 {
	var sum float64
	weights := make([]float64, len(logits))
	for i, x := range logits {
		weights[i] = math.Exp(x)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}
