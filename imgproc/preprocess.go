package imgproc

import (
	"errors"
	"fmt"
)

// Preprocess says how an [Image] becomes one row of an encoder's input. A model file stores it, so that every use of a model
// prepares its images alike.
type Preprocess struct {
	Height   int `json:"height"`   // of the input, pixels
	Width    int `json:"width"`    // of the input, pixels
	Channels int `json:"channels"` // 1 (grey) or 3 (RGB)
	// Invert makes ink 1 and paper 0: value 1-v before Mean and Std. In one channel it is for drawings, whose ink and paper are found
	// first: dark, shaded or noisy paper becomes white and the ink black, light ink on dark paper is turned round, and of a page of
	// more than 126 pixels the part around the drawing is taken. Clean drawings stay as they are.
	Invert bool `json:"invert,omitempty"`
	// Mean and Std, per channel in [0, 1] units, give (v-mean)/std; empty means 0 and 1.
	Mean []float32 `json:"mean,omitempty"`
	Std  []float32 `json:"std,omitempty"`
	// BGR hands blue over first; Mean and Std stay in the order red, green, blue.
	BGR bool `json:"bgr,omitempty"`
	// Ink above 0 brings a drawing into the middle and scales it, so that the longer side of its bounding box fills this fraction
	// of the frame: where and how large people draw says little about what they draw.
	Ink float64 `json:"ink,omitempty"`
	// Pad keeps the shape of images; nil stretches them to the input.
	Pad *Pad `json:"pad,omitempty"`
}

// maxInputSide bounds an encoder's input, in pixels.
const maxInputSide = 2048

// Validate reports the first setting that makes no sense: sizes outside 1…2048, channels other than 1 and 3, or a Mean or
// Std of another length than Channels or with a deviation that is not above zero, an Ink that is no fraction, a Pad
// whose Side is negative or larger than an input's.
func (p Preprocess) Validate() error {
	switch {
	case p.Height < 1 || p.Height > maxInputSide || p.Width < 1 || p.Width > maxInputSide:
		return fmt.Errorf("input of %d×%d pixels: each side must be 1 to %d", p.Width, p.Height, maxInputSide)
	case p.Channels != 1 && p.Channels != 3:
		return fmt.Errorf("input with %d channels: want 1 (grey) or 3 (RGB)", p.Channels)
	case p.BGR && p.Channels != 3:
		return fmt.Errorf("blue first in an input with %d channels: want 3", p.Channels)
	case len(p.Mean) != 0 && len(p.Mean) != p.Channels:
		return fmt.Errorf("%d means for %d channels", len(p.Mean), p.Channels)
	case len(p.Std) != 0 && len(p.Std) != p.Channels:
		return fmt.Errorf("%d standard deviations for %d channels", len(p.Std), p.Channels)
	}
	if !(p.Ink >= 0 && p.Ink <= 1) {
		return fmt.Errorf("ink filling %v of the frame: want a fraction", p.Ink)
	}
	if err := p.Pad.validate(); err != nil {
		return err
	}
	for _, v := range p.Mean {
		if !(v > -100 && v < 100) {
			return fmt.Errorf("mean %v is outside -100 to 100", v)
		}
	}
	for _, v := range p.Std {
		if !(v > 0) {
			return errors.New("a standard deviation is not above zero")
		}
	}
	return nil
}

// Size is how many numbers one image becomes: Height·Width·Channels.
func (p Preprocess) Size() int { return p.Height * p.Width * p.Channels }

// Apply writes one image [Height, Width, Channels] to dst, resized as [Resize] does: without regard to its shape,
// unless Pad keeps that. It panics when dst is not [Preprocess.Size] long or m fails [Image.Check].
func (p Preprocess) Apply(dst []float32, m Image) {
	p.WarpBend(dst, m, Identity(), nil)
}

// Warp is [Preprocess.Apply] after [Warp], in one resampling. The affine map is in pixels of m.
func (p Preprocess) Warp(dst []float32, m Image, a Affine) {
	p.WarpBend(dst, m, a, nil)
}

// WarpBend is [Preprocess.Warp] of an image that bend has bent, nil for not at all.
func (p Preprocess) WarpBend(dst []float32, m Image, a Affine, bend *Displacement) {
	if err := m.Check(); err != nil {
		panic("imgproc: " + err.Error())
	}
	m = p.drawing(m)
	p.view(m, a, bend).image(dst, m)
}

// level is the scale and shift that make bytes of channel c what the encoder reads.
func (p Preprocess) level(c int) (scale, shift float32) {
	scale = 1.0 / 255
	if p.Invert {
		scale, shift = -scale, 1
	}
	if len(p.Mean) > c {
		shift -= p.Mean[c]
	}
	if len(p.Std) > c {
		scale, shift = scale/p.Std[c], shift/p.Std[c]
	}
	return scale, shift
}

// spread makes channels 1 and 2 of dst from channel 0, whose image was grey.
func (p Preprocess) spread(dst []float32) {
	scale0, shift0 := p.level(0)
	for c := 1; c < 3; c++ {
		scale, shift := p.level(c)
		ratio := scale / scale0
		for i := 0; i < len(dst); i += 3 {
			dst[i+c] = ratio*(dst[i]-shift0) + shift
		}
	}
}
