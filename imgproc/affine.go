package imgproc

import "math"

// Affine moves the points of an image, in its pixels, about its centre; x points right and y down:
//
//	x' = XX·x + XY·y + X0
//	y' = YX·x + YY·y + Y0
type Affine struct {
	XX, XY, X0 float64
	YX, YY, Y0 float64
}

// Identity moves nothing.
func Identity() Affine { return Affine{XX: 1, YY: 1} }

// Rotation turns clockwise, as seen on the screen, by degrees.
func Rotation(degrees float64) Affine {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return Affine{XX: cos, XY: -sin, YX: sin, YY: cos}
}

// Shear moves points sideways by x times their height, and down by y times their distance to the right.
func Shear(x, y float64) Affine { return Affine{XX: 1, XY: x, YX: y, YY: 1} }

// Scaling stretches by x and y; a negative factor mirrors.
func Scaling(x, y float64) Affine { return Affine{XX: x, YY: y} }

// Translation moves by x pixels to the right and y down.
func Translation(x, y float64) Affine { return Affine{XX: 1, YY: 1, X0: x, Y0: y} }

// Then is a followed by b.
func (a Affine) Then(b Affine) Affine {
	return Affine{
		XX: b.XX*a.XX + b.XY*a.YX, XY: b.XX*a.XY + b.XY*a.YY, X0: b.XX*a.X0 + b.XY*a.Y0 + b.X0,
		YX: b.YX*a.XX + b.YY*a.YX, YY: b.YX*a.XY + b.YY*a.YY, Y0: b.YX*a.X0 + b.YY*a.Y0 + b.Y0,
	}
}

// Apply moves one point, given from the centre.
func (a Affine) Apply(x, y float64) (float64, float64) {
	return a.XX*x + a.XY*y + a.X0, a.YX*x + a.YY*y + a.Y0
}

// Inverse undoes a. It is false when a flattens the plane or holds a number that is not finite.
func (a Affine) Inverse() (Affine, bool) {
	det := a.XX*a.YY - a.XY*a.YX
	if !(math.Abs(det) > 1e-9) || math.IsInf(det, 0) || math.IsNaN(a.X0+a.Y0) || math.IsInf(a.X0+a.Y0, 0) {
		return Affine{}, false
	}
	inv := Affine{XX: a.YY / det, XY: -a.XY / det, YX: -a.YX / det, YY: a.XX / det}
	inv.X0 = -(inv.XX*a.X0 + inv.XY*a.Y0)
	inv.Y0 = -(inv.YX*a.X0 + inv.YY*a.Y0)
	return inv, true
}

// keepsFrame says whether a only turns a square image by quarters or mirrors it: nothing comes in from outside then.
func (a Affine) keepsFrame() bool {
	one := func(v, w float64) bool { return math.Abs(v) == 1 && w == 0 }
	straight := one(a.XX, a.XY) && one(a.YY, a.YX)
	quarter := one(a.XY, a.XX) && one(a.YX, a.YY)
	return (straight || quarter) && a.X0 == 0 && a.Y0 == 0
}
