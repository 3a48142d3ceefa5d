package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// The demo's gallery: characters of alphabets that the network has never seen are enrolled, and so many alphabets of others are
// strangers: half of them for the calibration, half to be identified.
const (
	demoStrangers = 4 // alphabets
	demoImages    = 3 // of each character that is enrolled
	demoFPIR      = 0.05
	demoMiss      = 0.05
)

// demoVerdict is a verdict that the demo shows.
type demoVerdict struct {
	Who string `json:"who"` // it is
	gallery.Result
	probe, likest imgproc.Image
}

// demoGallery is the demo's last part.
type demoGallery struct {
	Store       string              `json:"store"`
	Calibration gallery.Calibration `json:"calibration"`
	Verdicts    []demoVerdict       `json:"verdicts"`
}

// galleryDemo enrolls, calibrates and identifies.
func (a *app) galleryDemo(ctx context.Context, model *siam.Model, unseen *dataset.Set, out string) (demoGallery, error) {
	result := demoGallery{Store: "sqlite:" + filepath.Join(out, "gallery.db")}
	path := filepath.Join(out, "gallery.db")
	for _, old := range []string{path, path + "-wal", path + "-shm"} { // of an earlier demo
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return result, err
		}
	}
	store, err := sqlite.Open(ctx, path, sqlite.Options{Create: true})
	if err != nil {
		return result, err
	}
	defer store.Close()
	known := model.ForGallery()
	if known.File, err = filepath.Abs(filepath.Join(out, "model.safetensors")); err != nil {
		return result, err
	}
	g, err := gallery.Create(ctx, store, known, known.Settings(mainGallery, gallery.Watch), gallery.As("siam demo"))
	if err != nil {
		return result, err
	}
	d := newDemoCast(unseen)
	a.say("enrolling %d characters in a gallery, calibrating it with %d others", len(d.enrolled), len(d.strangers))
	if err := d.enroll(ctx, model, g); err != nil {
		return result, err
	}
	if result.Calibration, err = d.calibrate(ctx, model, g); err != nil {
		return result, err
	}
	result.Verdicts, err = d.identify(ctx, model, g)
	return result, err
}

// demoCast is who plays what: classes of a set.
type demoCast struct {
	set                          *dataset.Set
	byClass                      [][]int32
	enrolled, strangers, unknown []int
}

func newDemoCast(set *dataset.Set) demoCast {
	d := demoCast{set: set, byClass: set.ByClass()}
	groups := set.Groups()
	for class := range d.byClass {
		switch at := slices.Index(groups, set.Classes[class].Group); {
		case at < len(groups)-demoStrangers:
			d.enrolled = append(d.enrolled, class)
		case at < len(groups)-demoStrangers/2:
			d.strangers = append(d.strangers, class)
		default:
			d.unknown = append(d.unknown, class)
		}
	}
	return d
}

func (d demoCast) name(class int) string {
	return d.set.Classes[class].Group + " " + d.set.Classes[class].Name
}

// faces embeds drawings of classes, those from one drawer on, so many of each.
func (d demoCast) faces(ctx context.Context, model *siam.Model, classes []int, from, n int) ([][]gallery.Face, error) {
	var images []imgproc.Photo
	for _, class := range classes {
		for _, item := range d.byClass[class][from : from+n] {
			images = append(images, imgproc.Photos(d.set.Items[item].Pixels())...)
		}
	}
	faces, err := model.GalleryFaces(ctx, nil, true, images)
	if err != nil {
		return nil, err
	}
	var lists [][]gallery.Face
	for of := range slices.Chunk(faces, n) {
		lists = append(lists, slices.Concat(of...))
	}
	return lists, nil
}

func (d demoCast) enroll(ctx context.Context, model *siam.Model, g *gallery.Gallery) error {
	lists, err := d.faces(ctx, model, d.enrolled, 0, demoImages)
	if err != nil {
		return err
	}
	var images []gallery.Enrolment
	for i, faces := range lists {
		for _, face := range faces {
			images = append(images, gallery.Enrolment{ID: d.name(d.enrolled[i]), Face: face})
		}
	}
	_, err = g.Enroll(ctx, images...)
	return err
}

func (d demoCast) calibrate(ctx context.Context, model *siam.Model, g *gallery.Gallery) (gallery.Calibration, error) {
	lists, err := d.faces(ctx, model, d.strangers, 0, demoImages)
	if err != nil {
		return gallery.Calibration{}, err
	}
	var people []gallery.Person
	for i, faces := range lists {
		person := gallery.Person{Name: d.name(d.strangers[i])}
		for _, face := range faces {
			person.Embeddings = append(person.Embeddings, face.Embedding)
		}
		people = append(people, person)
	}
	study, err := g.Calibrate(ctx, gallery.CalibrateOptions{FPIR: demoFPIR, Miss: demoMiss, Strangers: people})
	if err != nil {
		return gallery.Calibration{}, err
	}
	return study.Calibration, g.SetCalibration(ctx, &study.Calibration)
}

// identify asks about another drawing of everybody, and chooses what to show: two matches, a stranger, and one who has to be referred.
func (d demoCast) identify(ctx context.Context, model *siam.Model, g *gallery.Gallery) ([]demoVerdict, error) {
	classes := slices.Concat(d.enrolled, d.unknown)
	lists, err := d.faces(ctx, model, classes, demoImages, 1)
	if err != nil {
		return nil, err
	}
	var photos []gallery.Photograph
	for i, faces := range lists {
		photos = append(photos, gallery.Photograph{Name: d.name(classes[i]), Faces: faces})
	}
	results, err := g.Identify(ctx, photos, gallery.IdentifyOptions{})
	if err != nil {
		return nil, err
	}
	var matches, strangers, referred []demoVerdict
	for i, r := range results {
		v := demoVerdict{Who: r.File, Result: r, probe: d.drawing(classes[i], demoImages), likest: d.likest(r)}
		switch {
		case r.Outcome == gallery.Match && r.ID == r.File:
			matches = append(matches, v)
		case r.Outcome == gallery.NoMatch && i >= len(d.enrolled):
			strangers = append(strangers, v)
		case r.Outcome == gallery.Refer && r.ID != r.File:
			referred = append([]demoVerdict{v}, referred...) // a look-alike, before people who are referred themselves
		case r.Outcome == gallery.Refer:
			referred = append(referred, v)
		}
	}
	return slices.Concat(matches[:min(2, len(matches))], strangers[:min(1, len(strangers))], referred[:min(1, len(referred))]), nil
}

// likest is a drawing of the id that a verdict found nearest.
func (d demoCast) likest(r gallery.Result) imgproc.Image {
	for _, class := range d.enrolled {
		if len(r.Candidates) > 0 && d.name(class) == r.Candidates[0].ID {
			return d.drawing(class, 0)
		}
	}
	return imgproc.Filled(1, 1, 1, 255)
}

func (d demoCast) drawing(class, nth int) imgproc.Image {
	return d.set.Items[d.byClass[class][nth]].Pixels()
}

// section is what the report shows of it.
func (g demoGallery) section() report.Section {
	var pairs report.PicturePairs
	for _, v := range g.Verdicts {
		pair := report.PicturePair{A: v.probe.GoImage(), B: v.likest.GoImage(), Names: [2]string{v.Who, verdictWords(v.Result)}}
		if v.Distance != nil {
			pair.Distance = float64(*v.Distance)
		}
		pairs = append(pairs, pair)
	}
	c := g.Calibration
	return report.Section{
		Title: "A gallery: who is it?",
		Text: fmt.Sprintf("%d characters that the network has never seen are enrolled, each by %d drawings; %d others are strangers. Distances up to %.3f are a match, and up to %.3f a person has to decide. "+
			"At the left the drawing that was asked about, at the right the likest that is enrolled.", c.IDs, demoImages, c.Strangers, c.Thresholds.Match, c.Thresholds.Refer),
		Parts: []report.Part{report.Numbers{
			report.Rate("strangers answered match", estimateOf(c.FPIR, "characters"), fmt.Sprintf("promised %.0f %%", 100*c.FPIR.Promised)),
			report.Rate("enrolled answered no match", estimateOf(c.Miss, "characters"), fmt.Sprintf("promised %.0f %%", 100*c.Miss.Promised)),
		}, pairs},
	}
}

func verdictWords(r gallery.Result) string {
	switch r.Outcome {
	case gallery.Match:
		return "match: " + r.ID
	case gallery.Refer:
		return "refer: like " + r.Candidates[0].ID
	}
	return "no match"
}
