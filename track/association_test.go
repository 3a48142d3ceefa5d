package track

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/siam-go/siam/dataset/mot"
)

// beside makes detections of 40×100 at some x, that look as an angle says.
func beside(x, angle []float64) (found []Detection) {
	for i := range x {
		sin, cos := math.Sincos(angle[i])
		found = append(found, Detection{Box: mot.Box{X: x[i], W: 40, H: 100}, Score: 0.9, Embedding: []float32{float32(cos), float32(sin)}})
	}
	return found
}

// weighed is the association of the second of two frames, by one stage.
func weighed(t *testing.T, stage Stage, explain int, first, second []Detection) (Association, []Track) {
	t.Helper()
	s := Settings{Motion: Ours().Motion, Stages: []Stage{stage}, Confirm: 1, Lost: time.Second, Memory: Memory{Size: 1}, Explain: explain}
	tracker := New(s)
	if _, err := tracker.Update(0, first); err != nil {
		t.Fatal(err)
	}
	if a := tracker.Association(); len(a.Tracks) != 0 || len(a.Cells) != 0 {
		t.Errorf("the first frame weighed %+v, want nothing: there was no track", a)
	}
	tracks, err := tracker.Update(frame, second)
	if err != nil {
		t.Fatal(err)
	}
	return tracker.Association(), tracks
}

func TestTheMatrixOfTwoByTwoHasTheCostsAndTheBestPairs(t *testing.T) {
	both := func(p *Pairing) float64 {
		d, known := p.Looks()
		if !known {
			return IoU(p)
		}
		return IoU(p) + d/2
	}
	x, angle := [2][]float64{{0, 30}, {16, 4}}, [2][]float64{{0, 1.2}, {0.3, 0.9}}
	a, tracks := weighed(t, Stage{Tracks: Confirmed, Cost: both, Gate: 2}, 4, beside(x[0], angle[0]), beside(x[1], angle[1]))
	if len(a.Tracks) != 2 || len(a.Cells) != 4 || a.Over {
		t.Fatalf("Association() = %+v, want 2×2", a)
	}
	var cost [2][2]float64
	for row := range 2 {
		for col, detection := range a.Detections {
			dx := math.Abs(x[0][row] - x[1][detection])
			motion, looks := 2*dx/(40+dx), 1-math.Cos(angle[0][row]-angle[1][detection])
			cost[row][col] = motion + looks/2
			want := Cell{Cost: cost[row][col], Motion: motion, Looks: looks}
			if diff := cmp.Diff(want, a.Cells[2*row+col], cmpopts.IgnoreFields(Cell{}, "Outcome"), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("track %d and detection %d (-want +got):\n%s", row, detection, diff)
			}
		}
	}
	straight := cost[0][0]+cost[1][1] < cost[0][1]+cost[1][0]
	for i, c := range a.Cells {
		want := Outbid
		if (i/2 == i%2) == straight {
			want = Chosen
		}
		if c.Outcome != want {
			t.Errorf("track %d and detection %d are %v, want %v of %v", i/2, a.Detections[i%2], c.Outcome, want, cost)
		}
	}
	for row, c := range a.Tracks {
		if c.ID != tracks[row].ID || c.State != Confirmed || c.Seen != 0 || c.Look.X != x[0][row] || math.Abs(c.Box.X-x[0][row]) > 1e-9 {
			t.Errorf("track %d is %+v, want its id %d, and as it was before", row, c, tracks[row].ID)
		}
	}
}

func TestAPairThatIsNotMadeSaysWhy(t *testing.T) {
	nothing := []float64{0, 0}
	near := func(p *Pairing) float64 {
		if math.Abs(p.Track.Box.X-p.Detection.Box.X) > 500 {
			return math.Inf(1)
		}
		return IoU(p)
	}
	for name, c := range map[string]struct {
		stage  Stage
		second []float64
		want   []Outcome
	}{
		"at the gate":       {Stage{Tracks: Confirmed, Cost: near, Gate: 1}, []float64{0, 100}, []Outcome{Chosen, Gated, Gated, Gated}},
		"late, at the gate": {Stage{Tracks: Confirmed, Cost: near, Gate: 1, Late: true}, []float64{0, 100}, []Outcome{Chosen, Outbid, Outbid, Chosen}},
		"late, above it":    {Stage{Tracks: Confirmed, Cost: near, Gate: 0.9, Late: true}, []float64{0, 100}, []Outcome{Chosen, Gated, Gated, Gated}},
		"too far":           {Stage{Tracks: Confirmed, Cost: near, Gate: 0.9}, []float64{0, 1000}, []Outcome{Chosen, Forbidden, Gated, Forbidden}},
		"no such track":     {Stage{Tracks: Tentative, Cost: near, Gate: 0.9}, []float64{0, 1000}, []Outcome{Unweighed, Unweighed, Unweighed, Unweighed}},
	} {
		a, _ := weighed(t, c.stage, 4, beside([]float64{0, 200}, nothing), beside(c.second, nothing))
		var got []Outcome
		for _, cell := range a.Cells {
			got = append(got, cell.Outcome)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNoCostsAreToldThatNobodyAskedFor(t *testing.T) {
	nothing := []float64{0, 0}
	stage := Stage{Tracks: Confirmed, Cost: IoU, Gate: 0.9}
	for explain, over := range map[int]bool{0: false, 3: true} {
		a, tracks := weighed(t, stage, explain, beside([]float64{0, 200}, nothing), beside([]float64{0, 200}, nothing))
		if len(a.Tracks)+len(a.Detections)+len(a.Cells) != 0 || a.Over != over || len(tracks) != 2 {
			t.Errorf("Explain %d: %+v of %d tracks, want nothing of 2, and Over %v", explain, a, len(tracks), over)
		}
	}
}

// Asking changes no track, and the cells that are chosen are the pairs that were made.
func TestAnAssociationIsWhatTheTrackerDid(t *testing.T) {
	frames := walkers(6, 40, rand.New(rand.NewPCG(9, 9)), 8)
	for f := range frames {
		frames[f].Detections = frames[f].Detections[f/5%3:]
	}
	trackers := all()
	few := Ours()
	few.MaxIdentities = 4
	trackers["ours, of four"] = few
	for name, s := range trackers {
		plain, asked := New(s), New(s)
		asked.settings.Explain = 10_000
		chosen := 0
		for _, f := range frames {
			want, _ := plain.Next(f)
			got, err := asked.Next(f)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Track{})); diff != "" || err != nil {
				t.Fatalf("%s: frame %d differs (-plain +asked):\n%s%v", name, f.Number, diff, err)
			}
			a := asked.Association()
			made := map[int]int{} // detection of each id
			for i, c := range a.Cells {
				if row := a.Tracks[i/len(a.Detections)]; c.Outcome == Chosen && row.ID > 0 {
					made[row.ID] = a.Detections[i%len(a.Detections)]
				}
			}
			for _, tr := range got {
				if i, known := made[tr.ID]; tr.Born < f.At && tr.Detection >= 0 && (!known || i != tr.Detection) {
					t.Fatalf("%s: frame %d: track %d goes with detection %d, the matrix says %d, %v", name, f.Number, tr.ID, tr.Detection, i, known)
				}
			}
			chosen += len(made)
		}
		if chosen < 100 {
			t.Errorf("%s: %d pairs are chosen in %d frames, want most of 200", name, chosen, len(frames))
		}
	}
}
