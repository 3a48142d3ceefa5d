package tracking

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/internal/realdata"
)

// handmade is one of TrackEval's small cases: who is there in each frame, and how alike each two are.
type handmade struct {
	Truth      [][]int       `json:"gt_present"`
	Tracks     [][]int       `json:"tracker_present"`
	Similarity [][][]float64 `json:"similarity"`
	Expected   map[string]float64
}

func (h handmade) sequence() (s Sequence) {
	for t, here := range h.Truth {
		f := Frame{Number: t + 1}
		for j, there := range h.Tracks[t] {
			if there == 1 {
				f.Tracks = append(f.Tracks, j+1)
			}
		}
		for i, there := range here {
			if there == 0 {
				continue
			}
			f.Truth = append(f.Truth, i+1)
			for _, j := range f.Tracks {
				f.IoU = append(f.IoU, h.Similarity[t][i][j-1])
			}
		}
		s = append(s, f)
	}
	return s
}

func TestHandmadeCasesAreTrackEvals(t *testing.T) {
	data, err := os.ReadFile(realdata.Fixture(t, "mot/handmade.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases map[string]handmade }
	if err := json.Unmarshal(data, &all); err != nil || len(all.Cases) != 3 {
		t.Fatalf("%d cases, %v, want 3", len(all.Cases), err)
	}
	for name, c := range all.Cases {
		agrees(t, name, c.sequence().Count().Result(), c.Expected)
	}
}

// lines makes a sequence of rows "frame,id,left,top,width,height…" with blanks between.
func lines(t *testing.T, rows string) mot.Sequence {
	t.Helper()
	file := t.TempDir() + "/rows.txt"
	if err := os.WriteFile(file, []byte(strings.Join(strings.Fields(rows), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := mot.Read(file, mot.Tracks)
	if err != nil {
		t.Fatal(err)
	}
	return s[0]
}

func compare(t *testing.T, truth, tracks string) Result {
	t.Helper()
	p := mot.Pair{Truth: lines(t, truth), Tracks: lines(t, tracks)}
	s, err := Compare(p, InferRules(p.Truth, ""))
	if err != nil {
		t.Fatal(err)
	}
	return s.Count().Result()
}

func TestAnIoUOfExactlyAHalfMatches(t *testing.T) {
	if r := compare(t, "1,1,0,0,10,10", "1,7,0,0,10,5"); r.TP != 1 || r.IDTP != 1 || r.MOTP != 0.5 {
		t.Errorf("TP %d, IDTP %d, MOTP %g, want 1, 1, 0.5", r.TP, r.IDTP, r.MOTP)
	}
	if r := compare(t, "1,1,0,0,10,10", "1,7,0,0,10,4.9"); r.TP != 0 || r.FP != 1 || r.FN != 1 {
		t.Errorf("below a half: %+v, want a miss and a false positive", r)
	}
}

// path is one box in the frames from first to last, and none in those of gaps.
func path(id string, first, last int, gaps ...int) string {
	var b strings.Builder
	for f := first; f <= last; f++ {
		skip := false
		for _, g := range gaps {
			skip = skip || f == g
		}
		if !skip {
			b.WriteString(strings.Join([]string{itoa(f), id, "0,0,10,10 "}, ","))
		}
	}
	return b.String()
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func TestFourAndOneFifthsAreMostlyNeither(t *testing.T) {
	for _, c := range []struct{ found, mt, pt, ml int }{{8, 0, 1, 0}, {9, 1, 0, 0}, {2, 0, 1, 0}, {1, 0, 0, 1}} {
		r := compare(t, path("1", 1, 10), path("5", 1, c.found))
		if r.MT != c.mt || r.PT != c.pt || r.ML != c.ml {
			t.Errorf("%d of 10 frames: MT %d PT %d ML %d, want %d %d %d", c.found, r.MT, r.PT, r.ML, c.mt, c.pt, c.ml)
		}
	}
}

// TrackEval's counting: a frame without any track does not end a match, one with another's does.
func TestFragmentsNeedAFrameWithTracks(t *testing.T) {
	if r := compare(t, path("1", 1, 10), path("5", 1, 10, 4, 5)); r.Frag != 0 || r.FN != 2 {
		t.Errorf("a gap without tracks: Frag %d, FN %d, want 0, 2", r.Frag, r.FN)
	}
	other := " 04,8,50,50,9,9 05,8,50,50,9,9"
	if r := compare(t, path("1", 1, 10), path("5", 1, 10, 4, 5)+other); r.Frag != 1 || r.FP != 2 || r.IDSW != 0 {
		t.Errorf("a gap with another's track: Frag %d, FP %d, IDSW %d, want 1, 2, 0", r.Frag, r.FP, r.IDSW)
	}
}

func TestEveryThresholdOfHOTAMissesAll(t *testing.T) {
	p := mot.Pair{Truth: lines(t, path("1", 1, 10))}
	s, err := Compare(p, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	misses := 0
	h := s.CountHOTA()
	for k := range h {
		misses += h[k].FN
	}
	if misses != 10*Alphas || h.Value() != 0 || h.LocA() != 1 {
		t.Errorf("%d misses, HOTA %g, LocA %g, want %d, 0, 1", misses, h.Value(), h.LocA(), 10*Alphas)
	}
}

func TestSwappedIDsCostAssociationOnly(t *testing.T) {
	truth := path("1", 1, 10) + strings.ReplaceAll(path("2", 1, 10), ",0,0,", ",99,0,")
	tracks := path("5", 1, 5) + strings.ReplaceAll(path("6", 1, 5), ",0,0,", ",99,0,") + path("6", 6, 10) + strings.ReplaceAll(path("5", 6, 10), ",0,0,", ",99,0,")
	r := compare(t, truth, tracks)
	if r.IDSW != 2 || r.DetA < 1-1e-12 || r.IDF1 != 0.5 || math.Abs(r.AssA-1./3) > 1e-12 {
		t.Errorf("IDSW %d, DetA %g, IDF1 %g, AssA %g, want 2, 1, 0.5, 1/3", r.IDSW, r.DetA, r.IDF1, r.AssA)
	}
}

func TestDistractorsAndIgnoredRowsAreNeitherRightNorWrong(t *testing.T) {
	truth := "1,1,0,0,10,10,1,1,1 1,2,50,0,10,10,1,8,1 1,3,90,0,10,10,0,1,1"
	r := compare(t, truth, "1,1,0,0,10,10 1,2,50,0,10,10")
	if r.TP != 1 || r.FP != 0 || r.FN != 0 {
		t.Errorf("a distractor that was found: %+v, want one match only", r)
	}
	// As in the benchmark, a row with flag 0 does not count, but finding it is a false positive.
	if r := compare(t, truth, "1,1,90,0,10,10"); r.FP != 1 || r.FN != 1 {
		t.Errorf("an ignored row that was found: FP %d, FN %d, want 1, 1", r.FP, r.FN)
	}
}

func TestAnIDTwiceInAFrameIsRefused(t *testing.T) {
	p := mot.Pair{Truth: lines(t, "1,1,0,0,10,10"), Tracks: lines(t, "1,5,0,0,10,10 2,5,0,0,9,9 2,5,1,1,9,9")}
	if _, err := Compare(p, Rules{}); err == nil || !strings.Contains(err.Error(), "id 5 is twice in frame 2 (lines 2 and 3)") {
		t.Errorf("Compare = %v, want a complaint about lines 2 and 3", err)
	}
}
