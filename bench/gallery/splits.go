package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// world is where people come from: real ones, or a distribution.
type world struct {
	name    string
	people  []person
	gallery int // people enrolled
	plan
	made *generator // nil for real ones
}

// draw divides people into a gallery, strangers to calibrate by and strangers to test on.
func (w world) draw(random *rand.Rand) (enrolled, calibrate, test []person) {
	if w.made != nil {
		return w.made.people(random, "id", w.gallery, 2), w.made.people(random, "calibrate", 12_000, 1), w.made.people(random, "test", 12_000, 1)
	}
	people := make([]person, len(w.people))
	for i, p := range w.people {
		people[i] = person{p.name, shuffledRows(random, p.rows)}
	}
	many, alone := several(people)
	many = shuffled(random, many)
	others := shuffled(random, append(alone, many[w.gallery:]...))
	return many[:w.gallery], others[:len(others)/2], others[len(others)/2:]
}

// measured are the splits of a world together.
func (w world) measured(ctx context.Context, s settings) (t tally, err error) {
	for split := range s.splits {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		ids, calibrate, test := w.draw(rand.New(rand.NewPCG(s.seed, uint64(split))))
		e, err := enroll(ctx, ids, w.plan, calibrate)
		if err != nil {
			return t, fmt.Errorf("%s, split %d: %w", w.name, split, err)
		}
		t.add(e, ids, test)
		t.sizes = fmt.Sprintf("%d enrolled, %d and %d strangers", len(ids), len(calibrate), len(test))
	}
	return t, nil
}

// splits measures the promise on people never seen.
func (w world) splits(ctx context.Context, s settings, say func(string, string, ...any)) error {
	t, err := w.measured(ctx, s)
	if err != nil {
		return err
	}
	n := float64(s.splits)
	say(fmt.Sprintf("%s, promised FPIR %g %%, %s: splits in which Fisher's exact test finds no difference at 5 %%", w.name, 100*w.fpir, t.sizes), "%d of %d", t.held, s.splits)
	say("measured FPIR, mean", "%.3f %%", 100*t.fpir/n)
	say("FNIR, mean · at the best threshold for the promised rate", "%.2f %% · %.2f %%", 100*t.fnir/n, 100*t.best/n)
	say("ratio of the two: mean (geometric) · splits up to 1.5 · up to 1.2", "%v", t.promised)
	say("ratio to FNIR at the best threshold for the measured rate, the same", "%v", t.measured)
	return nil
}

// tally is what was measured of splits, in sum.
type tally struct {
	held               int
	fpir, fnir, best   float64
	promised, measured ratios
	sizes              string // of the divisions
}

func (t *tally) add(e *enrolled, ids, test []person) {
	strangers, own := e.strangersAt(test), e.own(last, ids)
	wrong := within(strangers, e.study.Thresholds.Match)
	learned := int(math.Round(e.study.FPIR.Value * float64(e.study.FPIR.N)))
	if fisher(learned, e.study.FPIR.N, wrong, len(test)) >= 0.05 {
		t.held++
	}
	n := float64(len(own))
	missed := 1 - float64(within(own, e.study.Thresholds.Match))/n
	below := func(i int) float64 { return 1 - float64(within(own, math.Nextafter32(strangers[i], -1)))/n }
	oracle := below(int(e.study.FPIR.Promised * float64(len(test))))
	t.promised.add(missed*n, oracle*n)
	t.measured.add(missed*n, below(wrong)*n)
	t.fpir, t.fnir, t.best = t.fpir+float64(wrong)/float64(len(test)), t.fnir+missed, t.best+oracle
}

// ratios are how many times as many are missed as at the best threshold, split by split.
type ratios struct {
	logs            float64
	n, to150, to120 int
}

func (r *ratios) add(missed, best float64) {
	ratio := (missed + 0.5) / (best + 0.5)
	r.logs += math.Log(ratio)
	r.n++
	if ratio <= 1.5 {
		r.to150++
	}
	if ratio <= 1.2 {
		r.to120++
	}
}

func (r ratios) String() string {
	return fmt.Sprintf("%.2f · %d · %d", math.Exp(r.logs/float64(r.n)), r.to150, r.to120)
}

// generator draws people whose embeddings are Student's t along the principal components of real ones, the middle of a person and the
// deviations from it each with degrees of freedom of their own.
type generator struct {
	mean            []float64
	between, within studentT
}

// studentT is independent Student's t variables along axes.
type studentT struct {
	axes   *mat.Dense
	scales []float64
	nu     float64
}

// fit estimates a generator from the people with two photographs or more.
func fit(people []person) *generator {
	many, _ := several(people)
	dim := len(many[0].rows[0])
	g := &generator{mean: make([]float64, dim)}
	var middles, deviations [][]float64
	for _, p := range many {
		middle := make([]float64, dim)
		units := make([][]float64, len(p.rows))
		for i, row := range p.rows {
			units[i] = unit(row)
			for j, v := range units[i] {
				middle[j] += v / float64(len(p.rows))
			}
		}
		for _, u := range units {
			off, n := make([]float64, dim), float64(len(p.rows))
			for j := range off {
				off[j] = (u[j] - middle[j]) * math.Sqrt(n/(n-1))
			}
			deviations = append(deviations, off)
		}
		middles = append(middles, middle)
		for j, v := range middle {
			g.mean[j] += v / float64(len(many))
		}
	}
	for _, m := range middles {
		for j := range m {
			m[j] -= g.mean[j]
		}
	}
	g.between, g.within = fitT(middles), fitT(deviations)
	return g
}

func unit(row []float32) []float64 {
	sum := 0.
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	u := make([]float64, len(row))
	for j, v := range row {
		u[j] = float64(v) / math.Sqrt(sum)
	}
	return u
}

// fitT finds axes and variances, and of some degrees of freedom the likeliest.
func fitT(rows [][]float64) studentT {
	dim := len(rows[0])
	cov := mat.NewSymDense(dim, nil)
	for _, row := range rows {
		cov.SymRankOne(cov, 1/float64(len(rows)), mat.NewVecDense(dim, row))
	}
	var eigen mat.EigenSym
	eigen.Factorize(cov, true)
	t := studentT{axes: &mat.Dense{}, scales: eigen.Values(nil)}
	eigen.VectorsTo(t.axes)
	most := math.Inf(-1)
	for _, nu := range []float64{3, 4, 5, 6, 8, 10, 15, 20, 30, 60} {
		likelihood, shape := 0., distuv.StudentsT{Sigma: math.Sqrt((nu - 2) / nu), Nu: nu}
		for _, row := range rows {
			var along mat.VecDense
			along.MulVec(t.axes.T(), mat.NewVecDense(dim, row))
			for k, variance := range t.scales {
				if variance > 1e-9 {
					likelihood += shape.LogProb(along.AtVec(k) / math.Sqrt(variance))
				}
			}
		}
		if likelihood > most {
			most, t.nu = likelihood, nu
		}
	}
	for k, variance := range t.scales {
		t.scales[k] = math.Sqrt(max(variance, 0) * (t.nu - 2) / t.nu)
	}
	return t
}

func (t studentT) add(random *rand.Rand, to *mat.VecDense) {
	chi := distuv.ChiSquared{K: t.nu, Src: random}
	along := mat.NewVecDense(len(t.scales), nil)
	for k, scale := range t.scales {
		along.SetVec(k, scale*random.NormFloat64()*math.Sqrt(t.nu/chi.Rand()))
	}
	var sum mat.VecDense
	sum.MulVec(t.axes, along)
	to.AddVec(to, &sum)
}

// people draws people with photographs.
func (g *generator) people(random *rand.Rand, name string, n, photographs int) []person {
	people := make([]person, n)
	for i := range people {
		people[i].name = fmt.Sprint(name, i)
		middle := mat.NewVecDense(len(g.mean), append([]float64(nil), g.mean...))
		g.between.add(random, middle)
		for range photographs {
			photo := mat.VecDenseCopyOf(middle)
			g.within.add(random, photo)
			row := make([]float32, len(g.mean))
			for j := range row {
				row[j] = float32(photo.AtVec(j))
			}
			people[i].rows = append(people[i].rows, row)
		}
	}
	return people
}
