package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/spf13/cobra"
)

// verifyFlags are the flags of siam eval verify.
type verifyFlags struct {
	labelledFlags
	answers, report string
	pairs           int
	random          bool
	folds           []string
	faces           faceFlags
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
			f.random = cmd.Flags().Changed("pairs") || len(f.only) > 0 || f.against != ""
			return a.evalVerify(cmd.Context(), f)
		},
	}
	f.add(cmd)
	f.faces.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.answers, "answers", "", "`file` to save which pairs were right in, for siam eval compare")
	flags.StringVar(&f.report, "report", "", "HTML `file` to write with the figures, the curves and the pictures of the worst mistakes")
	flags.IntVar(&f.pairs, "pairs", 20000, "random pairs, half of them same; within an alphabet where there are alphabets")
	flags.StringSliceVar(&f.folds, "folds", nil, "judge these folds of the lists only, such as 07,08")
	return cmd
}

func (a *app) evalVerify(ctx context.Context, f verifyFlags) error {
	if f.pairs < 2 {
		return usagef("--pairs %d: want at least 2", f.pairs)
	}
	if f.random && (len(f.folds) > 0 || f.faces.faces) {
		return usagef("--pairs, --only and --against are for random pairs, --folds and --faces for listed ones")
	}
	if err := f.faces.check(); err != nil {
		return err
	}
	for _, file := range []string{f.answers, f.report} {
		if err := checkOut(file); err != nil {
			return err
		}
	}
	listed, err := f.listed()
	if err != nil {
		return err
	}
	if listed {
		result, pairs, err := a.verifyPhotos(ctx, f)
		if err != nil {
			return err
		}
		return a.printVerified(f, pairs, result, result.text())
	}
	return a.withLabelled(ctx, f.labelledFlags, func(judged judgedSet) error {
		result, pairs, err := judged.verify(f.pairs, a.seed)
		if err != nil {
			return err
		}
		return a.printVerified(f, pairs, result, verifyText(result))
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

func (a *app) printVerified(f verifyFlags, pairs verifiedPairs, result any, text string) error {
	if err := a.saveAnswers(f.answers, pairs.trials, map[string][]bool{"verification": pairs.right}); err != nil {
		return err
	}
	if f.report != "" {
		if err := pairs.writeReport(f); err != nil {
			return err
		}
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
