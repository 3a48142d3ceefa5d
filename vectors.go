package siam

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// EmbedVectors returns one embedding [d] per vector, of a model whose encoder reads vectors; see [encoder.MLP]. A vector of another
// length, or with a number that is not finite, gives an error that names it, counted from 1.
func (m *Model) EmbedVectors(ctx context.Context, vectors ...[]float32) ([][]float32, error) {
	if m.spec.Vector == 0 {
		return nil, fmt.Errorf("embed vectors: the model's encoder %s reads images: use Embed", m.spec.Arch)
	}
	for i, v := range vectors {
		if len(v) != m.spec.Vector {
			return nil, fmt.Errorf("embed vector %d of %d numbers: the model reads %d", i+1, len(v), m.spec.Vector)
		}
		if at := slices.IndexFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }); at >= 0 {
			return nil, fmt.Errorf("embed vector %d: its number %d is %v", i+1, at+1, v[at])
		}
	}
	rows, err := m.embedder.Embed(ctx, slices.Concat(vectors...))
	if err != nil {
		return nil, err
	}
	return rows, m.checkFinite("embed vector", rows, 0)
}

// wantImages says that a model does not read images.
func (m *Model) wantImages() error {
	if m.spec.Vector > 0 {
		return fmt.Errorf("embed images: the model's encoder %s reads vectors of %d numbers: use EmbedVectors", m.spec.Arch, m.spec.Vector)
	}
	return nil
}
