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

// See makes crops of some of a frame's detections; next is the frame after, or nothing. Which are worth it, [track.Offline.Worth] tells.
func (p *Look) See(frame *track.Frame, which []int, now, next imgproc.Image) {
	spec := p.model.Spec
	if next.W != now.W || next.H != now.H {
		next = imgproc.Image{}
	}
	crops := make([]Crop, len(which))
	parallel.Ranges(len(crops), func(from, to int) {
		for k := from; k < to; k++ {
			box := frame.Detections[which[k]].Box
			cut, inside := spec.Cut(now, box)
			if !inside {
				continue
			}
			var after imgproc.Image
			if next.Pix != nil {
				after, _ = spec.Cut(next, box)
			}
			crops[k] = spec.Crop(cut, after)
		}
	})
	for k, c := range crops {
		if c != nil {
			p.crops[&frame.Detections[which[k]]] = c
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
