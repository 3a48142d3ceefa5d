package report

import (
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"

	"golang.org/x/image/draw"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Verdict marks a picture.
type Verdict int

// The verdicts.
const (
	Unmarked Verdict = iota
	Right
	Wrong
	Query
	Nothing // no picture, only its place, in files with its caption
)

// class names the verdict in the style sheet.
func (v Verdict) class() string { return [...]string{"", "right", "wrong", "query", ""}[v] }

// frame is the verdict's colour in pictures.
func (v Verdict) frame() color.Color {
	return [...]color.Color{
		color.NRGBA{0xdf, 0xe3, 0xe8, 255}, color.NRGBA{0x17, 0x82, 0x45, 255}, color.NRGBA{0xc6, 0x2f, 0x2f, 255}, color.NRGBA{0x25, 0x63, 0xc9, 255}, color.Transparent,
	}[v]
}

// Tile is a picture with what is said of it.
type Tile struct {
	Image   image.Image
	Caption string // shown on pages; in files only in place of a picture, two lines at most
	Verdict Verdict
	Large   bool // on pages
}

// uri holds the tile's picture inside a page.
func (t Tile) uri() (template.URL, error) {
	if t.Large {
		return DataURI(t.Image, largeSide)
	}
	return DataURI(t.Image, pictureSide)
}

// Sheet is a contact sheet: pictures row by row. It is a [Part], and a picture of its own by WriteFile.
type Sheet struct {
	Tiles   []Tile
	Columns int // pictures per row; 0 means 10
	Side    int // pixels of a picture in files; 0 means 64
}

func (s Sheet) columns() int {
	if s.Columns > 0 {
		return s.Columns
	}
	return 10
}

var sheetTemplate = template.Must(template.New("sheet").Funcs(template.FuncMap{"uri": Tile.uri, "class": Verdict.class, "breakable": breakable}).Parse(
	`{{define "tile"}}<div class="tile {{class .Verdict}}"><img src="{{uri .}}" alt="{{.Caption}}">` +
		`{{if eq (class .Verdict) "right"}}<span class="sign">✓</span>{{else if eq (class .Verdict) "wrong"}}<span class="sign">✗</span>{{end}}</div>{{end}}` +
		`<div class="sheet{{if .Large}} large{{end}}" style="--columns: {{.Columns}}; max-width: {{.Width}}px">` +
		`{{range .Tiles}}<figure>{{template "tile" .}}{{with .Caption}}<figcaption>{{breakable .}}</figcaption>{{end}}</figure>{{end}}</div>`))

// HTML implements [Part].
func (s Sheet) HTML() (template.HTML, error) {
	large, width := slices.ContainsFunc(s.Tiles, func(t Tile) bool { return t.Large }), 110
	if large {
		width = 230
	}
	return fill(sheetTemplate, struct {
		Tiles          []Tile
		Columns, Width int
		Large          bool
	}{s.Tiles, s.columns(), s.columns() * width, large})
}

// WriteFile writes the pictures side by side as a PNG file. A file already there stays whole until the new one is.
func (s Sheet) WriteFile(path string) error {
	picture, err := s.Image()
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, picture) })
}

// Image draws the pictures side by side in frames of their verdict's colour. It fails without pictures and when one is
// missing.
func (s Sheet) Image() (image.Image, error) {
	side := s.Side
	if side <= 0 {
		side = 64
	}
	if len(s.Tiles) == 0 {
		return nil, fmt.Errorf("a contact sheet needs at least one picture")
	}
	const gap, frame = 8, 3
	cell := side + 2*frame + gap
	columns := min(s.columns(), len(s.Tiles))
	rows := (len(s.Tiles) + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, columns*cell+gap, rows*cell+gap))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	for i, tile := range s.Tiles {
		at := image.Pt(gap+i%columns*cell, gap+i/columns*cell)
		framed := image.Rect(0, 0, side+2*frame, side+2*frame).Add(at)
		if tile.Verdict == Nothing {
			tile.write(sheet, framed)
			continue
		}
		if tile.Image == nil {
			return nil, fmt.Errorf("picture %d of the contact sheet is missing", i+1)
		}
		draw.Draw(sheet, framed, image.NewUniform(tile.Verdict.frame()), image.Point{}, draw.Src)
		inside := framed.Inset(frame)
		draw.Draw(sheet, inside, image.White, image.Point{}, draw.Src)
		draw.CatmullRom.Scale(sheet, within(inside, tile.Image.Bounds()), tile.Image, tile.Image.Bounds(), draw.Over, nil)
	}
	return sheet, nil
}

// write draws the caption in the middle of a place without a picture.
func (t Tile) write(sheet *image.RGBA, place image.Rectangle) {
	lines := strings.Split(t.Caption, "\n")
	foot := (place.Min.Y+place.Max.Y-letterHeight*len(lines))/2 + letterHeight - 4
	for i, line := range lines {
		write(sheet, (place.Min.X+place.Max.X)/2, foot+i*letterHeight, line)
	}
}

// within returns the largest box of the picture's proportions in the middle of outer.
func within(outer, picture image.Rectangle) image.Rectangle {
	w, h := outer.Dx(), outer.Dy()
	if picture.Dx() > picture.Dy() {
		h = max(h*picture.Dy()/picture.Dx(), 1)
	} else if picture.Dy() > 0 {
		w = max(w*picture.Dx()/picture.Dy(), 1)
	}
	corner := outer.Min.Add(image.Pt((outer.Dx()-w)/2, (outer.Dy()-h)/2))
	return image.Rectangle{corner, corner.Add(image.Pt(w, h))}
}
