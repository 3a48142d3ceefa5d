package pairnet

import (
	"image"
	"math"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
)

// Crop is what a box shows, as the network sees it: [h, w, Channels] numbers of 127ths, so that many crops fit into memory.
type Crop []int8

// What a channel is divided by before it becomes 127ths, and what is taken off before: numbers that most clothes and steps come near, as few have strong
// colours. Motion is in pixels of the crop.
var (
	scale  = [Channels]float32{50, 50, 50, 4, 4}
	offset = [Channels]float32{50, 0, 0, 0, 0}
)

// Cut is the part of a frame in a box, as large as the network wants it; false where hardly any of the box is inside.
func (s Spec) Cut(frame imgproc.Image, b mot.Box) (imgproc.Image, bool) {
	if !b.Finite() || math.Abs(b.X)+math.Abs(b.Y)+math.Abs(b.W)+math.Abs(b.H) > 1e7 {
		return imgproc.Image{}, false
	}
	box := image.Rect(int(math.Round(b.X)), int(math.Round(b.Y)), int(math.Round(b.X+b.W)), int(math.Round(b.Y+b.H))).Intersect(image.Rect(0, 0, frame.W, frame.H))
	if box.Dx() < 8 || box.Dy() < 8 {
		return imgproc.Image{}, false
	}
	return imgproc.Resize(frame.Crop(box).RGB(), s.Height, s.Width), true
}

// Crop makes a crop of what [Spec.Cut] cut out of a frame, and of what the same place shows in the next frame, which may be empty: then nothing moves.
func (s Spec) Crop(now, next imgproc.Image) Crop {
	values := make([]float32, s.size())
	imgproc.LUV(values, Channels, now)
	if s.Flow && next.Pix != nil {
		f := imgproc.OpticalFlow(now, next)
		for i := range f.DX {
			values[i*Channels+3], values[i*Channels+4] = f.DX[i], f.DY[i]
		}
	}
	c := make(Crop, len(values))
	for i, v := range values {
		k := i % Channels
		c[i] = int8(min(max((v-offset[k])/scale[k]*127, -127), 127))
	}
	return c
}

// view is how a crop is looked at while training: two looks at one crop differ as two boxes of one person do. The zero value is the crop as it is.
type view struct {
	mirror bool    // left to right
	dx, dy int     // how far the box is off, pixels
	light  float32 // what L is raised by, in units of its scale
	colour float32 // part that u and v are stronger by
	hue    float64 // angle that (u, v) is turned by, radians
}

// fill puts the crop into dst as numbers around [−1, 1]. What is outside goes on as the nearest inside.
func (s Spec) fill(dst []float32, c Crop, v view) {
	sin, cos := math.Sincos(v.hue)
	across, along := float32(sin)*(1+v.colour), float32(cos)*(1+v.colour)
	for y := range s.Height {
		row := min(max(y+v.dy, 0), s.Height-1) * s.Width
		for x := range s.Width {
			at := min(max(x+v.dx, 0), s.Width-1)
			if v.mirror {
				at = s.Width - 1 - at
			}
			from, to := (row+at)*Channels, (y*s.Width+x)*Channels
			for k := range Channels {
				dst[to+k] = float32(c[from+k]) / 127
			}
			dst[to] += v.light
			dst[to+1], dst[to+2] = along*dst[to+1]-across*dst[to+2], across*dst[to+1]+along*dst[to+2]
			if v.mirror {
				dst[to+3] = -dst[to+3]
			}
		}
	}
}

// Sight is where and when a box is.
type Sight struct {
	Box mot.Box
	At  float64 // seconds
}

// contexts is how many numbers [Context] gives.
const contexts = 8

// Context is what the boxes and times of two sights, the earlier first, say: the seconds between, the logarithms of how height and width changed, how
// far the middle and the feet moved, in heights, the same for each second, and the IoU.
func Context(a, b Sight) [contexts]float32 {
	h := (a.Box.H + b.Box.H) / 2
	gap := max(b.At-a.At, 1e-3)
	dx := (b.Box.X + b.Box.W/2 - a.Box.X - a.Box.W/2) / h
	dy := (b.Box.Y + b.Box.H - a.Box.Y - a.Box.H) / h
	c := [contexts]float32{}
	for i, v := range []float64{gap, math.Log(b.Box.H / a.Box.H), math.Log(b.Box.W / a.Box.W), dx, dy, dx / gap, dy / gap, a.Box.IoU(b.Box)} {
		c[i] = float32(v)
	}
	return c
}
