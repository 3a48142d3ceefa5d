package dataset

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/siam-go/siam/imgproc"
)

func generate(t testing.TB, o GenerateOptions) *Set {
	t.Helper()
	return must[*Set](t)(Generate(t.Context(), o))
}

func TestGenerateFillsASoundSet(t *testing.T) {
	s := generate(t, GenerateOptions{Alphabets: 3, Characters: 7, Drawers: 4, Seed: 1})
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if len(s.Classes) != 21 || len(s.Items) != 84 || len(s.Groups()) != 3 || !slices.Equal(s.Drawers(), []int{1, 2, 3, 4}) {
		t.Fatalf("%d classes, %d items, groups %v, drawers %v", len(s.Classes), len(s.Items), s.Groups(), s.Drawers())
	}
	for _, it := range s.Items {
		if it.Image.H != 105 || it.Image.W != 105 || it.Image.C != 1 || !onlyBlackAndWhite(it.Image.Pix) {
			t.Fatalf("%s: %d×%d×%d, want 105×105 in black and white", it.Source, it.Image.H, it.Image.W, it.Image.C)
		}
	}
}

func TestGenerateDependsOnItsSeedOnly(t *testing.T) {
	o := GenerateOptions{Alphabets: 2, Characters: 5, Drawers: 3, Seed: 7}
	first, again := generate(t, o), generate(t, o)
	if diff := cmp.Diff(first, again, cmpopts.IgnoreUnexported(Item{})); diff != "" {
		t.Errorf("the same seed twice (-first +second):\n%s", diff)
	}
	o.Alphabets, o.Drawers = 3, 4
	more := generate(t, o)
	if !cmp.Equal(first.Items[0].Image, more.Items[0].Image) || !cmp.Equal(first.Items[15].Image, more.Items[20].Image) {
		t.Error("the first alphabets change when there are more of them")
	}
	o.Seed = 8
	if err := Leak(&Set{Items: first.Items}, &Set{Items: generate(t, o).Items}); err != nil {
		t.Errorf("another seed: %v", err)
	}
}

// TestGeneratedDrawingsLookLikeOmniglot compares with figures taken from Omniglot's background set: ink 865 ± 309 pixels,
// drawings 62 ± 16 high and 56 ± 17 wide.
func TestGeneratedDrawingsLookLikeOmniglot(t *testing.T) {
	var ink, high, wide []float64
	for _, it := range generate(t, GenerateOptions{Alphabets: 25, Characters: 12, Drawers: 3, Seed: 2}).Items {
		n, h, w := extentOfInk(it.Image)
		ink, high, wide = append(ink, n), append(high, h), append(wide, w)
	}
	for _, c := range []struct {
		name                string
		values              []float64
		mean, sd, mOff, sd2 float64
	}{{"ink", ink, 865, 309, 120, 90}, {"height", high, 62, 16, 6, 5}, {"width", wide, 56, 17, 6, 5}} {
		mean, sd := meanAndDeviation(c.values)
		if math.Abs(mean-c.mean) > c.mOff || math.Abs(sd-c.sd) > c.sd2 {
			t.Errorf("%s %.0f ± %.0f, want about %v ± %v", c.name, mean, sd, c.mean, c.sd)
		}
	}
}

func extentOfInk(m imgproc.Image) (ink, h, w float64) {
	y0, y1, x0, x1 := m.H, -1, m.W, -1
	for i, v := range m.Pix {
		if v == 0 {
			y, x := i/m.W, i%m.W
			y0, y1, x0, x1 = min(y0, y), max(y1, y), min(x0, x), max(x1, x)
			ink++
		}
	}
	return ink, float64(y1 - y0 + 1), float64(x1 - x0 + 1)
}

func meanAndDeviation(values []float64) (mean, sd float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sd += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(sd)
}

// TestGeneratedCharactersAreAsHardAsOmniglots: nearest neighbours among small pictures are right for 26 % of the queries of
// 20-way one-shot episodes within Omniglot's background alphabets. Here they are for somewhat more, and far from all.
func TestGeneratedCharactersAreAsHardAsOmniglots(t *testing.T) {
	s := generate(t, GenerateOptions{Alphabets: 12, Characters: 20, Drawers: 6, Seed: 3})
	e := must[*EpisodeSampler](t)(NewEpisodeSampler(s, EpisodeOptions{Ways: 20, Shots: 1, Queries: 1, WithinGroup: true, ByDrawer: true}))
	if share := nearestRight(s, e, 36); share < 0.25 || share > 0.5 {
		t.Errorf("nearest pictures are right %.2f of the time, want 0.25 to 0.5 (chance is 0.05)", share)
	}
}

// nearestRight is the share of queries in n episodes whose nearest support image is the right one.
func nearestRight(s *Set, e *EpisodeSampler, n int) float64 {
	right, queries := 0, 0
	for i := range n {
		ep := e.Episode(i)
		for q, item := range ep.Query {
			query, best, nearest := smallInk(s.Items[item].Image), math.Inf(1), -1
			for way, support := range ep.Support {
				if d := squared(query, smallInk(s.Items[support].Image)); d < best {
					best, nearest = d, way
				}
			}
			queries++
			if nearest == int(ep.Answer[q]) {
				right++
			}
		}
	}
	return float64(right) / float64(queries)
}

func squared(a, b []float32) (sum float64) {
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return sum
}

func TestGenerateRefusesSillySizesAndStops(t *testing.T) {
	for _, o := range []GenerateOptions{{}, {Alphabets: 1, Characters: 1, Drawers: 1}, {Alphabets: 5000, Characters: 2, Drawers: 1}} {
		if _, err := Generate(t.Context(), o); err == nil {
			t.Errorf("Generate(%+v) succeeded, want an error", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Generate(ctx, GenerateOptions{Alphabets: 9, Characters: 9, Drawers: 9}); !errors.Is(err, context.Canceled) {
		t.Errorf("Generate after cancel = %v, want context canceled", err)
	}
}

func TestStrokesPassThroughTheirKnots(t *testing.T) {
	line := stroke{{point{0, 0}, true}}.arcTo(point{10, 0}, math.Pi) // clockwise on the screen: over the top
	if top := line[len(line)/2].point; math.Abs(top.distance(point{5, 0})-5) > 1e-9 || top.y > 0 {
		t.Errorf("half circle passes %v, want 5 above the middle of its chord", top)
	}
	path := line.curve(0.5)
	for _, k := range line {
		nearest := math.Inf(1)
		for _, p := range path {
			nearest = min(nearest, p.distance(k.point))
		}
		if nearest > 1e-9 {
			t.Errorf("the curve passes knot %v at %v, want 0", k.point, nearest)
		}
	}
	ring := stroke{{point{0, 0}, true}, {point{4, 0}, true}}.loop(3, 1)
	if end := ring[len(ring)-1]; end.distance(point{4, 0}) > 1e-9 || math.Abs(ring[5].y-3) > 1e-9 {
		t.Errorf("loop ends at %v and reaches down to %v, want (4, 0) and 3", end.point, ring[5].y)
	}
}

func TestInkHasThePensWidth(t *testing.T) {
	page := inked([][]point{{{20, 50}, {80, 50}}, {{-30, 400}}}, 2.5)
	for _, x := range []int{30, 50, 70} {
		ink := 0
		for y := range 105 {
			ink += int(255-page.Row(y)[x]) / 255
		}
		if ink != 5 && ink != 6 {
			t.Errorf("column %d has %d pixels of ink, want 5 or 6", x, ink)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	o := GenerateOptions{Alphabets: 4, Characters: 20, Drawers: 20}
	for b.Loop() {
		o.Seed++
		generate(b, o)
	}
	b.ReportMetric(float64(b.N*o.Alphabets*o.Characters*o.Drawers)/b.Elapsed().Seconds(), "images/s")
}
