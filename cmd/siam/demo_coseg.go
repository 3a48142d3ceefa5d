package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
)

// demoCosegSize says how many families of invented things the demo's network is judged on, and how many pictures of each.
type demoCosegSize struct{ families, images int }

// demoShown is how many pictures of each family the report shows.
const demoShown = 4

// demoCoseg is the demo's last part: the masks of what invented pictures share.
type demoCoseg struct {
	Steps    int               `json:"steps"` // of the training
	Families int               `json:"families"`
	Masks    judge.CosegResult `json:"masks"`
	All      judge.CosegResult `json:"all_foreground"` // everything marked
	shown    []report.Tile
}

// cosegDemo trains on pairs of the generated world, and judges on families of another.
func (a *app) cosegDemo(ctx context.Context, backend siam.Backend, r recipe.Recipe, size demoCosegSize) (demoCoseg, error) {
	result := demoCoseg{Steps: r.Settings.Steps, Families: size.families}
	set := coseg.World{Seed: a.seed + 1, Side: r.Settings.Size}.Set(0, size.families, size.images)
	a.say("training a network on pairs of invented pictures, to mask what they share")
	file, err := a.runRecipe(ctx, r, recipe.Job{Backend: backend, Background: set, Seed: a.seed, Commit: thisBuild().Commit}, nil)
	if err != nil {
		return result, err
	}
	model, err := coseg.New(backend, file)
	if err != nil {
		return result, err
	}
	defer model.Close()
	a.say("judging it on %d pictures of %d families that it has never seen", len(set.Items), size.families)
	test := judge.CosegTest{Partners: 3, Seed: a.seed}
	if result.Masks, err = judge.Coseg(ctx, model, set, test, nil); err != nil {
		return result, err
	}
	baselines, err := judge.CosegBaselines(set, test)
	if err != nil {
		return result, err
	}
	result.All = baselines["all_foreground"]
	return result, result.show(ctx, model, set)
}

// show segments some pictures of some families, as groups, for the report.
func (d *demoCoseg) show(ctx context.Context, model *coseg.Model, set *dataset.Set) error {
	for label, items := range set.ByClass()[:min(3, d.Families)] {
		group := make([]coseg.Encoded, min(demoShown, len(items)))
		for k := range group {
			var err error
			if group[k], err = model.Encode(ctx, set.Items[items[k]].Image); err != nil {
				return err
			}
		}
		masks, err := model.SegmentEncoded(ctx, group)
		if err != nil {
			return err
		}
		for k := range group {
			d.shown = append(d.shown, report.Tile{Image: set.Items[items[k]].Image.GoImage(), Caption: set.Classes[label].Name, Large: true})
		}
		for k, mask := range masks {
			mask.Present = true // what it found, however sure it is
			d.shown = append(d.shown, report.Tile{Image: overlay(set.Items[items[k]].Image, mask.Bits()), Caption: "what they share", Large: true})
		}
	}
	return nil
}

// section is what the report shows of it.
func (d demoCoseg) section() report.Section {
	table := report.Table{Columns: []string{"masks", "Jaccard", "95 % interval", "pixels that are right"}}
	row := func(name string, s judge.CosegScore) {
		table.Rows = append(table.Rows, []string{name, fmt.Sprintf("%.2f", s.Jaccard), fmt.Sprintf("%.2f to %.2f", s.JaccardCI95[0], s.JaccardCI95[1]), fmt.Sprintf("%.1f %%", 100*s.Precision)})
	}
	row("the network", d.Masks.CosegScore)
	row("everything marked", d.All.CosegScore)
	return report.Section{
		Title: "Co-segmentation: what do these pictures share?",
		Text: fmt.Sprintf("Each picture shows a thing of its family, which has a texture and an outline of its own, and one of another family, over a textured ground. "+
			"The network marks in each what the others of a row show too: of the two things, the one that all have. It learned in %d steps, on other families, and has seen none of these; "+
			"after so few it misses some, and siam train coseg-small goes on from there. The pictures are the first of each family.", d.Steps),
		Parts: []report.Part{table, report.Sheet{Tiles: d.shown, Columns: demoShown}},
	}
}

func (d demoCoseg) text() string {
	return fmt.Sprintf("\nwhat pictures of %d families share, which it had never seen: Jaccard %.2f (%.2f to %.2f), everything marked %.2f\n",
		d.Families, d.Masks.Jaccard, d.Masks.JaccardCI95[0], d.Masks.JaccardCI95[1], d.All.Jaccard)
}
