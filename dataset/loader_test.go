package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

var small = imgproc.Preprocess{Height: 8, Width: 8, Channels: 1, Invert: true}

func newLoader(t testing.TB, s *Set, o LoaderOptions) *Loader {
	t.Helper()
	o.Preprocess = small
	sampler := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Groups: 2, Classes: 3, Examples: 2, Seed: 5}))
	return must[*Loader](t)(NewLoader(s, sampler, o))
}

// batches copies what a loader yields.
func batches(t testing.TB, l *Loader) []Batch {
	t.Helper()
	var all []Batch
	for b, err := range l.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		c := *b // its slices are used again: at the third step where there is one core
		c.Images, c.Vectors, c.Old, c.Same = slices.Clone(b.Images), slices.Clone(b.Vectors), slices.Clone(b.Old), slices.Clone(b.Same)
		c.Items, c.Labels, c.Groups, c.Pairs = slices.Clone(b.Items), slices.Clone(b.Labels), slices.Clone(b.Groups), slices.Clone(b.Pairs)
		all = append(all, c)
	}
	return all
}

func TestBatchesDoNotDependOnWorkers(t *testing.T) {
	s := letters(3, 4, 5, 6)
	o := LoaderOptions{Augment: KochDistortions(), Seed: 9, Steps: 12, Workers: 1}
	want := batches(t, newLoader(t, s, o))
	for _, o.Workers = range []int{2, 5, 20} {
		if diff := cmp.Diff(want, batches(t, newLoader(t, s, o))); diff != "" {
			t.Errorf("%d workers (-want +got):\n%s", o.Workers, diff)
		}
	}
	for i, b := range want {
		if b.Step != i || b.N != 12 || len(b.Images) != 12*64 {
			t.Fatalf("batch %d: step %d, %d rows, %d values", i, b.Step, b.N, len(b.Images))
		}
		for row, item := range b.Items {
			if it := s.Items[item]; int(b.Labels[row]) != it.Label || s.Groups()[b.Groups[row]] != s.Classes[it.Label].Group {
				t.Fatalf("batch %d row %d: label %d, group %d of item %+v", i, row, b.Labels[row], b.Groups[row], it)
			}
		}
	}
	if cmp.Equal(want[0].Images, want[1].Images) {
		t.Error("two steps have the same images")
	}
}

func TestAResumedLoaderGoesOnExactly(t *testing.T) {
	s := letters(3, 4, 5, 6)
	o := LoaderOptions{Augment: KochDistortions(), Seed: 9, Steps: 10}
	want := batches(t, newLoader(t, s, o))
	broken := newLoader(t, s, o)
	for b := range broken.Batches(t.Context()) {
		if b.Step == 3 {
			break
		}
	}
	saved := must[[]byte](t)(json.Marshal(broken.State()))
	var state State
	if err := json.Unmarshal(saved, &state); err != nil {
		t.Fatal(err)
	}
	o.Seed = 0 // the state brings it
	resumed := newLoader(t, s, o)
	if err := resumed.Resume(state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[4:], batches(t, resumed)); diff != "" {
		t.Errorf("resumed at %s (-want +got):\n%s", saved, diff)
	}
	if err := newLoader(t, letters(3, 4, 5), o).Resume(state); err == nil {
		t.Error("Resume with another data set succeeded, want an error")
	}
}

func TestBatchesCarryAnOlderModelsEmbeddings(t *testing.T) {
	s := letters(3, 4, 5)
	o := LoaderOptions{Seed: 9, Steps: 3}
	for i := range s.Items {
		o.Old = append(o.Old, []float32{float32(i), float32(-i)})
	}
	for _, b := range batches(t, newLoader(t, s, o)) {
		for row, item := range b.Items {
			if got := b.Old[2*row : 2*row+2]; got[0] != float32(item) || got[1] != float32(-item) || len(b.Old) != 2*b.N {
				t.Fatalf("row %d of item %d has the old embedding %v of %d numbers in all", row, item, got, len(b.Old))
			}
		}
	}
	sampler := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 2, Examples: 2}))
	preprocess := imgproc.Preprocess{Height: 8, Width: 8, Channels: 1}
	for name, old := range map[string][][]float32{"too few": {{1}}, "of two lengths": append([][]float32{{1}}, o.Old[1:]...)} {
		if _, err := NewLoader(s, sampler, LoaderOptions{Preprocess: preprocess, Old: old}); err == nil {
			t.Errorf("embeddings that are %s: NewLoader = nil, want an error", name)
		}
	}
}

func TestBatchesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	steps, last := 0, error(nil)
	for _, err := range newLoader(t, letters(3, 4, 5), LoaderOptions{}).Batches(ctx) {
		if last = err; err != nil {
			break
		}
		if steps++; steps == 5 {
			cancel()
		}
	}
	if steps != 5 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d steps, then %v, want 5, then context canceled", steps, last)
	}
}

func TestLoaderRefusesBadSettings(t *testing.T) {
	s := letters(2, 2)
	bad := map[string]LoaderOptions{
		"no size": {}, "negative": {Preprocess: small, Start: -1},
		"range upside down": {Preprocess: small, Augment: Augment{Rotate: Range{10, -10}}},
		"flattening":        {Preprocess: small, Augment: Augment{ShearX: Range{-1, 1}, ShearY: Range{-1, 1}}},
		"no scale":          {Preprocess: small, Augment: Augment{ScaleX: Range{0, 1}}},
		"chance":            {Preprocess: small, Augment: Augment{Chance: 2}},
	}
	for name, o := range bad {
		if _, err := NewLoader(s, InOrder{Items: 4, Batch: 2}, o); err == nil {
			t.Errorf("%s: NewLoader succeeded, want an error", name)
		}
	}
	s.Items[1].Image = imgproc.Image{}
	if _, err := NewLoader(s, InOrder{Items: 4, Batch: 2}, LoaderOptions{Preprocess: small}); err == nil {
		t.Error("NewLoader with an empty image succeeded, want an error")
	}
}

// TestKochDistortionsHaveThePapersRanges takes the drawn maps apart: with one component in use they are that component.
func TestKochDistortionsHaveThePapersRanges(t *testing.T) {
	const n = 20000
	rng := rand.New(rand.NewPCG(1, 2))
	a := KochDistortions()
	unmoved := 0
	for range n {
		m := a.affine(rng, 105, 105)
		if m.X0 == 0 {
			unmoved++
		}
		if math.Abs(m.X0) > 2 || math.Abs(m.Y0) > 2 {
			t.Fatalf("moved by (%v, %v), want within ±2 pixels", m.X0, m.Y0)
		}
		if det := m.XX*m.YY - m.XY*m.YX; det < 0.8*0.8*(1-0.09)-1e-9 || det > 1.2*1.2*(1+0.09)+1e-9 {
			t.Fatalf("area changes by %v, want within 0.58 to 1.57", det)
		}
	}
	if share := float64(unmoved) / n; math.Abs(share-0.5) > 0.02 {
		t.Errorf("%.3f of the maps do not move sideways, want half", share)
	}
	for name, c := range map[string]struct {
		only      Augment
		of        func(imgproc.Affine) float64
		low, high float64
	}{
		"rotation": {Augment{Rotate: a.Rotate}, func(m imgproc.Affine) float64 { return math.Atan2(m.YX, m.XX) * 180 / math.Pi }, -10, 10},
		"shear x":  {Augment{ShearX: a.ShearX}, func(m imgproc.Affine) float64 { return m.XY }, -0.3, 0.3},
		"shear y":  {Augment{ShearY: a.ShearY}, func(m imgproc.Affine) float64 { return m.YX }, -0.3, 0.3},
		"scale x":  {Augment{ScaleX: a.ScaleX}, func(m imgproc.Affine) float64 { return m.XX }, 0.8, 1.2},
		"scale y":  {Augment{ScaleY: a.ScaleY}, func(m imgproc.Affine) float64 { return m.YY }, 0.8, 1.2},
	} {
		low, high := math.Inf(1), math.Inf(-1)
		for range n {
			v := c.of(c.only.affine(rng, 105, 105))
			low, high = min(low, v), max(high, v)
		}
		if tolerance := (c.high - c.low) / 500; math.Abs(low-c.low) > tolerance || math.Abs(high-c.high) > tolerance {
			t.Errorf("%s from %.3f to %.3f, want %v to %v", name, low, high, c.low, c.high)
		}
	}
	if a.Chance != 0.5 || a.Keep != 1.0/9 {
		t.Errorf("chance %v, keep %v, want 0.5 and 1/9", a.Chance, a.Keep)
	}
}

func TestAugmentLeavesKeptImagesAlone(t *testing.T) {
	it := letters(1, 1).Items[0]
	want, got := make([]float32, 64), make([]float32, 64)
	small.Apply(want, it.Image)
	it.write(got, small, Augment{Rotate: Range{20, 30}, Keep: 1}, newRand(1))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kept image (-want +got):\n%s", diff)
	}
	for name, a := range map[string]Augment{"bend": {Bend: 0.1}, "thicken": {Thicken: Range{0.5, 1}}, "rotate": {Rotate: Range{20, 30}}} {
		it.write(got, small, a, newRand(1))
		if cmp.Equal(want, got) {
			t.Errorf("%s: the image stays as it is", name)
		}
	}
}

func TestAugmentTurnsItems(t *testing.T) {
	it := letters(1, 1).Items[0]
	it.Turn = imgproc.Mirror | imgproc.TurnRight
	want, got := make([]float32, 64), make([]float32, 64)
	small.Apply(want, it.Pixels())
	it.write(got, small, Augment{}, newRand(1))
	for i := range want {
		if math.Abs(float64(want[i]-got[i])) > 0.02 {
			t.Fatalf("value %d = %v, want %v", i, got[i], want[i])
		}
	}
}

func BenchmarkLoader(b *testing.B) {
	s := letters(4, 16, 16)
	for i := range s.Items {
		s.Items[i].Image = imgproc.Resize(s.Items[i].Image, 105, 105)
	}
	sampler := must[*ClassSampler](b)(NewClassSampler(s, ClassOptions{Groups: 2, Classes: 16, Examples: 4}))
	p := imgproc.Preprocess{Height: 56, Width: 56, Channels: 1, Invert: true}
	o := LoaderOptions{Preprocess: p, Augment: KochDistortions(), Steps: b.N}
	l := must[*Loader](b)(NewLoader(s, sampler, o))
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range l.Batches(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*128)/b.Elapsed().Seconds(), "images/s")
}
