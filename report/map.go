package report

import (
	"fmt"
	"html"
	"html/template"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
)

// Map draws each embedding as its own picture, at its place on the plane and in the colour of its label. On pages, pointing
// at a picture shows it large with its name. It is a [Part], and a picture of its own by WriteFile.
type Map struct {
	Points [][2]float64 // from [PCA] or [TSNE]
	Images []image.Image
	Labels []int
	Names  []string // said when pointed at; nil says nothing
	Groups []string // of each label, written below the middle one of its pictures; nil writes nothing
	// Ink is for dark drawings on light paper: they become strokes in their label's colour. Others get a coloured frame.
	Ink bool
}

// The drawing, in pixels of its own.
const (
	mapWidth, mapHeight = 1040, 680
	mapBorder           = 30
)

// HTML implements [Part].
func (m Map) HTML() (template.HTML, error) {
	svg, err := m.svg("")
	return template.HTML(`<div class="across">` + svg + `</div>`), err
}

func (m Map) svg(first string) (string, error) {
	place, err := m.placing()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 %d %d" role="img" aria-label="embedding map of %d images">%s`,
		mapWidth, mapHeight, len(m.Images), first)
	side := m.side()
	for i, picture := range m.Images {
		colour := labelColour(m.Labels[i])
		if m.Ink {
			picture = inked(shrunk(picture, pictureSide), colour)
		}
		uri, err := DataURI(picture, pictureSide)
		if err != nil {
			return "", err
		}
		x, y := place(m.Points[i])
		if !m.Ink {
			w, h := fitting(side, picture.Bounds())
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="3" fill="#%02x%02x%02x"/>`,
				x-w/2-2, y-h/2-2, w+4, h+4, colour.R, colour.G, colour.B)
		}
		fmt.Fprintf(&b, `<image x="%.1f" y="%.1f" width="%.1f" height="%.1f" href="%s"%s</image>`, x-side/2, y-side/2, side, side, uri, m.name(i, first == ""))
	}
	for _, s := range m.signs(place) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, s.x, s.y, html.EscapeString(s.text))
	}
	b.WriteString(`</svg>`)
	return b.String(), nil
}

// name goes on after an image's other attributes: the name for the script of a page, or, elsewhere, for the viewer to say.
func (m Map) name(i int, onPage bool) string {
	if m.Names == nil {
		return ">"
	}
	name := html.EscapeString(m.Names[i])
	if onPage {
		return fmt.Sprintf(` data-name="%s" aria-label="%s">`, name, name)
	}
	return "><title>" + name + "</title>"
}

// sign is a group's name, with the middle of its foot at (x, y).
type sign struct {
	x, y float64
	text string
}

// signs are the names of the groups, below the picture that is nearest to the mean of its group.
func (m Map) signs(place func([2]float64) (x, y float64)) []sign {
	sums, counts := make([][2]float64, len(m.Groups)), make([]float64, len(m.Groups))
	for i, label := range m.Labels {
		if label < 0 || label >= len(m.Groups) {
			continue
		}
		x, y := place(m.Points[i])
		sums[label][0], sums[label][1] = sums[label][0]+x, sums[label][1]+y
		counts[label]++
	}
	signs, nearest := make([]sign, len(m.Groups)), slices.Repeat([]float64{math.Inf(1)}, len(m.Groups))
	for i, label := range m.Labels {
		if label < 0 || label >= len(m.Groups) {
			continue
		}
		x, y := place(m.Points[i])
		if d := math.Hypot(x-sums[label][0]/counts[label], y-sums[label][1]/counts[label]); d < nearest[label] {
			nearest[label] = d
			signs[label] = sign{x, min(y+m.side()/2+14, mapHeight-6), m.Groups[label]}
		}
	}
	return slices.DeleteFunc(signs, func(s sign) bool { return s.text == "" })
}

// fitting is the size of a picture in a square of that side.
func fitting(side float64, picture image.Rectangle) (w, h float64) {
	most := float64(max(picture.Dx(), picture.Dy(), 1))
	return side * float64(picture.Dx()) / most, side * float64(picture.Dy()) / most
}

// side is that of a picture in the drawing.
func (m Map) side() float64 { return min(max(560/math.Sqrt(float64(max(len(m.Points), 1))), 12), 48) }

// mostStretch bounds how much larger the scale of one axis may be than the other's.
const mostStretch = 1.6

// placing returns where a point goes: all fit inside the border, and fill it as far as mostStretch lets them.
func (m Map) placing() (func(p [2]float64) (x, y float64), error) {
	n := len(m.Points)
	if len(m.Images) != n || len(m.Labels) != n || m.Names != nil && len(m.Names) != n {
		return nil, fmt.Errorf("an embedding map of %d points has %d images, %d labels and %d names", n, len(m.Images), len(m.Labels), len(m.Names))
	}
	for i, picture := range m.Images {
		if picture == nil {
			return nil, fmt.Errorf("picture %d of an embedding map is missing", i+1)
		}
	}
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, p := range m.Points {
		for k, v := range p {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("point %d of an embedding map lies at %v", i+1, p)
			}
			low[k], high[k] = min(low[k], v), max(high[k], v)
		}
	}
	scaleX, scaleY := (mapWidth-2*mapBorder)/max(high[0]-low[0], 1e-12), (mapHeight-2*mapBorder)/max(high[1]-low[1], 1e-12)
	scaleX, scaleY = min(scaleX, mostStretch*scaleY), min(scaleY, mostStretch*scaleX)
	return func(p [2]float64) (x, y float64) {
		return mapWidth/2 + scaleX*(p[0]-(low[0]+high[0])/2), mapHeight/2 - scaleY*(p[1]-(low[1]+high[1])/2)
	}, nil
}

// labelColour gives each label a hue of its own, far from those of the labels before it, that shows on light and dark.
func labelColour(label int) color.NRGBA {
	hue := math.Mod(float64(label)*0.61803398875, 1) * 6 // the golden ratio spreads hues evenly
	if hue < 0 {
		hue += 6
	}
	channel := func(shift float64) uint8 {
		distance := math.Abs(math.Mod(hue+shift, 6) - 3)
		return uint8(60 + 150*min(max(distance-1, 0), 1))
	}
	return color.NRGBA{R: channel(0), G: channel(4), B: channel(2), A: 255}
}
