package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/siam-go/siam/dataset/mot"
)

// DrawTracks is a copy of a frame with the boxes, ids and trails of its tracks. Rows are all of the video up to this frame and beyond; those of
// the last trail frames before are the trail.
func DrawTracks(picture image.Image, number int, rows []mot.Row, trail int) *image.NRGBA {
	box := picture.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
	draw.Draw(out, out.Bounds(), picture, box.Min, draw.Src)
	var here []mot.Row
	last := map[int]mot.Box{}
	for _, r := range rows {
		if r.Frame > number || r.Frame <= number-trail && r.Frame != number {
			continue
		}
		if before, known := last[r.ID]; known {
			stroke3(out, before.X+before.W/2, before.Y+before.H, r.Box.X+r.Box.W/2, r.Box.Y+r.Box.H, labelColour(r.ID))
		}
		last[r.ID] = r.Box
		if r.Frame == number {
			here = append(here, r)
		}
	}
	for _, r := range here {
		b, c := r.Box, labelColour(r.ID)
		for _, side := range [][4]float64{{b.X, b.Y, b.X + b.W, b.Y}, {b.X, b.Y + b.H, b.X + b.W, b.Y + b.H}, {b.X, b.Y, b.X, b.Y + b.H}, {b.X + b.W, b.Y, b.X + b.W, b.Y + b.H}} {
			stroke3(out, side[0], side[1], side[2], side[3], c)
		}
	}
	for _, r := range here {
		write(out, int(min(max(r.Box.X+r.Box.W/2, 10), float64(box.Dx()-10))), int(min(max(r.Box.Y+14, 16), float64(box.Dy()-4))), fmt.Sprint(r.ID))
	}
	return out
}

// stroke3 draws a line of three pixels' width; what is outside the picture is left out.
func stroke3(out *image.NRGBA, x0, y0, x1, y1 float64, c color.NRGBA) {
	w, h := float64(out.Rect.Dx()), float64(out.Rect.Dy())
	clamp := func(v, most float64) float64 { return min(max(v, -2), most+2) }
	x0, x1, y0, y1 = clamp(x0, w), clamp(x1, w), clamp(y0, h), clamp(y1, h)
	steps := int(max(max(x1-x0, x0-x1), max(y1-y0, y0-y1))) + 1
	for s := range steps + 1 {
		part := float64(s) / float64(steps)
		x, y := int(x0+(x1-x0)*part), int(y0+(y1-y0)*part)
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if p := (image.Point{X: x + dx, Y: y + dy}); p.In(out.Rect) {
					out.SetNRGBA(p.X, p.Y, c)
				}
			}
		}
	}
}
