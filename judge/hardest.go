package judge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/report"
)

// hardestShown is how many pairs of each kind a report shows.
const hardestShown = 25

// hardPair is two items of a set.
type hardPair struct {
	a, b     int32
	distance float32
}

// AddHardest writes the pairs of the set that are hardest for the model into a report: images of one class that it finds least alike,
// and images of two classes that it finds most alike. Many of them are wrong labels.
func (l *Labelled) AddHardest(page *report.Report) error {
	same, different, err := hardest(l.Set, l.Embeddings, l.model.NamedDistance().Of)
	if err != nil {
		return err
	}
	best := ""
	if v, _, err := l.Verify(shownPairs, 1); err == nil {
		best = fmt.Sprintf(" %.3f would suit these images best.", v.Best.Threshold)
	}
	show := func(title, text string, pairs []hardPair, isSame bool) {
		threshold := thresholdOf(l.model)
		if threshold != nil {
			text += fmt.Sprintf(" ✓ and ✗ tell what the model's threshold, %.3f, judges rightly and wrongly.", *threshold) + best
		}
		page.Add(report.Section{Title: title, Text: text, Parts: []report.Part{picturePairs(l.Set, pairs, isSame, threshold)}})
	}
	show("Hardest to see as the same", "Images of one class with the largest distances. Look for wrong labels among them first.", same, true)
	show("Hardest to tell apart", "Images of two classes with the smallest distances: look-alikes, or one thing under two labels.", different, false)
	return nil
}

// hardest lists the same pairs with the largest distances, and the different ones with the smallest; every image is in one pair
// of a kind at most.
func hardest(set *dataset.Set, embeddings [][]float32, distance func(a, b []float32) float32) (same, different []hardPair, err error) {
	items := make([]int32, len(set.Items))
	for i := range items {
		items[i] = int32(i)
	}
	index, err := dataset.NewLookalikes(set, items, embeddings, 1)
	if err != nil {
		return nil, nil, err
	}
	pair := func(a, b int32) hardPair { return hardPair{a, b, distance(embeddings[a], embeddings[b])} }
	for i, item := range items {
		if other := index.Far[i]; other >= 0 {
			same = append(same, pair(item, other))
		}
		different = append(different, pair(item, index.Close[i]))
	}
	byDistance := func(p, q hardPair) int { return cmp.Compare(p.distance, q.distance) }
	slices.SortStableFunc(same, func(p, q hardPair) int { return byDistance(q, p) })
	slices.SortStableFunc(different, byDistance)
	return onceEach(set, same), onceEach(set, different), nil
}

// onceEach keeps the first pairs in which no image comes again; as far as there are enough others, few of each class and one of each two.
func onceEach(set *dataset.Set, pairs []hardPair) []hardPair {
	seen, classes, times := map[int32]bool{}, map[[2]int]bool{}, map[int]int{}
	kept := make([]bool, len(pairs))
	count := 0
	for _, varied := range []bool{true, false} {
		for i, p := range pairs {
			a, b := set.Items[p.a].Label, set.Items[p.b].Label
			two := [2]int{min(a, b), max(a, b)}
			often := classes[two] || times[a] >= mostOfOne || times[b] >= mostOfOne
			if count == hardestShown || seen[p.a] || seen[p.b] || varied && often {
				continue
			}
			seen[p.a], seen[p.b], classes[two], kept[i] = true, true, a != b, true
			times[a]++
			if a != b {
				times[b]++
			}
			count++
		}
	}
	var shown []hardPair
	for i, p := range pairs {
		if kept[i] {
			shown = append(shown, p)
		}
	}
	return shown
}

// picturePairs shows pairs with their distances, and verdicts where there is a threshold.
func picturePairs(set *dataset.Set, pairs []hardPair, same bool, threshold *float64) report.PicturePairs {
	var shown report.PicturePairs
	for _, p := range pairs {
		pair := picturePair(set, int(p.a), int(p.b))
		pair.Distance = float64(p.distance)
		if threshold != nil {
			pair.Verdict = report.Wrong
			if (pair.Distance <= *threshold) == same {
				pair.Verdict = report.Right
			}
		}
		shown = append(shown, pair)
	}
	return shown
}
