package judge

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// PhotoVerification is what a model reaches on listed pairs of photographs.
type PhotoVerification struct {
	eval.FoldVerification
	Photographs int      `json:"photographs"`
	Faceless    []string `json:"faceless"` // photographs in which no face was found; their pairs count as different
	// Failed are files that could not be read: their pairs are left out.
	Failed []*dataset.FileError `json:"-"`
}

// VerifyPhotos judges listed pairs of photographs by what view, a model's, takes out of them first: each fold at the threshold that
// is best on the other folds, and all at the model's own. A file that cannot be read is left out, where the folder of the pairs is not
// strict.
func VerifyPhotos(ctx context.Context, model Model, view View, pairs *dataset.PhotoPairs, seed uint64) (PhotoVerification, *Verdicts, error) {
	embeddings, failed, err := embedPhotos(ctx, view, pairs)
	if err != nil {
		return PhotoVerification{}, nil, err
	}
	pairs = pairs.Without(failed)
	result := PhotoVerification{Photographs: len(embeddings) - len(failed), Faceless: []string{}, Failed: failed}
	for i, e := range embeddings {
		if e == nil && !slices.ContainsFunc(failed, func(f *dataset.FileError) bool { return f.File == pairs.Files[i] }) {
			result.Faceless = append(result.Faceless, pairs.Files[i])
		}
	}
	if result.Photographs == 0 {
		return result, nil, failed[0]
	}
	if len(result.Faceless) == result.Photographs {
		return result, nil, errors.New("no face was found in any photograph")
	}
	v, folds := listed(pairs, embeddings, model.NamedDistance().Of)
	if result.FoldVerification, err = eval.JudgeFolds(v.Scored, folds, thresholdOf(model), seed); err != nil {
		return result, nil, err
	}
	v.right, v.accuracy, v.threshold = result.Right, result.Proportion, stats.Mean(result.Thresholds)
	v.curve, v.measured, v.best = result.Curve, result.MeasuredOn, result.Best
	return result, v, nil
}

// embedPhotos embeds every photograph that the pairs name; nil stands for one of which the view takes nothing, or that failed.
func embedPhotos(ctx context.Context, view View, pairs *dataset.PhotoPairs) (embeddings [][]float32, failed []*dataset.FileError, err error) {
	folder := pairs.Folder
	folder.Enough = view.Enough
	for cuts, err := range view.Cuts(ctx, pairs.Files, folder.Photos(ctx, pairs.Files)) {
		if file, ok := errors.AsType[*dataset.FileError](err); ok && !folder.Strict {
			failed = append(failed, file)
		} else if err != nil {
			return nil, nil, err
		}
		var embedding []float32
		if len(cuts) > 0 {
			embedding = cuts[0].Embedding
		}
		embeddings = append(embeddings, embedding)
	}
	return embeddings, failed, nil
}

// listed are the pairs with their distances, and their folds. Where one has no embedding, the distance is the largest of the others.
func listed(pairs *dataset.PhotoPairs, embeddings [][]float32, distance func(a, b []float32) float32) (v *Verdicts, folds []int) {
	n := len(pairs.Pairs)
	v = &Verdicts{
		Scored: eval.Scored{Distances: make([]float32, n), Same: make([]bool, n), Unit: "identities", Images: len(pairs.Files), Classes: make([][2]int, n)},
		trials: []any{pairs.Files, pairs.Pairs}, where: "each fold at the threshold best on the others",
		picture: func(i int) (report.PicturePair, error) { return pairOfPhotos(pairs, i) },
	}
	folds = make([]int, n)
	largest := float32(0)
	var without []int
	person := map[string]int{}
	numberOf := func(file int) int {
		name := pairs.Identity(file)
		if _, known := person[name]; !known {
			person[name] = len(person)
		}
		return person[name]
	}
	for i, p := range pairs.Pairs {
		v.Same[i], folds[i], v.Classes[i] = p.Same, p.Fold, [2]int{numberOf(p.A), numberOf(p.B)}
		if embeddings[p.A] == nil || embeddings[p.B] == nil {
			without = append(without, i)
			continue
		}
		v.Distances[i] = distance(embeddings[p.A], embeddings[p.B])
		largest = max(largest, v.Distances[i])
	}
	for _, i := range without {
		v.Distances[i] = largest
	}
	return v, folds
}

// pairOfPhotos reads the two photographs of a pair again.
func pairOfPhotos(pairs *dataset.PhotoPairs, i int) (report.PicturePair, error) {
	var p report.PicturePair
	files := [2]string{pairs.Files[pairs.Pairs[i].A], pairs.Files[pairs.Pairs[i].B]}
	folder := pairs.Folder
	folder.Enough = func(h, w int) bool { return min(h, w) >= 2*pictureSide }
	photos, err := folder.ReadImages(context.Background(), files[:])
	if err != nil {
		return p, err
	}
	p.A, p.B = thumbnail(photos[0]), thumbnail(photos[1])
	for side, file := range files {
		p.Names[side] = strings.TrimSuffix(path.Base(file), path.Ext(file))
	}
	return p, nil
}
