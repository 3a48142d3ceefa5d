package tracking

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/internal/realdata"
)

// fields are a result's numbers under TrackEval's names.
func fields(r Result) map[string]float64 {
	return map[string]float64{
		"HOTA": r.HOTA, "DetA": r.DetA, "AssA": r.AssA, "LocA": r.LocA, "DetRe": r.DetRe, "DetPr": r.DetPr, "AssRe": r.AssRe, "AssPr": r.AssPr,
		"MOTA": r.MOTA, "MOTP": r.MOTP, "CLR_TP": float64(r.TP), "CLR_FP": float64(r.FP), "CLR_FN": float64(r.FN), "IDSW": float64(r.IDSW),
		"MT": float64(r.MT), "PT": float64(r.PT), "ML": float64(r.ML), "Frag": float64(r.Frag),
		"IDF1": r.IDF1, "IDP": r.IDP, "IDR": r.IDR, "IDTP": float64(r.IDTP), "IDFP": float64(r.IDFP), "IDFN": float64(r.IDFN),
		"TP": float64(r.TP), "FP": float64(r.FP), "FN": float64(r.FN),
	}
}

func agrees(t *testing.T, what string, got Result, want map[string]float64) {
	t.Helper()
	if len(want) < 4 {
		t.Fatalf("%s has %d values to agree with", what, len(want))
	}
	values := fields(got)
	for name, w := range want {
		if g, known := values[name]; !known || math.Abs(g-w) > 1e-6 {
			t.Errorf("%s: %s = %.7f, want %.7f", what, name, g, w)
		}
	}
}

// judged compares the tracks of a folder with the truth.
func judged(t *testing.T, truth, tracks string) (Result, map[string]Result) {
	t.Helper()
	gt, err := mot.Read(truth, mot.Truth)
	if err != nil {
		t.Fatal(err)
	}
	found, err := mot.Read(tracks, mot.Tracks)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := mot.Pairs(gt, found, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts, results := map[string]Counts{}, map[string]Result{}
	for _, p := range pairs {
		s, err := Compare(p, InferRules(p.Truth, ""))
		if err != nil {
			t.Fatal(err)
		}
		counts[p.Truth.Name] = s.Count()
		results[p.Truth.Name] = counts[p.Truth.Name].Result()
	}
	return Overall(counts).Result(), results
}

func TestResultsAreTrackEvals(t *testing.T) {
	truth, folder := realdata.Set(t, "mot15_sequences"), realdata.Fixture(t, "mot")
	var expected map[string]map[string]map[string]float64
	data, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	for tracker, sequences := range expected {
		overall, each := judged(t, truth, filepath.Join(folder, tracker))
		for name, want := range sequences {
			got := each[name]
			if name == "OVERALL" {
				got = overall
			}
			agrees(t, tracker+" "+name, got, want)
		}
	}
}

// The values are those that py-motmetrics and the benchmark's own kit publish; its MOTP is a distance.
func TestResultsOfCEMArePublished(t *testing.T) {
	_, each := judged(t, realdata.Set(t, "mot15_sequences"), realdata.Fixture(t, "mot/cem"))
	agrees(t, "TUD-Campus", each["TUD-Campus"], map[string]float64{"IDF1": .557659, "IDP": .729730, "IDR": .451253, "MT": 1, "PT": 6, "ML": 1,
		"FP": 13, "FN": 150, "IDSW": 7, "Frag": 7, "MOTA": .526462, "MOTP": 1 - .277201})
	agrees(t, "TUD-Stadtmitte", each["TUD-Stadtmitte"], map[string]float64{"IDF1": .644619, "IDP": .819760, "IDR": .531142, "MT": 5, "PT": 4, "ML": 1,
		"FP": 45, "FN": 452, "IDSW": 7, "Frag": 6, "MOTA": .564014, "MOTP": 1 - .345904})
	agrees(t, "KITTI-17", each["KITTI-17"], map[string]float64{"FP": 73, "FN": 325, "IDSW": 6, "CLR_FP": 73})
	if r := each["KITTI-17"]; math.Abs(r.MOTA-0.408) > 5e-4 || math.Abs(r.IDF1-0.558) > 5e-4 {
		t.Errorf("KITTI-17: MOTA %.4f, IDF1 %.4f, want 0.408 and 0.558", r.MOTA, r.IDF1)
	}
}
