package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"golang.org/x/image/draw"
)

// Film is a player: the frames of a video with the tracks' boxes, ids and trails, when each track lived, what the tracker weighed in the frame, and
// what is wrong by the truth.
type Film struct {
	Frames []FilmFrame
	Width  int // of the frames, in pixels of the boxes
	Height int
	Rate   float64 // frames a second
	Tracks []mot.Row
	Wrong  []Mistake
	Gates  []float64 // of the tracker's stages, for the matrices of the frames
}

// FilmFrame is one frame; a picture that is nil stays grey.
type FilmFrame struct {
	Number  int
	Picture image.Image
	Matrix  *FilmMatrix // nil for none
}

// Mistake is an error of the tracks, and where.
type Mistake struct {
	tracking.Event
	Box mot.Box
}

// Errors finds the boxes of switches, misses and false positives.
func Errors(events []tracking.Event, truth, tracks mot.Sequence) (wrong []Mistake) {
	type key struct{ frame, id int }
	boxes := [2]map[key]mot.Box{{}, {}}
	for i, s := range []mot.Sequence{truth, tracks} {
		for _, r := range s.Rows {
			boxes[i][key{r.Frame, r.ID}] = r.Box
		}
	}
	for _, e := range events {
		switch e.Kind {
		case tracking.Miss:
			wrong = append(wrong, Mistake{e, boxes[0][key{e.Frame, e.Truth}]})
		case tracking.Switch, tracking.FalsePositive:
			wrong = append(wrong, Mistake{e, boxes[1][key{e.Frame, e.Track}]})
		}
	}
	return wrong
}

// filmSide is the longest side of a frame's picture on a page.
const filmSide = 640

var (
	//go:embed film.html
	filmHTML string
	//go:embed film.js
	filmJS string
	//go:embed film_words.js
	filmWordsJS string
	//go:embed film_matrix.js
	filmMatrixJS string
)

var filmTemplate = template.Must(template.New("film").Parse(filmHTML))

// filmData is what the page's script reads.
type filmData struct {
	Width  int          `json:"width"`
	Height int          `json:"height"`
	Rate   float64      `json:"rate"`
	Frames []filmNumber `json:"frames"`
	Tracks []filmBox    `json:"tracks"`
	Wrong  []filmBox    `json:"wrong"`
	Gates  []any        `json:"gates"`
}

type filmNumber struct {
	Number  int         `json:"number"`
	Picture string      `json:"picture,omitempty"`
	Matrix  *matrixData `json:"matrix,omitempty"`
}

type filmBox struct {
	Frame  int        `json:"frame"`
	ID     int        `json:"id"`
	Box    [4]float64 `json:"box"`
	Colour string     `json:"colour,omitempty"`
	Kind   string     `json:"kind,omitempty"`
	From   int        `json:"from,omitempty"`
}

// HTML implements [Part].
func (f Film) HTML() (template.HTML, error) {
	data := filmData{Width: f.Width, Height: f.Height, Rate: f.Rate, Frames: []filmNumber{}, Tracks: []filmBox{}, Wrong: []filmBox{}, Gates: []any{}}
	for _, gate := range f.Gates {
		data.Gates = append(data.Gates, number(gate))
	}
	for _, frame := range f.Frames {
		picture, err := filmPicture(frame.Picture)
		if err != nil {
			return "", fmt.Errorf("frame %d: %w", frame.Number, err)
		}
		data.Frames = append(data.Frames, filmNumber{frame.Number, picture, frame.Matrix.data()})
	}
	for _, r := range f.Tracks {
		data.Tracks = append(data.Tracks, filmBox{Frame: r.Frame, ID: r.ID, Box: four(r.Box), Colour: cssColour(r.ID)})
	}
	for _, w := range f.Wrong {
		data.Wrong = append(data.Wrong, filmBox{Frame: w.Frame, ID: max(w.Track, w.Truth), Box: four(w.Box), Kind: string(w.Kind), From: w.From})
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	return fill(filmTemplate, struct {
		Data, Script template.JS
	}{template.JS(encoded), template.JS(filmWordsJS + filmMatrixJS + filmJS)})
}

func cssColour(id int) string {
	c := labelColour(id)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// filmPicture holds a frame inside the page, "" for none.
func filmPicture(picture image.Image) (string, error) {
	if picture == nil {
		return "", nil
	}
	box := picture.Bounds()
	if max(box.Dx(), box.Dy()) > filmSide {
		to := within(image.Rect(0, 0, filmSide, filmSide), box)
		small := image.NewNRGBA(to.Sub(to.Min))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), picture, box, draw.Src, nil)
		picture = small
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 70}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
