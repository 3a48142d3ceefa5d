package report

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"

	"github.com/siam-go/siam/internal/atomicfile"
)

// mapScale is how many pixels of a PNG one pixel of the drawing has.
const mapScale = 2

// WriteFile writes the map to path: as a PNG picture when its name ends in .png, and otherwise as an SVG drawing, complete in
// itself. A file already there stays whole until the new one is.
func (m Map) WriteFile(path string) error {
	if strings.EqualFold(filepath.Ext(path), ".png") {
		picture, err := m.Image()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", path, err)
		}
		return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, picture) })
	}
	svg, err := m.svg(fmt.Sprintf(`<style>%s</style><rect width="%d" height="%d" fill="var(--card)"/>`, chartCSS, mapWidth, mapHeight))
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, svg)
		return err
	})
}

// Image draws the map on white.
func (m Map) Image() (image.Image, error) {
	place, err := m.placing()
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, mapScale*mapWidth, mapScale*mapHeight))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	side := int(mapScale * m.side())
	for i, picture := range m.Images {
		x, y := place(m.Points[i])
		at := image.Pt(int(mapScale*x)-side/2, int(mapScale*y)-side/2)
		box := image.Rect(0, 0, side, side).Add(at)
		colour := labelColour(m.Labels[i])
		if m.Ink {
			picture = inked(shrunk(picture, pictureSide), colour)
		} else {
			frame := within(box, picture.Bounds()).Inset(-2 * mapScale)
			draw.Draw(canvas, frame, image.NewUniform(color.Color(colour)), image.Point{}, draw.Src)
		}
		draw.CatmullRom.Scale(canvas, within(box, picture.Bounds()), picture, picture.Bounds(), draw.Over, nil)
	}
	for _, s := range m.signs(place) {
		write(canvas, int(mapScale*s.x), int(mapScale*s.y), s.text)
	}
	return canvas, nil
}
