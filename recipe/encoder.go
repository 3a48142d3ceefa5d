package recipe

import (
	"fmt"
	"slices"

	"github.com/siam-go/siam/encoder"
)

func (s EncoderSettings) rules() []rule {
	return []rule{
		{"size", s.Size, s.Size >= 0, "0 or more"},
		{"height", s.Height, s.Height >= 0, "0 or more"},
		{"dim", s.Dim, s.Dim >= 0, "0 or more"},
		{"blocks", s.Blocks, s.Blocks >= 0, "0 or more"},
		{"dropout", s.Dropout, s.Dropout >= 0 && s.Dropout < 1, "0 or more and less than 1"},
	}
}

// architecture is the encoder that the settings ask for, of images as its authors prepare them.
func (s EncoderSettings) architecture() (encoder.Spec, error) {
	spec, err := encoder.New(s.Encoder, s.Size)
	if err != nil || spec.Vector > 0 {
		return encoder.Spec{}, fmt.Errorf("setting encoder=%s: want one of %v", s.Encoder, imageEncoders())
	}
	if s.Height > 0 {
		spec.Preprocess.Height = s.Height
	}
	if s.Dim > 0 {
		spec.Dim = s.Dim
	}
	if len(s.Widths) > 0 {
		spec.Widths = s.Widths
	}
	if s.Blocks > 0 {
		spec.Blocks = s.Blocks
	}
	spec.Init = s.Init
	spec.Dropout, spec.MaxPool, spec.Flatten, spec.Mirror = s.Dropout, s.MaxPool, s.Flatten, s.Mirror
	return spec, nil
}

// imageEncoders are the architectures that read images.
func imageEncoders() []string {
	return slices.DeleteFunc(encoder.Architectures(), func(name string) bool {
		spec, err := encoder.New(name, 1)
		return err != nil || spec.Vector > 0
	})
}

// encoderSpec is the encoder that the settings ask for, with what data and objective want of it.
func (s Settings) encoderSpec(data labelled) (encoder.Spec, error) {
	spec, err := s.architecture()
	if err != nil {
		return spec, err
	}
	spec.Preprocess = data.prepare(spec.Preprocess)
	spec.PairHead = s.hasPairHead()
	spec.Normalize = !spec.PairHead
	return spec, spec.Check()
}

// Enough says how fine images have to be read that are learned from with these settings, for [dataset.Folder]: what is finer than
// the encoder sees only takes memory.
func (s Settings) Enough(h, w int) bool {
	data, ok := s.Data.(labelled)
	if !ok {
		return false
	}
	spec, err := s.encoderSpec(data)
	return err == nil && spec.Preprocess.Enough(h, w)
}
