package dataset

import (
	"fmt"
	"math/rand/v2"

	"github.com/siam-go/siam/imgproc"
)

// Range is where a random number comes from, uniformly. The zero Range stands for no change.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Augment distorts each image at random before it enters a batch: an affine map about the centre, and optionally the
// thickness of its strokes, an elastic bend, or the light and the colours of a photograph. The zero value leaves images as
// they are.
type Augment struct {
	Rotate Range `json:"rotate"` // degrees, clockwise
	ShearX Range `json:"shear_x"`
	ShearY Range `json:"shear_y"`
	ScaleX Range `json:"scale_x"` // factor
	ScaleY Range `json:"scale_y"` // factor
	MoveX  Range `json:"move_x"`  // fraction of the image's width
	MoveY  Range `json:"move_y"`  // fraction of the image's height
	// Chance is how likely each of the above is to be applied; 0 means always.
	Chance float64 `json:"chance,omitempty"`
	// Keep is the fraction of images left as they are.
	Keep float64 `json:"keep,omitempty"`
	// Thicken is in pixels of the source image, from -1 (thinner) to 1, for dark strokes on light paper.
	Thicken Range `json:"thicken"`
	// Bend is the standard deviation of the moves of a 4×4 grid of control points, as a fraction of the image's width.
	Bend float64 `json:"bend,omitempty"`
	// Mirror is the fraction of images that are mirrored left to right.
	Mirror float64 `json:"mirror,omitempty"`
	Light  Light   `json:"light"`
}

// KochDistortions are those of Koch et al. 2015, section 4.2: rotation within ±10°, shears within ±0.3, scales from 0.8 to
// 1.2 and moves within ±2 of 105 pixels, each applied with probability 0.5. The paper adds eight distorted copies of every
// image to the original; here one image in nine stays as it is, and copies are drawn anew every time.
func KochDistortions() Augment {
	shear, scale, move := Range{-0.3, 0.3}, Range{0.8, 1.2}, Range{-2.0 / 105, 2.0 / 105}
	return Augment{
		Rotate: Range{-10, 10},
		ShearX: shear, ShearY: shear,
		ScaleX: scale, ScaleY: scale,
		MoveX: move, MoveY: move,
		Chance: 0.5,
		Keep:   1.0 / 9,
	}
}

// Validate reports ranges that are upside down and values that make no picture.
func (a Augment) Validate() error {
	named := map[string]Range{"rotate": a.Rotate, "shear_x": a.ShearX, "shear_y": a.ShearY, "scale_x": a.ScaleX,
		"scale_y": a.ScaleY, "move_x": a.MoveX, "move_y": a.MoveY, "thicken": a.Thicken}
	for name, r := range named {
		if !(r.Low <= r.High && r.Low > -1000 && r.High < 1000) {
			return fmt.Errorf("augmentation %s from %v to %v: want a finite range in ascending order", name, r.Low, r.High)
		}
	}
	for _, r := range []Range{a.ScaleX, a.ScaleY} {
		if r != (Range{}) && r.Low < 0.05 {
			return fmt.Errorf("augmentation scale from %v: want at least 0.05", r.Low)
		}
	}
	if shear := extent(a.ShearX) * extent(a.ShearY); shear >= 0.9 {
		return fmt.Errorf("augmentation shears of %v and %v together flatten the image: want a product below 0.9",
			extent(a.ShearX), extent(a.ShearY))
	}
	if !(a.Chance >= 0 && a.Chance <= 1 && a.Keep >= 0 && a.Keep <= 1 && a.Bend >= 0 && a.Bend < 0.5) {
		return fmt.Errorf("augmentation chance %v, keep %v, bend %v: want fractions, and a bend below 0.5", a.Chance, a.Keep, a.Bend)
	}
	if !(a.Mirror >= 0 && a.Mirror <= 1) {
		return fmt.Errorf("augmentation mirror %v: want a fraction", a.Mirror)
	}
	return a.Light.validate()
}

func extent(r Range) float64 { return max(-r.Low, r.High) }

// affine draws the map: scale, shear, rotation and move, in this order.
func (a Augment) affine(rng *rand.Rand, w, h float64) imgproc.Affine {
	next := func(r Range, unchanged float64) float64 {
		use, v := a.Chance == 0 || rng.Float64() < a.Chance, r.draw(rng)
		if !use || r == (Range{}) {
			return unchanged
		}
		return v
	}
	scale := imgproc.Scaling(next(a.ScaleX, 1), next(a.ScaleY, 1))
	shear := imgproc.Shear(next(a.ShearX, 0), next(a.ShearY, 0))
	rotation := imgproc.Rotation(next(a.Rotate, 0))
	return scale.Then(shear).Then(rotation).Then(imgproc.Translation(next(a.MoveX, 0)*w, next(a.MoveY, 0)*h))
}

// bend draws the control points, or nil without any.
func (a Augment) bend(rng *rand.Rand, w float64) *imgproc.Displacement {
	if a.Bend == 0 {
		return nil
	}
	const side = 4
	d := &imgproc.Displacement{Rows: side, Cols: side, DX: make([]float32, side*side), DY: make([]float32, side*side)}
	for i := range d.DX {
		d.DX[i] = float32(rng.NormFloat64() * a.Bend * w)
		d.DY[i] = float32(rng.NormFloat64() * a.Bend * w)
	}
	return d
}

func (r Range) draw(rng *rand.Rand) float64 { return r.Low + (r.High-r.Low)*rng.Float64() }
