package eval

import (
	"testing"
)

func TestRetrieveAcrossLeavesTheSameImageOut(t *testing.T) {
	queries := Labelled{Embeddings: [][]float32{{0}, {1}, {5}, {6}}, Labels: []int{0, 0, 1, 1}}
	references := Labelled{Embeddings: [][]float32{{0}, {6.1}, {5}, {0.9}}, Labels: queries.Labels}
	// Row 0 finds row 3 first (0.9 away), then row 2 and its own, row 1; row 1 finds row 3, then row 0; row 2 finds row 1, then row 3;
	// row 3 finds row 1, then row 2.
	got, err := RetrieveAcross(queries, references, Ranking{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "MRR", got.MRR.Value, (1./3+1./2+1./2+1./2)/4, 1e-9)
	if _, err := RetrieveAcross(queries, Labelled{Embeddings: [][]float32{{0}}, Labels: []int{0}}, Ranking{}); err == nil {
		t.Error("RetrieveAcross of other images = nil, want an error")
	}
}
