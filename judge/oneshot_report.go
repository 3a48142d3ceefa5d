package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
)

// AddOneShot writes what a model reached on a set into a report: the figures, example episodes, the distances of pairs, and the
// map of the embeddings of a few alphabets.
func AddOneShot(ctx context.Context, page *report.Report, set *dataset.Set, result OneShotResult) error {
	page.Add(report.Section{
		Title: "What it reaches",
		Text: fmt.Sprintf("On %d characters of %d alphabets that training never saw. The bars are 95 %% confidence intervals by %d %s: how far the "+
			"figure may be off for others than these.", len(set.Classes), len(set.Groups()), result.Units, result.Unit),
		Parts: []report.Part{headlines(result)},
	})
	page.Add(report.Section{
		Title: "Example episodes",
		Text: fmt.Sprintf("Which of the %d characters of one alphabet, each shown once, is the same as the query? Wrong answers first.",
			result.Ways),
		Parts: []report.Part{ExampleEpisodes(set, result)},
	})
	if result.Verification != nil {
		page.Add(verificationSection(result))
	}
	section, err := mapSection(ctx, set, result)
	if err != nil {
		return err
	}
	page.Add(section)
	return nil
}

func headlines(r OneShotResult) report.Numbers {
	task := fmt.Sprintf("%d-way %d-shot", r.Ways, r.Shots)
	numbers := report.Numbers{
		report.Accuracy(task+", within an alphabet", r.Within.Proportion, "look-alike ways"),
		report.Accuracy(task+", unstructured", r.Unstructured.Proportion, "ways from everywhere"),
	}
	if v := r.Verification; v != nil {
		numbers = append(numbers, report.Accuracy("Same or different?", v.Proportion,
			fmt.Sprintf("at the model's own threshold, %.3f; %.1f %% at the best, %.3f; equal error rate %.1f %%",
				v.Threshold, 100*v.Best.Value, v.Best.Threshold, 100*v.EER.Value)))
	}
	return numbers
}

// ExampleEpisodes picks two trials that were answered wrongly, and two that were answered rightly.
func ExampleEpisodes(set *dataset.Set, r OneShotResult) report.Episodes {
	var shown report.Episodes
	add := func(isRight bool, most int) {
		for i := 0; i < len(r.Trials) && most > 0; i++ {
			if r.Within.Right[i] == isRight {
				shown = append(shown, episode(set, r.Trials[i], r.Within.Choices[i]))
				most--
			}
		}
	}
	add(false, 2)
	add(true, 2)
	return shown
}

func episode(set *dataset.Set, trial eval.Trial, chosen int) report.Episode {
	e := report.Episode{Query: set.Items[trial.Query].Pixels().GoImage(), True: trial.True, Chosen: chosen}
	for _, shots := range trial.Support {
		e.Support = append(e.Support, set.Items[shots[0]].Pixels().GoImage())
	}
	return e
}

func verificationSection(r OneShotResult) report.Section {
	v := r.Verification
	section := report.Section{
		Title: "Same or different?",
		Text: fmt.Sprintf("Distances of %d pairs of drawings, %d of them of the same character. Pairs left of the threshold are called the same: "+
			"%.1f %% of the different pairs wrongly so, while %.1f %% of the same pairs are missed.",
			v.N, v.MeasuredOn.SamePairs, 100*v.FMR.Value, 100*v.FNMR.Value),
		Parts: []report.Part{report.DistanceHistogram(r.Scored.Distances, r.Scored.Same,
			report.Threshold{At: v.Threshold, Name: "threshold"}, report.Threshold{At: v.Best.Threshold, Name: "best"})},
	}
	if roc, err := r.Scored.ROC(); err == nil {
		section.Parts = append(section.Parts, report.ROCChart(report.NamedROC{Name: "this model", ROC: roc}))
	}
	return section
}

// The map shows some drawings of some characters of the first alphabets: more would hide each other.
const (
	mapAlphabets  = 3
	mapCharacters = 8
	mapDrawings   = 8
)

func mapSection(ctx context.Context, set *dataset.Set, r OneShotResult) (report.Section, error) {
	var rows [][]float32
	picture := report.Map{Ink: true}
	for label, items := range someClasses(set) {
		for _, i := range items[:min(mapDrawings, len(items))] {
			rows = append(rows, r.Embeddings[i])
			picture.Images = append(picture.Images, set.Items[i].Pixels().GoImage())
			picture.Labels = append(picture.Labels, label)
			picture.Names = append(picture.Names, set.Classes[set.Items[i].Label].Name)
		}
	}
	points, err := report.TSNE(ctx, rows, 1)
	if err != nil {
		return report.Section{}, fmt.Errorf("drawing the embedding map: %w", err)
	}
	picture.Points = points
	return report.Section{
		Title: "The embedding map",
		Text:  "Drawings whose embeddings are near stand together (t-SNE); drawings of one character have one colour. Point at one to see it large.",
		Parts: []report.Part{picture},
	}, nil
}

// someClasses lists the items of a few classes of the first groups.
func someClasses(set *dataset.Set) [][]int32 {
	byClass, taken := set.ByClass(), make(map[string]int)
	var chosen [][]int32
	for label, items := range byClass {
		group := set.Classes[label].Group
		if _, known := taken[group]; !known && len(taken) == mapAlphabets || taken[group] == mapCharacters {
			continue
		}
		taken[group]++
		chosen = append(chosen, items)
	}
	return chosen
}
