package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/judge"
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
shows it large, and with the distances of all pairs about the model's threshold and the best one; .svg and .png are one map.`,
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
	switch kind := f.kind(); {
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
	return a.withAlbum(ctx, f.albumFlags, func(model *siam.Model, al *judge.Album) error { return a.drawMap(ctx, f, model, al) })
}

func (a *app) drawMap(ctx context.Context, f mapFlags, model *siam.Model, al *judge.Album) error {
	result := mapped{Images: len(al.Pictures), File: f.out}
	al.Choose(f.most, a.seed)
	result.Drawn = len(al.Pictures)
	a.say("drawing %d of %d images", result.Drawn, result.Images)
	maps, err := al.Map(ctx, model.Spec().Preprocess.Invert, f.kind() == ".html" || f.method == "tsne", a.seed)
	if err != nil {
		return err
	}
	if err := a.writeMap(f, maps, model, al); err != nil {
		return err
	}
	result.Explained = maps.Explained
	return a.print(result, fmt.Sprintf("%d of %d images: %s\n", result.Drawn, result.Images, f.out))
}

// kind is what the output's name ends in.
func (f mapFlags) kind() string { return strings.ToLower(filepath.Ext(f.out)) }

// writeMap makes the picture or the page.
func (a *app) writeMap(f mapFlags, maps judge.Maps, model *siam.Model, al *judge.Album) error {
	switch kind := f.kind(); {
	case kind != ".html" && f.method == "pca":
		return maps.Axes.WriteFile(f.out)
	case kind != ".html":
		return maps.Neighbours.WriteFile(f.out)
	}
	page := report.New("Embedding map")
	page.Subtitle = fmt.Sprintf("%d images of %s, model %s, seed %d, commit %s", len(al.Pictures), f.data, f.model, a.seed, thisBuild().Commit)
	maps.AddTo(page)
	if err := al.AddDistances(page, model, a.seed); err != nil {
		return err
	}
	return page.WriteFile(f.out)
}
