package track

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
)

// Our cost forbids what does not meet however the boxes grow, and is by their IoU else.
func TestOurCostIsByTheIoUOfGrownBoxes(t *testing.T) {
	p := Default()
	cost, rng := p.cost(), rand.New(rand.NewPCG(1, 2))
	met := 0
	for range 10_000 {
		box := func() mot.Box {
			return mot.Box{X: 300 * rng.Float64(), Y: 200 * rng.Float64(), W: 10 + 50*rng.Float64(), H: 20 + 100*rng.Float64()}
		}
		q := Pairing{Track: &Track{Box: box()}, Detection: &Detection{Box: box(), Score: rng.Float64()}, Steps: float64(rng.IntN(20))}
		by := p.Buffer + p.Grow*max(q.Steps-1, 0)/25
		iou := grown(q.Track.Box, by).IoU(grown(q.Detection.Box, by))
		want := 1 - iou*(1-p.Trust*(1-q.Detection.Score))
		if iou == 0 {
			want = math.Inf(1)
		} else {
			met++
		}
		if got := cost(&q); got != want && !(math.Abs(got-want) < 1e-9) {
			t.Fatalf("%v and %v after %g steps cost %g, want %g", q.Track.Box, q.Detection.Box, q.Steps, got, want)
		}
	}
	if met < 500 || met > 9500 {
		t.Errorf("%d of 10,000 pairs meet: too few or too many to tell", met)
	}
}
