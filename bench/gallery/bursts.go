package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/siam-go/siam/gallery"
)

// burst is as many photographs as a burst has here at most.
const burst = 5

// burstSplits measures what several photographs of one person buy, and whether their verdict keeps the promise.
func burstSplits(ctx context.Context, s settings, photos, crops []person, say func(string, string, ...any)) error {
	for _, w := range []burstWorld{{"LFWcrop", crops, 150, 0.01}, {"LFW photographs", photos, 40, 0.05}} {
		if err := w.splits(ctx, s, say); err != nil {
			return err
		}
	}
	return nil
}

// burstWorld is people, of whom some with six photographs or more are enrolled by one.
type burstWorld struct {
	name   string
	people []person
	ids    int
	fpir   float64
}

// rates are how many of those asked about were answered wrongly.
type rates struct{ wrong, asked int }

func (r *rates) add(wrong bool) {
	r.asked++
	if wrong {
		r.wrong++
	}
}

func (r rates) String() string { return fmt.Sprintf("%.2f %%", 100*float64(r.wrong)/float64(r.asked)) }

// burstRates are those of one kind of thresholds for bursts.
type burstRates struct {
	matched, copies, missed rates
	held                    int // splits in which the promise held
}

func (w burstWorld) splits(ctx context.Context, s settings, say func(string, string, ...any)) error {
	var matched, missed rates
	var single, own burstRates
	n, slack := 0, 0.
	for split := range s.splits {
		ids, calibrate, test := w.draw(rand.New(rand.NewPCG(s.seed, uint64(3000+split))))
		e, err := enroll(ctx, ids, plan{1, gallery.Nearest, w.fpir, 0.02, burst}, calibrate)
		if err != nil {
			return err
		}
		if e.study.Bursts == nil {
			return fmt.Errorf("%s: nothing was learned about bursts", w.name)
		}
		n, slack = len(test), slack+float64(e.study.Bursts.Slack)/float64(s.splits)
		for _, p := range test {
			_, at := e.nearest(p.rows[0])
			matched.add(at <= e.study.Thresholds.Match)
		}
		for _, p := range ids {
			id, at := e.nearest(p.rows[1])
			missed.add(id != p.name || at > e.study.Thresholds.Match)
		}
		if err := own.measure(ctx, e, ids, test); err != nil {
			return err
		}
		e.study.Bursts = nil
		if err := e.gallery.SetCalibration(ctx, &e.study.Calibration); err != nil {
			return err
		}
		if err := single.measure(ctx, e, ids, test); err != nil {
			return err
		}
	}
	say(fmt.Sprintf("bursts of two to five, %s, promised FPIR %g %%, %d enrolled by one photograph, %d strangers: FPIR of one photograph · of bursts by its thresholds · by thresholds of their own · of five copies by these",
		w.name, 100*w.fpir, w.ids, n), "%v · %v · %v · %v", matched, single.matched, own.matched, own.copies)
	say("splits in which Fisher's exact test finds no difference at 5 %: bursts by the thresholds of one photograph · by their own (mean slack)", "%d · %d of %d (%.3f)", single.held, own.held, s.splits, slack)
	say("FNIR of one photograph · of five by its thresholds · by their own", "%v · %v · %v", missed, single.missed, own.missed)
	return nil
}

// draw divides people: of those who are not enrolled half calibrate, and those of the others who have several photographs are tested on.
func (w burstWorld) draw(random *rand.Rand) (ids, calibrate, test []person) {
	people := shuffled(random, w.people)
	for i, p := range people {
		p.rows = shuffledRows(random, p.rows)
		switch {
		case len(p.rows) > burst && len(ids) < w.ids:
			ids = append(ids, p)
		case i%2 == 0:
			calibrate = append(calibrate, p)
		case len(p.rows) > 1:
			test = append(test, p)
		}
	}
	return ids, calibrate, test
}

// measure asks about bursts of strangers and of enrolled people.
func (b *burstRates) measure(ctx context.Context, e *enrolled, ids, test []person) error {
	wrong := 0
	for _, p := range test {
		r, err := e.ask(ctx, p.rows[:min(burst, len(p.rows))])
		if err != nil {
			return err
		}
		copies, err := e.ask(ctx, [][]float32{p.rows[0], p.rows[0], p.rows[0], p.rows[0], p.rows[0]})
		if err != nil {
			return err
		}
		b.matched.add(r.Outcome == gallery.Match)
		b.copies.add(copies.Outcome == gallery.Match)
		if r.Outcome == gallery.Match {
			wrong++
		}
	}
	for _, p := range ids {
		r, err := e.ask(ctx, p.rows[1:1+burst])
		if err != nil {
			return err
		}
		b.missed.add(r.Outcome != gallery.Match || r.ID != p.name)
	}
	learned, n := e.study.FPIR, e.study.FPIR.N
	if e.study.Bursts != nil {
		learned, n = e.study.Bursts.FPIR, e.study.Bursts.FPIR.N
	}
	if fisher(int(learned.Value*float64(n)+0.5), n, wrong, len(test)) >= 0.05 {
		b.held++
	}
	return nil
}

// ask identifies a burst.
func (e *enrolled) ask(ctx context.Context, frames [][]float32) (gallery.BurstResult, error) {
	var photos []gallery.Photograph
	for i, row := range frames {
		photos = append(photos, gallery.Photograph{Name: fmt.Sprint(i), Faces: []gallery.Face{{Main: true, Embedding: row}}})
	}
	return e.gallery.IdentifyBurst(ctx, photos, gallery.IdentifyOptions{})
}
