package pairnet

import (
	"context"
	"math"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/track"
)

// Look compares the detections of a video.
type Look struct {
	model *Model
	crops map[*track.Detection]Crop
}

// NewLook has seen nothing yet.
func NewLook(m *Model) *Look { return &Look{m, map[*track.Detection]Crop{}} }

// See makes the crops of a frame's detections; next is the frame after, or nothing.
func (p *Look) See(frame *track.Frame, now, next imgproc.Image) {
	spec := p.model.Spec
	if next.W != now.W || next.H != now.H {
		next = imgproc.Image{}
	}
	crops := make([]Crop, len(frame.Detections))
	parallel.Ranges(len(crops), func(from, to int) {
		for i := from; i < to; i++ {
			d := &frame.Detections[i]
			cut, inside := spec.Cut(now, d.Box)
			if !inside || d.Score < track.LeastLooked {
				continue
			}
			var after imgproc.Image
			if next.Pix != nil {
				after, _ = spec.Cut(next, d.Box)
			}
			crops[i] = spec.Crop(cut, after)
		}
	})
	for i, c := range crops {
		if c != nil {
			p.crops[&frame.Detections[i]] = c
		}
	}
}

// Compare is a [track.Compare] of frames that were seen; of others it cannot tell.
func (p *Look) Compare(ctx context.Context, couples []track.Couple) ([]float64, error) {
	distances := make([]float64, len(couples))
	var pairs []Pair
	var of []int
	for i, c := range couples {
		a, b := p.crops[c.A], p.crops[c.B]
		if distances[i] = math.NaN(); a == nil || b == nil {
			continue
		}
		of = append(of, i)
		pairs = append(pairs, Pair{A: a, B: b, SightA: Sight{Box: c.A.Box, At: c.AtA}, SightB: Sight{Box: c.B.Box, At: c.AtB}})
	}
	answers, err := p.model.Distances(ctx, pairs)
	for k, d := range answers {
		distances[of[k]] = d
	}
	return distances, err
}
