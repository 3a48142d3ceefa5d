package imgproc

import "fmt"

// Pad keeps the shape of images ("letterbox"): each is scaled until it fits into the input, and what is left over is filled.
type Pad struct {
	// Side above 0 is the longest side of an image in the input, pixels: larger ones are shrunk to it and smaller ones stay as
	// they are. 0 makes images as large as the input holds, which may enlarge them.
	Side int `json:"side,omitempty"`
	// Corner lays images into the top left corner instead of the middle.
	Corner bool `json:"corner,omitempty"`
	// Level is the byte that fills what is left over, before Invert, Mean and Std.
	Level uint8 `json:"level,omitempty"`
}

func (p *Pad) validate() error {
	if p != nil && (p.Side < 0 || p.Side > maxInputSide) {
		return fmt.Errorf("padding of images with sides of %d pixels: want 0 to %d", p.Side, maxInputSide)
	}
	return nil
}

// Snug is p with the smallest input that holds m as p scales it, each side one of sides, which ascend, so that images of many sizes
// share few inputs, and are stacked, without one frame for all. It panics when p does not pad, or m is larger than the last of sides.
func (p Preprocess) Snug(m Image, sides []int) Preprocess {
	if p.Pad == nil {
		panic("imgproc: Snug of a Preprocess without Pad")
	}
	fit := p.fit(m)
	smallest := func(side int) int {
		for _, s := range sides {
			if s >= side {
				return s
			}
		}
		panic(fmt.Sprintf("imgproc: Snug of an image of %d×%d pixels in sides of %v", fit.w, fit.h, sides))
	}
	p.Height, p.Width = smallest(fit.h), smallest(fit.w)
	return p
}

// fit is where a padded image lies in the input, in whole pixels of it.
type fit struct{ top, left, h, w int }

func (p Preprocess) fit(m Image) fit {
	f := fit{h: m.H, w: m.W}
	long, side := max(m.H, m.W), p.Pad.Side
	switch scaled := func(n, to, from int) int { return max(1, (n*to+from/2)/from) }; {
	case side > 0 && long > side:
		f.h, f.w = scaled(m.H, side, long), scaled(m.W, side, long)
	case side > 0:
	case m.W*p.Height >= m.H*p.Width:
		f.h, f.w = min(scaled(m.H, p.Width, m.W), p.Height), p.Width
	default:
		f.h, f.w = p.Height, min(scaled(m.W, p.Height, m.H), p.Width)
	}
	if !p.Pad.Corner {
		f.top, f.left = (p.Height-f.h)/2, (p.Width-f.w)/2
	}
	return f
}

// affine is the fit as a map about the centre, in pixels of an image of h×w, within an input of height×width.
func (f fit) affine(h, w, height, width float64) Affine {
	x, y := float64(f.left)+float64(f.w)/2-width/2, float64(f.top)+float64(f.h)/2-height/2
	return Scaling(float64(f.w)/width, float64(f.h)/height).Then(Translation(x*w/width, y*h/height))
}

// back maps places in the input to places in an image of h×w pixels, from their corners. Its scale has the precision of the boxes
// that detectors give.
func (f fit) back(h, w int) Affine {
	x, y := float64(float32(w)/float32(f.w)), float64(float32(h)/float32(f.h))
	return Affine{XX: x, X0: -x * float64(f.left), YY: y, Y0: -y * float64(f.top)}
}

// place writes m to dst [height, width, channels] as it lies in f, the rest at the level of padding. Blue is not yet first.
func (p Preprocess) place(dst []float32, m Image, f fit) {
	if m.H != f.h || m.W != f.w {
		m = Resize(m, f.h, f.w)
	}
	for c := range p.Channels {
		var levels [256]float32
		scale, shift := p.level(c)
		for v := range levels {
			levels[v] = scale*float32(v) + shift
		}
		for i := c; i < len(dst); i += p.Channels {
			dst[i] = levels[p.Pad.Level]
		}
		for y := range m.H {
			row := m.Row(y)[c%m.C:]
			out := dst[((f.top+y)*p.Width+f.left)*p.Channels+c:]
			for x := range m.W {
				out[x*p.Channels] = levels[row[x*m.C]]
			}
		}
	}
}
