package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/dataset"
)

// readPeople reads identities to train on, less what --exclude and --test-folds name, pictures that show the same as one of
// theirs, and pictures that stand under two identities.
func (a *app) readPeople(ctx context.Context, folder dataset.Folder, f trainFlags) (*dataset.Set, error) {
	set, err := dataset.ReadIdentities(ctx, folder)
	if err != nil {
		return nil, err
	}
	if len(f.exclude)+len(f.testFolds) > 0 {
		if set, err = a.leaveOut(folder, set, f); err != nil {
			return nil, err
		}
	}
	return a.withoutDoubts(set), nil
}

// leaveOut takes out what must not be learned.
func (a *app) leaveOut(folder dataset.Folder, set *dataset.Set, f trainFlags) (*dataset.Set, error) {
	names, err := set.Match(f.exclude...)
	if err != nil {
		return nil, fmt.Errorf("--exclude: %w", err)
	}
	if len(f.testFolds) > 0 {
		pairs, err := dataset.ReadLFWPairs(folder)
		if err != nil {
			return nil, fmt.Errorf("--test-folds: %w", err)
		}
		if pairs, err = pairs.Only(f.testFolds...); err != nil {
			return nil, fmt.Errorf("--test-folds: %w", err)
		}
		names = append(names, pairs.Identities()...)
	}
	rest, out, err := dataset.SplitByIdentity(set, names...)
	if err != nil {
		return nil, err
	}
	var leaked []int
	for _, d := range dataset.NearDuplicates(rest, out) {
		a.say("left out %s: it shows the same picture as %s, which must not be learned", rest.Items[d.A].Source, out.Items[d.B].Source)
		leaked = append(leaked, d.A)
	}
	rest = rest.Without(leaked...)
	rest.Name = set.Name + " without " + without(f)
	return rest, nil
}

// withoutDoubts leaves out the pictures that stand under two identities: one of the two is wrong.
func (a *app) withoutDoubts(set *dataset.Set) *dataset.Set {
	var doubtful []int
	for _, d := range dataset.SamePictures(set) {
		a.say("left out %s and %s: they show the same picture under two identities", set.Items[d.A].Source, set.Items[d.B].Source)
		doubtful = append(doubtful, d.A, d.B)
	}
	rest := set.Without(doubtful...)
	rest.Name = set.Name
	return rest
}

// without says what is left out, for the checkpoint and the model file.
func without(f trainFlags) string {
	parts := f.exclude
	for _, fold := range f.testFolds {
		parts = append(parts, "fold "+fold)
	}
	return strings.Join(parts, ", ")
}
