package judge

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/report"
)

// few are six alphabets of five characters, each drawn by four hands.
func few(t *testing.T) *dataset.Set {
	return alphabets(t, dataset.GenerateOptions{Alphabets: 6, Characters: 5, Drawers: 4, Seed: 1})
}

func TestHardestPairsAreThoseOfAllPairs(t *testing.T) {
	set := few(t)
	embeddings := make([][]float32, len(set.Items))
	for i, item := range set.Items { // classes along a line, their images around them
		embeddings[i] = []float32{float32(item.Label), float32(math.Sin(float64(7 * i)))}
	}
	apart := func(a, b []float32) float32 { return (a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) }
	same, different, err := hardest(set, embeddings, apart)
	if err != nil {
		t.Fatal(err)
	}
	most, least := float32(0), float32(math.Inf(1))
	for i := range set.Items {
		for j := range i {
			if d := apart(embeddings[i], embeddings[j]); set.Items[i].Label == set.Items[j].Label {
				most = max(most, d)
			} else {
				least = min(least, d)
			}
		}
	}
	if same[0].distance != most || different[0].distance != least {
		t.Errorf("hardest pairs are %v and %v apart, want %v and %v", same[0].distance, different[0].distance, most, least)
	}
	for _, pairs := range [][]hardPair{same, different} {
		var items []int32
		for _, p := range pairs {
			items = append(items, p.a, p.b)
		}
		slices.Sort(items)
		if len(pairs) != hardestShown || len(slices.Compact(items)) != 2*hardestShown {
			t.Errorf("%d pairs of images %v, want %d of different ones", len(pairs), items, hardestShown)
		}
	}
	for i := range same[1:] {
		if same[i].distance < same[i+1].distance || different[i].distance > different[i+1].distance {
			t.Errorf("pairs %d and %d are in the wrong order", i, i+1)
		}
	}
}

func TestHardestPairsAreShown(t *testing.T) {
	model, set := strokes(t), few(t)
	labelled, err := NewLabelled(t.Context(), model, nil, set)
	if err != nil {
		t.Fatal(err)
	}
	page := report.New("hardest")
	if err := labelled.AddHardest(page); err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(html.String(), `<figure class="pair`); got != 2*hardestShown {
		t.Errorf("the page shows %d pairs, want %d", got, 2*hardestShown)
	}
}

func TestHardestPairsAreVaried(t *testing.T) {
	set := few(t)
	var pairs []hardPair
	for _, items := range set.ByClass()[:2] { // of two classes, then of all others
		for _, a := range items {
			for _, b := range set.ByClass()[0] {
				if a != b {
					pairs = append(pairs, hardPair{a: a, b: b})
				}
			}
		}
	}
	for _, items := range set.ByClass()[2:] {
		pairs = append(pairs, hardPair{a: items[0], b: items[1]})
	}
	times := map[[2]int]int{}
	for _, p := range onceEach(set, pairs)[:hardestShown] {
		times[[2]int{set.Items[p.a].Label, set.Items[p.b].Label}]++
	}
	if of := times[[2]int{1, 0}] + times[[2]int{0, 1}]; of > 1 || len(times) < hardestShown-2 {
		t.Errorf("%d of %d pairs are of the same two classes, in %d kinds: want one, and as many kinds as there are", of, hardestShown, len(times))
	}
}
