package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
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
the other folds. Elsewhere, or with --pairs, they are all pairs of a small folder and random ones of a large one, and are judged at the
model's own threshold. Intervals are by people, or by the alphabets of characters, not by pairs: many pairs of few people say little.`,
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
	flags.IntVar(&f.pairs, "pairs", 20000, "random pairs, half of them same; all pairs of a kind that has fewer; within an alphabet where there are alphabets")
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
		return a.verifyPhotos(ctx, f)
	}
	f.judged = true
	return a.withLabelled(ctx, f.labelledFlags, func(labelled *judge.Labelled, copies []judge.Copy) error {
		var verdicts *judge.Verdicts
		result, err := parallel.UnlessEnded(ctx, func() (result eval.Verification, err error) {
			result, verdicts, err = labelled.Verify(f.pairs, a.seed)
			return result, err
		})
		if err != nil {
			return err
		}
		return a.printVerified(f, verdicts, judge.Verification{Verification: result, Copies: copies}, verifyText(result))
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

// verifyPhotos judges the pairs of an LFW folder.
func (a *app) verifyPhotos(ctx context.Context, f verifyFlags) error {
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	pairs, err := readPairs(f)
	if err != nil {
		return err
	}
	a.skip(pairs.Skipped)
	a.warnOfLearned(model, pairs.Identities())
	view, err := f.faces.view(model, judge.MainFaces)
	if err != nil {
		return err
	}
	p := a.newProgress("embedding", "photographs", len(pairs.Files))
	defer p.close()
	pairs.Folder = watchedFolder(pairs.Folder, p)
	result, verdicts, err := judge.VerifyPhotos(ctx, model, view, pairs, a.seed)
	if err != nil {
		return err
	}
	a.leaveOut(result.Failed, len(pairs.Files))
	return a.printVerified(f, verdicts, result, photosText(result))
}

// readPairs reads the lists of a folder, less the folds that --folds does not name.
func readPairs(f verifyFlags) (*dataset.PhotoPairs, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	folder.Strict = f.strict
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil || len(f.folds) == 0 {
		return pairs, err
	}
	return pairs.Only(f.folds...)
}

func (a *app) printVerified(f verifyFlags, verdicts *judge.Verdicts, result any, text string) error {
	if err := a.saveAnswers(f.answers, verdicts.Answers); err != nil {
		return err
	}
	if f.report != "" {
		page := report.New("Same or different?")
		page.Subtitle = fmt.Sprintf("Model %s on %s, commit %s", f.model, f.data, thisBuild().Commit)
		if err := verdicts.AddTo(page); err != nil {
			return err
		}
		if err := page.WriteFile(f.report); err != nil {
			return err
		}
	}
	return a.print(result, text)
}

func verifyText(v eval.Verification) string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy at threshold %.4f  %s\n", v.Threshold, percent(v.Proportion))
	fmt.Fprintf(&b, "false match rate  %s\nfalse non-match rate  %s\n", percent(stats.Proportion(v.FMR)), percent(stats.Proportion(v.FNMR)))
	fmt.Fprintf(&b, "accuracy at the best threshold %.4f  %s\n", v.Best.Threshold, percent(v.Best.Proportion))
	writeCurve(&b, v.Curve, v.MeasuredOn)
	return b.String()
}

// writeCurve writes what pairs say of all thresholds, and what they cannot say.
func writeCurve(b *strings.Builder, c eval.Curve, on eval.Evidence) {
	fmt.Fprintf(b, "equal error rate  %s\n", percent(stats.Proportion(c.EER)))
	for _, far := range slices.Sorted(maps.Keys(c.TARAtFAR)) {
		fmt.Fprintf(b, "TAR at FAR %s  %s\n", far, percent(stats.Proportion(c.TARAtFAR[far])))
	}
	fmt.Fprintf(b, "TAR at FAR 1e-%d  not supported: %d different pairs of %d identities allow rates down to %.2g %%\n",
		len(c.TARAtFAR)+1, on.DifferentPairs, on.Identities, 100*c.LeastFAR)
	fmt.Fprintf(b, "judged by %s\n", on)
}

func photosText(v judge.PhotoVerification) string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy  %s, thresholds %.4f\n", percent(v.Proportion), v.Thresholds)
	if over := v.OverFolds; over != nil {
		fmt.Fprintf(&b, "mean of %d folds, as the protocol reports it  %.2f %% ± %.2f (standard error)\n", over.Folds, 100*over.Mean, 100*over.StandardError)
	}
	if v.AtModel != nil {
		fmt.Fprintf(&b, "accuracy at the model's threshold %.4f  %s\n", v.AtModel.Threshold, percent(v.AtModel.Proportion))
	}
	writeCurve(&b, v.Curve, v.MeasuredOn)
	fmt.Fprintf(&b, "photographs  %d, without a face %d\n", v.Photographs, len(v.Faceless))
	return b.String()
}
