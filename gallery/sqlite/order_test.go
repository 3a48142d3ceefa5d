package sqlite

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/gallery"
)

func TestVectorsAreSortedWithTheirNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for n := range 40 {
		v := gallery.Vectors{Dim: 3}
		for _, i := range rng.Perm(n) {
			v.Refs = append(v.Refs, gallery.Ref{Key: fmt.Sprintf("%02d", i), ID: fmt.Sprint(i)})
			v.Values = append(v.Values, float32(i), float32(-i), float32(10*i))
		}
		inOrder(&v)
		for i, r := range v.Refs {
			row := v.Values[3*i : 3*i+3]
			if r.Key != fmt.Sprintf("%02d", i) || r.ID != fmt.Sprint(i) || row[0] != float32(i) || row[1] != float32(-i) || row[2] != float32(10*i) {
				t.Fatalf("of %d, place %d has %v with %v", n, i, r, row)
			}
		}
	}
}
