package eval

import (
	"math"
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
	// People is how many pairs of people, or whatever else is told apart, the different pairs are of; Different where it is not known.
	People int

	sameWeight, differentWeight float64
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
	return Scored{Distances: distances, Same: same}.ROC()
}

// scoredPairs are pairs in order of distance.
type scoredPairs []scoredPair

type scoredPair struct {
	distance float32
	same     bool
	weight   float64
	units    [2]int // whose pair it is
}

// roc counts each pair times[i] times, or once where times is nil.
func (pairs scoredPairs) roc(times []int) *ROC {
	if times == nil {
		return pairs.rocOf(func(int) float64 { return 1 })
	}
	return pairs.rocOf(func(i int) float64 { return float64(times[i]) })
}

// rocOf counts pair i times(i) times its weight.
func (pairs scoredPairs) rocOf(times func(i int) float64) *ROC {
	r := &ROC{Points: make([]Point, 1, len(pairs)+1)}
	below := math.Nextafter32(pairs[0].distance, float32(math.Inf(-1)))
	r.Points[0] = Point{Threshold: float64(below)}
	for i, p := range pairs {
		count := times(i)
		if p.same {
			r.Same += int(count)
			r.sameWeight += count * p.weight
		} else {
			r.Different += int(count)
			r.differentWeight += count * p.weight
		}
		if i+1 == len(pairs) || pairs[i+1].distance != p.distance {
			r.Points = append(r.Points, Point{float64(p.distance), r.differentWeight, r.sameWeight})
		}
	}
	for i, p := range r.Points { // weights of accepted pairs become rates
		r.Points[i].FMR = p.FMR / positive(r.differentWeight)
		r.Points[i].FNMR = 1 - p.FNMR/positive(r.sameWeight)
	}
	r.People = r.Different
	return r
}

// positive is a weight to divide by.
func positive(weight float64) float64 { return max(weight, math.SmallestNonzeroFloat64) }

// LeastFMR is the smallest false match rate that the different pairs can support: one at which three of the pairs of people would be
// called the same. Of a rate below, none being called so proves nothing (the rule of three; B. D. Jovanovic, P. S. Levy, 1997). Several
// pictures of the same two people count once, as they are alike.
func (r *ROC) LeastFMR() float64 { return min(3/float64(max(r.People, 1)), 1) }

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
// [ROC.LeastFMR] proves nothing.
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
// choose a threshold on other pairs before reporting. The threshold lies midway between the distances around it. The accuracy's
// interval takes the pairs as independent.
func (r *ROC) Best() (threshold float64, accuracy stats.Proportion) {
	best, most := 0, -1.0
	for i, p := range r.Points {
		if right := r.right(p); right > most+1e-12 {
			best, most = i, right
		}
	}
	n := r.Same + r.Different
	accuracy = stats.NewProportion(int(math.Round(most*float64(n))), n)
	accuracy.Value = most
	return r.midway(best), accuracy
}

// right returns the share of the pairs, by weight, that are judged right at p.
func (r *ROC) right(p Point) float64 {
	return ((1-p.FMR)*r.differentWeight + (1-p.FNMR)*r.sameWeight) / positive(r.differentWeight+r.sameWeight)
}

// midway returns the threshold in the middle of those that give point i, its own where it is the last.
func (r *ROC) midway(i int) float64 {
	if i+1 == len(r.Points) {
		return r.Points[i].Threshold
	}
	return (r.Points[i].Threshold + r.Points[i+1].Threshold) / 2
}
