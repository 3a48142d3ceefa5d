package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/siam-go/siam/stats"
)

// ROC holds the error rates of verification at every threshold that makes a difference, from strict to lenient. It also
// answers for the detection error trade-off (DET), which draws FNMR against FMR.
type ROC struct {
	// Points start below the smallest distance (FMR 0, FNMR 1) and then have one point per distinct distance.
	Points    []Point
	Same      int // same pairs behind FNMR
	Different int // different pairs behind FMR
}

// Point is one operating point (ISO/IEC 19795): at its threshold, FMR of the different pairs and 1-FNMR of the same pairs
// have a distance of at most the threshold.
type Point struct {
	Threshold float64 `json:"threshold"`
	FMR       float64 `json:"fmr"`
	FNMR      float64 `json:"fnmr"`
}

// NewROC measures distances against whether their pairs are the same. It fails without at least one same and one different
// pair, on a distance that is not a number, and when there are not as many distances as pairs.
func NewROC(distances []float32, same []bool) (*ROC, error) {
	sorted, err := sortPairs(distances, same)
	if err != nil {
		return nil, err
	}
	return sorted.roc(nil), nil
}

// scoredPairs are pairs in order of distance.
type scoredPairs []scoredPair

type scoredPair struct {
	distance float32
	same     bool
}

func sortPairs(distances []float32, same []bool) (scoredPairs, error) {
	if len(distances) != len(same) {
		return nil, fmt.Errorf("measuring error rates: %d distances of %d pairs", len(distances), len(same))
	}
	pairs, sames := make(scoredPairs, len(distances)), 0
	for i, d := range distances {
		if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
			return nil, fmt.Errorf("measuring error rates: the distance of pair %d is %v; the model is broken or not trained", i+1, d)
		}
		pairs[i] = scoredPair{d, same[i]}
		if same[i] {
			sames++
		}
	}
	if sames == 0 || sames == len(pairs) {
		return nil, fmt.Errorf("measuring error rates: %d same and %d different pairs, want some of both", sames, len(pairs)-sames)
	}
	slices.SortFunc(pairs, func(a, b scoredPair) int { return cmp.Compare(a.distance, b.distance) })
	return pairs, nil
}

// roc counts each pair times[i] times, or once where times is nil.
func (pairs scoredPairs) roc(times []int) *ROC {
	r := &ROC{Points: make([]Point, 1, len(pairs)+1)}
	below := math.Nextafter32(pairs[0].distance, float32(math.Inf(-1)))
	r.Points[0] = Point{Threshold: float64(below)}
	for i, p := range pairs {
		count := 1
		if times != nil {
			count = times[i]
		}
		if p.same {
			r.Same += count
		} else {
			r.Different += count
		}
		if i+1 == len(pairs) || pairs[i+1].distance != p.distance {
			r.Points = append(r.Points, Point{float64(p.distance), float64(r.Different), float64(r.Same)})
		}
	}
	for i, p := range r.Points { // counts of accepted pairs become rates
		r.Points[i].FMR = p.FMR / float64(max(r.Different, 1))
		r.Points[i].FNMR = 1 - p.FNMR/float64(max(r.Same, 1))
	}
	return r
}

// At returns the error rates when pairs of distance at most threshold are called same.
func (r *ROC) At(threshold float64) Point {
	i := sort.Search(len(r.Points), func(i int) bool { return r.Points[i].Threshold > threshold })
	p := r.Points[max(i-1, 0)]
	return Point{threshold, p.FMR, p.FNMR}
}

// EER returns the equal error rate: where FMR and FNMR cross, on the straight line between the two points around it.
func (r *ROC) EER() float64 {
	i := sort.Search(len(r.Points), func(i int) bool { return r.Points[i].FMR >= r.Points[i].FNMR })
	a, b := r.Points[i-1], r.Points[i] // the first point has FMR 0 < FNMR 1, the last FMR 1 > FNMR 0
	gapA, gapB := a.FNMR-a.FMR, b.FMR-b.FNMR
	return a.FMR + gapA/(gapA+gapB)*(b.FMR-a.FMR)
}

// TAR returns the true accept rate 1-FNMR at the largest threshold whose FMR is at most far. It is where the threshold
// interpolated between FMRs (as davidsandberg/facenet does on a grid) ends up as the grid gets finer. A far below
// 1/Different has no false accept to measure it by: report Different beside it.
func (r *ROC) TAR(far float64) float64 {
	return 1 - r.AtFMR(far).FNMR
}

// AtFMR returns the point at the largest threshold whose FMR is at most fmr.
func (r *ROC) AtFMR(fmr float64) Point { return r.Points[r.lastWithin(fmr)] }

// lastWithin returns the index of the last point whose FMR is at most far.
func (r *ROC) lastWithin(far float64) int {
	i := sort.Search(len(r.Points), func(i int) bool { return r.Points[i].FMR > far })
	return max(i-1, 0)
}

// Best returns the threshold at which most of these very pairs are judged right, and the accuracy there, which flatters:
// choose a threshold on other pairs before reporting. The threshold lies midway between the distances around it.
func (r *ROC) Best() (threshold float64, accuracy stats.Proportion) {
	best, most := 0, -1
	for i, p := range r.Points {
		if right := r.right(p); right > most {
			best, most = i, right
		}
	}
	return r.midway(best), stats.NewProportion(most, r.Same+r.Different)
}

// right returns how many pairs are judged right at p.
func (r *ROC) right(p Point) int {
	return int(math.Round((1-p.FMR)*float64(r.Different) + (1-p.FNMR)*float64(r.Same)))
}

// midway returns the threshold in the middle of those that give point i, its own where it is the last.
func (r *ROC) midway(i int) float64 {
	if i+1 == len(r.Points) {
		return r.Points[i].Threshold
	}
	return (r.Points[i].Threshold + r.Points[i+1].Threshold) / 2
}
