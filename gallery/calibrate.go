package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/stats"
)

// CalibrateOptions say what is to be promised.
type CalibrateOptions struct {
	FPIR      float64  // strangers answered match, in (0, 1)
	Miss      float64  // enrolled people answered no match, in (0, 1)
	Strangers []Person // who are not enrolled; may be none
	// Groups says of people, ids and strangers by name, which group they are of. The rate is then promised within each group.
	Groups map[string]string
}

// ErrTooFew says that there are too few people to promise a rate.
var ErrTooFew = errors.New("too few people to promise that")

// Study is a calibration with all that was found on the way.
type Study struct {
	Calibration
	Doubts []Doubt     `json:"doubts"`
	Groups []GroupFPIR `json:"groups,omitempty"` // worst first
	// Ungrouped is how many people are in none of the groups, so that nothing is promised of them.
	Ungrouped int `json:"ungrouped,omitempty"`
	// NIST's two tables (Face Recognition Technology Evaluation, 1:N).
	Identification *Rate    `json:"identification"` // FNIR where FPIR is 0.003; nil where fewer than 1,000 people support it
	Investigation  Rate     `json:"investigation"`  // mated probes whose nearest id is another, at no threshold
	Unlisted       Rate     `json:"unlisted"`       // mated probes whose id is not among the 50 nearest
	Curve          []Both   `json:"curve"`          // of the errors at rising thresholds
	Sizes          []AtSize `json:"sizes"`          // smallest first; none where nobody has two images
}

// GroupFPIR is the rate within one group at the gallery's threshold.
type GroupFPIR struct {
	Group string `json:"group"`
	Rate
}

// Both are the error rates at one match threshold, and who is within it: so many are not answered no match where it is the refer
// threshold.
type Both struct {
	Match           float32 `json:"match"`
	FPIR            float64 `json:"fpir"`
	FNIR            float64 `json:"fnir"`
	StrangersWithin float64 `json:"strangers_within"` // whose nearest id is within it
	EnrolledWithin  float64 `json:"enrolled_within"`
}

// Doubt is something about an id that somebody should look at.
type Doubt struct {
	ID       string  `json:"id"`
	Other    string  `json:"other"`
	Distance float32 `json:"distance"`
	Text     string  `json:"text"`
}

// Calibrate learns the two thresholds of the gallery. Strangers are the people given, those rejected before, and each enrolled person
// against all others; the match threshold is the largest at which they are matched no more often than promised:
//
//	at most FPIR · (people + 1) of the people's nearest distances lie at or below it
//
// so that the rate of people never seen is, in the mean, at most FPIR (order statistics of exchangeable people). Each person counts
// the same, however many images they have, and enrolled ones, who meet one id less, count N/(N−1). The refer threshold is the smallest at
// which enrolled people, each image against the rest of the gallery, are answered no match no more often than Miss; people with several
// images stand for those with one, by one of theirs alone. Intervals are by
// person. People with several images teach besides what a burst of images may do, see [BurstCalibration]. It fails with [ErrTooFew] when the upper end of an interval of what is promised exceeds three times the promise, and says how
// many more people it takes. Nothing is stored; see [Gallery.SetCalibration].
func (g *Gallery) Calibrate(ctx context.Context, o CalibrateOptions) (*Study, error) {
	if !(o.FPIR > 0 && o.FPIR < 1) || !(o.Miss > 0 && o.Miss < 1) {
		return nil, fmt.Errorf("calibrate: rates of %v and %v, want numbers between 0 and 1", o.FPIR, o.Miss)
	}
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range o.Strangers {
		for _, e := range p.Embeddings {
			if err := s.fits(e); err != nil {
				return nil, fmt.Errorf("calibrate: stranger %s: %w", p.Name, err)
			}
		}
	}
	v, err := g.store.Vectors(ctx, g.name, 0)
	if err != nil {
		return nil, err
	}
	c, err := compare(ctx, v, s.Representation, g.model.Distance, o.Strangers)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	study, err := c.study(s, o)
	if err != nil {
		return nil, err
	}
	study.When = g.clock()
	recall, err := g.AuditRecall(ctx)
	if recall != nil {
		study.Recall = &recall.Rate
		study.Miss, study.FNIR = study.Miss.missedToo(recall.Rate), study.FNIR.missedToo(recall.Rate)
		if b := study.Bursts; b != nil {
			b.Miss, b.FNIR = b.Miss.missedToo(recall.Rate), b.FNIR.missedToo(recall.Rate)
		}
	}
	return study, err
}

// strangersOf are all trials as strangers, of one group, or of all people for "".
func (c *comparisons) strangersOf(group string, groups map[string]string) []trial {
	return c.asStrangers(c.trials, group, groups)
}

// asStrangers are those of trials that are of one group, or all for "". Enrolled people meet one id less, and count more.
func (c *comparisons) asStrangers(trials []trial, group string, groups map[string]string) []trial {
	var list []trial
	for _, t := range trials {
		if group != "" && groups[c.people[t.person]] != group {
			continue
		}
		if t.person < len(c.ids) {
			t.weight *= float64(len(c.ids)) / float64(max(len(c.ids)-1, 1))
		}
		list = append(list, t)
	}
	return list
}

func peopleOf(trials []trial) int {
	seen := map[int]bool{}
	for _, t := range trials {
		seen[t.person] = true
	}
	return len(seen)
}

// matchThreshold is the largest distance to an id at which the promise is kept, or one just below all.
func matchThreshold(trials []trial, promise float64) float32 {
	weights := map[float32]float64{}
	var distances []float32
	for _, t := range trials {
		if weights[t.other] == 0 {
			distances = append(distances, t.other)
		}
		weights[t.other] += t.weight
	}
	slices.Sort(distances)
	allowed := promise*float64(peopleOf(trials)+1) + 1e-9
	threshold := math.Nextafter32(distances[0], -far)
	for _, d := range distances {
		if allowed -= weights[d]; allowed < 0 || d == far {
			break
		}
		threshold = d
	}
	return threshold
}

// referThreshold is the smallest distance to any id within which all enrolled people are found but as many as may be missed.
func referThreshold(mated []trial, promise float64) float32 {
	nearest := slices.SortedFunc(slices.Values(mated), func(a, b trial) int { return cmp.Compare(b.any(), a.any()) })
	allowed := promise*float64(peopleOf(mated)+1) + 1e-9
	for _, t := range nearest {
		if allowed -= t.weight; allowed < 0 {
			return t.any()
		}
	}
	return nearest[len(nearest)-1].any()
}

// any is the distance to the nearest id, its own or another.
func (t trial) any() float32 { return min(t.own, t.other) }

// likest is the nearest other id; empty where there is none.
func (t trial) likest() string {
	if len(t.nearest) == 0 {
		return ""
	}
	return t.nearest[0]
}

// matched says whether a trial as a stranger is answered match.
func (t trial) matched(match float32) float64 {
	return truth(t.other <= match && t.other < t.rejected)
}

// missed says whether an enrolled person is not matched to their own id.
func (t trial) missed(match float32) float64 {
	return truth(!(t.own <= match && t.own < t.other && t.own < t.rejected))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// rate is the mean of what trials come out as, each person counting the same, with an interval by people.
func rate(trials []trial, promised float64, of func(trial) float64) Rate {
	t := stats.Trials{}
	for _, trial := range trials {
		t.Values, t.Weights = append(t.Values, of(trial)), append(t.Weights, trial.weight)
		t.Classes = append(t.Classes, [2]int{trial.person, trial.person})
	}
	e := t.Mean()
	return Rate{Promised: promised, Value: e.Value, CI95: e.CI95, N: peopleOf(trials)}
}

// study finds the thresholds and the rates.
func (c *comparisons) study(s Settings, o CalibrateOptions) (*Study, error) {
	groups := c.groups(o.Groups)
	if len(groups) == 0 {
		return nil, fmt.Errorf("calibrate: the groups name none of the ids and strangers: %w", ErrTooFew)
	}
	match, worst := far, ""
	for _, group := range groups {
		trials := c.strangersOf(group, o.Groups)
		if len(c.ids) == 0 || len(trials) == 0 {
			return nil, fmt.Errorf("calibrate: nobody is enrolled: %w", ErrTooFew)
		}
		threshold := matchThreshold(trials, o.FPIR)
		if err := tooFew(trials, threshold, o.FPIR, group); err != nil {
			return nil, err
		}
		if threshold < match {
			match, worst = threshold, group
		}
	}
	mated := c.matedTrials()
	refer := match
	if len(mated) > 0 {
		refer = max(match, referThreshold(mated, o.Miss))
	} else if s.ModelThreshold != nil {
		refer = max(match, *s.ModelThreshold)
	}
	study := &Study{Doubts: c.doubts(match, refer), Curve: c.curve(mated)}
	study.Thresholds, study.Group = Thresholds{match, refer}, worst
	matched := func(t trial) float64 { return t.matched(match) }
	study.FPIR = rate(c.strangersOf(worst, o.Groups), o.FPIR, matched)
	study.Miss = rate(mated, o.Miss, func(t trial) float64 { return truth(t.any() > refer) })
	if err := tooFewMissed(study.Miss); err != nil {
		return nil, err
	}
	study.FNIR = rate(mated, 0, func(t trial) float64 { return t.missed(match) })
	study.Referral = rate(mated, 0, func(t trial) float64 { return truth(t.any() > match && t.any() <= refer) })
	study.StrangerReferral = rate(c.strangersOf("", nil), 0, func(t trial) float64 { return truth(t.other > match && t.other <= refer) })
	study.Investigation = rate(mated, 0, func(t trial) float64 { return truth(t.own >= t.other) })
	study.Unlisted = rate(mated, 0, func(t trial) float64 { return truth(len(t.others) == listed && t.own > t.others[listed-1]) })
	study.Sizes = c.sizes(mated, match, o.FPIR)
	study.Bursts = c.learnBursts(study.Thresholds, groups, o)
	study.Strangers, study.IDs, study.Images = len(c.people)-len(c.ids), len(c.ids), c.known
	if all := c.strangersOf("", nil); peopleOf(all) >= supports && len(mated) > 0 {
		at := matchThreshold(all, nistFPIR)
		r := rate(mated, 0, func(t trial) float64 { return t.missed(at) })
		study.Identification = &r
	}
	if o.Groups != nil {
		for _, person := range c.people {
			study.Ungrouped += int(truth(o.Groups[person] == ""))
		}
		for _, group := range groups {
			study.Groups = append(study.Groups, GroupFPIR{group, rate(c.strangersOf(group, o.Groups), o.FPIR, matched)})
		}
		slices.SortStableFunc(study.Groups, func(a, b GroupFPIR) int { return cmp.Compare(b.Value, a.Value) })
	}
	return study, nil
}

// NIST's identification table is at this rate, which so many people support.
const (
	nistFPIR = 0.003
	supports = 1000
)

// groups are those of the people, or "" alone where there are none.
func (c *comparisons) groups(of map[string]string) []string {
	if len(of) == 0 {
		return []string{""}
	}
	var groups []string
	for _, t := range c.trials {
		if group := of[c.people[t.person]]; group != "" {
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// matedTrials are those of enrolled people with their own ids.
func (c *comparisons) matedTrials() []trial {
	var mated []trial
	for _, t := range slices.Concat(c.trials[:c.known], c.singles) {
		if t.weight = t.mated; t.own < far && t.weight > 0 {
			mated = append(mated, t)
		}
	}
	return mated
}

// tooFew fails where the interval of the rate at a threshold ends beyond three times the promise.
func tooFew(trials []trial, threshold float32, promise float64, group string) error {
	estimate := rate(trials, promise, func(t trial) float64 { return t.matched(threshold) })
	if estimate.CI95[1] <= 3*promise {
		return nil
	}
	n := peopleOf(trials)
	in := ""
	if group != "" {
		in = fmt.Sprintf(" of group %q", group)
	}
	return fmt.Errorf("calibrate: %d people%s bound the rate at %.2g only, and three times the promise is %.2g: %w: it takes about %d strangers more, or promise a larger rate",
		n, in, estimate.CI95[1], 3*promise, ErrTooFew, enough(promise, n)-n)
}

// enough is how many people, more than n, bound a rate at three times the promise.
func enough(promise float64, n int) int {
	need := n + 1
	for need < 100_000_000 {
		if allowed := int(promise * float64(need+1)); stats.Rate(allowed, need).CI95[1] <= 3*promise {
			break
		}
		need += max(need/100, 1)
	}
	return need
}

// tooFewMissed fails where the interval of the rate at which enrolled people are missed ends beyond three times the promise. Where nobody
// has two images nothing is known of it, and so nothing promised.
func tooFewMissed(miss Rate) error {
	if miss.N == 0 || miss.CI95[1] <= 3*miss.Promised {
		return nil
	}
	return fmt.Errorf("calibrate: %d ids with two images bound the rate at which enrolled people are missed at %.2g only, and three times the promise is %.2g: %w: it takes about %d such ids more, or promise a larger rate",
		miss.N, miss.CI95[1], 3*miss.Promised, ErrTooFew, enough(miss.Promised, miss.N)-miss.N)
}

// curve is both rates at up to 200 thresholds.
func (c *comparisons) curve(mated []trial) []Both {
	strangers := c.strangersOf("", nil)
	var at []float32
	for _, t := range strangers {
		at = append(at, t.other)
	}
	for _, t := range mated {
		at = append(at, t.own)
	}
	slices.Sort(at)
	at = slices.DeleteFunc(slices.Compact(at), func(d float32) bool { return d == far })
	var curve []Both
	for i := range min(len(at), 200) {
		match := at[i*len(at)/min(len(at), 200)]
		curve = append(curve, Both{
			Match: match,
			FPIR:  mean(strangers, func(t trial) float64 { return t.matched(match) }), FNIR: mean(mated, func(t trial) float64 { return t.missed(match) }),
			StrangersWithin: mean(strangers, func(t trial) float64 { return truth(t.other <= match) }),
			EnrolledWithin:  mean(mated, func(t trial) float64 { return truth(t.any() <= match) }),
		})
	}
	return curve
}

func mean(trials []trial, of func(trial) float64) float64 {
	sum, weight := 0., 0.
	for _, t := range trials {
		sum, weight = sum+t.weight*of(t), weight+t.weight
	}
	return sum / max(weight, 1e-9)
}

// mostDoubts bounds what a person will look at.
const mostDoubts = 100

// doubts are about ids that are near each other, the nearest first, each once.
func (c *comparisons) doubts(match, refer float32) []Doubt {
	list := []Doubt{}
	for _, t := range c.trials[:c.known] {
		w := Doubt{ID: c.people[t.person], Other: t.likest(), Distance: t.other}
		switch {
		case t.other < t.own && t.own < far:
			w.Text = "an image is nearer to the other than to its own id"
		case t.other <= match:
			w.Text = "as near as a match: is it one person under two ids?"
		case t.other <= refer:
			w.Text = "look-alikes"
		default:
			continue
		}
		list = append(list, w)
	}
	for _, t := range c.trials[c.known:] {
		if t.other <= match {
			list = append(list, Doubt{c.people[t.person], t.likest(), t.other, "a stranger who is as near as a match: is it the same person?"})
		}
	}
	slices.SortStableFunc(list, func(a, b Doubt) int { return cmp.Compare(a.Distance, b.Distance) })
	type pair struct{ a, b, text string }
	said := map[pair]bool{}
	list = slices.DeleteFunc(list, func(w Doubt) bool {
		p := pair{min(w.ID, w.Other), max(w.ID, w.Other), w.Text}
		again := said[p]
		said[p] = true
		return again
	})
	return list[:min(len(list), mostDoubts)]
}
