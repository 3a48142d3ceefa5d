package main

import (
	"image"
	"image/color"
	"math"

	"github.com/siam-go/siam/imgproc"
	"golang.org/x/image/draw"
)

// linesMost is how many places that correspond are drawn.
const linesMost = 40

// lines are two pictures side by side, and lines between the places that correspond, the most alike of them.
func lines(left, right imgproc.Image, points []cosegPoint) image.Image {
	h := min(max(left.H, right.H), 480)
	scale := [2]float64{float64(h) / float64(left.H), float64(h) / float64(right.H)}
	w := [2]int{max(1, int(scale[0]*float64(left.W))), max(1, int(scale[1]*float64(right.W)))}
	m := image.NewRGBA(image.Rect(0, 0, w[0]+w[1], h))
	draw.CatmullRom.Scale(m, image.Rect(0, 0, w[0], h), left.GoImage(), image.Rect(0, 0, left.W, left.H), draw.Src, nil)
	draw.CatmullRom.Scale(m, image.Rect(w[0], 0, w[0]+w[1], h), right.GoImage(), image.Rect(0, 0, right.W, right.H), draw.Src, nil)
	for i, p := range points[:min(len(points), linesMost)] {
		from := [2]float64{p.First[0] * scale[0], p.First[1] * scale[0]}
		to := [2]float64{float64(w[0]) + p.Here[0]*scale[1], p.Here[1] * scale[1]}
		stroke(m, from, to, wheel(float64(i)/float64(min(len(points), linesMost))))
	}
	return m
}

// stroke draws a line of one pixel with a dot at each end.
func stroke(m *image.RGBA, from, to [2]float64, c color.RGBA) {
	steps := int(math.Hypot(to[0]-from[0], to[1]-from[1])) + 1
	for k := range steps + 1 {
		t := float64(k) / float64(steps)
		m.SetRGBA(int(from[0]+t*(to[0]-from[0])), int(from[1]+t*(to[1]-from[1])), c)
	}
	for _, end := range [][2]float64{from, to} {
		for dy := -2; dy <= 2; dy++ {
			for dx := -2; dx <= 2; dx++ {
				m.SetRGBA(int(end[0])+dx, int(end[1])+dy, c)
			}
		}
	}
}

// wheel is a bright colour of a hue in [0, 1).
func wheel(hue float64) color.RGBA {
	level := func(shift float64) uint8 {
		return uint8(255 * min(max(math.Abs(math.Mod(6*hue+shift, 6)-3)-1, 0), 1))
	}
	return color.RGBA{level(0), level(4), level(2), 255}
}
