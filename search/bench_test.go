package search

import (
	"testing"

	"github.com/siam-go/siam/distance"
)

// BenchmarkMillion searches 1 M × 128 for the ten nearest.
func BenchmarkMillion(b *testing.B) {
	const n, d = 1_000_000, 128
	vectors := gauss(1, n, d, 0, 1)
	probes := rowsOf(gauss(2, 64, d, 0, 1), d)
	exact, err := NewExact(distance.SquaredEuclidean(), d, vectors)
	if err != nil {
		b.Fatal(err)
	}
	compact, err := NewCompact(distance.SquaredEuclidean(), d, vectors)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		by     searcher
		probes int
	}{{"exact of 1", exact, 1}, {"compact of 1", compact, 1}, {"exact of 64", exact, 64}, {"compact of 64", compact, 64}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.by.Nearest(b.Context(), 10, probes[:c.probes]...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("codes", func(b *testing.B) {
		for b.Loop() {
			exact.Compact()
		}
	})
}
