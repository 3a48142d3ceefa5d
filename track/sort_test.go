package track

import (
	"math"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/internal/realdata"
)

// video is one sequence of detections with its truth.
type video struct{ truth, detections mot.Sequence }

func videos(t testing.TB, detections string) map[string]video {
	t.Helper()
	truth, err := mot.Read(realdata.Set(t, "mot15_sequences"), mot.Truth)
	if err != nil {
		t.Fatal(err)
	}
	found, err := mot.Read(realdata.Set(t, detections), mot.Detections)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]video{}
	for _, g := range truth {
		for _, d := range found {
			if d.Name == g.Name {
				d.Info = g.Info
				all[g.Name] = video{g, d}
			}
		}
	}
	if len(all) != 3 {
		t.Fatalf("%d videos, want 3", len(all))
	}
	return all
}

func (v video) judge(t testing.TB, s Settings, scores Scores) tracking.Result {
	t.Helper()
	frames, err := Frames(v.detections, v.truth.Info.Rate, scores)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.Run(frames)
	if err != nil {
		t.Fatal(err)
	}
	judged, err := tracking.Compare(mot.Pair{Truth: v.truth, Tracks: out}, tracking.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return judged.Count().Result()
}

// What SORT's authors print for their detections.
func TestSORTGivesWhatItsAuthorsPrint(t *testing.T) {
	all := videos(t, "sort_detections")
	for name, want := range map[string]tracking.Result{
		"TUD-Campus": {MOTA: 0.627, FP: 15, FN: 113, IDSW: 6, Frag: 9},
		"KITTI-17":   {MOTA: 0.602, FP: 38, FN: 225, IDSW: 9, Frag: 16},
	} {
		got := all[name].judge(t, SORT(), Scores{})
		if math.Abs(got.MOTA-want.MOTA) > 5e-4 || got.FP != want.FP || got.FN != want.FN || got.IDSW != want.IDSW || got.Frag != want.Frag {
			t.Errorf("%s: MOTA %.4f FP %d FN %d IDs %d FM %d, want %.3f %d %d %d %d", name, got.MOTA, got.FP, got.FN, got.IDSW, got.Frag,
				want.MOTA, want.FP, want.FN, want.IDSW, want.Frag)
		}
	}
}
