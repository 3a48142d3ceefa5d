package main

import (
	"context"
	"time"

	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/track"
)

// mostPairs is of how many pairs of tracks and detections a page tells in a frame; more are not to be read anyway.
const mostPairs = 1000

// weighed tracks the video once more, and puts into every step-th frame of the film what was weighed there.
func (p pictures) weighed(ctx context.Context, film *report.Film, step int) error {
	number := map[time.Duration]int{}
	for _, f := range p.frames {
		number[f.At] = f.Number
	}
	show := func(i int, a track.Association) {
		if i%step == 0 {
			film.Frames[i].Matrix = matrixOf(a, p.frames[i].Detections, number)
		}
	}
	if p.flags.offline {
		whole := p.flags.whole(p.compare != nil)
		film.Gates = whole.Gates()
		_, all, err := whole.Explain(ctx, p.frames, p.compare, mostPairs)
		for i, a := range all {
			show(i, a)
		}
		return err
	}
	settings := p.settings
	settings.Explain = mostPairs
	for _, s := range settings.Stages {
		film.Gates = append(film.Gates, s.Gate)
	}
	tracker := track.New(settings)
	for i, f := range p.frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := tracker.Next(f); err != nil {
			return err
		}
		show(i, tracker.Association())
	}
	return nil
}

// matrixOf is an association as a page shows it; number is of the frame at a time.
func matrixOf(a track.Association, detections []track.Detection, number map[time.Duration]int) *report.FilmMatrix {
	m := &report.FilmMatrix{Over: a.Over, Cells: []report.FilmCell{}}
	for _, t := range a.Tracks {
		m.Tracks = append(m.Tracks, report.FilmTrack{ID: t.ID, State: t.State.String(), Seen: number[t.Seen], Look: t.Look})
	}
	for _, i := range a.Detections {
		m.Detections = append(m.Detections, report.FilmDetection{Index: i, Box: detections[i].Box, Score: detections[i].Score})
	}
	for _, c := range a.Cells {
		m.Cells = append(m.Cells, report.FilmCell{Outcome: c.Outcome.String(), Stage: c.Stage, Cost: c.Cost, Motion: c.Motion, Looks: c.Looks})
	}
	return m
}
