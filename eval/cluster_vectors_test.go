package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/siam-go/siam/distance"
)

// faces are embeddings of length 1, each of one of n/5 people.
func faces(seed uint64, n, d int) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	centres := make([][]float32, max(1, n/5))
	random := func(around []float32, spread float64) []float32 {
		v, square := make([]float32, d), 0.0
		for j := range v {
			v[j] = float32(spread * rng.NormFloat64())
			if around != nil {
				v[j] += around[j]
			}
			square += float64(v[j]) * float64(v[j])
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(square))
		}
		return v
	}
	for i := range centres {
		centres[i] = random(nil, 1)
	}
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = random(centres[rng.IntN(len(centres))], 0.06)
	}
	return rows
}

// BenchmarkCluster10000 groups 10,000 embeddings and chooses the threshold.
func BenchmarkCluster10000(b *testing.B) {
	rows := faces(1, 10000, 128)
	for b.Loop() {
		pairs, err := distance.NewPairs(distance.SquaredEuclidean(), rows)
		if err != nil {
			b.Fatal(err)
		}
		tree, err := Agglomerate(pairs, Average)
		if err != nil {
			b.Fatal(err)
		}
		BestCut(tree, pairs, math.Inf(1))
	}
}

// Clusters of distances from one matrix product are those of distances one by one.
func TestClustersOfVectorsAreThoseOfTheirDistances(t *testing.T) {
	rows := append(faces(2, 180, 32), faces(3, 20, 32)...)
	rows = append(rows, rows[:10]...)
	for _, by := range []distance.Distance{distance.SquaredEuclidean(), distance.Euclidean(), distance.Cosine(), distance.L1()} {
		pairs, err := distance.NewPairs(by, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, linkage := range []Linkage{Average, Complete, Single} {
			got, err := Agglomerate(pairs, linkage)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := Agglomerate(PairsOf(rows, by.Of), linkage)
			at, silhouette := BestCut(got, pairs, math.Inf(1))
			wantAt, wantSilhouette := BestCut(want, PairsOf(rows, by.Of), math.Inf(1))
			near(t, by.Name+" threshold", at, wantAt, 1e-5)
			near(t, by.Name+" silhouette", silhouette, wantSilhouette, 1e-5)
			if !slices.Equal(got.Cut(at), want.Cut(wantAt)) {
				t.Errorf("%s, linkage %d: the clusters differ from those of distances one by one", by.Name, linkage)
			}
		}
	}
}
