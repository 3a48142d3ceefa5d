package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
)

// photoVerification is what siam eval verify prints of listed pairs of photographs.
type photoVerification struct {
	eval.FoldVerification
	Photographs int      `json:"photographs"`
	Faceless    []string `json:"faceless"` // photographs in which no face was found; their pairs count as different
}

// verifyPhotos judges the pairs of an LFW folder.
func (a *app) verifyPhotos(ctx context.Context, f verifyFlags) (photoVerification, error) {
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return photoVerification{}, err
	}
	defer closeModel()
	folder, err := openData(f.data)
	if err != nil {
		return photoVerification{}, err
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil {
		return photoVerification{}, err
	}
	if len(f.folds) > 0 {
		if pairs, err = pairs.Only(f.folds...); err != nil {
			return photoVerification{}, err
		}
	}
	a.warnOfLearned(model, pairs.Identities())
	embed := model.EmbedImages
	if f.faces.faces {
		pipeline, err := f.faces.pipeline(model)
		if err != nil {
			return photoVerification{}, err
		}
		embed = mainFaces(pipeline)
	}
	embeddings, err := embedPhotos(ctx, embed, pairs)
	if err != nil {
		return photoVerification{}, err
	}
	return judgePhotos(model, pairs, embeddings, a.seed)
}

// mainFaces embeds the main face of each photograph; nil where there is none.
func mainFaces(pipeline *face.Pipeline) func(context.Context, []imgproc.Image) ([][]float32, error) {
	return func(ctx context.Context, photos []imgproc.Image) ([][]float32, error) {
		faces, _, err := pipeline.EmbedMain(ctx, photos)
		embeddings := make([][]float32, len(faces))
		for i, f := range faces {
			embeddings[i] = f.Embedding
		}
		return embeddings, err
	}
}

// photosAtOnce bounds how many decoded photographs are held in memory.
const photosAtOnce = 64

// embedPhotos embeds every photograph that the pairs name.
func embedPhotos(ctx context.Context, embed func(context.Context, []imgproc.Image) ([][]float32, error), pairs *dataset.PhotoPairs) ([][]float32, error) {
	var embeddings [][]float32
	for files := range slices.Chunk(pairs.Files, photosAtOnce) {
		photos := make([]imgproc.Image, len(files))
		for i, file := range files {
			var err error
			if photos[i], err = imgproc.ReadFS(pairs.Folder.FS, file); err != nil {
				return nil, err
			}
		}
		rows, err := embed(ctx, photos)
		if err != nil {
			return nil, err
		}
		embeddings = append(embeddings, rows...)
	}
	return embeddings, nil
}

func judgePhotos(model *siam.Model, pairs *dataset.PhotoPairs, embeddings [][]float32, seed uint64) (photoVerification, error) {
	v := photoVerification{Photographs: len(embeddings), Faceless: []string{}}
	for i, e := range embeddings {
		if e == nil {
			v.Faceless = append(v.Faceless, pairs.Files[i])
		}
	}
	if len(v.Faceless) == len(embeddings) {
		return v, errors.New("no face was found in any photograph")
	}
	n := len(pairs.Pairs)
	distances, same, folds := make([]float32, n), make([]bool, n), make([]int, n)
	largest := float32(0)
	for i, p := range pairs.Pairs {
		same[i], folds[i] = p.Same, p.Fold
		if embeddings[p.A] != nil && embeddings[p.B] != nil {
			distances[i] = model.Distance(embeddings[p.A], embeddings[p.B])
			largest = max(largest, distances[i])
		}
	}
	for i, p := range pairs.Pairs {
		if embeddings[p.A] == nil || embeddings[p.B] == nil {
			distances[i] = largest
		}
	}
	var err error
	v.FoldVerification, err = eval.JudgeFolds(distances, same, folds, thresholdOf(model), seed)
	return v, err
}

// thresholdOf is the model's threshold, nil when it has none.
func thresholdOf(model *siam.Model) *float64 {
	calibration := model.File().Calibration
	if calibration == nil {
		return nil
	}
	threshold := float64(calibration.Threshold)
	return &threshold
}

func (v photoVerification) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy  %s, thresholds %.4f\n", percent(v.Proportion), v.Thresholds)
	if v.AtModel != nil {
		fmt.Fprintf(&b, "accuracy at the model's threshold %.4f  %s\n", v.AtModel.Threshold, percent(v.AtModel.Proportion))
	}
	fmt.Fprintf(&b, "equal error rate  %.2f %%\n", 100*v.EER)
	for _, far := range slices.Sorted(maps.Keys(v.TARAtFAR)) {
		fmt.Fprintf(&b, "TAR at FAR %s  %.2f %%\n", far, 100*v.TARAtFAR[far])
	}
	fmt.Fprintf(&b, "photographs  %d, without a face %d\n", v.Photographs, len(v.Faceless))
	return b.String()
}
