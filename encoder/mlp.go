package encoder

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// MLP is a multilayer perceptron for what is no image: vectors of k numbers to 64, by way of two hidden layers of 128, each with
// batch normalisation and ReLU. Its size follows Spec.Widths, which may be empty.
func MLP(k int) Spec {
	return Spec{Arch: "mlp", Vector: k, Dim: 64, Normalize: true, Widths: []int{128, 128}}
}

func buildMLP(l *Layers, spec Spec, x *Node) *Node {
	for i, width := range spec.Widths {
		x = l.Dense(x, fmt.Sprintf("hidden%d", i+1), width, Initial{})
		x = ReLU(l.Norm(x, fmt.Sprintf("norm%d", i+1)))
	}
	return l.Dense(l.Dropout(x, spec.Dropout), "dense", spec.Dim, Initial{})
}

func checkMLP(s Spec) error {
	if s.Vector < 1 {
		return fmt.Errorf("vectors of %d numbers, want 1 or more", s.Vector)
	}
	return checkWidths(s.Widths, "units of a hidden layer")
}
