package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// division is one way to enroll, and what was measured of it.
type division struct {
	name             string
	most             int
	how              gallery.Representation
	probes, missed   int
	wrong, strangers int
	oracle           float64
}

// enrolments measures the gallery of all people with two photographs or more, with strangers from the others, at a promised FPIR of 1 %:
// in each split other photographs are the probes, and other strangers those that are calibrated by.
func enrolments(ctx context.Context, s settings, m material, say func(string, string, ...any)) error {
	people := byPerson(m.photos)
	many, alone := several(people)
	ways := []*division{
		{name: "one photograph enrolled", most: 1, how: gallery.Nearest}, {name: "all but one, nearest", most: 1000, how: gallery.Nearest},
		{name: "all but one, mean without outliers", most: 1000, how: gallery.Mean},
	}
	for split := range s.splits {
		random := rand.New(rand.NewPCG(s.seed, uint64(1000+split)))
		strangers := shuffled(random, alone)
		calibrate, test := strangers[:len(strangers)/2], strangers[len(strangers)/2:]
		turned := make([]person, len(many))
		for i, p := range many {
			turned[i] = person{p.name, slices.Clone(p.rows)}
			random.Shuffle(len(p.rows), func(a, b int) { turned[i].rows[a], turned[i].rows[b] = turned[i].rows[b], turned[i].rows[a] })
		}
		for _, d := range ways {
			if err := d.measure(ctx, turned, calibrate, test); err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
		}
	}
	n := float64(s.splits)
	for _, d := range ways {
		fnir := stats.Rate(int(math.Round(float64(d.missed)/n)), len(many))
		say(fmt.Sprintf("%d people, %s: FNIR [95 %% interval] · at the best threshold for FPIR 1 %% · FPIR of new strangers", len(many), d.name), "%.2f %% [%.2f, %.2f] · %.2f %% · %.2f %%",
			100*float64(d.missed)/float64(d.probes), 100*fnir.CI95[0], 100*fnir.CI95[1], 100*d.oracle/n, 100*float64(d.wrong)/float64(d.strangers))
	}
	e, err := enroll(ctx, many, plan{1, gallery.Nearest, 0.01, 0.02, 1}, alone)
	if err != nil {
		return err
	}
	e.gate(m.worse, say)
	return e.rejectCurve(m, s.curve, say)
}

func (d *division) measure(ctx context.Context, people, calibrate, test []person) error {
	e, err := enroll(ctx, people, plan{d.most, d.how, 0.01, 0.02, 1}, calibrate)
	if err != nil {
		return err
	}
	match := e.study.Thresholds.Match
	own, strangers := e.own(last, people), e.strangersAt(test)
	d.probes, d.missed = d.probes+len(own), d.missed+len(own)-within(own, match)
	d.wrong, d.strangers = d.wrong+within(strangers, match), d.strangers+len(strangers)
	best := strangers[len(strangers)/100]
	d.oracle += 1 - float64(within(own, math.Nextafter32(best, -1)))/float64(len(own))
	return nil
}

// gate measures photographs made worse: how many the gate refuses, and how many of the others, and of all, are not matched.
func (e *enrolled) gate(worse []seen, say func(string, string, ...any)) {
	for _, way := range ways {
		var found, refused, missed, missedKept int
		for _, r := range worse {
			if r.Worse != way || !r.Found {
				continue
			}
			found++
			id, at := e.nearest(r.Embedding)
			miss := id != r.Person || at > e.study.Thresholds.Match
			if miss {
				missed++
			}
			if r.Quality.Refuse() != "" {
				refused++
			} else if miss {
				missedKept++
			}
		}
		say("made worse, "+way+": faces found · FNIR of them without the gate · refused by it · FNIR of the rest", "%d · %.1f %% · %d · %s", found, 100*float64(missed)/float64(max(found, 1)), refused,
			part(missedKept, found-refused))
	}
}

func part(k, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %% of %d", 100*float64(k)/float64(n), n)
}

// rejectCurve measures how FNIR falls as the worst of all probes, those made worse and as many as they are, are refused by their weight.
func (e *enrolled) rejectCurve(m material, file string, say func(string, string, ...any)) error {
	type probe struct {
		weight float64
		missed bool
	}
	curve := func(rows []seen) (x, y []float64) {
		var probes []probe
		for _, r := range rows {
			if r.Found {
				id, at := e.nearest(r.Embedding)
				probes = append(probes, probe{r.Quality.Weight(), id != r.Person || at > e.study.Thresholds.Match})
			}
		}
		slices.SortFunc(probes, func(a, b probe) int { return cmp.Compare(b.weight, a.weight) })
		missed := 0
		for i, p := range probes {
			if p.missed {
				missed++
			}
			if i+1 >= len(probes)/5 {
				x, y = append(x, 1-float64(i+1)/float64(len(probes))), append(y, float64(missed)/float64(i+1))
			}
		}
		return x, y
	}
	enrolled, natural := map[string]bool{}, []seen(nil)
	first := map[string]bool{}
	for _, p := range e.ids {
		enrolled[p.name] = true
	}
	for _, r := range m.photos {
		if enrolled[r.Person] && first[r.Person] {
			natural = append(natural, r)
		}
		first[r.Person] = true
	}
	chart := report.Chart{Title: "What refusing the worst buys", X: report.Axis{Label: "refused", Percent: true}, Y: report.Axis{Label: "FNIR of the rest", Percent: true}}
	for _, set := range []struct {
		name string
		rows []seen
	}{{"photographs as they are", natural}, {"with those made worse", slices.Concat(natural, m.worse)}} {
		x, y := curve(set.rows)
		chart.Series = append(chart.Series, report.Series{Name: set.name, X: x, Y: y})
		at := func(part float64) float64 { return y[max(len(y)-1-int(part*float64(len(y))/0.8), 0)] }
		say(set.name+": FNIR when the worst 0 · 5 · 10 · 20 · 50 % by weight are refused", "%.1f · %.1f · %.1f · %.1f · %.1f %%", 100*at(0), 100*at(0.05), 100*at(0.1), 100*at(0.2), 100*at(0.5))
	}
	if file == "" {
		return nil
	}
	return chart.WriteFile(file)
}
