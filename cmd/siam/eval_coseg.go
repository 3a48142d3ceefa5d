package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

// evalCosegFlags are the flags of siam eval coseg.
type evalCosegFlags struct {
	model, data, against string
	only                 []string
	partners             int
	every, fold          int
	strict               bool
}

func (a *app) evalCosegCommand() *cobra.Command {
	var f evalCosegFlags
	cmd := &cobra.Command{
		Use:   "coseg --model M --data DIR",
		Short: "masks of what images of one class share: precision P and Jaccard J, and what is marked where nothing is shared",
		Long: `Asks a model for the mask of each image, averaged over --partners other images of its class, and compares it with the true one: P, the part of
all pixels that is right, and J, intersection over union of the object; means over images, then over classes. Besides, what it marks in pairs of two
classes, and what it finds where an object is pointed out by a click or a mask. Masks that know nothing of the other image are shown beside it.

DIR has images/CLASS/NAME.jpg with masks/CLASS/NAME.png (white is the object, grey 128 counts neither way), or is laid out as MSRC, PASCAL VOC, COCO
(annotations/instances_PART.json with PART/NAME.jpg) or Weizmann's horses.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.evalCoseg(cmd.Context(), f) },
	}
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "", "another model `file` to judge beside it, such as one without correlation")
	flags.StringSliceVar(&f.only, "only", nil, "judge the classes of these `names` only")
	flags.IntVar(&f.partners, "partners", 5, "how many other images of its class an image is compared with")
	flags.IntVar(&f.every, "every", 0, "judge every N-th image of each class only, those that siam train keeps out with --set out=N")
	flags.IntVar(&f.fold, "fold", 0, "with --every N, which of the N-th images: those whose number leaves this when divided by N, as --set fold=K keeps out")
	addStrictFlag(cmd, &f.strict)
	return cmd
}

// cosegEvaluation is what siam eval coseg prints as JSON.
type cosegEvaluation struct {
	judge.CosegResult
	Baselines map[string]judge.CosegResult `json:"baselines"`
	Against   *judge.CosegResult           `json:"against,omitempty"`
	More      *judge.CosegMore             `json:"more_than_against,omitempty"`
}

func (a *app) evalCoseg(ctx context.Context, f evalCosegFlags) error {
	switch {
	case f.partners < 1:
		return usagef("--partners %d: want 1 or more", f.partners)
	case f.every < 0 || f.every == 1:
		return usagef("--every %d: want 2 or more, or 0 for all images", f.every)
	case f.fold != 0 && f.every == 0:
		return usagef("--fold %d: give --every N too, of which this is one of 0 to N-1", f.fold)
	case f.fold < 0 || f.fold >= max(1, f.every):
		return usagef("--fold %d: want 0 to %d, one less than --every", f.fold, f.every-1)
	}
	model, closeModel, err := a.openCoseg(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	var against *coseg.Model
	if f.against != "" {
		var closeOther func()
		if against, closeOther, err = a.openCoseg(f.against); err != nil {
			return fmt.Errorf("--against: %w", err)
		}
		defer closeOther()
	}
	set, err := a.readMasked(ctx, f)
	if err != nil {
		return err
	}
	test := judge.CosegTest{Partners: f.partners, Seed: a.seed, Followed: true}
	var result cosegEvaluation
	if result.CosegResult, err = a.judgeCoseg(ctx, f.model, model, set, test); err != nil {
		return err
	}
	if against != nil {
		other, err := a.judgeCoseg(ctx, f.against, against, set, test)
		if err != nil {
			return err
		}
		more := result.MoreThan(other)
		result.Against, result.More = &other, &more
	}
	if result.Baselines, err = judge.CosegBaselines(set, test); err != nil {
		return err
	}
	return a.print(result, result.text())
}

func (a *app) readMasked(ctx context.Context, f evalCosegFlags) (*dataset.Set, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	folder.Strict = f.strict
	set, err := reading(a, folder, func(folder dataset.Folder) (*dataset.Set, error) { return dataset.ReadMasked(ctx, folder) })
	if err != nil {
		return nil, err
	}
	a.leaveOutOf(set)
	if set, err = onlyClasses(set, f.only); err != nil {
		return nil, err
	}
	if f.every > 0 {
		_, set = dataset.SplitEvery(set, f.every, f.fold)
	}
	return set, nil
}

func (a *app) judgeCoseg(ctx context.Context, file string, model *coseg.Model, set *dataset.Set, test judge.CosegTest) (judge.CosegResult, error) {
	p := a.newProgress("judging "+file, "images", len(set.Items))
	defer p.close()
	return judge.Coseg(ctx, model, set, test, func() { p.add(1) })
}

func (r cosegEvaluation) text() string {
	var b strings.Builder
	row := func(name string, s judge.CosegScore) {
		fmt.Fprintf(&b, "%-18s J %.3f (%.3f to %.3f)  P %.3f (%.3f to %.3f)  %d images\n", name, s.Jaccard, s.JaccardCI95[0], s.JaccardCI95[1],
			s.Precision, s.PrecisionCI95[0], s.PrecisionCI95[1], s.N)
	}
	row("all classes", r.CosegScore)
	for _, class := range slices.Sorted(maps.Keys(r.Classes)) {
		row("  "+class, r.Classes[class])
	}
	if r.Against != nil {
		row("the other model", r.Against.CosegScore)
		more := r.More.Jaccard
		fmt.Fprintf(&b, "%-18s J %+.3f (%+.3f to %+.3f), the same images drawn for both\n", "more than it", more.Value, more.CI95[0], more.CI95[1])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		row(name, r.Baselines[name].CosegScore)
	}
	fmt.Fprintf(&b, "%-18s MAE %.3f, F-max %.3f, S-measure %.3f\n", "as co-saliency", r.MAE, r.FMax, r.S)
	if n := r.Nothing; n != nil {
		fmt.Fprintf(&b, "%-18s %.1f %% of the area marked (%.1f to %.1f) in %d pairs; an object said to be there in %.1f %%, and missed in %.1f %% of the images that share one\n",
			"nothing shared", 100*n.Area, 100*n.AreaCI95[0], 100*n.AreaCI95[1], n.N, 100*n.Present, 100*n.Missed)
	}
	if d := r.Decided; d != nil {
		fmt.Fprintf(&b, "%-18s J %.3f (%.3f to %.3f) where half of the pairs share nothing: 1 there if nothing is marked, else 0\n", "presence decided", d.Value, d.CI95[0], d.CI95[1])
	}
	if r.More != nil && r.More.Decided != nil {
		more := r.More.Decided
		fmt.Fprintf(&b, "%-18s J %+.3f (%+.3f to %+.3f)\n", "  more than it", more.Value, more.CI95[0], more.CI95[1])
	}
	if g := r.Groups; g != nil {
		fmt.Fprintf(&b, "%-18s %.1f %% of the images rightly said to show the object or to lack it (%.1f to %.1f), in %d groups of which half lack it\n", "groups",
			100*g.Right, 100*g.RightCI95[0], 100*g.RightCI95[1], g.Groups)
	}
	if f := r.Followed; f != nil {
		row("at one click", f.Clicked)
		row("  in the next", f.FromPoint)
		row("from one mask", f.FromMask)
	}
	return b.String()
}
