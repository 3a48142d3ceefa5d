package imgproc

import (
	"fmt"
	"math"
)

// Displacement bends an image: a grid of control points laid over it, corners on its corners, each moved by (DX, DY) pixels
// of the image. Between the points the move is interpolated bilinearly.
type Displacement struct {
	Rows, Cols int       // of the grid, at least 2 each
	DX, DY     []float32 // [rows, cols]
}

// Warp moves the picture inside its frame: what was at a point from the centre is at a.Apply of it afterwards. What comes
// in from outside is the median of the image's border. It panics when a cannot be undone.
func Warp(m Image, a Affine) Image {
	return render(m, m.H, m.W, a)
}

// Resize makes an image of h×w pixels: the mean of the area that each new pixel covers where it shrinks, and linear
// interpolation where it grows.
func Resize(m Image, h, w int) Image {
	return render(m, h, w, Identity())
}

func render(m Image, h, w int, a Affine) Image {
	values := make([]float32, h*w*m.C)
	out := New(h, w, m.C)
	newFrame(h, w, a).resample(values, m.C, m, func(int) (float32, float32) { return 1, 0.5 })
	for i, v := range values {
		out.Pix[i] = uint8(min(max(int32(v), 0), 255))
	}
	return out
}

// ownBorder stands for the level of an image's own border.
const ownBorder int32 = -1

// frame is an output of h×w pixels that shows an image moved, bent and resized.
type frame struct {
	h, w    int
	back    Affine        // from where the image was moved to where it was, about its centre, in its pixels
	bend    *Displacement // nil for none
	outside int32         // the level around the image, or ownBorder
}

// newFrame shows an image after a. It panics when that cannot be undone.
func newFrame(h, w int, a Affine) frame {
	back, ok := a.Inverse()
	if !ok {
		panic(fmt.Sprintf("imgproc: the affine map %v cannot be undone", a))
	}
	return frame{h: h, w: w, back: back, outside: ownBorder}
}

// resample fills dst [h, w, step] with what f shows of m. Channel c of m becomes scale·v + shift, the two that level gives for
// it, with v in [0, 255].
func (f frame) resample(dst []float32, step int, m Image, level func(c int) (scale, shift float32)) {
	if err := m.Check(); err != nil {
		panic("imgproc: " + err.Error())
	}
	checkSize(len(dst), f.h, f.w, step)
	g := newGrid(m, f)
	m = m.pooled(g.poolY, g.poolX)
	if f.bend == nil && g.upright() {
		g.resize(dst, f, step, m, level)
	} else {
		g.average(dst, f, step, m, level)
	}
}

// average fills dst by a table of sums, however the image is turned or bent.
func (g grid) average(dst []float32, f frame, step int, m Image, level func(c int) (scale, shift float32)) {
	for c := range m.C {
		g.box.scale, g.box.shift = level(c)
		s := newSums(m, c, f.outside)
		s.xs, s.ys = resized(s.xs, f.w), resized(s.ys, f.w)
		for y := range f.h {
			g.centres(s.xs, s.ys, y)
			if f.bend != nil {
				f.bend.move(s.xs, s.ys, float32(y)+0.5, float32(f.h), float32(g.poolX), float32(g.poolY))
			}
			s.row(dst[y*f.w*step+c:], step, g.box)
		}
		s.release()
	}
}

// grid maps the pixels of an output to the image that is read, after the latter was pooled by whole factors.
type grid struct {
	poolX, poolY int
	at           Affine // output position, from its corner, to image position, from its corner
	box          box    // read for one output pixel
}

// newGrid plans what f shows of m.
//
// An output pixel covers a parallelogram of the image. The rectangle that is read instead has the same variance along
// either axis, and is never smaller than a pixel, which makes enlarging linear interpolation.
func newGrid(m Image, f frame) grid {
	toPlace := fromOutput(m, f.h, f.w).Then(f.back)
	g := grid{
		poolX: poolFactor(m.W, f.w, math.Hypot(toPlace.XX, toPlace.XY)),
		poolY: poolFactor(m.H, f.h, math.Hypot(toPlace.YX, toPlace.YY)),
	}
	toImage := Translation(float64(m.W)/2, float64(m.H)/2).Then(Scaling(1/float64(g.poolX), 1/float64(g.poolY)))
	g.at = toPlace.Then(toImage)
	g.box.halfX = halfSide(g.at.XX, g.at.XY, m.W)
	g.box.halfY = halfSide(g.at.YX, g.at.YY, m.H)
	g.box.clip = f.back.keepsFrame()
	return g
}

// fromOutput leads from a place in an output of h×w pixels, from its corner, to the place from the centre of a view that is as
// large as m.
func fromOutput(m Image, h, w int) Affine {
	return Translation(-float64(w)/2, -float64(h)/2).Then(Scaling(float64(m.W)/float64(w), float64(m.H)/float64(h)))
}

func halfSide(a, b float64, limit int) int {
	side := min(max(math.Hypot(a, b), 1), float64(limit))
	return int(math.Round(side * fine / 2))
}

// poolFactor is how many pixels may be averaged beforehand: none unless the image is at least eight times as long as the output, and an
// output pixel, each being so many pixels of the image, as wide; or its sums would overflow.
func poolFactor(from, to int, each float64) int {
	return max(1, min(from/(4*to), int(each/4)), (from+maxSumsSide-1)/maxSumsSide)
}

// centres gives the image positions under the pixel centres of output row y.
func (g grid) centres(xs, ys []float32, y int) {
	x0, y0 := g.at.Apply(0.5, float64(y)+0.5)
	ys = ys[:len(xs)]
	for i := range xs {
		xs[i] = float32(x0 + float64(i)*g.at.XX)
		ys[i] = float32(y0 + float64(i)*g.at.YX)
	}
}

// move adds to the positions of one output row the displacement at its height, y of h. Positions are in pixels of an image
// that was pooled by poolX and poolY.
func (d *Displacement) move(xs, ys []float32, y, h, poolX, poolY float32) {
	row := y / h * float32(d.Rows-1)
	r := min(int(row), d.Rows-2)
	fy := row - float32(r)
	perPixel := float32(d.Cols-1) / float32(len(xs))
	for i := range xs {
		col := (float32(i) + 0.5) * perPixel
		c := min(int(col), d.Cols-2)
		fx := col - float32(c)
		at := r*d.Cols + c
		xs[i] -= bilinear(d.DX[at:], d.Cols, fx, fy) / poolX
		ys[i] -= bilinear(d.DY[at:], d.Cols, fx, fy) / poolY
	}
}

func bilinear(v []float32, stride int, fx, fy float32) float32 {
	top := v[0] + fx*(v[1]-v[0])
	bottom := v[stride] + fx*(v[stride+1]-v[stride])
	return top + fy*(bottom-top)
}

// pooled averages blocks of ky×kx pixels; the last blocks of a row or column may be smaller.
func (m Image) pooled(ky, kx int) Image {
	if ky == 1 && kx == 1 {
		return m
	}
	out := New((m.H+ky-1)/ky, (m.W+kx-1)/kx, m.C)
	sums := make([]int, out.W*m.C)
	for y := range out.H {
		clear(sums)
		rows := min(ky, m.H-y*ky)
		for r := range rows {
			addBlocks(sums, m.Row(y*ky+r), kx, m.C)
		}
		to := out.Row(y)
		for i, sum := range sums {
			n := rows * min(kx, m.W-i/m.C*kx)
			to[i] = uint8((sum + n/2) / n)
		}
	}
	return out
}

// addBlocks adds to the sums of each channel those of kx pixels of a row.
func addBlocks(sums []int, row []uint8, kx, channels int) {
	for at := 0; len(row) > 0; at += channels {
		block := row[:min(kx*channels, len(row))]
		row = row[len(block):]
		for c := range channels {
			for i := c; i < len(block); i += channels {
				sums[at+c] += int(block[i])
			}
		}
	}
}
