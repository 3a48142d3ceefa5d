package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/track"
)

// demoStreetSize says how large the demo's streets are: the one that is tracked, and others whose figures are learned from.
type demoStreetSize struct {
	tracked mot.World // the seeds of the others follow on its own
	learned mot.World
	streets int
	every   int // frames of the others between pictures
}

func newDemoStreetSize(seed uint64) demoStreetSize {
	return demoStreetSize{tracked: mot.World{Frames: 1200, People: 12, Seed: seed}, learned: mot.World{Frames: 150, People: 8}, streets: 10, every: 5}
}

// demoStreet is the demo's street, tracked by where boxes are alone and with what a network sees in them.
type demoStreet struct {
	Frames  int             `json:"frames"`
	Figures int             `json:"figures"` // of other streets, that the network learned to tell apart
	Motion  tracking.Result `json:"motion"`
	Looks   tracking.Result `json:"siamese"`
	strip   demoStrip
}

// streetDemo trains on some streets and tracks another.
func (a *app) streetDemo(ctx context.Context, backend siam.Backend, r recipe.Recipe, size demoStreetSize) (demoStreet, error) {
	result := demoStreet{Frames: size.tracked.Frames}
	figures, err := size.figures(ctx)
	if err != nil {
		return result, err
	}
	result.Figures = len(figures.Classes)
	a.say("training a network on %d pictures of %d figures of invented streets", len(figures.Items), result.Figures)
	file, err := a.runRecipe(ctx, r, recipe.Job{Backend: backend, Background: figures, Seed: a.seed, Commit: thisBuild().Commit}, nil)
	if err != nil {
		return result, err
	}
	model, err := siam.New(file, siam.WithBackend(backend))
	if err != nil {
		return result, err
	}
	defer model.Close()
	a.say("tracking %d others through another street, without the network and with it", size.tracked.People)
	motion, looks, err := size.track(ctx, model.EmbedImages)
	if err != nil {
		return result, err
	}
	result.Motion, result.Looks = motion.judged.Count().Result(), looks.judged.Count().Result()
	result.strip, err = newDemoStrip(ctx, size.tracked, motion, looks)
	return result, err
}

// figures are what a detector sees of the figures of streets that are not tracked, and that hardly anybody hides.
func (s demoStreetSize) figures(ctx context.Context) (*dataset.Set, error) {
	set := &dataset.Set{Name: "figures of invented streets"}
	for street := range s.streets {
		world := s.learned
		world.Seed = s.tracked.Seed + 1 + uint64(street)
		if err := s.addFigures(ctx, set, world); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (s demoStreetSize) addFigures(ctx context.Context, set *dataset.Set, world mot.World) error {
	truth, found, err := world.Sequences(ctx)
	if err != nil {
		return err
	}
	first := len(set.Classes)
	for person := range world.People {
		set.Classes = append(set.Classes, dataset.Class{Name: fmt.Sprintf("street%d/figure%d", world.Seed, person+1)})
	}
	labels := tracking.LabelDetections(truth, found)
	return world.Pictures(ctx, func(number int, draw func() imgproc.Image) error {
		if number%s.every != 0 {
			return nil
		}
		picture := draw()
		for i, row := range found.Rows {
			if row.Frame != number || !labels[i].Right || crowded(truth.Rows, number, labels[i].Truth, row.Box) {
				continue
			}
			if seen, inside := track.Crop(picture, row.Box); inside {
				source := fmt.Sprintf("street %d, frame %d, figure %d", world.Seed, number, labels[i].Truth)
				set.Items = append(set.Items, dataset.Item{Image: seen, Label: first + labels[i].Truth - 1, Source: source})
			}
		}
		return nil
	})
}

// crowded reports whether another figure covers a fifth of a box.
func crowded(truth []mot.Row, number, id int, box mot.Box) bool {
	for _, other := range truth {
		if other.Frame == number && other.ID != id && other.Box.Overlap(box) > box.Area()/5 {
			return true
		}
	}
	return false
}

// demoTracked is what one tracker made of the street.
type demoTracked struct {
	rows   []mot.Row
	judged tracking.Sequence
}

// track runs one tracker with one setting twice: over boxes alone, and over boxes with embeddings.
func (s demoStreetSize) track(ctx context.Context, embed track.Embed) (motion, looks demoTracked, err error) {
	truth, found, err := s.tracked.Sequences(ctx)
	if err != nil {
		return motion, looks, err
	}
	frames, err := track.Frames(found, found.Info.Rate, track.Scores{})
	if err != nil {
		return motion, looks, err
	}
	if motion, err = demoTrack(ctx, truth, frames); err != nil {
		return motion, looks, err
	}
	err = s.tracked.Pictures(ctx, func(number int, draw func() imgproc.Image) error {
		frame := &frames[number-1]
		return frame.LookAt(ctx, draw(), demoTracker().Worth(frame.Detections), embed)
	})
	if err != nil {
		return motion, looks, err
	}
	looks, err = demoTrack(ctx, truth, frames)
	return motion, looks, err
}

// demoTracker is [track.Ours] that goes by looks far more, as clothes keep their colours in an invented street: numbers chosen on streets of other
// seeds. Without embeddings they change nothing.
func demoTracker() track.Settings {
	p := track.Default()
	p.Looks, p.Alike, p.Again, p.Reach, p.Hidden = 1, 0.1, 0.2, 1, 0.3
	return p.Settings()
}

func demoTrack(ctx context.Context, truth mot.Sequence, frames []track.Frame) (demoTracked, error) {
	out, _, err := demoTracker().RunContext(ctx, frames)
	if err != nil {
		return demoTracked{}, err
	}
	judged, err := tracking.Compare(mot.Pair{Truth: truth, Tracks: out}, tracking.Rules{})
	return demoTracked{out.Rows, judged}, err
}
