package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/dataset"
)

// readPeople reads identities to train on, less what --exclude and --test-folds name.
func readPeople(ctx context.Context, folder dataset.Folder, f trainFlags) (*dataset.Set, error) {
	set, err := dataset.ReadIdentities(ctx, folder)
	if err != nil || len(f.exclude)+len(f.testFolds) == 0 {
		return set, err
	}
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
	rest, _, err := dataset.SplitByIdentity(set, names...)
	if err != nil {
		return nil, err
	}
	rest.Name = set.Name + " without " + without(f)
	return rest, nil
}

// without says what is left out, for the checkpoint and the model file.
func without(f trainFlags) string {
	parts := f.exclude
	for _, fold := range f.testFolds {
		parts = append(parts, "fold "+fold)
	}
	return strings.Join(parts, ", ")
}
