package judge

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/stats"
)

// CosegTest says how a model of co-segmentation is asked.
type CosegTest struct {
	Partners int // how many other images of its class an image's scores are averaged over
	Seed     uint64
	Followed bool // whether objects are pointed out too
	Most     int  // how many images are asked for at most, evenly spread over the set; 0 asks for all
}

// CosegScore are the measures of some images, with 95 % intervals by images, drawn anew within each class: means over images, then classes.
type CosegScore struct {
	Precision     float64        `json:"precision"`
	PrecisionCI95 stats.Interval `json:"precision_ci95"`
	Jaccard       float64        `json:"jaccard"`
	JaccardCI95   stats.Interval `json:"jaccard_ci95"`
	N             int            `json:"n"` // images
}

// CosegResult is how well a model, or a baseline, finds what images share.
type CosegResult struct {
	CosegScore
	MAE     float64               `json:"mae"`
	FMax    float64               `json:"f_max"`
	S       float64               `json:"s_measure"`
	Classes map[string]CosegScore `json:"classes"`
	// Nothing is of pairs of two classes; nil where there is one class only, and for baselines.
	Nothing *CosegNothing `json:"nothing_shared,omitempty"`
	// Decided is the Jaccard index of what is shown in the end, presence decided, where half of the pairs share nothing: there an image has
	// 1 if nothing is marked, else 0. Of images that share nothing with some other; nil where none does, and for baselines.
	Decided *stats.Estimate `json:"decided,omitempty"`
	// Groups is of groups of which half lack the object; nil where there are too few classes, and for baselines.
	Groups *CosegGroups `json:"groups,omitempty"`
	// Followed is of images in which an object is pointed out; nil where none has another of its class, where the test does not ask for it, and for baselines.
	Followed *CosegFollowed `json:"followed,omitempty"`

	answers []cosegAnswer
	seed    uint64
}

// CosegMore is by how much a model's Jaccard indices are above those of another model, or baseline, asked the same test of the same set,
// with 95 % intervals by images, drawn anew within each class and the same ones for both.
type CosegMore struct {
	Jaccard stats.Estimate  `json:"jaccard"`
	Decided *stats.Estimate `json:"decided,omitempty"` // nil where either has none
}

// MoreThan compares r with other.
func (r CosegResult) MoreThan(other CosegResult) CosegMore {
	more := CosegMore{Jaccard: withinClasses(above(r.answers, other.answers, jaccard), r.seed)}
	if r.Decided != nil && other.Decided != nil {
		decided := withinClasses(above(deciding(r.answers), deciding(other.answers), isDecided), r.seed)
		more.Decided = &decided
	}
	return more
}

// above is by how much a measure of some answers is above that of others on the same images.
func above(answers, others []cosegAnswer, of func(cosegAnswer) float64) []ofClass {
	values := valuesOf(answers, of)
	for i, a := range others {
		values[i].value -= of(a)
	}
	return values
}

// CosegNothing is what a model makes of pairs that share no class.
type CosegNothing struct {
	Area     float64        `json:"area"` // the part of the images that is marked, wrongly
	AreaCI95 stats.Interval `json:"area_ci95"`
	Present  float64        `json:"present"` // the part of the pairs in which an object is said to be there, wrongly
	Missed   float64        `json:"missed"`  // the part of the pairs that share a class in which none is said to be there
	N        int            `json:"n"`       // pairs
}

// cosegAnswer is what was found of one image.
type cosegAnswer struct {
	label   int
	score   eval.MaskScore
	maps    eval.MapScore
	s       float64 // structure measure
	decided float64 // by [decided]; NaN where no other image shares nothing with it
}

func jaccard(a cosegAnswer) float64 { return a.score.Jaccard }

func isDecided(a cosegAnswer) float64 { return a.decided }

// deciding are the answers of images that share nothing with some other.
func deciding(answers []cosegAnswer) []cosegAnswer {
	return slices.DeleteFunc(slices.Clone(answers), func(a cosegAnswer) bool { return math.IsNaN(a.decided) })
}

// newCosegAnswer judges the probabilities of a mask [h·w].
func newCosegAnswer(item dataset.Item, bits []bool, probability []float32) cosegAnswer {
	truth := item.Mask
	return cosegAnswer{
		label: item.Label, score: eval.ScoreMask(bits, truth.Pix), maps: eval.ScoreMap(probability, truth.Pix),
		s: eval.Structure(probability, truth.Pix, truth.H, truth.W),
	}
}

// Coseg asks a model for the mask of each image of a set, averaged over other images of its class, and of pairs of two classes. It fails
// when no class has two images, and when ctx ends.
func Coseg(ctx context.Context, model *coseg.Model, set *dataset.Set, test CosegTest, each func()) (CosegResult, error) {
	asked := asking{model: model, set: set, encodings: newEncodings(model, set), pictures: dataset.NewPictures(set), test: test}
	var answers []cosegAnswer
	for _, i := range spread(len(set.Items), test.Most) {
		found, ok, err := asked.image(ctx, i)
		if err != nil {
			return CosegResult{}, err
		}
		if ok {
			answers = append(answers, found)
		}
		if each != nil {
			each()
		}
	}
	if len(answers) == 0 {
		return CosegResult{}, fmt.Errorf("data set %s: no class has two images, so none shares its object", set.Name)
	}
	result := asked.result(answers)
	result.Nothing = asked.nothing()
	if both := deciding(answers); len(both) > 0 {
		decided := withinClasses(valuesOf(both, isDecided), test.Seed)
		result.Decided = &decided
	}
	var err error
	if result.Groups, err = asked.groups(ctx); err != nil {
		return CosegResult{}, err
	}
	if test.Followed {
		result.Followed, err = asked.followed(ctx)
	}
	return result, err
}

// spread are most of n places, evenly spread; all where most is 0 or n is no more.
func spread(n, most int) []int {
	if most == 0 || n < most {
		most = n
	}
	places := make([]int, most)
	for k := range places {
		places[k] = k * n / most
	}
	return places
}

// asking is a test under way.
type asking struct {
	model     *coseg.Model
	set       *dataset.Set
	encodings encodings
	pictures  dataset.Pictures
	test      CosegTest

	same, missed   int       // pairs that share a class, and those in which the object was missed
	areas          []float64 // of pairs that share nothing
	present, pairs int
}

// image asks for one image; it is not ok when it is alone in its class.
func (a *asking) image(ctx context.Context, i int) (answer cosegAnswer, ok bool, err error) {
	partners, strangers := a.others(i)
	item, err := a.truth(i, partners)
	if err != nil {
		return answer, false, err
	}
	group, err := a.encodings.all(ctx, slices.Concat([]int32{int32(i)}, partners, strangers))
	if err != nil {
		return answer, false, err
	}
	empty := 0
	for _, stranger := range group[1+len(partners):] {
		mask, err := a.model.Against(ctx, group[0], stranger)
		if err != nil {
			return answer, false, err
		}
		if a.stranger(mask) == 0 {
			empty++
		}
	}
	if len(partners) == 0 {
		return answer, false, nil
	}
	mask, err := a.model.Against(ctx, group[0], group[1:1+len(partners)]...)
	if err != nil {
		return answer, false, err
	}
	a.same++
	there := mask.Present
	mask.Present = true // the masks themselves are judged; presence is judged apart
	answer = newCosegAnswer(item, mask.Bits(), mask.Probability)
	if !there {
		a.missed++
	}
	answer.decided = decided(answer.score.Jaccard, there, float64(empty)/float64(len(strangers)))
	return answer, true, nil
}

// truth is an image with the mask of what it shares with all of its partners.
func (a *asking) truth(i int, partners []int32) (dataset.Item, error) {
	shared := []int{a.set.Items[i].Label}
	if len(partners) > 0 {
		shared = a.pictures.Shared(int32(i), partners[0])
		for _, partner := range partners[1:] {
			shared = slices.DeleteFunc(shared, func(label int) bool { return !a.pictures.Shows(partner, label) })
		}
	}
	return a.pictures.Load(int32(i), shared)
}

// strangersOf is how many pictures that share nothing with it an image is compared with.
const strangersOf = 2

// others draws what an image is compared with: images of its class, first those that share no other class with it, and images that share
// none.
func (a *asking) others(i int) (partners, strangers []int32) {
	label := a.set.Items[i].Label
	var more []int32
	for _, j := range rand.New(rand.NewPCG(a.test.Seed, uint64(i))).Perm(len(a.set.Items)) {
		switch shared := a.pictures.Shared(int32(i), int32(j)); {
		case i == j:
		case len(shared) == 0 && len(strangers) < strangersOf:
			strangers = append(strangers, int32(j))
		case a.set.Items[j].Label != label:
		case len(shared) == 1 && len(partners) < a.test.Partners:
			partners = append(partners, int32(j))
		case len(more) < a.test.Partners:
			more = append(more, int32(j))
		}
		if len(strangers) == strangersOf && len(partners) == a.test.Partners {
			break
		}
	}
	return append(partners, more[:min(len(more), a.test.Partners-len(partners))]...), strangers
}

// stranger counts the mask of an image beside one that shares nothing with it; it returns its area.
func (a *asking) stranger(mask coseg.Mask) float64 {
	area := mask.Area()
	a.areas = append(a.areas, area)
	a.pairs++
	if mask.Present {
		a.present++
	}
	return area
}

// decided is the mean of an image's Jaccard index with images that share its object, 0 where it is said not to be there, and of the part of
// strangers with whom nothing is marked, which is NaN where it has none.
func decided(jaccard float64, there bool, empty float64) float64 {
	if !there {
		jaccard = 0
	}
	return (jaccard + empty) / 2
}

func (a *asking) nothing() *CosegNothing {
	if a.pairs == 0 {
		return nil
	}
	area := stats.Bootstrap(len(a.areas), resamples, a.test.Seed, func(rows []int) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += a.areas[r]
		}
		return sum / float64(len(rows))
	})
	return &CosegNothing{
		Area: area.Value, AreaCI95: area.CI95, N: a.pairs,
		Present: float64(a.present) / float64(a.pairs), Missed: float64(a.missed) / float64(max(1, a.same)),
	}
}

const resamples = 1000

func (a *asking) result(answers []cosegAnswer) CosegResult {
	r := CosegResult{CosegScore: cosegScore(answers, a.test.Seed), Classes: map[string]CosegScore{}, answers: answers, seed: a.test.Seed}
	byClass := map[int][]cosegAnswer{}
	var curve [256]float64
	for _, x := range answers {
		byClass[x.label] = append(byClass[x.label], x)
		r.MAE += x.maps.MAE / float64(len(answers))
		for k, f := range x.maps.F {
			curve[k] += f / float64(len(answers))
		}
		r.S += x.s / float64(len(answers))
	}
	r.FMax = slices.Max(curve[:])
	for label, of := range byClass {
		r.Classes[a.set.Classes[label].Name] = cosegScore(of, a.test.Seed)
	}
	return r
}

// cosegScore takes the mean over images, then classes.
func cosegScore(answers []cosegAnswer, seed uint64) CosegScore {
	p := withinClasses(valuesOf(answers, func(a cosegAnswer) float64 { return a.score.Precision }), seed)
	j := withinClasses(valuesOf(answers, jaccard), seed)
	return CosegScore{p.Value, p.CI95, j.Value, j.CI95, len(answers)}
}

// ofClass is a measure of an image of a class.
type ofClass struct {
	label int
	value float64
}

func valuesOf(answers []cosegAnswer, of func(cosegAnswer) float64) []ofClass {
	values := make([]ofClass, len(answers))
	for i, a := range answers {
		values[i] = ofClass{a.label, of(a)}
	}
	return values
}

// withinClasses is the mean of classes' means, with an interval from drawing each class's images anew.
func withinClasses(values []ofClass, seed uint64) stats.Estimate {
	byClass := map[int][]float64{}
	for _, v := range values {
		byClass[v.label] = append(byClass[v.label], v.value)
	}
	labels := slices.Sorted(maps.Keys(byClass))
	rng := rand.New(rand.NewPCG(seed, 7))
	meanOf := func(pick func(n, i int) int) float64 {
		sum := 0.0
		for _, label := range labels {
			inner, values := 0.0, byClass[label]
			for i := range values {
				inner += values[pick(len(values), i)]
			}
			sum += inner / float64(len(values))
		}
		return sum / float64(len(labels))
	}
	e := stats.Estimate{Value: meanOf(func(_, i int) int { return i }), N: len(values)}
	draws := make([]float64, resamples)
	for k := range draws {
		draws[k] = meanOf(func(n, _ int) int { return rng.IntN(n) })
	}
	slices.Sort(draws)
	e.CI95 = stats.Interval{stats.Quantile(draws, 0.025), stats.Quantile(draws, 0.975)}
	return e
}
