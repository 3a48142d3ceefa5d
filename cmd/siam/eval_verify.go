package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/recipe"
	"github.com/spf13/cobra"
)

// verifyFlags are the flags of siam eval verify.
type verifyFlags struct {
	model, data, answers string
	pairs                int
	random, incomplete   bool
	folds, only          []string
	faces                faceFlags
}

func (a *app) evalVerifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify --model M --data DIR",
		Short: "verification: accuracy, EER, TAR@FAR, of random pairs or of the lists of LFW",
		Long: `Verification: are two images the same? Pairs are those of the lists of Labeled Faces in the Wild (pairs.txt) or LFWcrop
(lists/NN_test_same.txt, lists/NN_test_diff.txt) where DIR has them: each fold is judged at the threshold that is best on
the other folds. Elsewhere, or with --pairs, they are random, and are judged at the model's own threshold.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.random = cmd.Flags().Changed("pairs") || len(f.only) > 0
			return a.evalVerify(cmd.Context(), f)
		},
	}
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	f.faces.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.answers, "answers", "", "`file` to save which pairs were right in, for siam eval compare")
	flags.IntVar(&f.pairs, "pairs", 20000, "random pairs, half of them same; within an alphabet where there are alphabets")
	flags.StringSliceVar(&f.folds, "folds", nil, "judge these folds of the lists only, such as 07,08")
	flags.BoolVar(&f.incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
	addOnlyFlag(cmd, &f.only)
	return cmd
}

// addOnlyFlag lets a command judge a part of a set.
func addOnlyFlag(cmd *cobra.Command, patterns *[]string) {
	cmd.Flags().StringSliceVar(patterns, "only", nil, "judge the classes of these `names` only; patterns such as 's2[1-9],s30' will do")
}

func (a *app) evalVerify(ctx context.Context, f verifyFlags) error {
	if f.pairs < 2 {
		return usagef("--pairs %d: want at least 2", f.pairs)
	}
	if f.random && (len(f.folds) > 0 || f.faces.faces) {
		return usagef("--pairs and --only are for random pairs, --folds and --faces for listed ones")
	}
	if err := f.faces.check(); err != nil {
		return err
	}
	if err := checkOut(f.answers); err != nil {
		return err
	}
	listed, err := f.listed()
	if err != nil {
		return err
	}
	if listed {
		result, err := a.verifyPhotos(ctx, f)
		if err != nil {
			return err
		}
		return a.printVerified(f, result.Right, result, result.text())
	}
	return a.withLabelled(ctx, f.model, f.data, f.only, f.incomplete, func(judged judgedSet) error {
		result, err := judged.verify(f.pairs, a.seed)
		if err != nil {
			return err
		}
		return a.printVerified(f, result.Right, result, verifyText(result))
	})
}

// listed says whether to judge the pairs of lists.
func (f verifyFlags) listed() (bool, error) {
	if f.random || f.model == "" { // without a model there will be a complaint
		return false, nil
	}
	if f.faces.faces || len(f.folds) > 0 {
		return true, nil
	}
	folder, err := openData(f.data)
	return err == nil && dataset.IsLFW(folder), err
}

func (a *app) printVerified(f verifyFlags, right []bool, result any, text string) error {
	if err := a.saveAnswers(f.answers, map[string][]bool{"verification": right}); err != nil {
		return err
	}
	return a.print(result, text)
}

func verifyText(v eval.Verification) string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy at threshold %.4f  %s\n", v.Threshold, percent(v.Proportion))
	fmt.Fprintf(&b, "equal error rate  %.2f %% (%.2f to %.2f)\n", 100*v.EER, 100*v.EERCI95[0], 100*v.EERCI95[1])
	for _, far := range slices.Sorted(maps.Keys(v.TARAtFAR)) {
		fmt.Fprintf(&b, "TAR at FAR %s  %.2f %%\n", far, 100*v.TARAtFAR[far])
	}
	return b.String()
}

// judgedSet is a labelled set with its embeddings.
type judgedSet struct {
	model      *siam.Model
	set        *dataset.Set
	items      eval.Items
	embeddings [][]float32
	distance   func(a, b []float32) float32
	threshold  *float32 // nil when the model has none
}

// withLabelled reads a set, embeds it with a model and hands both to judge.
func (a *app) withLabelled(ctx context.Context, modelFile, data string, only []string, incomplete bool, judge func(judgedSet) error) error {
	model, closeModel, err := a.openModel(modelFile)
	if err != nil {
		return err
	}
	defer closeModel()
	folder, err := openData(data)
	if err != nil {
		return err
	}
	if dataset.IsRuns(folder) {
		return fmt.Errorf("read %s: it holds one-shot runs: judge on them with siam eval oneshot", folder.Path)
	}
	set, err := dataset.ReadLabelled(ctx, folder, dataset.AlphabetOptions{Incomplete: incomplete})
	if err != nil {
		return err
	}
	if set, err = chosen(set, only); err != nil {
		return err
	}
	a.warnOfLearned(model, classNames(set))
	judged := judgedSet{model: model, set: set, items: recipe.ItemsOf(set), distance: model.Distance}
	if judged.embeddings, err = recipe.EmbedSet(ctx, model, set); err != nil {
		return err
	}
	if calibration := model.File().Calibration; calibration != nil {
		judged.threshold = &calibration.Threshold
	}
	return judge(judged)
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

func (j judgedSet) verify(n int, seed uint64) (eval.Verification, error) {
	if j.threshold == nil {
		return eval.Verification{}, fmt.Errorf("the model has no threshold to verify with; train it with validation data")
	}
	pairs, err := j.items.BalancedPairs(n, seed)
	if err != nil {
		return eval.Verification{}, err
	}
	distances := eval.PairDistances(pairs, j.embeddings, j.distance)
	return eval.Verify(distances, eval.Same(pairs), float64(*j.threshold), seed)
}
