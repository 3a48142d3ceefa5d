package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/report"
	"github.com/spf13/cobra"
)

// mapFlags are the flags of siam map.
type mapFlags struct {
	albumFlags
	out, method string
	most        int
}

// mapped is what siam map prints as JSON.
type mapped struct {
	Images    int        `json:"images"`
	Drawn     int        `json:"drawn"`
	File      string     `json:"file"`
	Explained [2]float64 `json:"pca_explained"` // share of the variance along each axis of PCA
}

func (a *app) mapCommand() *cobra.Command {
	var f mapFlags
	cmd := &cobra.Command{
		Use:   "map --model M --data DIR --out FILE",
		Short: "the embedding map of a folder of images, as a page, SVG or PNG",
		Long: `Draws each image, or with --faces each face, at the place of its embedding, in a frame of its identity's colour where
folders or file names tell it. FILE ending in .html is a page with both maps, t-SNE and PCA, on which pointing at a picture
shows it large; .svg and .png are one map.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.embeddingMap(cmd.Context(), f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "`file` to write: .html, .svg or .png")
	flags.StringVar(&f.method, "method", "tsne", "of a picture: tsne keeps neighbours together, pca keeps large distances")
	flags.IntVar(&f.most, "most", 1000, "draw at most so many images, chosen at random")
	return cmd
}

func (a *app) embeddingMap(ctx context.Context, f mapFlags) error {
	kind := strings.ToLower(filepath.Ext(f.out))
	switch {
	case f.out == "":
		return usagef("--out is missing: name a file ending in .html, .svg or .png")
	case kind != ".html" && kind != ".svg" && kind != ".png":
		return usagef("--out %s: want a name ending in .html, .svg or .png", f.out)
	case f.method != "tsne" && f.method != "pca":
		return usagef("--method %s: want tsne or pca", f.method)
	case f.most < 2 || f.most > report.TSNELimit:
		return usagef("--most %d: want 2 to %d", f.most, report.TSNELimit)
	}
	if err := f.faces.check(); err != nil {
		return err
	}
	if err := checkOut(f.out); err != nil {
		return err
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	al, err := a.openAlbum(ctx, model, f.albumFlags)
	if err != nil {
		return err
	}
	result := mapped{Images: len(al.files), File: f.out}
	al.choose(f.most, a.seed)
	result.Drawn = len(al.files)
	a.say("drawing %d of %d images", result.Drawn, result.Images)
	if result.Explained, err = a.drawMap(ctx, f, model, al, kind); err != nil {
		return err
	}
	return a.print(result, fmt.Sprintf("%d of %d images: %s\n", result.Drawn, result.Images, f.out))
}

// choose keeps at most n pictures, chosen at random, in their order.
func (al *album) choose(n int, seed uint64) {
	if len(al.files) <= n {
		return
	}
	rows := rand.New(rand.NewPCG(seed, 0)).Perm(len(al.files))[:n]
	slices.Sort(rows)
	*al = album{
		folder: al.folder, files: picked(al.files, rows), names: picked(al.names, rows), pictures: picked(al.pictures, rows),
		embeddings: picked(al.embeddings, rows), identities: picked(al.identities, rows),
	}
}

// picked are the elements at rows; nil of nil.
func picked[T any](from []T, rows []int) []T {
	if from == nil {
		return nil
	}
	some := make([]T, len(rows))
	for i, row := range rows {
		some[i] = from[row]
	}
	return some
}

// mostNamed is the most identities whose names are written on a map: more would hide the pictures.
const mostNamed = 40

func (a *app) drawMap(ctx context.Context, f mapFlags, model *siam.Model, al *album, kind string) (explained [2]float64, err error) {
	picture := report.Map{Images: al.pictures, Labels: make([]int, len(al.files)), Names: al.names, Ink: model.File().Spec.Preprocess.Invert}
	if al.identities != nil {
		picture.Labels = al.labels()
		if names := distinct(al.identities); len(names) <= mostNamed {
			picture.Groups = names
		}
	}
	pca := picture
	if pca.Points, explained, err = report.PCA(al.embeddings, a.seed); err != nil {
		return explained, err
	}
	if kind != ".html" && f.method == "pca" {
		return explained, pca.WriteFile(f.out)
	}
	if picture.Points, err = report.TSNE(ctx, al.embeddings, a.seed); err != nil {
		return explained, err
	}
	if kind != ".html" {
		return explained, picture.WriteFile(f.out)
	}
	page := report.New("Embedding map")
	page.Subtitle = fmt.Sprintf("%d images of %s, model %s, seed %d, commit %s", len(al.files), f.data, f.model, a.seed, thisBuild().Commit)
	colours := ""
	if al.identities != nil {
		colours = " Pictures of one identity have one colour."
	}
	page.Add(report.Section{
		Title: "Neighbours (t-SNE)", Parts: []report.Part{picture},
		Text: "Pictures whose embeddings are near stand together; distances between far groups mean little." + colours + " Point at one to see it large.",
	})
	page.Add(report.Section{
		Title: "Main axes (PCA)", Parts: []report.Part{pca},
		Text: fmt.Sprintf("The two directions of largest variance, which show %.0f %% and %.0f %% of it.", 100*explained[0], 100*explained[1]),
	})
	return explained, page.WriteFile(f.out)
}
