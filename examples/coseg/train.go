package main

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
)

// options are what the student changes from one training to the next.
type options struct {
	steps, correlated int
	data, out         string
}

const side = 64 // pixels of the pictures

// run trains the network, judges it on pictures that it has not seen, and draws masks of some.
func run(ctx context.Context, o options) error {
	learned, unseen, err := sets(ctx, o.data)
	if err != nil {
		return err
	}
	backend, err := siam.NewBackend("cpu", 0)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	r, err := settings(o)
	if err != nil {
		return err
	}
	var file *modelfile.File
	for p, err := range r.Train(ctx, recipe.Job{Backend: backend, Background: learned, Seed: 1}) {
		if err != nil {
			return err
		}
		file = p.Model // the last has it
	}
	model, err := coseg.New(backend, file)
	if err != nil {
		return err
	}
	defer model.Close()
	test := judge.CosegTest{Partners: 3, Seed: 1}
	result, err := judge.Coseg(ctx, model, unseen, test, nil)
	if err != nil {
		return err
	}
	baselines, err := judge.CosegBaselines(unseen, test)
	if err != nil {
		return err
	}
	fmt.Printf("correlated maps %d, steps %d: Jaccard %.2f on unseen pictures, everything marked %.2f\n", o.correlated, o.steps,
		result.Jaccard, baselines["all_foreground"].Jaccard)
	return draw(ctx, model, unseen, o.out)
}

// sets are invented families to learn from and others, or a folder's images, of which every fifth is kept out.
func sets(ctx context.Context, data string) (learned, unseen *dataset.Set, err error) {
	if data == "" {
		return coseg.World{Seed: 31, Side: side}.Set(0, 20, 6), coseg.World{Seed: 32, Side: side}.Set(0, 6, 6), nil
	}
	folder, err := dataset.OpenFolder(data)
	if err != nil {
		return nil, nil, err
	}
	all, err := dataset.ReadMasked(ctx, folder)
	if err != nil {
		return nil, nil, err
	}
	learned, unseen = dataset.SplitEvery(all, 5, 0)
	return learned, unseen, nil
}

// settings are those of coseg-small, of small pictures and few steps.
func settings(o options) (recipe.Recipe, error) {
	r := recipe.CosegSmall()
	s := &r.Settings
	s.Size, s.Steps, s.Every, s.Rate = side, o.steps, o.steps, 3e-3
	data := s.Data.(recipe.Shared)
	data.Correlated = o.correlated
	data.Negatives, data.Overlap, data.Likeness = 0.2, 1, 0 // so few steps find objects before they compare them
	if o.data == "" {
		data.Generated, data.Out = 1, 0 // pairs of the world without end
	} else {
		data.Negatives, data.Out = 0, 0 // which take two classes
	}
	s.Data = data
	return r, s.Check()
}

// draw writes the first pictures of the first class, and what they share below them.
func draw(ctx context.Context, model *coseg.Model, set *dataset.Set, file string) error {
	items := set.ByClass()[0]
	sheet := report.Sheet{Columns: min(4, len(items)), Side: 160}
	var group []coseg.Encoded
	for _, i := range items[:sheet.Columns] {
		e, err := model.Encode(ctx, set.Items[i].Image)
		if err != nil {
			return err
		}
		group = append(group, e)
		sheet.Tiles = append(sheet.Tiles, report.Tile{Image: set.Items[i].Image.GoImage()})
	}
	masks, err := model.SegmentEncoded(ctx, group)
	if err != nil {
		return err
	}
	for _, m := range masks {
		shown := image.NewGray(image.Rect(0, 0, m.W, m.H))
		for i, p := range m.Probability {
			shown.SetGray(i%m.W, i/m.W, color.Gray{Y: uint8(255 * p)})
		}
		sheet.Tiles = append(sheet.Tiles, report.Tile{Image: shown})
	}
	return sheet.WriteFile(file)
}
