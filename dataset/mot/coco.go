package mot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// coco is a file of annotations in COCO's manner, as video data sets have it.
type coco struct {
	Videos []struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"videos"`
	Images      []cocoImage      `json:"images"`
	Annotations []cocoAnnotation `json:"annotations"`
	Categories  []cocoCategory   `json:"categories,omitempty"`
}

type cocoImage struct {
	ID      int    `json:"id"`
	VideoID int    `json:"video_id"`
	Frame   *int   `json:"frame_id,omitempty"`
	File    string `json:"file_name,omitempty"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
}

type cocoCategory struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type cocoAnnotation struct {
	ID       int             `json:"id,omitempty"`
	Image    int             `json:"image_id"`
	Video    int             `json:"video_id,omitempty"`
	Track    *int            `json:"track_id,omitempty"`
	Instance *int            `json:"instance_id,omitempty"`
	Category int             `json:"category_id"`
	Box      []figure        `json:"bbox"`
	Score    json.RawMessage `json:"score,omitempty"`
	Crowd    int             `json:"iscrowd,omitempty"`
	Ignore   int             `json:"ignore,omitempty"`
}

// figure is a number that may be null, which stands for NaN: JSON has no other.
type figure float64

func (f *figure) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*f = figure(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(f))
}

// image is where a frame of COCO's belongs.
type image struct {
	sequence string
	frame    int
}

// parseCOCO reads {"videos", "images", "annotations"}, or a bare list of results, whose images are frames until [Sequences.place]
// says better. Rows of iscrowd or ignore have score 0: they are to be ignored.
func parseCOCO(file string, data []byte) ([]Sequence, error) {
	var all coco
	var err error
	if data[0] == '[' {
		err = json.Unmarshal(data, &all.Annotations)
	} else {
		err = json.Unmarshal(data, &all)
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("read %s as COCO's JSON: at byte %d, %s is a %s, which it cannot be", file, wrong.Offset, cmp.Or(wrong.Field, "the whole"), wrong.Value)
	case err != nil:
		return nil, fmt.Errorf("read %s as COCO's JSON: %w", file, err)
	}
	by, err := all.sequences(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var sequences []Sequence
	for _, name := range slices.Sorted(maps.Keys(by)) {
		by[name].sorted()
		sequences = append(sequences, *by[name])
	}
	if len(sequences) == 0 {
		sequences = []Sequence{{Path: file, Format: "coco"}}
	}
	return sequences, nil
}

// sequences are the rows of each video, by name; "" is the one whose images are not given.
func (c coco) sequences(file string) (map[string]*Sequence, error) {
	images, by := c.places(strings.TrimSuffix(path.Base(file), path.Ext(file))), map[string]*Sequence{}
	of := func(name string) *Sequence {
		if by[name] == nil {
			by[name] = &Sequence{Name: name, Path: file, Format: "coco"}
		}
		return by[name]
	}
	for _, at := range images {
		s := of(at.sequence)
		s.images, s.Info.Frames = images, max(s.Info.Frames, at.frame)
	}
	labels := map[int]string{}
	for _, k := range c.Categories {
		labels[k.ID] = strings.ToLower(k.Name)
	}
	for i, a := range c.Annotations {
		r, err := a.row(labels)
		if err != nil {
			return nil, fmt.Errorf("annotation %d: %w", i+1, err)
		}
		at, known := images[a.Image]
		switch {
		case !known && len(images) > 0:
			return nil, fmt.Errorf("annotation %d is of image %d, which is not among its images", i+1, a.Image)
		case !known:
			at = image{frame: a.Image}
		}
		r.Line, r.Frame = i+1, at.frame
		of(at.sequence).add(r)
	}
	return by, nil
}

// places says which frame of which sequence each image is: frame_id, or else the order of the files' names, from 1.
func (c coco) places(file string) map[int]image {
	names := map[int]string{}
	for _, v := range c.Videos {
		names[v.ID] = v.Name
	}
	sorted := slices.Clone(c.Images)
	slices.SortStableFunc(sorted, func(a, b cocoImage) int { return strings.Compare(a.File, b.File) })
	places, count, zero := map[int]image{}, map[int]int{}, map[int]int{}
	for _, m := range sorted {
		if m.Frame != nil && *m.Frame == 0 {
			zero[m.VideoID] = 1 // frames that begin at 0
		}
	}
	for _, m := range sorted {
		name := names[m.VideoID]
		if name == "" {
			name = file
			if m.VideoID != 0 {
				name += "-" + strconv.Itoa(m.VideoID)
			}
		}
		count[m.VideoID]++
		frame := count[m.VideoID]
		if m.Frame != nil {
			frame = *m.Frame + zero[m.VideoID]
		}
		places[m.ID] = image{name, frame}
	}
	return places
}

func (a cocoAnnotation) row(labels map[int]string) (Row, error) {
	if len(a.Box) != 4 {
		return Row{}, fmt.Errorf("a bbox of %d numbers, want left, top, width, height", len(a.Box))
	}
	r := Row{ID: -1, Box: Box{float64(a.Box[0]), float64(a.Box[1]), float64(a.Box[2]), float64(a.Box[3])}, Score: 1, Label: labels[a.Category]}
	switch {
	case a.Track != nil:
		r.ID = *a.Track
	case a.Instance != nil:
		r.ID = *a.Instance
	}
	if a.Score != nil {
		if err := json.Unmarshal(a.Score, (*figure)(&r.Score)); err != nil {
			return Row{}, fmt.Errorf("a score of %.40s, want a number", a.Score)
		}
	}
	if a.Crowd != 0 || a.Ignore != 0 {
		r.Score = 0
	}
	if len(labels) == 0 && a.Category > 1 {
		r.Label = strconv.Itoa(a.Category)
	}
	return r, nil
}

// place puts the rows of a bare list of results where truth has their images.
func place(results Sequence, truth []Sequence) []Sequence {
	if results.images != nil {
		return []Sequence{results}
	}
	by := map[string]*Sequence{}
	for _, t := range truth {
		for _, at := range t.images {
			by[at.sequence] = &Sequence{Name: at.sequence, Path: results.Path, Format: "coco", Bad: results.Bad, images: t.images}
		}
	}
	if len(by) == 0 {
		return []Sequence{results}
	}
	images := truth[0].images
	for _, r := range results.Rows {
		if at, known := images[r.Frame]; known {
			r.Frame = at.frame
			by[at.sequence].Rows = append(by[at.sequence].Rows, r)
		}
	}
	var placed []Sequence
	for _, name := range slices.Sorted(maps.Keys(by)) {
		by[name].sorted()
		placed = append(placed, *by[name])
	}
	return placed
}

// writeCOCO writes rows of one sequence with an image for each frame.
func writeCOCO(b *bytes.Buffer, s Sequence) error {
	var all coco
	all.Videos = append(all.Videos, struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}{1, s.Name})
	_, last := s.Frames()
	for frame := 1; frame <= max(last, s.Info.Frames); frame++ {
		all.Images = append(all.Images, cocoImage{ID: frame, VideoID: 1, Frame: &frame, File: fmt.Sprintf("%06d.jpg", frame),
			Width: s.Info.Width, Height: s.Info.Height})
	}
	all.Annotations = []cocoAnnotation{}
	all.Categories = []cocoCategory{{1, "pedestrian"}}
	for i, r := range s.Rows {
		score, err := json.Marshal(r.Score)
		if err != nil {
			return err
		}
		all.Annotations = append(all.Annotations, cocoAnnotation{ID: i + 1, Image: r.Frame, Track: &r.ID, Category: 1,
			Box: []figure{figure(r.Box.X), figure(r.Box.Y), figure(r.Box.W), figure(r.Box.H)}, Score: score})
	}
	return json.NewEncoder(b).Encode(all)
}
