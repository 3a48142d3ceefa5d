package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/report"
	"github.com/spf13/cobra"
)

// labelledFlags say what judges a model: a folder of labelled images.
type labelledFlags struct {
	model, data, against string
	only                 []string
	incomplete           bool
	each                 int
}

func (f *labelledFlags) add(cmd *cobra.Command) {
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "", "older model `file` that the model is compatible with: compare its embeddings with the model's")
	flags.StringSliceVar(&f.only, "only", nil, "judge the classes of these `names` only; patterns such as 's2[1-9],s30' will do")
	flags.IntVar(&f.each, "each", 0, "judge `N` images of each class, evenly spread in the order of their names; all when not given")
	flags.BoolVar(&f.incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
}

// judgedSet is a labelled set with its embeddings.
type judgedSet struct {
	model      *siam.Model
	set        *dataset.Set
	items      eval.Items
	embeddings [][]float32
	old        [][]float32 // by the older model, nil without one
	distance   func(a, b []float32) float32
	threshold  *float32 // nil when the model has none
}

// withLabelled reads a set, embeds it with a model and hands both on.
func (a *app) withLabelled(ctx context.Context, f labelledFlags, ask func(judgedSet) error) error {
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	set, err := readJudging(ctx, f)
	if err != nil {
		return err
	}
	a.warnOfLearned(model, classNames(set))
	a.warnOfDoubts(set)
	judged := judgedSet{model: model, set: set, items: judge.ItemsOf(set), distance: model.Distance}
	if judged.embeddings, err = judge.Embed(ctx, model, set); err != nil {
		return err
	}
	if f.against != "" {
		if judged.old, err = a.embedOld(ctx, model, f.against, set); err != nil {
			return err
		}
	}
	if calibration := model.File().Calibration; calibration != nil {
		judged.threshold = &calibration.Threshold
	}
	return ask(judged)
}

func readJudging(ctx context.Context, f labelledFlags) (*dataset.Set, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	if dataset.IsRuns(folder) {
		return nil, fmt.Errorf("read %s: it holds one-shot runs: judge on them with siam eval oneshot", folder.Path)
	}
	set, err := dataset.ReadLabelled(ctx, folder, dataset.AlphabetOptions{Incomplete: f.incomplete})
	if err != nil {
		return nil, err
	}
	if set, err = chosen(set, f.only); err != nil {
		return nil, err
	}
	if f.each > 0 {
		set = thinned(set, f.each)
	}
	if !slices.ContainsFunc(set.ByClass(), func(items []int32) bool { return len(items) > 1 }) {
		return nil, fmt.Errorf("read %s: each of its %d classes has one image, so no two images show the same: add more of some", f.data, len(set.Classes))
	}
	return set, nil
}

// warnOfDoubts names the pictures that stand under two identities.
func (a *app) warnOfDoubts(set *dataset.Set) {
	if len(set.Groups()) > 1 || set.Groups()[0] != "" {
		return // characters of alphabets may well look the same
	}
	for _, d := range dataset.SamePictures(set) {
		a.say("note: %s and %s show the same picture under two identities, and count as different here", set.Items[d.A].Source, set.Items[d.B].Source)
	}
}

// embedOld embeds a set with the older model that --against names.
func (a *app) embedOld(ctx context.Context, model *siam.Model, against string, set *dataset.Set) ([][]float32, error) {
	old, closeOld, err := a.openModel(against)
	if err != nil {
		return nil, err
	}
	defer closeOld()
	if !slices.Contains(model.File().Provenance.Compatible, old.File().Hash) {
		return nil, fmt.Errorf("--against %s: the model's embeddings cannot be compared with that one's: train it with --compatible-with %s", against, against)
	}
	return judge.Embed(ctx, old, set)
}

func classNames(set *dataset.Set) []string {
	names := make([]string, len(set.Classes))
	for i, class := range set.Classes {
		names[i] = class.Name
	}
	return names
}

// chosen keeps the classes that --only names, all when it names none.
func chosen(set *dataset.Set, only []string) (*dataset.Set, error) {
	if len(only) == 0 {
		return set, nil
	}
	names, err := set.Match(only...)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	_, set, err = dataset.SplitByIdentity(set, names...)
	return set, err
}

func (j judgedSet) verify(n int, seed uint64) (eval.Verification, verifiedPairs, error) {
	if j.threshold == nil {
		return eval.Verification{}, verifiedPairs{}, fmt.Errorf("the model has no threshold to verify with; train it with validation data")
	}
	drawn, err := j.items.BalancedPairs(n, seed)
	if err != nil {
		return eval.Verification{}, verifiedPairs{}, err
	}
	pairs, embeddings := slices.Clone(drawn), j.embeddings
	if j.old != nil { // the second image of each pair is the older model's
		embeddings = slices.Concat(j.embeddings, j.old)
		for i := range pairs {
			pairs[i].B += len(j.embeddings)
		}
	}
	v := verifiedPairs{distances: eval.PairDistances(pairs, embeddings, j.distance), same: eval.Same(pairs), threshold: float64(*j.threshold)}
	result, err := eval.Verify(v.distances, v.same, v.threshold, seed)
	v.right, v.accuracy, v.where = result.Right, result.Proportion, "at the model's own threshold"
	v.trials = []any{classSizes(j.set), drawn}
	v.picture = func(i int) (report.PicturePair, error) {
		a, b := j.set.Items[drawn[i].A], j.set.Items[drawn[i].B]
		return report.PicturePair{
			A: a.Pixels().GoImage(), B: b.Pixels().GoImage(),
			Names: [2]string{j.set.Classes[a.Label].Name, j.set.Classes[b.Label].Name},
		}, nil
	}
	return result, v, err
}

func (j judgedSet) retrieve(seed uint64, except func(query, reference int) bool) (eval.Retrieval, error) {
	ranking := eval.Ranking{Distance: j.distance, Seed: seed, Except: except}
	alike := []string{metric.Cosine().Name, metric.SquaredEuclidean().Name, metric.Euclidean().Name}
	if file := j.model.File(); file.Spec.Normalize && slices.Contains(alike, file.Distance) {
		ranking.Distance = nil // on the unit sphere these order alike, and the squared one is fast
	}
	queries := eval.Labelled{Embeddings: j.embeddings, Labels: j.items.Labels}
	if j.old != nil {
		return eval.RetrieveAcross(queries, eval.Labelled{Embeddings: j.old, Labels: j.items.Labels}, ranking)
	}
	return eval.Retrieve(queries, ranking)
}
