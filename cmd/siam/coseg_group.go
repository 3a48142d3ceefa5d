package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// comparedMost is the largest group of which a page shows how alike all places are: its size grows with the square.
const comparedMost = 12

// cosegGroup are images and what was found in them.
type cosegGroup struct {
	files   []string
	images  []imgproc.Image
	encoded []coseg.Encoded
	masks   []coseg.Mask
	matches [][]coseg.Match // of the first image with each; empty unless asked for
	alike   [][][]float32   // of each with each; nil for a large group
	grid    [2]int          // rows and columns of places
}

// readGroup reads and encodes images.
func (a *app) readGroup(ctx context.Context, model *coseg.Model, files []string) (*cosegGroup, error) {
	photos, err := readPhotos(ctx, files, nil)
	if err != nil {
		return nil, err
	}
	g := &cosegGroup{files: files, matches: make([][]coseg.Match, len(files))}
	p := a.newProgress("encoding", "images", len(files))
	defer p.close()
	for i, photo := range photos {
		image := photo.Image.RGB()
		encoded, err := model.Encode(ctx, image)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i], err)
		}
		g.images, g.encoded = append(g.images, image), append(g.encoded, encoded)
		p.add(1)
	}
	return g, nil
}

// segment finds masks, and what else is asked for.
func (g *cosegGroup) segment(ctx context.Context, model *coseg.Model, f cosegFlags) error {
	given, err := g.given(ctx, model, f)
	switch {
	case err != nil:
		return err
	case given != nil:
		g.masks, err = model.Follow(ctx, g.encoded[0], given, g.encoded[1:]...)
		g.masks = append([]coseg.Mask{coseg.NewMask(given, g.images[0].H, g.images[0].W)}, g.masks...)
	default:
		g.masks, err = model.SegmentEncoded(ctx, g.encoded)
	}
	if err != nil {
		return err
	}
	if f.points {
		for i, other := range g.encoded[1:] {
			if g.matches[i+1], err = model.Points(ctx, g.encoded[0], other); err != nil {
				return err
			}
		}
	}
	return g.compare(ctx, model)
}

// given is the mask of the first image that the flags name; nil for none.
func (g *cosegGroup) given(ctx context.Context, model *coseg.Model, f cosegFlags) ([]bool, error) {
	switch {
	case f.fromPoint != "":
		point, err := pointOf(f.fromPoint)
		if err != nil {
			return nil, err
		}
		mask, err := model.At(ctx, g.encoded[0], point)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.files[0], err)
		}
		return mask, nil
	case f.fromMask != "":
		mask, err := imgproc.ReadFile(f.fromMask)
		if err != nil {
			return nil, err
		}
		h, w := g.encoded[0].Size()
		if mask.H*w != mask.W*h {
			return nil, fmt.Errorf("mask %s of %d×%d pixels for %s of %d×%d: want the same shape", f.fromMask, mask.W, mask.H, g.files[0], w, h)
		}
		bits := make([]bool, h*w)
		for i, v := range mask.Grey().Nearest(h, w).Pix {
			bits[i] = v >= 128
		}
		return bits, nil
	}
	return nil, nil
}

// compare finds how alike the places of all images are.
func (g *cosegGroup) compare(ctx context.Context, model *coseg.Model) error {
	if len(g.encoded) > comparedMost {
		return nil
	}
	for _, a := range g.encoded {
		row := make([][]float32, len(g.encoded))
		for j, b := range g.encoded {
			found, err := model.Alikes(ctx, a, b)
			if err != nil {
				return err
			}
			row[j], g.grid = found.Cosines, [2]int{found.HA, found.WA}
		}
		g.alike = append(g.alike, row)
	}
	return nil
}

// page is the report of a group.
func (g *cosegGroup) page(says []string) *report.Report {
	part := report.Group{Threshold: 0.5, Alike: g.alike}
	for i, m := range g.masks {
		part.Images = append(part.Images, report.GroupImage{
			Name: g.files[i], Says: says[i], Picture: g.images[i].GoImage(), Probability: m.Probability, Present: m.Present,
			Rows: g.grid[0], Columns: g.grid[1], Seen: g.encoded[i].Seen(),
		})
	}
	r := report.New("What these images share")
	r.Subtitle = fmt.Sprintf("%d images, segmented by siam coseg", len(g.files))
	r.Add(report.Section{
		Title: "Masks", Parts: []report.Part{part},
		Text: "What is not of the shared object is dark. The slider moves how sure a pixel must be; a picture without the object has an empty mask.",
	})
	return r
}
