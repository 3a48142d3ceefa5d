package imgproc

import (
	"math"
	"testing"
)

func TestIoUOfBoxes(t *testing.T) {
	a := Box{0, 0, 4, 2}
	for _, test := range []struct {
		b    Box
		want float32
	}{
		{a, 1}, {Box{2, 0, 4, 2}, 1. / 3}, {Box{1, 0.5, 2, 1}, 0.25}, {Box{4, 0, 1, 1}, 0}, {Box{9, 9, 1, 1}, 0}, {Box{1, 1, 0, 0}, 0}, {Box{1, 1, -3, 5}, 0},
	} {
		if got := a.IoU(test.b); math.Abs(float64(got-test.want)) > 1e-6 || got != test.b.IoU(a) {
			t.Errorf("%v.IoU(%v) = %v, want %v both ways", a, test.b, got, test.want)
		}
	}
}
