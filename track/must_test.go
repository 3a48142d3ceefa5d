package track

import (
	"testing"

	"github.com/siam-go/siam/eval/tracking"
)

// learned is what a detector's scores mean, by all videos but one.
func learned(all map[string]video, but string) Scores {
	var scores []float64
	var right []bool
	for name, v := range all {
		if name == but {
			continue
		}
		for _, l := range tracking.LabelDetections(v.truth, v.detections) {
			scores, right = append(scores, l.Score), append(right, l.Right)
		}
	}
	return FitScores(scores, right)
}

// One setting for all sequences and both detectors; what scores mean is learned on the other sequences.
func TestOursReachesItsFigures(t *testing.T) {
	for detections, want := range map[string]map[string][2]float64{
		"mot15_sequences": {"TUD-Campus": {0.48, 0.58}, "TUD-Stadtmitte": {0.62, 0.65}, "KITTI-17": {0.54, 0.70}},
		"sort_detections": {"TUD-Campus": {0.627, 0}, "TUD-Stadtmitte": {0, 0}, "KITTI-17": {0.602, 0}},
	} {
		all := videos(t, detections)
		for name, least := range want {
			got := all[name].judge(t, Ours(), learned(all, name))
			idf1 := max(least[1], all[name].judge(t, SORT(), Scores{}).IDF1)
			if got.MOTA < least[0] || got.IDF1 < idf1 {
				t.Errorf("%s, %s: MOTA %.3f, IDF1 %.3f, want at least %.3f and %.3f", detections, name, got.MOTA, got.IDF1, least[0], idf1)
			}
		}
	}
}
