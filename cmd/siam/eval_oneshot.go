package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
	"github.com/spf13/cobra"
)

// oneshotFlags are the flags of siam eval oneshot.
type oneshotFlags struct {
	model, data, baseline string
	answers, report       string
	incomplete, strict    bool
	test                  judge.OneShotTest
}

func (a *app) evalOneshotCommand() *cobra.Command {
	f := oneshotFlags{test: judge.StandardOneShot(0)}
	cmd := &cobra.Command{
		Use:   "oneshot --model M --data DIR",
		Short: "one-shot recognition: Lake's runs, or random episodes of an Omniglot-style folder",
		Long: `One-shot recognition. DIR holds Lake's runs (run01 … run20), alphabets of characters, or MNIST's own files (with
--ways 10); of a folder with images_evaluation, that part judges. Alphabets give three figures: within an alphabet (look-alike ways), unstructured
(ways from everywhere, an easier task) and verification of pairs.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.evalOneshot(cmd.Context(), f) },
	}
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	flags := cmd.Flags()
	flags.StringVar(&f.baseline, "baseline", "", "judge a distance that learns nothing instead of a model: pixel or hausdorff")
	flags.StringVar(&f.report, "report", "", "HTML `file` to write with figures, example episodes, distances and the embedding map")
	flags.StringVar(&f.answers, "answers", "", "`file` to save which trials were right in, for siam eval compare")
	addStrictFlag(cmd, &f.strict)
	flags.BoolVar(&f.incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
	flags.IntVar(&f.test.Ways, "ways", f.test.Ways, "classes to choose between")
	flags.IntVar(&f.test.Shots, "shots", f.test.Shots, "examples of each class")
	flags.IntVar(&f.test.Trials, "trials", f.test.Trials, "random trials of each task")
	flags.IntVar(&f.test.Pairs, "pairs", f.test.Pairs, "pairs to verify, half of them same; all that there are when they are fewer")
	return cmd
}

func (a *app) evalOneshot(ctx context.Context, f oneshotFlags) error {
	f.test.Seed = a.seed
	if err := f.check(); err != nil {
		return err
	}
	one, closeOne, err := a.judged(f)
	if err != nil {
		return err
	}
	defer closeOne()
	folder, err := openData(f.data)
	if err != nil {
		return err
	}
	folder.Strict = f.strict
	if one.model != nil {
		folder.Enough = one.model.Spec().Preprocess.Enough
	}
	if !dataset.IsRuns(folder) {
		return a.evalAlphabets(ctx, f, one, folder)
	}
	if f.report != "" {
		return usagef("--report: %s holds one-shot runs, and only alphabets make a report", f.data)
	}
	return a.evalRuns(ctx, f, one, folder)
}

// judged is what is judged: a model, or a baseline where that is nil.
type judged struct {
	model    *siam.Model
	baseline judge.Baseline
}

// judged opens what the flags name.
func (a *app) judged(f oneshotFlags) (judged, func(), error) {
	if f.baseline != "" {
		baseline, err := judge.BaselineByName(f.baseline)
		if err != nil {
			return judged{}, nil, usageError{err}
		}
		return judged{baseline: baseline}, func() {}, nil
	}
	model, closeModel, err := a.openModel(f.model)
	return judged{model: model}, closeModel, err
}

// check finds out early what cannot be done.
func (f oneshotFlags) check() error {
	switch {
	case (f.model == "") == (f.baseline == ""):
		return usagef("give either --model or --baseline")
	case f.report != "" && f.model == "":
		return usagef("--report needs --model")
	case f.test.Ways < 2 || f.test.Shots < 1 || f.test.Trials < 1 || f.test.Pairs < 2:
		return usagef("--ways must be at least 2, --shots and --trials at least 1, --pairs at least 2")
	}
	for _, file := range []string{f.answers, f.report} {
		if err := checkOut(file); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) evalAlphabets(ctx context.Context, f oneshotFlags, one judged, folder dataset.Folder) error {
	set, err := reading(a, folder, func(folder dataset.Folder) (*dataset.Set, error) {
		return dataset.ReadEvaluation(ctx, folder, dataset.AlphabetOptions{Incomplete: f.incomplete})
	})
	if err != nil {
		return err
	}
	a.leaveOutOf(set)
	result, err := a.judgeOneshot(ctx, f, one, set)
	if err != nil {
		return err
	}
	answers := func(seed uint64) (judge.Answers, error) { return result.Answers(set, seed) }
	if err := a.saveAnswers(f.answers, answers); err != nil {
		return err
	}
	if f.report != "" {
		page := report.New("One-shot recognition")
		page.Subtitle = fmt.Sprintf("Model %s on %s, seed %d, commit %s", f.model, f.data, a.seed, thisBuild().Commit)
		if err := judge.AddOneShot(ctx, page, set, result); err != nil {
			return err
		}
		if err := page.WriteFile(f.report); err != nil {
			return err
		}
	}
	return a.print(result, oneshotText(result))
}

func (a *app) judgeOneshot(ctx context.Context, f oneshotFlags, one judged, set *dataset.Set) (judge.OneShotResult, error) {
	if one.model == nil {
		p := a.newProgress("comparing", "images", 2*f.test.Trials*f.test.Ways*f.test.Shots)
		defer p.close()
		return parallel.UnlessEnded(ctx, func() (judge.OneShotResult, error) { return watchedBaseline(one.baseline, p).OneShot(set, f.test) })
	}
	return a.judgeModel(ctx, one.model, set, f.test)
}

func (a *app) judgeModel(ctx context.Context, model *siam.Model, set *dataset.Set, test judge.OneShotTest) (judge.OneShotResult, error) {
	p := a.newProgress("embedding", "images", len(set.Items))
	defer p.close()
	return judge.OneShot(ctx, watchedModel{model, p}, set, test)
}

func oneshotText(r judge.OneShotResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d-way %d-shot within an alphabet  %s\n", r.Ways, r.Shots, percent(r.Within.Proportion))
	fmt.Fprintf(&b, "%d-way %d-shot unstructured        %s\n", r.Ways, r.Shots, percent(r.Unstructured.Proportion))
	if v := r.Verification; v != nil {
		fmt.Fprintf(&b, "verification of pairs             %s at the model's threshold %.4f\n", percent(v.Proportion), v.Threshold)
		fmt.Fprintf(&b, "equal error rate                  %s\n", percent(stats.Proportion(v.EER)))
	}
	fmt.Fprintf(&b, "intervals by %d %s\n", r.Units, r.Unit)
	return b.String()
}

func (a *app) evalRuns(ctx context.Context, f oneshotFlags, one judged, folder dataset.Folder) error {
	found, err := reading(a, folder, func(folder dataset.Folder) (dataset.Runs, error) { return dataset.ReadRuns(ctx, folder) })
	if err != nil {
		return err
	}
	a.skip(found.Skipped)
	a.leaveOut(found.Failed, found.Images)
	if len(found.Left) > 0 {
		a.say("note: a run counts whole or not at all: %s left out", strings.Join(found.Left, ", "))
	}
	result, err := a.judgeRuns(ctx, one, found.Runs)
	if err != nil {
		return err
	}
	answers := func(seed uint64) (judge.Answers, error) { return judge.RunsAnswers(result, found.Runs, seed) }
	if err := a.saveAnswers(f.answers, answers); err != nil {
		return err
	}
	return a.print(result, fmt.Sprintf("%s  %s\nintervals by runs\n", count(len(found.Runs), "run"), percent(result.Proportion)))
}

func (a *app) judgeRuns(ctx context.Context, one judged, runs []dataset.Run) (eval.RunsResult, error) {
	if one.model == nil {
		p := a.newProgress("comparing", "images", 0)
		defer p.close()
		return parallel.UnlessEnded(ctx, func() (eval.RunsResult, error) { return watchedBaseline(one.baseline, p).Runs(runs) })
	}
	p := a.newProgress("embedding", "images", imagesOf(runs))
	defer p.close()
	return judge.Runs(ctx, watchedModel{one.model, p}, runs)
}

// imagesOf counts the images of all runs.
func imagesOf(runs []dataset.Run) int {
	n := 0
	for _, run := range runs {
		n += len(run.Support) + len(run.Query)
	}
	return n
}
