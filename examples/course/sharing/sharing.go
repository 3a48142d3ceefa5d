// Package sharing checks exercise 2: the mutual correlation of section 4.2 of the lecture, and the loss of two masks.
package sharing

import (
	"context"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/examples/course/finding"
)

// Map is a feature map [h, w, c]: vector (i, j), column and row, begins at Values[(j·W+i)·C].
type Map struct {
	W, H, C int
	Values  []float32
}

// Parts are what a student writes; a part that is nil is not written yet.
type Parts struct {
	// Side is D, how many displacements there are in each direction, for maps of w columns and h rows.
	Side func(w, h int) int
	// Channel is k, from 0 to D²−1, of the displacement from column i and row j of a to column m and row n of b. The lecture's k counts from the
	// middle channel, D²/2 rounded down.
	Channel func(i, j, m, n, d int) int
	// Correlation is c [h, w, D²], as a list: the inner products of a's vectors with those of b around them, not divided by anything, and 0
	// where b has no such place.
	Correlation func(a, b Map) []float32
	// Loss is that of two masks: of each image the mean over its pixels of the cross-entropy of probability p and truth y, both added.
	Loss func(pA, yA, pB, yB []float64) float64
	// Layer is Correlation in a GoMLX graph, of a and b [n, h, w, c].
	Layer func(a, b *Node) *Node
}

// Check says of every part whether it is right.
func Check(_ context.Context, p Parts) []finding.Finding {
	return []finding.Finding{checkSide(p), checkChannel(p), checkCorrelation(p), checkLoss(p), checkLayer(p)}
}

func checkSide(p Parts) finding.Finding {
	return finding.Of("Side", p.Side != nil, func() error {
		for _, c := range [][3]int{{4, 4, 9}, {16, 16, 33}, {3, 5, 11}} {
			if got := p.Side(c[0], c[1]); got != c[2] {
				return fmt.Errorf("Side(%d, %d) = %d, want %d: 2·max(w, h) + 1", c[0], c[1], got, c[2])
			}
		}
		return nil
	})
}

func checkChannel(p Parts) finding.Finding {
	return finding.Of("Channel", p.Channel != nil, func() error {
		for _, c := range [][5]int{{1, 2, 1, 2, 40}, {0, 0, 3, 0, 43}, {0, 0, 0, 3, 67}, {3, 3, 0, 0, 10}, {2, 1, 3, 0, 32}} {
			if got := p.Channel(c[0], c[1], c[2], c[3], 9); got != c[4] {
				return fmt.Errorf("Channel(i=%d, j=%d, m=%d, n=%d, D=9) = %d, want %d", c[0], c[1], c[2], c[3], got, c[4])
			}
		}
		return nil
	})
}

// example is two maps of 4×4 vectors of whole numbers, whose products are exact.
func example() (a, b Map) {
	a, b = Map{4, 4, 2, make([]float32, 32)}, Map{4, 4, 2, make([]float32, 32)}
	for i := range a.Values {
		a.Values[i], b.Values[i] = float32(i*i%7-3), float32(i*5%9-4)
	}
	return a, b
}

// truth is the correlation of the example, by the layer of Siam.
func truth(layer func(a, b *Node) *Node) ([]float32, error) {
	backend, err := siam.NewBackend("cpu", 1)
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	a, b := example()
	in := func(m Map) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(m.Values, 1, m.H, m.W, m.C) }
	out, err := CallOnce(backend, layer, in(a), in(b))
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](out)
}

func ours(a, b *Node) *Node {
	side := max(a.Shape().Dim(1), a.Shape().Dim(2))
	return MulScalar(coseg.Correlation(a, b, side), float64(a.Shape().Dim(3)))
}

func checkCorrelation(p Parts) finding.Finding {
	return finding.Of("Correlation", p.Correlation != nil, func() error {
		return compare("Correlation", p.Correlation(example()))
	})
}

func checkLayer(p Parts) finding.Finding {
	return finding.Of("Layer", p.Layer != nil, func() error {
		got, err := truth(p.Layer)
		if err != nil {
			return err
		}
		return compare("Layer", got)
	})
}

func compare(part string, got []float32) error {
	want, err := truth(ours)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%s of two maps of 4×4 makes %d numbers, want %d: 4·4·9²", part, len(got), len(want))
	}
	for at := range got {
		if math.Abs(float64(got[at]-want[at])) > 1e-4 {
			return fmt.Errorf("%s at column %d, row %d, channel %d = %v, want %v", part, at/81%4, at/81/4, at%81, got[at], want[at])
		}
	}
	return nil
}

func checkLoss(p Parts) finding.Finding {
	return finding.Of("Loss", p.Loss != nil, func() error {
		got := p.Loss([]float64{0.5, 0.25}, []float64{1, 0}, []float64{0.5}, []float64{0})
		want := -(math.Log(0.5)+math.Log(0.75))/2 - math.Log(0.5)
		switch {
		case math.Abs(got+want) < 1e-9:
			return fmt.Errorf("Loss = %.4f, want %.4f: it lacks the minus sign, and would teach the opposite", got, want)
		case math.Abs(got-want) > 1e-9:
			return fmt.Errorf("Loss of A's p=[0.5 0.25], y=[1 0] and B's p=[0.5], y=[0] = %.4f, want %.4f: means over pixels, added over images", got, want)
		}
		return nil
	})
}
