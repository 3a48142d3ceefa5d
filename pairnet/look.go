package pairnet

import (
	"context"
	"math"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/track"
)

// Look compares the detections of a video. It remembers what it has said.
type Look struct {
	model *Model
	crops map[Sight]Crop
	known map[[2]Sight]float64 // distances
}

// NewLook has seen nothing yet.
func NewLook(m *Model) *Look { return &Look{m, map[Sight]Crop{}, map[[2]Sight]float64{}} }

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
			p.crops[Sight{frame.Detections[which[k]].Box, frame.At.Seconds()}] = c
		}
	}
}

// Compare is a [track.Compare] of frames that were seen; of others it cannot tell.
func (p *Look) Compare(ctx context.Context, couples []track.Couple) ([]float64, error) {
	distances := make([]float64, len(couples))
	var pairs []Pair
	for _, c := range couples {
		a, b := sights(c)
		_, known := p.known[[2]Sight{a, b}]
		if cropA, cropB := p.crops[a], p.crops[b]; !known && cropA != nil && cropB != nil {
			pairs = append(pairs, Pair{A: cropA, B: cropB, SightA: a, SightB: b})
		}
	}
	answers, err := p.model.Distances(ctx, pairs)
	for k, d := range answers {
		p.known[[2]Sight{pairs[k].SightA, pairs[k].SightB}] = d
	}
	for i, c := range couples {
		a, b := sights(c)
		d, known := p.known[[2]Sight{a, b}]
		if distances[i] = d; !known {
			distances[i] = math.NaN()
		}
	}
	return distances, err
}

func sights(c track.Couple) (a, b Sight) {
	return Sight{Box: c.A.Box, At: c.AtA}, Sight{Box: c.B.Box, At: c.AtB}
}
