package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// photoVerification is what siam eval verify prints of listed pairs of photographs.
type photoVerification struct {
	eval.FoldVerification
	Photographs int      `json:"photographs"`
	Faceless    []string `json:"faceless"` // photographs in which no face was found; their pairs count as different
}

// verifyPhotos judges the pairs of an LFW folder.
func (a *app) verifyPhotos(ctx context.Context, f verifyFlags) (photoVerification, verifiedPairs, error) {
	fail := func(err error) (photoVerification, verifiedPairs, error) {
		return photoVerification{}, verifiedPairs{}, err
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return fail(err)
	}
	defer closeModel()
	pairs, err := readPairs(f)
	if err != nil {
		return fail(err)
	}
	a.warnOfLearned(model, pairs.Identities())
	embed := model.EmbedImages
	if f.faces.faces {
		pipeline, err := f.faces.pipeline(model)
		if err != nil {
			return fail(err)
		}
		embed = mainFaces(pipeline)
	}
	embeddings, err := embedPhotos(ctx, embed, pairs)
	if err != nil {
		return fail(err)
	}
	return judgePhotos(model, pairs, embeddings, a.seed)
}

// readPairs reads the lists of a folder, less the folds that --folds does not name.
func readPairs(f verifyFlags) (*dataset.PhotoPairs, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil || len(f.folds) == 0 {
		return pairs, err
	}
	return pairs.Only(f.folds...)
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

func judgePhotos(model *siam.Model, pairs *dataset.PhotoPairs, embeddings [][]float32, seed uint64) (photoVerification, verifiedPairs, error) {
	result := photoVerification{Photographs: len(embeddings), Faceless: []string{}}
	for i, e := range embeddings {
		if e == nil {
			result.Faceless = append(result.Faceless, pairs.Files[i])
		}
	}
	if len(result.Faceless) == len(embeddings) {
		return result, verifiedPairs{}, errors.New("no face was found in any photograph")
	}
	n := len(pairs.Pairs)
	v, folds := verifiedPairs{distances: make([]float32, n), same: make([]bool, n)}, make([]int, n)
	largest := float32(0)
	for i, p := range pairs.Pairs {
		v.same[i], folds[i] = p.Same, p.Fold
		if embeddings[p.A] != nil && embeddings[p.B] != nil {
			v.distances[i] = model.Distance(embeddings[p.A], embeddings[p.B])
			largest = max(largest, v.distances[i])
		}
	}
	for i, p := range pairs.Pairs {
		if embeddings[p.A] == nil || embeddings[p.B] == nil {
			v.distances[i] = largest
		}
	}
	var err error
	if result.FoldVerification, err = eval.JudgeFolds(v.distances, v.same, folds, thresholdOf(model), seed); err != nil {
		return result, v, err
	}
	v.right, v.accuracy, v.threshold = result.Right, result.Proportion, stats.Mean(result.Thresholds)
	v.trials = []any{pairs.Files, pairs.Pairs}
	v.where = "each fold at the threshold best on the others"
	v.picture = func(i int) (report.PicturePair, error) { return pairOfPhotos(pairs, i) }
	return result, v, nil
}

// pairOfPhotos reads the two photographs of a pair again.
func pairOfPhotos(pairs *dataset.PhotoPairs, i int) (report.PicturePair, error) {
	var p report.PicturePair
	files := [2]string{pairs.Files[pairs.Pairs[i].A], pairs.Files[pairs.Pairs[i].B]}
	photos, err := readAll(pairs.Folder, files[:])
	if err != nil {
		return p, err
	}
	p.A, p.B = thumbnail(photos[0]), thumbnail(photos[1])
	for side, file := range files {
		p.Names[side] = strings.TrimSuffix(path.Base(file), path.Ext(file))
	}
	return p, nil
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
