package judge

import (
	"fmt"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
)

// shownPairs is how many pairs of each kind a page is drawn from, where there are more.
const shownPairs = 20000

// AddDistances writes into a report how the distances of pictures lie about the model's threshold, and about the one that suits these pictures
// best. It writes nothing where it is not known of two identities whom pictures show.
func (al *Album) AddDistances(page *report.Report, model Model, seed uint64) error {
	if !al.Known {
		return nil
	}
	labels, _ := al.labels()
	_, copies := al.copies()
	var items eval.Items
	var embeddings [][]float32
	for i, p := range al.Pictures {
		if p.Identity != "" && !copies[i] {
			items.Labels, items.Groups, items.Drawers = append(items.Labels, labels[i]), append(items.Groups, 0), append(items.Drawers, 0)
			embeddings = append(embeddings, p.Embedding)
		}
	}
	pairs, err := items.DistinctPairs(shownPairs, seed)
	if err != nil {
		return nil // there are not two of a kind, and so nothing to show
	}
	scored := items.Scored(pairs, eval.PairDistances(pairs.Pairs, embeddings, model.NamedDistance().Of))
	threshold := thresholdOf(model)
	at := 0.
	if threshold != nil {
		at = *threshold
	}
	v, err := eval.Verify(scored, at, seed)
	if err != nil {
		return fmt.Errorf("judging the pictures' distances: %w", err)
	}
	text, lines := "The model has no threshold.", []report.Threshold{}
	if threshold != nil {
		text = fmt.Sprintf("The model calls pairs up to its threshold, %.3f, the same, and is right on %.1f %% of these.", at, 100*v.Value)
		lines = append(lines, report.Threshold{At: at, Name: "threshold"})
	}
	text += fmt.Sprintf(" The best threshold for these very pictures, %.3f, would be right on %.1f %%.", v.Best.Threshold, 100*v.Best.Value)
	page.Add(report.Section{
		Title: "Distances", Text: text,
		Parts: []report.Part{report.DistanceHistogram(scored.Distances, scored.Same, append(lines, report.Threshold{At: v.Best.Threshold, Name: "best"})...)},
	})
	return nil
}
