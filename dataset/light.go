package dataset

import (
	"fmt"
	"image"
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

// draw picks what changes in one image as p prepares it, nil for nothing.
func (l Light) draw(rng *rand.Rand, p imgproc.Preprocess) *LightDraw {
	if l == (Light{}) {
		return nil
	}
	d := &LightDraw{Bright: l.Bright.draw(rng), Contrast: l.Contrast.draw(rng), Colour: l.Colour.draw(rng)}
	if l.Contrast == (Range{}) {
		d.Contrast = 1
	}
	if l.Colour == (Range{}) {
		d.Colour = 1
	}
	if side := int(l.Hide.draw(rng) * float64(p.Width)); side > 0 {
		h, w := min(side, p.Height), min(side, p.Width)
		top, left := rng.IntN(p.Height-h+1), rng.IntN(p.Width-w+1)
		d.Hide = image.Rect(left, top, left+w, top+h)
	}
	return d
}

// LightDraw is what a [Light] drew for one image. It touches images only: masks, boxes and points stay as they are.
type LightDraw struct {
	Bright   float64         // added to every pixel, whose values are in [0, 1]
	Contrast float64         // factor on the distance from the channel's mean
	Colour   float64         // factor on the distance from grey
	Hide     image.Rectangle // becomes grey, in pixels of the input; what of it lies outside has no effect
}

// change redraws one row of a batch [h, w, c], as p prepared it.
func (d *LightDraw) change(dst []float32, p imgproc.Preprocess) {
	if d == nil {
		return
	}
	if p.Channels == 3 && d.Colour != 1 {
		saturate(dst, float32(d.Colour))
	}
	for c := range p.Channels {
		shift := float32(d.Bright)
		if len(p.Std) > c {
			shift /= p.Std[c]
		}
		spread(dst[c:], p.Channels, float32(d.Contrast), shift)
	}
	hide(dst, p, d.Hide.Intersect(image.Rect(0, 0, p.Width, p.Height)))
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

// hide sets a rectangle to the middle grey of p, 0 where p moves the mean there.
func hide(dst []float32, p imgproc.Preprocess, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(dst[(y*p.Width+r.Min.X)*p.Channels : (y*p.Width+r.Max.X)*p.Channels])
	}
}
