package dataset

import (
	"fmt"
	"math/rand/v2"

	"github.com/siam-go/siam/imgproc"
)

// Light changes a photograph as other light and another camera would, and hides a part of it. The zero value changes nothing.
type Light struct {
	Bright   Range `json:"bright"`   // added to every pixel, whose values are in [0, 1]
	Contrast Range `json:"contrast"` // factor on the distance from the channel's mean
	Colour   Range `json:"colour"`   // factor on the distance from grey: 0 takes the colour away
	// Hide is the side of a square that becomes grey, as a fraction of the image's width; below 0 nothing is hidden.
	Hide Range `json:"hide"`
}

func (l Light) validate() error {
	for name, r := range map[string]Range{"bright": l.Bright, "contrast": l.Contrast, "colour": l.Colour, "hide": l.Hide} {
		if !(r.Low <= r.High && r.Low >= -10 && r.High <= 10) {
			return fmt.Errorf("augmentation %s from %v to %v: want a range within ±10 in ascending order", name, r.Low, r.High)
		}
	}
	return nil
}

// change redraws one row of a batch [h, w, c], as p prepared it.
func (l Light) change(dst []float32, p imgproc.Preprocess, rng *rand.Rand) {
	if l == (Light{}) {
		return
	}
	bright, contrast, colour := l.Bright.draw(rng), l.Contrast.draw(rng), l.Colour.draw(rng)
	if p.Channels == 3 && l.Colour != (Range{}) {
		saturate(dst, float32(colour))
	}
	for c := range p.Channels {
		scale, shift := float32(1), float32(bright)
		if l.Contrast != (Range{}) {
			scale = float32(contrast)
		}
		if len(p.Std) > c {
			shift /= p.Std[c]
		}
		spread(dst[c:], p.Channels, scale, shift)
	}
	hide(dst, p, int(l.Hide.draw(rng)*float64(p.Width)), rng)
}

// saturate moves the three channels of each pixel away from their mean by a factor.
func saturate(dst []float32, factor float32) {
	for i := 0; i+2 < len(dst); i += 3 {
		grey := (dst[i] + dst[i+1] + dst[i+2]) / 3
		for c := range 3 {
			dst[i+c] = grey + factor*(dst[i+c]-grey)
		}
	}
}

// spread moves every step-th value away from their mean by a factor, and adds shift.
func spread(dst []float32, step int, factor, shift float32) {
	var sum float64
	n := 0
	for i := 0; i < len(dst); i += step {
		sum += float64(dst[i])
		n++
	}
	mean := float32(sum / float64(n))
	for i := 0; i < len(dst); i += step {
		dst[i] = mean + factor*(dst[i]-mean) + shift
	}
}

// hide sets a square of side pixels to the middle grey of p, 0 where p moves the mean there.
func hide(dst []float32, p imgproc.Preprocess, side int, rng *rand.Rand) {
	if side < 1 {
		return
	}
	h, w := min(side, p.Height), min(side, p.Width)
	top, left := rng.IntN(p.Height-h+1), rng.IntN(p.Width-w+1)
	for y := top; y < top+h; y++ {
		clear(dst[(y*p.Width+left)*p.Channels : (y*p.Width+left+w)*p.Channels])
	}
}
