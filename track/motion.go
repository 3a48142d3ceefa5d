package track

import (
	"math"

	"github.com/siam-go/siam/dataset/mot"
)

// Shape is how a box becomes the four numbers that a Kalman filter follows: the middle's x and y, and two more.
type Shape int

// The shapes.
const (
	WidthHeight Shape = iota // width and height
	RatioHeight              // width over height, and height: DeepSORT, ByteTrack
	AreaRatio                // area, and width over height: SORT
)

// of makes four numbers of a box.
func (s Shape) of(b mot.Box) [4]float64 {
	x, y := b.X+b.W/2, b.Y+b.H/2
	switch s {
	case RatioHeight:
		return [4]float64{x, y, b.W / b.H, b.H}
	case AreaRatio:
		return [4]float64{x, y, b.W * b.H, b.W / b.H}
	}
	return [4]float64{x, y, b.W, b.H}
}

// box is the box of four numbers, at least a pixel wide and high.
func (s Shape) box(z [4]float64) mot.Box {
	w, h := z[2], z[3]
	switch s {
	case RatioHeight:
		w = z[2] * z[3]
	case AreaRatio:
		w = math.Sqrt(max(z[2]*z[3], 1))
		h = z[2] / w
	}
	w, h = max(w, 1), max(h, 1)
	return mot.Box{X: z[0] - w/2, Y: z[1] - h/2, W: w, H: h}
}

// Motion is a constant-velocity Kalman filter for each of a box's four numbers (R. E. Kalman, "A new approach to linear filtering and
// prediction problems", 1960). Deviations are in pixels, and velocities in pixels a [Settings.Frame]; with Relative, both in heights of the box.
type Motion struct {
	Shape    Shape
	Relative bool
	Measure  [4]float64 // deviation of a detection
	Position [4]float64 // deviation that a step adds
	Velocity [4]float64 // deviation that a step adds to the velocity
	Start    [4]float64 // deviation of the first detection
	Speed    [4]float64 // deviation of the velocity that a track begins with
	// Still are numbers without a velocity.
	Still [4]bool
}

// axis is one number with its velocity, and their covariance.
type axis struct{ X, V, XX, XV, VV float64 }

// predict moves an axis on by n steps, n > 0; whole n are as n times one step. Deviations are x and v for each step.
func (a *axis) predict(n, x, v float64) {
	a.X += n * a.V
	a.XX += n*(2*a.XV+n*a.VV) + n*x*x
	a.XV += n * a.VV
	a.VV += n * v * v
	if n > 1 { // the velocity's noise of the first steps moves the number in those after
		a.XX += v * v * n * (n - 1) * (2*n - 1) / 6
		a.XV += v * v * n * (n - 1) / 2
	}
}

// update takes a measurement z of deviation r.
func (a *axis) update(z, r float64) {
	s := a.XX + r*r
	kx, kv := a.XX/s, a.XV/s
	d := z - a.X
	a.X += kx * d
	a.V += kv * d
	xv := a.XV
	a.VV -= kv * xv
	a.XV -= kx * xv
	a.XX -= kx * a.XX
}

// filter follows one box.
type filter [4]axis

// times is what a deviation of number i counts, for a box of height h.
func (m *Motion) times(i int, h float64) float64 {
	if !m.Relative || m.Shape == RatioHeight && i == 2 {
		return 1
	}
	return max(h, 1)
}

func (m *Motion) start(b mot.Box) (f filter) {
	for i, z := range m.Shape.of(b) {
		k := m.times(i, b.H)
		f[i] = axis{X: z, XX: sq(k * m.Start[i])}
		if !m.Still[i] {
			f[i].VV = sq(k * m.Speed[i])
		}
	}
	return f
}

func sq(x float64) float64 { return x * x }

func (m *Motion) predict(f *filter, n float64) {
	h := m.height(f)
	if m.Shape == AreaRatio && f[2].X+n*f[2].V <= 0 {
		f[2].V = 0
	}
	for i := range f {
		k, v := m.times(i, h), m.Velocity[i]
		if m.Still[i] {
			v = 0
		}
		f[i].predict(n, k*m.Position[i], k*v)
	}
}

// update takes a detection; trust divides its deviation.
func (m *Motion) update(f *filter, b mot.Box, trust float64) {
	h := m.height(f)
	for i, z := range m.Shape.of(b) {
		f[i].update(z, m.times(i, h)*m.Measure[i]/trust)
	}
}

func (m *Motion) height(f *filter) float64 {
	if m.Shape == AreaRatio {
		return m.box(f).H
	}
	return f[3].X
}

func (m *Motion) box(f *filter) mot.Box {
	return m.Shape.box([4]float64{f[0].X, f[1].X, f[2].X, f[3].X})
}

// far is the squared Mahalanobis distance of a box from a prediction: of four numbers, below 9.4877 in 95 of 100 cases.
func (m *Motion) far(f *filter, b mot.Box) (d float64) {
	h := m.height(f)
	for i, z := range m.Shape.of(b) {
		d += sq(z-f[i].X) / (f[i].XX + sq(m.times(i, h)*m.Measure[i]))
	}
	return d
}

// finite reports whether a filter still holds numbers.
func (f *filter) finite() bool {
	sum := 0.0
	for _, a := range f {
		sum += a.X + a.V + a.XX + a.XV + a.VV
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
