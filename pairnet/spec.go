// Package pairnet tells whether two boxes of a video show the same object: the Siamese network and the boosted trees of L. Leal-Taixé, C. Canton-Ferrer,
// K. Schindler, "Learning by tracking: Siamese CNN for robust target association", 2016. Each box is a crop of five channels: its colours, and
// how each point of it moves to the next frame. The network says how alike two crops are, and the trees add what boxes and times say.
//
// Of the paper's details, the sizes of layers and the number of trees are taken from secondary notes.
package pairnet

import (
	"fmt"
	"strings"
)

// Kind is the kind of these model files.
const Kind = "association"

// The topologies that the paper compares: where the two crops meet.
const (
	CostFunction  = "cost-function"  // the difference of two embeddings
	InNetwork     = "in-network"     // after the convolutions
	InputStacking = "input-stacking" // at the input, which the paper chose
)

// Topologies are all three.
var Topologies = []string{CostFunction, InNetwork, InputStacking}

// Channels are a crop's: L, u and v, and the motion along x and y.
const Channels = 5

// Spec is an architecture.
type Spec struct {
	Topology string `json:"topology"`
	Height   int    `json:"height"` // of a crop, pixels
	Width    int    `json:"width"`
	Filters  []int  `json:"filters"` // of the convolutions, each followed by a pooling of 2×2
	Kernels  []int  `json:"kernels"` // their sides, pixels
	Hidden   []int  `json:"hidden"`  // units of the layers after them
	Flow     bool   `json:"flow"`    // whether the motion is looked at; without, it counts as 0
	Norm     bool   `json:"norm"`    // whether each convolution is followed by batch normalisation
}

// Paper is the published architecture.
func Paper() Spec {
	return Spec{Topology: InputStacking, Height: 121, Width: 53, Filters: []int{12, 16, 24}, Kernels: []int{9, 5, 5}, Hidden: []int{256, 128}, Flow: true, Norm: true}
}

// Check finds what cannot be built.
func (s Spec) Check() error {
	known := false
	for _, t := range Topologies {
		known = known || t == s.Topology
	}
	switch {
	case !known:
		return fmt.Errorf("topology %q, want one of %s", s.Topology, strings.Join(Topologies, ", "))
	case len(s.Filters) != len(s.Kernels) || len(s.Filters) == 0 || len(s.Hidden) == 0:
		return fmt.Errorf("%d filters, %d kernels, %d hidden layers: want as many filters as kernels, and more than none", len(s.Filters), len(s.Kernels), len(s.Hidden))
	case s.Height < 8 || s.Width < 8 || s.Height > 1024 || s.Width > 1024:
		return fmt.Errorf("crops of %d×%d pixels, want 8 to 1024", s.Width, s.Height)
	}
	h, w := s.Height, s.Width
	for i, k := range s.Kernels {
		if k < 1 || s.Filters[i] < 1 || s.Filters[i] > 4096 {
			return fmt.Errorf("convolution %d of %d filters of side %d", i+1, s.Filters[i], k)
		}
		if h, w = (h-k+1)/2, (w-k+1)/2; h < 1 || w < 1 {
			return fmt.Errorf("crops of %d×%d pixels are too small for convolution %d", s.Width, s.Height, i+1)
		}
	}
	for _, units := range s.Hidden {
		if units < 1 || units > 65536 {
			return fmt.Errorf("a layer of %d units", units)
		}
	}
	return nil
}

// size is how many numbers a crop has.
func (s Spec) size() int { return s.Height * s.Width * Channels }
