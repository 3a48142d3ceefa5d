package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
	"github.com/spf13/cobra"
)

// demoResult is what siam demo prints as JSON.
type demoResult struct {
	Seconds float64             `json:"seconds"`
	Model   string              `json:"model_file"`
	Report  string              `json:"report"`
	OneShot judge.OneShotResult `json:"oneshot"`
	Same    siam.Verdict        `json:"same_pair"`      // two drawings of one character
	Other   siam.Verdict        `json:"different_pair"` // drawings of two characters
	Gallery demoGallery         `json:"gallery"`
	Street  demoStreet          `json:"street"`
	Shared  demoCoseg           `json:"shared"`
}

func (a *app) demoCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "train, judge and use a Siamese network on invented alphabets, track an invented street, and mask what pictures share, with a report",
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), out) },
	}
	cmd.Flags().StringVarP(&out, "out", "o", "siam-demo", "folder for the model, the pictures and the report")
	return cmd
}

func (a *app) demo(ctx context.Context, out string) error {
	started := time.Now()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	backend, err := a.newBackend()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	background, unseen, err := a.demoData(ctx)
	if err != nil {
		return err
	}
	result := demoResult{Model: filepath.Join(out, "model.safetensors"), Report: filepath.Join(out, "report.html")}
	history, model, err := a.demoTraining(ctx, backend, background, result.Model)
	if err != nil {
		return err
	}
	defer model.Close()
	a.say("judging it on %d alphabets that it has never seen", len(unseen.Groups()))
	if result.OneShot, err = a.judgeModel(ctx, model, unseen, judge.StandardOneShot(a.seed)); err != nil {
		return err
	}
	files, err := a.demoPair(ctx, model, unseen, out, &result)
	if err != nil {
		return err
	}
	if err := judge.ExampleEpisodes(unseen, result.OneShot).Sheet().WriteFile(filepath.Join(out, "episodes.png")); err != nil {
		return err
	}
	if result.Gallery, err = a.galleryDemo(ctx, model, unseen, out); err != nil {
		return err
	}
	if result.Street, err = a.streetDemo(ctx, backend, recipe.DemoStreet(), newDemoStreetSize(a.seed)); err != nil {
		return err
	}
	if result.Shared, err = a.cosegDemo(ctx, backend, recipe.DemoCoseg(), demoCosegSize{families: 6, images: 6}); err != nil {
		return err
	}
	result.Seconds = time.Since(started).Seconds()
	if err := demoReport(ctx, unseen, history, result); err != nil {
		return err
	}
	return a.print(result, result.text(files))
}

// demoData invents the alphabets to learn from, and others to judge on.
func (a *app) demoData(ctx context.Context) (background, unseen *dataset.Set, err error) {
	a.say("inventing 44 alphabets of 20 characters, drawn by 20 hands")
	all, err := dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 44, Characters: 20, Drawers: 20, Seed: a.seed})
	if err != nil {
		return nil, nil, err
	}
	all.Name = "invented alphabets"
	groups := all.Groups()
	return dataset.SplitByGroup(all, groups[len(groups)-10:]...)
}

func (a *app) demoTraining(ctx context.Context, backend siam.Backend, background *dataset.Set, file string) (recipe.History, *siam.Model, error) {
	r := recipe.Demo()
	a.say("training a Siamese network on %d drawings of %d characters", len(background.Items), len(background.Classes))
	var history recipe.History
	trained, err := a.runRecipe(ctx, r, recipe.Job{Backend: backend, Background: background, Seed: a.seed, Commit: thisBuild().Commit},
		func(p recipe.Progress) { history = append(history, p) })
	if err != nil {
		return nil, nil, err
	}
	if err := trained.Write(file); err != nil {
		return nil, nil, err
	}
	model, err := siam.Open(file, siam.WithBackend(backend))
	return history, model, err
}

// demoPair compares two drawings of one character, and drawings of two characters, and leaves them as files to try.
func (a *app) demoPair(ctx context.Context, model *siam.Model, unseen *dataset.Set, out string, result *demoResult) ([]string, error) {
	byClass := unseen.ByClass()
	chosen := []int32{byClass[0][0], byClass[0][1], byClass[10][1]}
	var files []string
	for i, name := range []string{"a.png", "same-as-a.png", "other.png"} {
		files = append(files, filepath.Join(out, name))
		if err := writePNG(files[i], unseen.Items[chosen[i]]); err != nil {
			return nil, err
		}
	}
	images, err := readImages(ctx, files, model.Spec().Preprocess.Enough)
	if err != nil {
		return nil, err
	}
	if result.Same, err = model.Compare(ctx, images[0], images[1]); err != nil {
		return nil, err
	}
	result.Other, err = model.Compare(ctx, images[0], images[2])
	return files, err
}

func writePNG(name string, item dataset.Item) error {
	return atomicfile.Write(name, func(w io.Writer) error { return png.Encode(w, item.Pixels().GoImage()) })
}

func demoReport(ctx context.Context, unseen *dataset.Set, history recipe.History, result demoResult) error {
	page := report.New("Same or different?")
	page.Subtitle = fmt.Sprintf("A Siamese network trained by siam demo in %.0f seconds, commit %s", result.Seconds, thisBuild().Commit)
	if err := judge.AddOneShot(ctx, page, unseen, result.OneShot); err != nil {
		return err
	}
	page.Add(result.Gallery.section())
	page.Add(result.Street.section())
	page.Add(result.Shared.section())
	recipe.AddTraining(page, recipe.Demo().Settings, history)
	return page.WriteFile(result.Report)
}

func (r demoResult) text(files []string) string {
	var b strings.Builder
	b.WriteString(oneshotText(r.OneShot))
	fmt.Fprintf(&b, "\nsiam compare --model %s %s %s\n%s\n", r.Model, files[0], files[1], r.Same.Sentence())
	fmt.Fprintf(&b, "siam compare --model %s %s %s\n%s\n", r.Model, files[0], files[2], r.Other.Sentence())
	fmt.Fprintf(&b, "\nsiam gallery identify --db %s %s\n", r.Gallery.Store, files[0])
	for _, v := range r.Gallery.Verdicts {
		fmt.Fprintf(&b, "%s\n", verdictLine(v.Result, false))
	}
	b.WriteString(r.Street.text())
	b.WriteString(r.Shared.text())
	fmt.Fprintf(&b, "\nafter %.0f seconds; the report with pictures is %s\n", r.Seconds, r.Report)
	return b.String()
}
