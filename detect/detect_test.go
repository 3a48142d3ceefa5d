package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSuppressKeepsTheBestOfEachLabel(t *testing.T) {
	found := []Detection{
		{Box: Box{X: 0, Y: 0, W: 10, H: 10}, Score: 0.6},
		{Box: Box{X: 1, Y: 0, W: 10, H: 10}, Score: 0.9},
		{Box: Box{X: 1, Y: 0, W: 10, H: 10}, Score: 0.8, Label: 1},
		{Box: Box{X: 30, Y: 0, W: 10, H: 10}, Score: 0.7},
	}
	before := slices.Clone(found)
	want := []Detection{found[1], found[2], found[3]}
	if diff := cmp.Diff(want, Suppress(found, 0.5)); diff != "" {
		t.Errorf("Suppress differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, found); diff != "" {
		t.Errorf("Suppress changed its input:\n%s", diff)
	}
}

// What is kept never overlaps, and what is dropped overlaps something better.
func TestSuppressHoldsItsPromiseOnRandomBoxes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var found []Detection
	for range 300 {
		found = append(found, Detection{
			Box:   Box{X: 100 * random.Float32(), Y: 100 * random.Float32(), W: 30 * random.Float32(), H: 30 * random.Float32()},
			Score: random.Float32(), Label: random.IntN(2),
		})
	}
	const overlap = 0.3
	kept := Suppress(found, overlap)
	covered := func(d Detection) bool {
		return slices.ContainsFunc(kept, func(k Detection) bool {
			return k.Label == d.Label && k.Score > d.Score && k.Box.IoU(d.Box) > overlap
		})
	}
	for _, d := range found {
		isKept := slices.ContainsFunc(kept, func(k Detection) bool { return cmp.Equal(k, d) })
		if isKept == covered(d) {
			t.Errorf("%v: kept %v and covered by a better one %v, want one of both", d, isKept, covered(d))
		}
	}
}

// yunet is an empty answer of YuNet for h×w pixels.
func yunet(h, w int) []YuNetHead {
	var heads []YuNetHead
	for _, s := range []int{8, 16, 32} {
		n := h / s * (w / s)
		heads = append(heads, YuNetHead{s, make([]float32, n), make([]float32, n), make([]float32, 4*n), make([]float32, 10*n)})
	}
	return heads
}

func TestDecodeYuNetFollowsItsFormulas(t *testing.T) {
	heads := yunet(64, 96)
	head := heads[1] // stride 16: 4 rows of 6 cells
	const cell = 2*6 + 3
	head.Class[cell], head.Object[cell] = 0.81, 0.64
	copy(head.Box[4*cell:], []float32{0.5, -0.25, float32(math.Log(2)), float32(math.Log(3))})
	for k := range 10 {
		head.Landmarks[10*cell+k] = 0.1 * float32(k)
	}
	got, err := DecodeYuNet(heads, 64, 96, 0.5)
	if err != nil || len(got) != 1 {
		t.Fatalf("DecodeYuNet = %v, %v, want one face", got, err)
	}
	want := Detection{Score: 0.72, Box: Box{X: 3.5*16 - 16, Y: 1.75*16 - 24, W: 32, H: 48}}
	for k := range 5 {
		want.Landmarks = append(want.Landmarks, Point{X: (3 + 0.2*float32(k)) * 16, Y: (2.1 + 0.2*float32(k)) * 16})
	}
	near := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 })
	if diff := cmp.Diff(want, got[0], near); diff != "" {
		t.Errorf("face differs (-want +got):\n%s", diff)
	}
	if got, _ := DecodeYuNet(heads, 64, 96, 0.73); len(got) != 0 {
		t.Errorf("DecodeYuNet with a higher bar = %v, want nothing", got)
	}
	if _, err := DecodeYuNet(heads, 64, 64, 0.5); err == nil || !strings.Contains(err.Error(), "want 64 for 64×64 pixels") {
		t.Errorf("DecodeYuNet of another size = %v, want an error with both counts", err)
	}
}

func TestDecodeYOLOXFollowsItsFormulas(t *testing.T) {
	const h, w, classes = 64, 32, 3
	cells := 8*4 + 4*2 + 2*1
	output := make([]float32, cells*(5+classes))
	at := 8*4 + 2*2 + 1 // stride 16, row 2, column 1
	copy(output[at*(5+classes):], []float32{0.25, 0.5, float32(math.Log(1.5)), 0, 0.8, 0.1, 0.9, 0.3})
	got, err := DecodeYOLOX(output, classes, h, w, 0.7)
	if err != nil || len(got) != 1 {
		t.Fatalf("DecodeYOLOX = %v, %v, want one box", got, err)
	}
	want := Detection{Score: 0.72, Label: 1, Box: Box{X: 1.25*16 - 12, Y: 2.5*16 - 8, W: 24, H: 16}}
	near := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 })
	if diff := cmp.Diff(want, got[0], near); diff != "" {
		t.Errorf("box differs (-want +got):\n%s", diff)
	}
	if _, err := DecodeYOLOX(output[1:], classes, h, w, 0.7); err == nil || !strings.Contains(err.Error(), "want 42 cells of 8") {
		t.Errorf("DecodeYOLOX of a short output = %v, want an error with the sizes", err)
	}
}
