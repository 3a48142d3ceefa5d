package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// Verdicts are pairs of images that a model called the same or different, with what a report and a comparison need.
type Verdicts struct {
	eval.Scored
	right     []bool
	threshold float64
	trials    any // what tells these pairs from others
	accuracy  stats.Proportion
	best      eval.Best
	curve     eval.Curve
	measured  eval.Evidence
	where     string                                  // the accuracy holds
	picture   func(i int) (report.PicturePair, error) // of pair i, without its distance and verdict
}

// Answers are the verdicts as a comparison with another model's takes them; seed is that of the result.
func (v *Verdicts) Answers(seed uint64) (Answers, error) {
	answers, err := newAnswers(seed, v.trials, map[string][]bool{"verification": v.right})
	answers.Ties = map[string]*eval.Ties{"verification": v.Ties()}
	return answers, err
}

// AddTo writes the verdicts into a report: the figures, the curves and the pictures of the worst mistakes.
func (v *Verdicts) AddTo(page *report.Report) error {
	roc, err := v.ROC()
	if err != nil {
		return err
	}
	page.Add(v.headlines())
	page.Add(v.errorRates(roc))
	for _, kind := range []struct {
		title, text string
		same        bool
	}{
		{"Wrongly called different", "Pairs that show the same, with distances above the threshold: the largest first.", true},
		{"Wrongly called the same", "Pairs that show two, with distances up to the threshold: the smallest first.", false},
	} {
		shown, all, err := v.mistakes(kind.same)
		if err != nil {
			return err
		}
		if all > 0 {
			text := fmt.Sprintf("%s %d of %d, at most %d of one identity.", kind.text, len(shown), all, mostOfOne)
			page.Add(report.Section{Title: kind.title, Text: text, Parts: []report.Part{shown}})
		}
	}
	return nil
}

func (v *Verdicts) headlines() report.Section {
	numbers := report.Numbers{
		report.Accuracy("Right verdicts", v.accuracy, fmt.Sprintf("%s: distances up to %.3f are called the same", v.where, v.threshold)),
		report.Accuracy("With the best threshold", v.best.Proportion, fmt.Sprintf("%.3f suits these very pairs best: more cannot be had by choosing it", v.best.Threshold)),
		report.Rate("Equal error rate", v.curve.EER, "where as many same pairs are missed as different ones are accepted"),
	}
	if names := slices.Sorted(maps.Keys(v.curve.TARAtFAR)); len(names) > 0 {
		name := names[0] // 1e-1 or, where it is supported, 1e-2
		if len(names) > 1 {
			name = names[1]
		}
		rate, _ := strconv.ParseFloat(name, 64)
		numbers = append(numbers, report.Rate("True accept rate", v.curve.TARAtFAR[name], fmt.Sprintf("at a false accept rate of %.2g %%", 100*rate)))
	}
	return report.Section{
		Title: "What it reaches", Parts: []report.Part{numbers},
		Text: fmt.Sprintf("Judged by %s. The bars are 95 %% confidence intervals by %s: how far the figure may be off for others than these.", v.measured, v.measured.Unit),
	}
}

func (v *Verdicts) errorRates(roc *eval.ROC) report.Section {
	system := report.NamedROC{Name: "this model", ROC: roc}
	return report.Section{
		Title: "Error rates",
		Text: "Pairs left of a threshold are called the same. ROC: how many of the same pairs are accepted, against how many of the different " +
			"ones are accepted wrongly. DET: the two kinds of mistakes against each other, on scales that make normal distributions straight lines. " +
			v.limit(),
		Parts: []report.Part{
			report.DistanceHistogram(v.Distances, v.Same, report.Threshold{At: v.threshold, Name: "threshold"}, report.Threshold{At: v.best.Threshold, Name: "best"}),
			report.ROCChart(system), report.DETChart(system), v.operatingPoints(roc),
		},
	}
}

// limit says down to which false accept rate the pairs speak.
func (v *Verdicts) limit() string {
	return fmt.Sprintf("%d different pairs of %d identities support false accept rates down to %.2g %%; lower ones are not shown.",
		v.measured.DifferentPairs, v.measured.Identities, 100*v.curve.LeastFAR)
}

// operatingPoints lists the thresholds for some false accept rates, as far as the different pairs support them.
func (v *Verdicts) operatingPoints(roc *eval.ROC) report.Table {
	table := report.Table{Title: "Thresholds", Columns: []string{"false accept rate", "true accept rate", "95 % interval", "distance up to"}}
	for _, name := range slices.Sorted(maps.Keys(v.curve.TARAtFAR)) {
		rate, _ := strconv.ParseFloat(name, 64)
		tar := v.curve.TARAtFAR[name]
		table.Rows = append(table.Rows, []string{
			fmt.Sprintf("%.2g %%", 100*rate), fmt.Sprintf("%.1f %%", 100*tar.Value), fmt.Sprintf("%.1f–%.1f %%", 100*tar.CI95[0], 100*tar.CI95[1]),
			fmt.Sprintf("%.3f", roc.AtFMR(rate).Threshold),
		})
	}
	return table
}

// What a report shows of the pairs of a kind: this many at most, and this many with one person. Of the same two people it shows one.
const (
	mostMistakes = 24
	mostOfOne    = 3
)

// mistakes are the worst wrong verdicts on the same pairs, or on the different ones, varied, and how many there are in all.
func (v *Verdicts) mistakes(same bool) (shown report.PicturePairs, all int, err error) {
	var wrong []int
	for i, right := range v.right {
		if !right && v.Same[i] == same {
			wrong = append(wrong, i)
		}
	}
	slices.SortStableFunc(wrong, func(a, b int) int {
		if same {
			a, b = b, a
		}
		return cmp.Compare(v.Distances[a], v.Distances[b])
	})
	for _, i := range v.varied(wrong) {
		pair, err := v.picture(i)
		if err != nil {
			return nil, 0, err
		}
		pair.Distance, pair.Verdict = float64(v.Distances[i]), report.Wrong
		shown = append(shown, pair)
	}
	return shown, len(wrong), nil
}

// varied keeps the first pairs, few of each identity and one of each two.
func (v *Verdicts) varied(pairs []int) []int {
	var kept []int
	times, seen := map[int]int{}, map[[2]int]bool{}
	for _, i := range pairs {
		c := [2]int{i, i}
		if v.Classes != nil {
			c = v.Classes[i]
		}
		two := [2]int{min(c[0], c[1]), max(c[0], c[1])}
		if len(kept) == mostMistakes || times[c[0]] >= mostOfOne || times[c[1]] >= mostOfOne || seen[two] {
			continue
		}
		times[c[0]]++
		if c[1] != c[0] {
			times[c[1]]++
			seen[two] = true
		}
		kept = append(kept, i)
	}
	return kept
}
