package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/draw"
)

// Group shows what images share: each with its mask, whose threshold a slider moves and which can be saved; and of the place under the
// pointer, how alike the places of the other images are to it.
type Group struct {
	Images    []GroupImage
	Threshold float64 // the slider's first place, in [0, 1]
	// Alike [i][j] are how alike each place of image i is to each of image j, cosines in [−1, 1] of [Rows·Columns] by [Rows·Columns]; nil
	// leaves the maps out.
	Alike [][][]float32
}

// GroupImage is one image of a group.
type GroupImage struct {
	Name          string
	Says          string // a line below it
	Picture       image.Image
	Probability   []float32 // [h·w] of the picture's size: how likely each pixel is of the object
	Present       bool      // without it the mask is empty
	Rows, Columns int       // of its grid of places
	// Seen is where the picture lies in the grid, whose sides are 1: left, top, right and bottom.
	Seen [4]float64
}

var (
	//go:embed group.html
	groupHTML string
	//go:embed group.js
	groupJS string
)

var groupTemplate = template.Must(template.New("group").Parse(groupHTML))

// GroupScript is the script that shows a group on a page: its function showGroup(element, data, words), in which data is a [GroupData].
func GroupScript() string { return groupJS }

// GroupData is a group as the page's script reads it.
type GroupData struct {
	Threshold float64        `json:"threshold"`
	Images    []GroupPicture `json:"images"`
	Alike     [][]string     `json:"alike"` // of image i with each: base64 of bytes: 127 times the cosine plus 128
}

// GroupPicture is an image of a [GroupData]; picture and mask are data URLs.
type GroupPicture struct {
	Name    string     `json:"name"`
	Says    string     `json:"says"`
	Picture string     `json:"picture"`
	Mask    string     `json:"mask"` // grey levels
	Present bool       `json:"present"`
	Rows    int        `json:"rows"`
	Columns int        `json:"columns"`
	Seen    [4]float64 `json:"seen"`
}

// HTML implements [Part].
func (g Group) HTML() (template.HTML, error) {
	data, err := g.Data()
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	return fill(groupTemplate, struct{ Data, Script template.JS }{template.JS(encoded), template.JS(groupJS)})
}

// Data is the group as the page's script reads it.
func (g Group) Data() (GroupData, error) {
	data := GroupData{Threshold: g.Threshold, Images: []GroupPicture{}, Alike: [][]string{}}
	for _, m := range g.Images {
		picture, err := filmPicture(m.Picture)
		if err != nil {
			return data, fmt.Errorf("picture %s: %w", m.Name, err)
		}
		mask, err := levelsURI(m.Probability, m.Picture.Bounds())
		if err != nil {
			return data, fmt.Errorf("mask of %s: %w", m.Name, err)
		}
		data.Images = append(data.Images, GroupPicture{m.Name, m.Says, picture, mask, m.Present, m.Rows, m.Columns, m.Seen})
	}
	for _, row := range g.Alike {
		var encoded []string
		for _, cosines := range row {
			encoded = append(encoded, bytesOf(cosines))
		}
		data.Alike = append(data.Alike, encoded)
	}
	return data, nil
}

// bytesOf writes cosines as bytes.
func bytesOf(cosines []float32) string {
	out := make([]byte, len(cosines))
	for i, v := range cosines {
		out[i] = byte(128 + 127*min(max(v, -1), 1))
	}
	return base64.StdEncoding.EncodeToString(out)
}

// levelsURI holds values in [0, 1] of a picture's pixels inside the page, as grey levels.
func levelsURI(values []float32, box image.Rectangle) (string, error) {
	if len(values) != box.Dx()*box.Dy() {
		return "", fmt.Errorf("%d values for %d×%d pixels", len(values), box.Dx(), box.Dy())
	}
	levels := image.NewGray(image.Rect(0, 0, box.Dx(), box.Dy()))
	for i, v := range values {
		levels.SetGray(i%box.Dx(), i/box.Dx(), color.Gray{Y: uint8(255*min(max(v, 0), 1) + 0.5)})
	}
	var picture image.Image = levels
	if max(box.Dx(), box.Dy()) > filmSide {
		to := within(image.Rect(0, 0, filmSide, filmSide), box)
		small := image.NewGray(to.Sub(to.Min))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), levels, levels.Bounds(), draw.Src, nil)
		picture = small
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
