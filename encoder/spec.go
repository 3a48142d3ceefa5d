// Package encoder holds the networks that turn an image, or a vector, into an embedding, one file per architecture; the head that
// compares two embeddings; and the layers that networks are made of.
//
// Shapes in this package: n images of h×w pixels with c channels are [n, h, w, c], n vectors of k numbers [n, k]; an embedding has d
// numbers.
package encoder

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Spec says everything needed to rebuild an encoder: with its weights it is a model. A model file stores it as JSON.
type Spec struct {
	Arch       string             `json:"arch"`                // one of [Architectures], [Imported], or that of Own
	Preprocess imgproc.Preprocess `json:"preprocess,omitzero"` // also fixes the input's size; zero where the input is a vector
	Dim        int                `json:"dim"`                 // d, the length of an embedding; 0 for an imported network that makes none
	// Normalize scales embeddings to length 1.
	Normalize bool `json:"normalize,omitempty"`
	// PairHead says that two embeddings are compared by [PairHead], not by a distance.
	PairHead bool `json:"pair_head,omitempty"`
	// Dropout is the probability, in [0, 1), that training sets a number before the last layer to 0.
	Dropout float64 `json:"dropout,omitempty"`
	// Init is how the weights of "koch" and "koch35" begin: empty as the paper has them, or [InitHe].
	Init string `json:"init,omitempty"`
	// Widths are the channels of each stage of "resnet"; each halves height and width. Of "mlp" they are the units of each hidden
	// layer.
	Widths []int `json:"widths,omitempty"`
	// Blocks is the number of residual blocks in each stage of "resnet".
	Blocks int `json:"blocks,omitempty"`
	// MaxPool makes the stages of "resnet" but the first begin with the largest of every 2×2 pixels. Otherwise their first
	// convolution takes every second pixel.
	MaxPool bool `json:"max_pool,omitempty"`
	// Flatten makes the last layer of "resnet" see its whole last feature map instead of the mean over its pixels.
	Flatten bool `json:"flatten,omitempty"`
	// Mirror says that an image's embedding is the mean of its own and its mirror image's: more accurate where left and right
	// mean nothing, as for faces, and twice the work. Training sees single images.
	Mirror bool `json:"mirror,omitempty"`
	// Outputs are the tensors of an [Imported] network that are wanted: of an encoder one, the embedding.
	Outputs []string `json:"outputs,omitempty"`
	// OneByOne says that an [Imported] network reads only one image at once.
	OneByOne bool `json:"one_by_one,omitempty"`
	// Pool makes an embedding of an [Imported] network's map [n, h, w, c] or tokens [n, t, c]: "mean" of all its places, or "cls", the
	// first token.
	Pool string `json:"pool,omitempty"`
	// Precision is what the operands of an [Imported] encoder's products are: "bf16" or "bf16x3", where the processor has such products, and
	// empty for what the backend says.
	Precision string `json:"precision,omitempty"`
	// Landmarks say that the encoder reads aligned faces: where in the crop, with sides of 1 and the corner (0, 0) at the top
	// left, the eye on the left of the picture, the eye on the right, the nose, and the left and right corner of the mouth lie.
	Landmarks [][2]float64 `json:"landmarks,omitempty"`
	// Vector above 0 says that the input is no image but a vector of so many numbers.
	Vector int `json:"vector,omitempty"`
	// Settings are those of an architecture of Own, as it likes: JSON.
	Settings json.RawMessage `json:"settings,omitempty"`
	// Own is the architecture, where it is none of Siam's. A file holds only its name, Arch.
	Own *Architecture `json:"-"`
}

// Imported is the Spec.Arch of a network that came as an ONNX file, which the model file holds; package onnx builds it.
const Imported = "onnx"

// InitHe is the Spec.Init whose weights are drawn as He et al. 2015 (equation 10) do, with biases of 0, and whose pair head begins
// with the same negative α for all units.
const InitHe = "he"

const maxDim = 1 << 16

// Check says what is wrong with the settings, nil when [Build] will accept them.
func (s Spec) Check() error {
	if err := s.checkLandmarks(); err != nil {
		return err
	}
	if s.Arch == Imported {
		return s.checkImported()
	}
	arch, err := s.architecture()
	if err != nil {
		return err
	}
	if err := s.checkInput(); err != nil {
		return err
	}
	switch {
	case s.Dim < 1 || s.Dim > maxDim:
		return fmt.Errorf("embedding of %d numbers, want 1 to %d", s.Dim, maxDim)
	case !(s.Dropout >= 0 && s.Dropout < 1):
		return fmt.Errorf("dropout %v, want 0 or more and less than 1", s.Dropout)
	}
	if arch.Check == nil {
		return nil
	}
	if err := arch.Check(s); err != nil {
		return fmt.Errorf("architecture %s: %w", s.Arch, err)
	}
	return nil
}

// checkInput says what is wrong with the images, or the vectors, that the encoder reads.
func (s Spec) checkInput() error {
	images := !reflect.ValueOf(s.Preprocess).IsZero()
	switch {
	case s.Vector == 0 && !images:
		return errors.New("an encoder of neither images nor vectors: want a preprocess or a vector's length")
	case s.Vector == 0:
		return s.Preprocess.Validate()
	case s.Vector < 0 || s.Vector > maxDim:
		return fmt.Errorf("vectors of %d numbers, want 1 to %d", s.Vector, maxDim)
	case images || s.Mirror || len(s.Landmarks) > 0:
		return errors.New("an encoder of vectors has no preprocess, no mirror and no landmarks")
	}
	return nil
}

// InputShape is the shape of n inputs: [n, h, w, c] of images, [n, k] of vectors.
func (s Spec) InputShape(n int) []int {
	if s.Vector > 0 {
		return []int{n, s.Vector}
	}
	p := s.Preprocess
	return []int{n, p.Height, p.Width, p.Channels}
}

// InputSize is how many numbers one input has.
func (s Spec) InputSize() int {
	if s.Vector > 0 {
		return s.Vector
	}
	return s.Preprocess.Size()
}

// checkImported is Check for an [Imported] network.
func (s Spec) checkImported() error {
	if err := s.Preprocess.Validate(); err != nil {
		return err
	}
	switch {
	case len(s.Outputs) == 0 || slices.Contains(s.Outputs, ""):
		return errors.New("an imported network without the names of its outputs")
	case s.Dim < 0 || s.Dim > maxDim || s.Dim > 0 && len(s.Outputs) > 1:
		return fmt.Errorf("an embedding of %d numbers from %d outputs", s.Dim, len(s.Outputs))
	case s.Pool != "" && s.Pool != "mean" && s.Pool != "cls":
		return fmt.Errorf("pool %q, want mean or cls", s.Pool)
	case s.Precision != "" && s.Precision != "bf16" && s.Precision != "bf16x3":
		return fmt.Errorf("precision %q, want bf16 or bf16x3", s.Precision)
	case s.Precision != "" && s.Dim == 0:
		return fmt.Errorf("precision %s is kept of networks that make embeddings only", s.Precision)
	case s.PairHead || s.Dropout != 0 || s.Mirror:
		return errors.New("an imported network has no pair head, no dropout and no mirror")
	}
	if err := s.checkParticular("outputs", "one_by_one", "pool", "precision"); err != nil {
		return fmt.Errorf("an imported network: %w", err)
	}
	return nil
}

func (s Spec) checkLandmarks() error {
	if len(s.Landmarks) != 0 && len(s.Landmarks) != 5 {
		return fmt.Errorf("%d landmarks of a face, want 5 or none", len(s.Landmarks))
	}
	for _, p := range s.Landmarks {
		if !(p[0] > -1 && p[0] < 2 && p[1] > -1 && p[1] < 2) {
			return fmt.Errorf("landmark %v lies far outside the crop, whose corners are (0, 0) and (1, 1)", p)
		}
	}
	return nil
}

// checkSide reports an input smaller than the architecture can halve.
func checkSide(s Spec, least int) error {
	if p := s.Preprocess; p.Height < least || p.Width < least {
		return fmt.Errorf("input of %d×%d pixels, want at least %d×%d", p.Height, p.Width, least, least)
	}
	return nil
}
