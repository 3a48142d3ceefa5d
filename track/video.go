package track

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// Frame is the detections of one frame.
type Frame struct {
	Number     int
	At         time.Duration
	Detections []Detection
	// Scale, DX and DY are how the camera moved since the frame before, see [Tracker.Move]; Scale 0 says that it stood.
	Scale, DX, DY float64
}

// mostFrames bounds how far apart the numbers of frames may be, so that a wrong number does not fill the memory.
const mostFrames = 10_000_000

// Frames are all frames of a sequence of detections, at rate frames a second, also those without any. Scores are mapped to [0, 1].
func Frames(s mot.Sequence, rate float64, scores Scores) ([]Frame, error) {
	first, last := s.Frames()
	if s.Info.Frames > 0 {
		first, last = min(first, 1), max(last, s.Info.Frames)
	}
	if len(s.Rows) == 0 {
		first = 1
	}
	if last-first >= mostFrames {
		return nil, fmt.Errorf("%s: frames %d to %d are more than %d", s.Path, first, last, mostFrames)
	}
	if !(rate > 0) || rate > 1e6 {
		return nil, fmt.Errorf("%s: %g frames a second, want a rate above 0", s.Name, rate)
	}
	if seconds := float64(last-first) / rate; seconds > math.MaxInt64/1e9 {
		return nil, fmt.Errorf("%s: %d frames at %g a second are %.0f years, want a higher rate", s.Name, last-first+1, rate, seconds/(365*24*3600))
	}
	frames := make([]Frame, max(last-first+1, 0))
	for i := range frames {
		frames[i].Number = first + i
		frames[i].At = time.Duration(float64(i) / rate * float64(time.Second))
	}
	for _, r := range s.Rows {
		f := &frames[r.Frame-first]
		f.Detections = append(f.Detections, Detection{Box: r.Box, Score: scores.Of(r.Score)})
	}
	return frames, nil
}

// Next moves the tracks with the camera, where that is known, and updates them: see [Tracker.Update].
func (t *Tracker) Next(f Frame) ([]Track, error) {
	if f.Scale > 0 {
		t.Move(f.Scale, f.DX, f.DY)
	}
	tracks, err := t.Update(f.At, f.Detections)
	if err != nil {
		return nil, fmt.Errorf("frame %d: %w", f.Number, err)
	}
	return tracks, nil
}

// Run gives all frames to a new tracker, and returns what it reports.
func (s Settings) Run(frames []Frame) (mot.Sequence, Skipped, error) {
	return s.RunContext(context.Background(), frames)
}

// RunContext is [Settings.Run] that ends with the context's error when that is done.
func (s Settings) RunContext(ctx context.Context, frames []Frame) (mot.Sequence, Skipped, error) {
	tracker := New(s)
	out := mot.Sequence{Format: "mot"}
	for _, f := range frames {
		if err := ctx.Err(); err != nil {
			return out, tracker.Skipped(), err
		}
		tracks, err := tracker.Next(f)
		if err != nil {
			return out, tracker.Skipped(), err
		}
		for _, tr := range tracks {
			out.Rows = append(out.Rows, mot.Row{Frame: f.Number, ID: tr.ID, Box: tr.Box, Score: tr.Score})
		}
	}
	return out, tracker.Skipped(), nil
}
