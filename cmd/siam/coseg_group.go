package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// comparedMost is the largest group of which a page shows how alike all places are: its size grows with the square.
const comparedMost = 12

// cosegGroup are images and what was found in them.
type cosegGroup struct {
	files   []string
	images  []imgproc.Image // large ones as small copies
	shrinks []int           // how many times smaller each copy is than its file
	from    imgproc.Image   // the mask file of the first, if one is named
	encoded []coseg.Encoded
	masks   []coseg.Mask
	matches [][]coseg.Match // of the first image with each; empty unless asked for
	alike   [][][]float32   // of each with each; nil for a large group
	grid    [2]int          // rows and columns of places
}

// copySide is from which longest side a copy of a large photograph is fine enough to find what it shows; its mask's edges are found in
// the photograph itself.
const copySide = 640

// readGroup reads and encodes images. Those that cannot be read are left out, unless that leaves nothing to compare.
func (a *app) readGroup(ctx context.Context, model *coseg.Model, f cosegFlags, files []string) (*cosegGroup, error) {
	enough := func(h, w int) bool { return max(h, w) >= copySide && model.Spec.Preprocess.Enough(h, w) }
	g := &cosegGroup{}
	p := a.newProgress("encoding", "images", len(files))
	defer p.close()
	var failed []*dataset.FileError
	read := -1
	for photo, err := range dataset.Photos(ctx, files, enough) {
		read++
		first := read == 0 && (f.fromMask != "" || f.fromPoint != "") // which the others follow
		if file, ok := errors.AsType[*dataset.FileError](err); ok && !f.strict && !first {
			failed = append(failed, file)
			continue
		} else if err != nil {
			return nil, err
		}
		image := photo.Image.RGB()
		encoded, err := model.Encode(ctx, image)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[read], err)
		}
		g.files, g.images, g.shrinks, g.encoded = append(g.files, files[read]), append(g.images, image), append(g.shrinks, photo.Shrink), append(g.encoded, encoded)
		p.add(1)
	}
	if len(g.files) < 2 && len(failed) > 0 {
		return nil, failed[0]
	}
	g.matches = make([][]coseg.Match, len(g.files))
	a.leaveOut(failed, len(files))
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
	h, w := g.encoded[0].Size()
	switch {
	case f.fromPoint != "":
		point, err := pointOf(f.fromPoint)
		if err != nil {
			return nil, err
		}
		shrink := float32(g.shrinks[0])
		at := imgproc.Point{X: point.X / shrink, Y: point.Y / shrink}
		if at.X < 0 || at.Y < 0 || at.X >= float32(w) || at.Y >= float32(h) {
			return nil, fmt.Errorf("--from-point %s lies outside %s of %d×%d pixels", f.fromPoint, g.files[0], w*g.shrinks[0], h*g.shrinks[0])
		}
		mask, err := model.At(ctx, g.encoded[0], at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.files[0], err)
		}
		if !slices.Contains(mask, true) || !slices.Contains(mask, false) {
			return nil, fmt.Errorf("--from-point %s: nothing there stands out of the rest of %s: point at another place, or give a mask", f.fromPoint, g.files[0])
		}
		return mask, nil
	case f.fromMask != "":
		var err error
		if g.from, err = dataset.ReadMask(f.fromMask); err != nil {
			return nil, err
		}
		if !dataset.MaskFits(g.from.H, g.from.W, h, w) {
			return nil, fmt.Errorf("mask %s of %d×%d pixels for %s of %d×%d: want the same shape", f.fromMask, g.from.W, g.from.H,
				g.files[0], w*g.shrinks[0], h*g.shrinks[0])
		}
		return marked(g.from, h, w), nil
	}
	return nil, nil
}

// marked is a mask at a size.
func marked(mask imgproc.Image, h, w int) []bool {
	bits := make([]bool, h*w)
	for i, v := range mask.Nearest(h, w).Pix {
		bits[i] = v == 255
	}
	return bits
}

// full is an image at the size of its file, and its mask.
func (g *cosegGroup) full(i int) (imgproc.Image, coseg.Mask, error) {
	if g.shrinks[i] == 1 {
		return g.images[i], g.masks[i], nil
	}
	picture, err := imgproc.ReadFile(g.files[i])
	if err != nil {
		return picture, coseg.Mask{}, err
	}
	if i == 0 && len(g.from.Pix) > 0 {
		return picture.RGB(), coseg.NewMask(marked(g.from, picture.H, picture.W), picture.H, picture.W), nil
	}
	return picture.RGB(), g.masks[i].For(picture), nil
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
