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
	"github.com/siam-go/siam/stats"
)

// photoVerification is what siam eval verify --faces prints: each fold is judged at the threshold that is best on the others.
type photoVerification struct {
	eval.TenFold
	EER         float64            `json:"eer"`
	TARAtFAR    map[string]float64 `json:"tar_at_far"`
	Photographs int                `json:"photographs"`
	Faceless    []string           `json:"faceless"` // photographs in which no face was found; their pairs count as different
}

// verifyPhotos judges the pairs of an LFW folder.
func (a *app) verifyPhotos(ctx context.Context, modelFile, data string, flags faceFlags) (photoVerification, error) {
	model, closeModel, err := a.openModel(modelFile)
	if err != nil {
		return photoVerification{}, err
	}
	defer closeModel()
	folder, err := openData(data)
	if err != nil {
		return photoVerification{}, err
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil {
		return photoVerification{}, err
	}
	pipeline, err := flags.pipeline(model)
	if err != nil {
		return photoVerification{}, err
	}
	embeddings, err := embedPhotos(ctx, pipeline, pairs)
	if err != nil {
		return photoVerification{}, err
	}
	return judgePhotos(model, pairs, embeddings)
}

// photosAtOnce bounds how many decoded photographs are held in memory.
const photosAtOnce = 64

// embedPhotos embeds the main face of every photograph; nil where there is none.
func embedPhotos(ctx context.Context, pipeline *face.Pipeline, pairs *dataset.PhotoPairs) ([][]float32, error) {
	var embeddings [][]float32
	for files := range slices.Chunk(pairs.Files, photosAtOnce) {
		photos := make([]imgproc.Image, len(files))
		for i, file := range files {
			var err error
			if photos[i], err = imgproc.ReadFS(pairs.Folder.FS, file); err != nil {
				return nil, err
			}
		}
		faces, _, err := pipeline.EmbedMain(ctx, photos)
		if err != nil {
			return nil, err
		}
		for _, f := range faces {
			embeddings = append(embeddings, f.Embedding)
		}
	}
	return embeddings, nil
}

func judgePhotos(model *siam.Model, pairs *dataset.PhotoPairs, embeddings [][]float32) (photoVerification, error) {
	v := photoVerification{Photographs: len(embeddings), TARAtFAR: map[string]float64{}, Faceless: []string{}}
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
	roc, err := eval.NewROC(distances, same)
	if err != nil {
		return v, err
	}
	v.EER = roc.EER()
	for name, far := range map[string]float64{"1e-1": 1e-1, "1e-2": 1e-2} {
		v.TARAtFAR[name] = roc.TAR(far)
	}
	if v.TenFold, err = eval.JudgeTenFold(distances, same, folds, nil); err != nil {
		return v, err
	}
	v.Proportion = stats.Count(v.Right) // LFW has few folds here: its interval is that of the pairs
	return v, nil
}

func (v photoVerification) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy  %s, thresholds %.4f\n", percent(v.Proportion), v.Thresholds)
	fmt.Fprintf(&b, "equal error rate  %.2f %%\n", 100*v.EER)
	for _, far := range slices.Sorted(maps.Keys(v.TARAtFAR)) {
		fmt.Fprintf(&b, "TAR at FAR %s  %.2f %%\n", far, 100*v.TARAtFAR[far])
	}
	fmt.Fprintf(&b, "photographs  %d, without a face %d\n", v.Photographs, len(v.Faceless))
	return b.String()
}
