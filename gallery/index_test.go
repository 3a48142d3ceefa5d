package gallery

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/siam-go/siam/distance"
)

// TestSearchesByBytesFindTheSame asks until vectors of a byte a number are worth making, and on.
func TestSearchesByBytesFindTheSame(t *testing.T) {
	const n, dim = 2000, 24
	rng := rand.New(rand.NewPCG(5, 6))
	v := Vectors{Dim: dim, Refs: make([]Ref, n), Values: make([]float32, n*dim)}
	for i := range v.Values {
		v.Values[i] = float32(rng.NormFloat64())
	}
	for i := range v.Refs {
		v.Refs[i].Key = string(rune('a'+i%26)) + string(rune('0'+i/26))
	}
	s, err := newSearchable(v, distance.Euclidean())
	if err != nil {
		t.Fatal(err)
	}
	probe := make([]float32, dim)
	for i := range worthCodes + 20 {
		for j := range probe {
			probe[j] = float32(rng.NormFloat64())
		}
		got, err := s.nearest(t.Context(), 10, [][]float32{probe})
		if err != nil {
			t.Fatal(err)
		}
		exact, err := s.exact.Nearest(t.Context(), 10, probe)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]Hit, len(exact[0]))
		for j, found := range exact[0] {
			want[j] = Hit{v.Refs[found.Row], found.Distance}
		}
		if !reflect.DeepEqual(got[0], want) {
			t.Fatalf("search %d finds %v, want %v", i, got[0], want)
		}
	}
}
