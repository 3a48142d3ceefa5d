package gallery

import (
	"errors"
	"math"
	"testing"

	"github.com/siam-go/siam/search"
)

func TestBelowTheStatedRecallNothingIsServed(t *testing.T) {
	s := &searchable{graph: &search.Graph{}, recall: Recall{Rate: Rate{Promised: 0.99, Value: 0.98}}}
	if err := s.serves("g"); !errors.Is(err, ErrRecall) {
		t.Errorf("serves with recall 0.98 of 0.99 = %v, want ErrRecall", err)
	}
	s.recall.Value = 0.99
	if err := s.serves("g"); err != nil {
		t.Errorf("serves with recall 0.99 of 0.99 = %v", err)
	}
}

func TestMissesOfTheSearchEnterTheRateOfMissedPeople(t *testing.T) {
	got := Rate{Value: 0.1, CI95: [2]float64{0.05, 0.2}}.missedToo(Rate{Value: 0.9, CI95: [2]float64{0.8, 0.95}})
	for i, pair := range [][2]float64{{got.Value, 1 - 0.9*0.9}, {got.CI95[0], 1 - 0.95*0.95}, {got.CI95[1], 1 - 0.8*0.8}} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("number %d = %v, want %v", i, pair[0], pair[1])
		}
	}
}
