package coseg

import (
	"fmt"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Kind is the [modelfile.File.Kind] of models of this package.
const Kind = "coseg"

// The architectures.
const (
	Small   = "small"   // a light encoder of its own
	Pyramid = "pyramid" // the encoder is an imported feature pyramid
	DOCS    = "docs"    // as published, of VGG16
)

// Spec is the architecture of a network: all that is needed to build it besides its weights.
type Spec struct {
	Arch       string             `json:"arch"`
	Preprocess imgproc.Preprocess `json:"preprocess"`
	// Widths are the channels of the encoder's maps, each half as high and wide as the one before; of a Pyramid they are given.
	Widths []int `json:"widths,omitempty"`
	// Decoder are the channels of the decoder's maps, from the coarsest on; as many as there are maps.
	Decoder []int `json:"decoder,omitempty"`
	// Correlated is at how many of the coarsest maps the two images are compared; 0 makes a network that sees one image only.
	Correlated int `json:"correlated"`
	// Centred takes from maps what all places of a pair have in common before they are compared.
	Centred bool `json:"centred,omitempty"`
	// Likeness says that presence counts how alike two masks' objects are, which the projections have learned to tell.
	Likeness bool `json:"likeness,omitempty"`
	// Outputs are the network's tensors that make a Pyramid, from fine to coarse.
	Outputs []string `json:"outputs,omitempty"`
	// Tuned says that the imported encoder of a Pyramid learns too.
	Tuned bool `json:"tuned,omitempty"`
	// Displacement is how far apart places are compared in DOCS; 0 means [MaxDisplacement].
	Displacement int `json:"displacement,omitempty"`
}

// NewSpec is an architecture by name with inputs of size pixels a side; 0 is its own.
func NewSpec(arch string, size int) (Spec, error) {
	s := Spec{Arch: arch, Correlated: 2}
	own := 0
	switch arch {
	case Small:
		own, s.Widths, s.Decoder, s.Centred = 128, []int{24, 48, 96, 160}, []int{128, 64, 48, 16}, true
	case Pyramid:
		own, s.Outputs, s.Decoder = 192, []string{"s4", "s8", "s16", "s32"}, []int{96, 64, 48, 24}
	case DOCS:
		own, s.Correlated = 512, 1
	default:
		return s, fmt.Errorf("unknown architecture %q of co-segmentation: want %s, %s or %s", arch, Small, Pyramid, DOCS)
	}
	if size == 0 {
		size = own
	}
	half := []float32{0.5, 0.5, 0.5}
	s.Preprocess = imgproc.Preprocess{Height: size, Width: size, Channels: 3, Mean: half, Std: half}
	if arch == DOCS {
		s.Preprocess.Mean = []float32{122.67892 / 255, 116.66877 / 255, 104.00699 / 255}
		s.Preprocess.Std = []float32{1. / 255, 1. / 255, 1. / 255}
		s.Preprocess.Pad = &imgproc.Pad{}
	}
	return s, s.Check()
}

// Check reports the first setting that no network can have.
func (s Spec) Check() error {
	if err := s.Preprocess.Validate(); err != nil {
		return fmt.Errorf("co-segmentation: %w", err)
	}
	maps := len(s.Widths)
	switch s.Arch {
	case Small:
	case Pyramid:
		maps = len(s.Outputs)
	case DOCS:
		maps = 5
	default:
		return fmt.Errorf("unknown architecture %q of co-segmentation", s.Arch)
	}
	least := func(n int) bool { return n < 1 }
	side := 1 << maps
	if s.Arch == Pyramid {
		side = 32
	}
	switch {
	case s.Preprocess.Channels != 3:
		return fmt.Errorf("co-segmentation of %d channels: want 3", s.Preprocess.Channels)
	case s.Preprocess.Height%side != 0 || s.Preprocess.Width%side != 0:
		return fmt.Errorf("co-segmentation of %d×%d pixels: want multiples of %d", s.Preprocess.Width, s.Preprocess.Height, side)
	case s.Displacement < 0 || s.Correlated < 0 || s.Correlated > max(1, maps):
		return fmt.Errorf("correlation of %d of %d maps up to %d places: want none or some", s.Correlated, maps, s.Displacement)
	case s.Arch != DOCS && (maps < 1 || len(s.Decoder) != maps || slices.ContainsFunc(s.Decoder, least) || slices.ContainsFunc(s.Widths, least)):
		return fmt.Errorf("decoder of maps %v for %d maps of an encoder: want as many, of 1 channel or more", s.Decoder, maps)
	}
	return nil
}

// OutputSize is the height and width of the mask logits.
func (s Spec) OutputSize() (h, w int) {
	switch s.Arch {
	case Small:
		return s.Preprocess.Height / 2, s.Preprocess.Width / 2
	case Pyramid:
		return s.Preprocess.Height / 4, s.Preprocess.Width / 4
	}
	return s.Preprocess.Height, s.Preprocess.Width
}
