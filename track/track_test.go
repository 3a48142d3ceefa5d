package track

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/siam-go/siam/dataset/mot"
	"pgregory.net/rapid"
)

// all are the trackers that have a name.
func all() map[string]Settings {
	return map[string]Settings{"ours": Ours(), "sort": SORT(), "bytetrack": ByteTrack(), "deepsort": DeepSORT()}
}

func TestSeveralStepsAreOneLongStep(t *testing.T) {
	for shape := WidthHeight; shape <= AreaRatio; shape++ {
		m := SORT().Motion
		m.Shape = shape
		one := m.start(mot.Box{X: 10, Y: 20, W: 30, H: 60})
		m.update(&one, mot.Box{X: 14, Y: 21, W: 30, H: 60}, 1)
		many := one
		m.predict(&one, 5)
		for range 5 {
			m.predict(&many, 1)
		}
		if diff := cmp.Diff(many, one, cmpopts.EquateApprox(1e-12, 1e-9)); diff != "" {
			t.Errorf("shape %d: five steps and one of five differ (-five +one):\n%s", shape, diff)
		}
	}
}

// walkers are n objects that go right at their own height, with noise.
func walkers(n, frames int, rng *rand.Rand, embed int) []Frame {
	looks := make([][]float32, n)
	for i := range looks {
		for range embed {
			looks[i] = append(looks[i], float32(rng.NormFloat64()))
		}
	}
	all := make([]Frame, frames)
	for f := range all {
		all[f] = Frame{Number: f + 1, At: time.Duration(f) * frame}
		for i := range n {
			box := mot.Box{X: float64(5*f) + rng.NormFloat64(), Y: float64(i*150) + rng.NormFloat64(), W: 40, H: 100}
			all[f].Detections = append(all[f].Detections, Detection{Box: box, Score: 0.9, Embedding: looks[i]})
		}
	}
	return all
}

func TestEachObjectKeepsItsID(t *testing.T) {
	for name, s := range all() {
		out, _, err := s.Run(walkers(5, 40, rand.New(rand.NewPCG(1, 2)), 8))
		if err != nil {
			t.Fatal(err)
		}
		ids := map[int]int{} // of each height
		for _, r := range out.Rows {
			row := int(math.Round(r.Box.Y / 150))
			if was, known := ids[row]; known && was != r.ID {
				t.Fatalf("%s: the object at %d has ids %d and %d", name, row, was, r.ID)
			}
			ids[row] = r.ID
		}
		if len(ids) != 5 || len(out.Rows) < 5*36 {
			t.Errorf("%s: %d objects in %d rows, want 5 in nearly 200", name, len(ids), len(out.Rows))
		}
	}
}

// Whatever comes in, ids are 1, 2, 3, … and nobody has two boxes in a frame.
func TestIDsAreNeverSkippedOrGivenTwice(t *testing.T) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -5, 1e300, 1e-300}
	rapid.Check(t, func(t *rapid.T) {
		for name, s := range all() {
			s.MaxIdentities = rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "most")
			tracker := New(s)
			highest, at := 0, time.Duration(0)
			for range rapid.IntRange(1, 12).Draw(t, "frames") {
				at += time.Duration(rapid.IntRange(1, int(2*time.Second)).Draw(t, "gap"))
				var found []Detection
				for range rapid.IntRange(0, 8).Draw(t, "boxes") {
					n := func() float64 {
						if rapid.IntRange(0, 30).Draw(t, "odd") == 0 {
							return rapid.SampledFrom(odd).Draw(t, "value")
						}
						return rapid.Float64Range(0, 60).Draw(t, "value")
					}
					found = append(found, Detection{Box: mot.Box{X: n(), Y: n(), W: n(), H: n()}, Score: n() / 60, Embedding: []float32{float32(n()), float32(n())}})
				}
				tracks, err := tracker.Update(at, found)
				if err != nil {
					t.Fatal(err)
				}
				seen := map[int]bool{}
				for _, tr := range tracks {
					if seen[tr.ID] || tr.ID < 1 || !tr.Box.Finite() || tr.Box.W <= 0 || tr.Box.H <= 0 {
						t.Fatalf("%s: reported %+v, want a box and an id of its own", name, tr)
					}
					seen[tr.ID] = true
					if tr.ID > highest+1 {
						for id := highest + 1; id < tr.ID; id++ {
							if !contains(tracks, id) {
								t.Fatalf("%s: id %d was skipped", name, id)
							}
						}
					}
				}
				for id := range seen {
					highest = max(highest, id)
				}
				if s.MaxIdentities > 0 && len(tracks) > s.MaxIdentities {
					t.Fatalf("%s: %d objects at once, want at most %d", name, len(tracks), s.MaxIdentities)
				}
			}
		}
	})
}

func contains(tracks []Track, id int) bool {
	for _, tr := range tracks {
		if tr.ID == id {
			return true
		}
	}
	return false
}

func TestARestoredTrackerGoesOnAsIfNothingHadBeen(t *testing.T) {
	frames := walkers(6, 30, rand.New(rand.NewPCG(3, 4)), 8)
	for name, s := range all() {
		tracker := New(s)
		for i, f := range frames {
			if _, err := tracker.Update(f.At, f.Detections); err != nil {
				t.Fatal(err)
			}
			if i != 14 {
				continue
			}
			state, err := tracker.Save()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Restore(s, state)
			if err != nil {
				t.Fatal(err)
			}
			for _, next := range frames[i+1:] {
				want, _ := tracker.Update(next.At, next.Detections)
				got, err := again.Update(next.At, next.Detections)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Track{})); diff != "" || err != nil {
					t.Fatalf("%s: frame %d differs (-want +got):\n%s%v", name, next.Number, diff, err)
				}
			}
			break
		}
	}
	for _, damaged := range []string{"", "{}", `{"version":1,"tracks":[{"ID":7}]}`, "[1]"} {
		if _, err := Restore(Ours(), []byte(damaged)); err == nil {
			t.Errorf("Restore(%q) took it, want an error", damaged)
		}
	}
}

func TestBadDetectionsAreCounted(t *testing.T) {
	tracker := New(Ours())
	good := mot.Box{X: 1, Y: 2, W: 30, H: 60}
	_, err := tracker.Update(0, []Detection{{Box: good, Score: 0.9}, {Box: good, Score: 0.8}, {Box: good, Score: math.NaN()},
		{Box: mot.Box{X: math.NaN(), W: 3, H: 3}, Score: 1}, {Box: mot.Box{W: 0, H: 9}, Score: 1}, {Box: mot.Box{W: 5, H: -9}, Score: 1}, {Box: good, Score: 0}})
	if want := (Skipped{Bad: 4, Duplicate: 1, Low: 1}); err != nil || tracker.Skipped() != want {
		t.Errorf("Skipped() = %+v, %v, want %+v", tracker.Skipped(), err, want)
	}
	if _, err := tracker.Update(0, nil); err == nil {
		t.Error("a frame at the same time was taken, want an error")
	}
	if _, err := tracker.Update(frame, nil); err != nil {
		t.Errorf("a frame without detections: %v", err)
	}
}

// An object that turns round while it is hidden is known again by its looks, and by motion alone it is another.
func TestLooksBridgeWhatMotionCannot(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	frames := walkers(1, 60, rng, 16)
	for f := range frames {
		switch {
		case f >= 20 && f < 35:
			frames[f].Detections = nil
		case f >= 35:
			frames[f].Detections[0].Box.X = 100 + 3*float64(f-35)
		}
	}
	ids := func(s Settings) int {
		out, _, err := s.Run(frames)
		if err != nil {
			t.Fatal(err)
		}
		known := map[int]bool{}
		for _, r := range out.Rows {
			known[r.ID] = true
		}
		return len(known)
	}
	with := DeepSORT()
	with.Stages[0].Cost = Appearance(math.Inf(1))
	without := with
	without.Memory = Memory{}
	if got, plain := ids(with), ids(without); got != 1 || plain != 2 {
		t.Errorf("%d ids with looks and %d without, want 1 and 2", got, plain)
	}
}

func TestEmbeddingsOfWhatIsNotWorthLookingAtChangeNothing(t *testing.T) {
	frames := walkers(6, 80, rand.New(rand.NewPCG(3, 4)), 16)
	for _, s := range []Settings{Ours(), DeepSORT(), SORT()} {
		all, _, err := s.Run(frames)
		if err != nil {
			t.Fatal(err)
		}
		less := slices.Clone(frames)
		left := 0
		for f := range less {
			less[f].Detections = slices.Clone(frames[f].Detections)
			worth := s.Worth(less[f].Detections)
			left += len(worth)
			for i := range less[f].Detections {
				if !slices.Contains(worth, i) {
					less[f].Detections[i].Embedding = nil
				}
			}
		}
		some, _, err := s.Run(less)
		if diff := cmp.Diff(all.Rows, some.Rows); err != nil || diff != "" {
			t.Errorf("%v, tracks differ (-all +those that are worth it):\n%s", err, diff)
		}
		if (left == 0) != (s.Memory.Size == 0) {
			t.Errorf("a memory of %d looks at %d detections", s.Memory.Size, left)
		}
	}
}

func TestTenThousandDetectionsInAFrame(t *testing.T) {
	var found []Detection
	for i := range 10_000 {
		found = append(found, Detection{Box: mot.Box{X: float64(i%100) * 50, Y: float64(i/100) * 100, W: 30, H: 60}, Score: 0.9})
	}
	tracker := New(Ours())
	for f := range 3 {
		tracks, err := tracker.Update(time.Duration(f)*frame, found)
		if err != nil || f == 2 && len(tracks) != 10_000 {
			t.Fatalf("%d tracks, %v, want 10000", len(tracks), err)
		}
	}
}

func TestScoresAreAsLikelyAsTheySay(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	truth := Scores{Slope: 0.07, Offset: -2}
	var scores []float64
	var right []bool
	for range 20_000 {
		v := 120 * rng.Float64()
		scores, right = append(scores, v), append(right, rng.Float64() < truth.Of(v))
	}
	got := FitScores(scores, right)
	if math.Abs(got.Slope-truth.Slope) > 0.004 || math.Abs(got.Offset-truth.Offset) > 0.15 {
		t.Errorf("FitScores = %+v, want about %+v", got, truth)
	}
	if none := FitScores([]float64{1, 2}, []bool{true, true}); none != (Scores{}) {
		t.Errorf("FitScores of one class = %+v, want none", none)
	}
}

func benchmarkUpdate(b *testing.B, n, embed int) {
	frames := walkers(n, 50, rand.New(rand.NewPCG(1, 2)), embed)
	s := Ours()
	tracker := New(s)
	at := time.Duration(0)
	i := 0
	for b.Loop() {
		f := frames[i%len(frames)]
		if i%len(frames) == 0 {
			b.StopTimer()
			tracker = New(s)
			b.StartTimer()
		}
		if _, err := tracker.Update(at, f.Detections); err != nil {
			b.Fatal(err)
		}
		at += frame
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

func BenchmarkUpdate20(b *testing.B)         { benchmarkUpdate(b, 20, 0) }
func BenchmarkUpdate20Embedded(b *testing.B) { benchmarkUpdate(b, 20, 128) }
func BenchmarkUpdate1000(b *testing.B)       { benchmarkUpdate(b, 1000, 0) }

func TestTuningTakesNothingThatAVideoLosesBy(t *testing.T) {
	for name, c := range map[string]struct {
		values, than []float64
		want         bool
	}{
		"all gain":            {[]float64{0.5, 0.6}, []float64{0.4, 0.5}, true},
		"one gains":           {[]float64{0.5, 0.5}, []float64{0.4, 0.5}, true},
		"one gains, one less": {[]float64{0.9, 0.49}, []float64{0.4, 0.5}, false},
		"nothing changes":     {[]float64{0.4, 0.5}, []float64{0.4, 0.5}, false},
	} {
		if got := better(c.values, c.than); got != c.want {
			t.Errorf("%s: better(%v, %v) = %v", name, c.values, c.than, got)
		}
	}
}

func TestASearchChangesKnobsOnly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		p, want := changed(Default(), knobs, rng), Default()
		if p == want {
			t.Fatal("nothing changed")
		}
		for _, knob := range knobs {
			*knob(&want) = *knob(&p)
		}
		if p != want {
			t.Fatalf("more than the knobs changed: %+v", p)
		}
	}
}
