package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

// labelledFlags say what judges a model: a folder of labelled images.
type labelledFlags struct {
	model, data, against string
	only                 []string
	each                 int
	incomplete, strict   bool
	judged               bool // at the model's threshold, which it must have
}

func (f *labelledFlags) add(cmd *cobra.Command) {
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "", "older model `file` that the model is compatible with: compare its embeddings with the model's")
	flags.StringSliceVar(&f.only, "only", nil, "judge the classes of these `names` only; patterns such as 's2[1-9],s30' will do")
	flags.IntVar(&f.each, "each", 0, "judge `N` images of each class, evenly spread in the order of their names; all when not given")
	addStrictFlag(cmd, &f.strict)
	flags.BoolVar(&f.incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
}

// withLabelled reads a set, embeds it with a model and hands it on.
func (a *app) withLabelled(ctx context.Context, f labelledFlags, ask func(*judge.Labelled, []judge.Copy) error) error {
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	if f.judged && model.File().Calibration == nil {
		return judge.ErrNoThreshold
	}
	old, closeOld, err := a.openOld(model, f.against)
	if err != nil {
		return err
	}
	defer closeOld()
	set, err := a.readLabelled(ctx, f, model.Spec().Preprocess.Enough)
	if err != nil {
		return err
	}
	a.warnOfLearned(model, classNames(set))
	a.warnOfDoubts(set)
	set, copies := judge.WithoutCopies(set)
	a.warnOfCopies(copies)
	if err := judge.CanJudge(set, f.data); err != nil {
		return err
	}
	labelled, err := a.embedLabelled(ctx, model, old, set)
	if err != nil {
		return err
	}
	return ask(labelled, copies)
}

// embedLabelled embeds a set with a model, and with an older one where that is not nil.
func (a *app) embedLabelled(ctx context.Context, model, old *siam.Model, set *dataset.Set) (*judge.Labelled, error) {
	if old == nil {
		p := a.newProgress("embedding", "images", len(set.Items))
		defer p.close()
		return judge.NewLabelled(ctx, watchedModel{model, p}, nil, set)
	}
	p := a.newProgress("embedding", "images", 2*len(set.Items))
	defer p.close()
	return judge.NewLabelled(ctx, watchedModel{model, p}, watchedModel{old, p}, set)
}

// readLabelled reads the images that the flags choose, as fine as is enough.
func (a *app) readLabelled(ctx context.Context, f labelledFlags, enough imgproc.Enough) (*dataset.Set, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	folder.Enough, folder.Strict = enough, f.strict
	set, err := reading(a, folder, func(folder dataset.Folder) (*dataset.Set, error) {
		return judge.ReadLabelled(ctx, folder, f.incomplete)
	})
	if err != nil {
		return nil, err
	}
	a.leaveOutOf(set)
	if set, err = onlyClasses(set, f.only); err != nil {
		return nil, err
	}
	if f.each > 0 {
		set = judge.Thinned(set, f.each)
	}
	return set, judge.CanJudge(set, folder.Path)
}

// onlyClasses are the images of the classes that --only names, all when it names none.
func onlyClasses(set *dataset.Set, names []string) (*dataset.Set, error) {
	if len(names) == 0 {
		return set, nil
	}
	set, err := judge.OnlyClasses(set, names)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	return set, nil
}

// openOld opens the older model that --against names, nil when it names none.
func (a *app) openOld(model *siam.Model, against string) (*siam.Model, func(), error) {
	if against == "" {
		return nil, func() {}, nil
	}
	old, closeOld, err := a.openModel(against)
	if err != nil {
		return nil, nil, err
	}
	if !judge.Compatible(model, old) {
		closeOld()
		return nil, nil, fmt.Errorf("--against %s: the model's embeddings cannot be compared with that one's: train it with --compatible-with %s", against, against)
	}
	return old, closeOld, nil
}

// warnOfDoubts names the pictures that stand under two identities.
func (a *app) warnOfDoubts(set *dataset.Set) {
	for _, d := range judge.Doubts(set) {
		a.say("note: %s and %s show the same picture under two identities, and count as different here", set.Items[d.A].Source, set.Items[d.B].Source)
	}
}

// warnOfCopies names pictures that are left out as copies.
func (a *app) warnOfCopies(copies []judge.Copy) {
	if len(copies) > 0 {
		a.say("note: left out %d pictures that are copies of another of their identity: %s", len(copies), judge.CopiesNamed(copies))
	}
}

// sayCopies names pictures that are grouped but do not count where groups are judged.
func (a *app) sayCopies(copies []judge.Copy) {
	if len(copies) > 0 {
		a.say("note: %d pictures are copies of another, and do not count in figures: %s", len(copies), judge.CopiesNamed(copies))
	}
}

func classNames(set *dataset.Set) []string {
	names := make([]string, len(set.Classes))
	for i, class := range set.Classes {
		names[i] = class.Name
	}
	return names
}
