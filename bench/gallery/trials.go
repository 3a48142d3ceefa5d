package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

// person is all photographs of somebody.
type person struct {
	name string
	rows [][]float32
}

// byPerson are the people of embedded photographs, in order of their names; photographs without a face are left out.
func byPerson(rows []seen) []person {
	var people []person
	at := map[string]int{}
	for _, r := range rows {
		if !r.Found {
			continue
		}
		if _, known := at[r.Person]; !known {
			at[r.Person] = len(people)
			people = append(people, person{name: r.Person})
		}
		people[at[r.Person]].rows = append(people[at[r.Person]].rows, r.Embedding)
	}
	return people
}

// several and alone are the people who have two photographs or more, and the others.
func several(people []person) (many, alone []person) {
	for _, p := range people {
		if len(p.rows) > 1 {
			many = append(many, p)
		} else {
			alone = append(alone, p)
		}
	}
	return many, alone
}

func shuffled(random *rand.Rand, people []person) []person {
	people = slices.Clone(people)
	random.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	return people
}

func shuffledRows(random *rand.Rand, rows [][]float32) [][]float32 {
	rows = slices.Clone(rows)
	random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

// atMost are people with so many of their photographs at most.
func atMost(people []person, n int) []person {
	fewer := make([]person, len(people))
	for i, p := range people {
		fewer[i] = person{p.name, p.rows[:min(n, len(p.rows))]}
	}
	return fewer
}

// enrolled is a calibrated gallery.
type enrolled struct {
	ids     []person // what is enrolled
	how     gallery.Representation
	study   *gallery.Study
	vectors gallery.Vectors // what is searched
	gallery *gallery.Gallery
}

var by = distance.Cosine()

// plan is how people are enrolled, and what is promised.
type plan struct {
	most       int // photographs of each, the first ones, and never the last
	how        gallery.Representation
	fpir, miss float64
	frames     int // photographs of each stranger
}

// enroll enrolls people and calibrates by strangers.
func enroll(ctx context.Context, people []person, p plan, strangers []person) (*enrolled, error) {
	e := &enrolled{how: p.how}
	model := gallery.Model{Hash: "bench", Dim: len(people[0].rows[0]), Distance: by}
	settings := model.Settings("bench", gallery.Watch)
	settings.Representation = p.how
	store := gallery.Memory()
	g, err := gallery.Create(ctx, store, model, settings)
	if err != nil {
		return nil, err
	}
	var images []gallery.Enrolment
	for _, one := range people {
		rows := one.rows[:min(p.most, len(one.rows)-1)]
		e.ids = append(e.ids, person{one.name, rows})
		for i, row := range rows {
			images = append(images, gallery.Enrolment{ID: one.name, Name: fmt.Sprint(one.name, i), Face: gallery.Face{Embedding: row}})
		}
	}
	if _, err := g.Enroll(ctx, images...); err != nil {
		return nil, err
	}
	others := make([]gallery.Person, len(strangers))
	for i, one := range strangers {
		others[i] = gallery.Person{Name: "stranger " + one.name, Embeddings: one.rows[:min(p.frames, len(one.rows))]}
	}
	if e.study, err = g.Calibrate(ctx, gallery.CalibrateOptions{FPIR: p.fpir, Miss: p.miss, Strangers: others}); err != nil {
		return nil, err
	}
	if err := g.SetCalibration(ctx, &e.study.Calibration); err != nil {
		return nil, err
	}
	v, err := store.Vectors(ctx, "bench", 0)
	e.vectors, e.gallery = gallery.Represent(v, p.how, by), g
	return e, err
}

// nearest is the nearest id to a photograph.
func (e *enrolled) nearest(probe []float32) (id string, at float32) {
	at = float32(math.Inf(1))
	for i, r := range e.vectors.Refs {
		if d := by.Of(probe, e.vectors.Values[i*e.vectors.Dim:(i+1)*e.vectors.Dim]); d < at {
			id, at = r.ID, d
		}
	}
	return id, at
}

// strangersAt are the distances of strangers to the nearest id, ascending.
func (e *enrolled) strangersAt(strangers []person) []float32 {
	all := make([]float32, len(strangers))
	for i, p := range strangers {
		_, all[i] = e.nearest(p.rows[0])
	}
	slices.Sort(all)
	return all
}

// own are the distances of probes, one of each person, to their own id; far where another is nearer.
func (e *enrolled) own(probe func(person) []float32, people []person) []float32 {
	all := make([]float32, 0, len(people))
	for _, p := range people {
		row := probe(p)
		if row == nil {
			continue
		}
		id, at := e.nearest(row)
		if id != p.name {
			at = float32(math.Inf(1))
		}
		all = append(all, at)
	}
	return all
}

func last(p person) []float32 { return p.rows[len(p.rows)-1] }

// within is how many distances are at most a threshold.
func within(distances []float32, threshold float32) (n int) {
	for _, d := range distances {
		if d <= threshold {
			n++
		}
	}
	return n
}

// fisher is the two-sided p-value of Fisher's exact test of a in n against b in m.
func fisher(a, n, b, m int) float64 {
	choose := func(n, k int) float64 {
		x, _ := math.Lgamma(float64(n + 1))
		y, _ := math.Lgamma(float64(k + 1))
		z, _ := math.Lgamma(float64(n - k + 1))
		return x - y - z
	}
	of := func(k int) float64 { return math.Exp(choose(n, k) + choose(m, a+b-k) - choose(n+m, a+b)) }
	p, seen := 0., of(a)
	for k := max(0, a+b-m); k <= min(n, a+b); k++ {
		if at := of(k); at <= seen*(1+1e-7) {
			p += at
		}
	}
	return min(p, 1)
}
