package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
	"github.com/spf13/cobra"
)

// trainFlags are the flags of siam train.
type trainFlags struct {
	data, out, init string
	compatible      string
	report          string
	set             []string
	leave           recipe.Leave
	resume, strict  bool
	most            time.Duration
	fmr             float64
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE --data DIR --out MODEL",
		Short: "train a network by a recipe",
		Long: `Trains a network and writes a model file. Of a folder with images_background, only that part is read.
Ctrl-C leaves MODEL.checkpoint, from which --resume goes on exactly; --for leaves it too, and a model.

Recipes, with the settings that --set changes:
` + recipeList(),
		Example: `  siam train oneshot-triplet --data omniglot --out my.safetensors
  siam train oneshot-triplet --data omniglot --out small.safetensors --set size=28 --set widths=[32,64] --set steps=1000`,
		Args: wants("RECIPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := recipe.ByName(args[0])
			if err != nil {
				return usageError{err}
			}
			return a.train(cmd.Context(), r, f)
		},
	}
	addDataFlag(cmd, &f.data)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "model `file` to write")
	flags.StringVar(&f.init, "init", "", "model `file` to start from")
	flags.StringVar(&f.compatible, "compatible-with", "", "older model `file` whose stored embeddings are to be compared with the new ones")
	flags.StringArrayVar(&f.set, "set", nil, "change a setting of the recipe: `key=value` (repeatable)")
	flags.StringSliceVar(&f.leave.Exclude, "exclude", nil, "`names` of alphabets or classes to leave out of training, separated by commas")
	flags.StringSliceVar(&f.leave.TestFolds, "test-folds", nil, "folds of LFW or LFWcrop whose people are left out of training, such as 07,08")
	flags.StringVar(&f.report, "report", "", "HTML file to write with the curves of the loss and the validation")
	flags.DurationVar(&f.most, "for", 0, "end after this `time`, such as 1h, with the model so far and a checkpoint; 0 takes all steps")
	addFMRFlag(cmd, &f.fmr)
	addStrictFlag(cmd, &f.strict)
	flags.BoolVar(&f.resume, "resume", false, "go on from MODEL.checkpoint")
	flags.BoolVar(&f.leave.Incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
	return cmd
}

// recipeList describes the recipes for siam train --help.
func recipeList() string {
	const width = 100
	var b strings.Builder
	for _, r := range recipe.All() {
		fmt.Fprintf(&b, "\n  %s: %s\n", r.Name, r.Summary)
		line := "   "
		for _, setting := range strings.Fields(r.Settings.String()) {
			if len(line)+len(setting) >= width {
				b.WriteString(line + "\n")
				line = "   "
			}
			line += " " + setting
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (a *app) train(ctx context.Context, r recipe.Recipe, f trainFlags) error {
	if err := f.apply(&r.Settings); err != nil {
		return err
	}
	a.sayReplaced(f.out)
	backend, err := a.newBackend()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	job, err := a.trainingJob(ctx, r, f)
	if err != nil {
		return err
	}
	job.Backend = backend
	var history recipe.History
	progress := newProgressFile(r, f)
	model, err := a.runRecipe(ctx, r, job, func(p recipe.Progress) { history = append(history, p); progress.step(p) })
	if err != nil {
		progress.stop(err)
		return f.keep(model, err)
	}
	if err := model.Write(f.out); err != nil {
		return err
	}
	if err := errors.Join(writeSplit(r, job.Background, f.out), f.writeReport(history, r)); err != nil {
		return err
	}
	if f.most > 0 && len(history) > 0 && history[len(history)-1].Step < r.Settings.Steps {
		a.say("checkpoint %s has the rest: go on with --resume", job.Checkpoint)
		progress.stop(nil)
	} else if err := errors.Join(removeIfThere(job.Checkpoint), progress.remove()); err != nil {
		return err
	}
	if doubt := judge.Doubt(model.Calibration); doubt != "" {
		a.say("note: %s", doubt)
	}
	info := describe(f.out, model)
	return a.print(info, info.text())
}

// apply changes the settings as the flags say, and finds out early what makes no sense.
func (f trainFlags) apply(settings *recipe.Settings) error {
	switch {
	case f.out == "":
		return usagef("--out is missing: name the model file to write")
	case f.most < 0:
		return usagef("--for %v: want a time above 0, such as 1h, or 0 for all steps", f.most)
	}
	if err := checkFMR(f.fmr); err != nil {
		return err
	}
	for _, setting := range f.set {
		key, value, found := strings.Cut(setting, "=")
		if !found {
			return usagef("--set %s: want key=value", setting)
		}
		if err := settings.Set(key, value); err != nil {
			return usageError{err}
		}
	}
	if err := settings.Check(); err != nil {
		return usageError{err}
	}
	for _, file := range []string{f.out, f.report} {
		if err := checkOut(file); err != nil {
			return err
		}
	}
	return nil
}

// trainingJob reads what a training needs besides a backend, the data set last: it may take minutes.
func (a *app) trainingJob(ctx context.Context, r recipe.Recipe, f trainFlags) (recipe.Job, error) {
	job := recipe.Job{Seed: a.seed, Checkpoint: f.out + ".checkpoint", Resume: f.resume, For: f.most, FMR: f.fmr, Commit: thisBuild().Commit}
	var err error
	if job.Init, err = readModelFile(f.init); err != nil {
		return job, err
	}
	if job.Compatible, err = readModelFile(f.compatible); err != nil {
		return job, err
	}
	job.Background, err = a.readTraining(ctx, r, f)
	return job, err
}

// keep writes the last good model of a training that failed, if it has one, and says so.
func (f trainFlags) keep(model *modelfile.File, failed error) error {
	if model == nil {
		return failed
	}
	file := f.out + ".best"
	if err := model.Write(file); err != nil {
		return fmt.Errorf("%w; and its last good model: %w", failed, err)
	}
	return fmt.Errorf("%w; the last good model, of step %d, is %s: start from it with --init", failed, model.Provenance.Steps, file)
}

// writeReport draws the curves of a training, if they are wanted.
func (f trainFlags) writeReport(history recipe.History, r recipe.Recipe) error {
	if f.report == "" {
		return nil
	}
	page := report.New("Training of " + r.Name)
	page.Subtitle = fmt.Sprintf("On %s, model %s, commit %s", f.data, f.out, thisBuild().Commit)
	recipe.AddTraining(page, r.Settings, history)
	return page.WriteFile(f.report)
}

// readTraining reads what a recipe trains on.
func (a *app) readTraining(ctx context.Context, r recipe.Recipe, f trainFlags) (*dataset.Set, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	folder.Enough, folder.Strict = r.Settings.Enough, f.strict
	found, err := reading(a, folder, func(folder dataset.Folder) (recipe.Background, error) {
		return r.Settings.Data.Read(ctx, folder, f.leave)
	})
	for _, note := range found.Notes {
		a.say("%s", note)
	}
	var unknown *recipe.LeaveError
	switch {
	case errors.Is(err, recipe.ErrNoFolds):
		return nil, usagef("--test-folds: recipe %s trains on alphabets; leave some out with --exclude", r.Name)
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("--%w", err)
	case err != nil:
		return nil, err
	}
	a.skip(found.Skipped)
	a.leaveOut(found.Failed, found.Read)
	a.noteCases(classNames(found.Set))
	a.say("training %s on %s: %s", r.Name, found.Set.Name, found.Summary)
	return found.Set, nil
}

// runRecipe trains, shows progress, hands every step to see when it is not nil, and returns the model, beside an error the last good
// one or nil.
func (a *app) runRecipe(ctx context.Context, r recipe.Recipe, job recipe.Job, see func(recipe.Progress)) (*modelfile.File, error) {
	show := a.newTrainingProgress(r.Settings)
	defer show.close()
	for step, err := range r.Train(ctx, job) {
		if err != nil {
			return step.Model, err
		}
		if step.Model != nil {
			return step.Model, nil
		}
		show.step(step)
		if see != nil {
			see(step)
		}
	}
	return nil, fmt.Errorf("recipe %s ended without a model", r.Name)
}
