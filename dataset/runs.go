package dataset

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Run is one of Lake's one-shot classification runs: each query shows the character of exactly one support image
// (https://github.com/brendenlake/omniglot).
type Run struct {
	Name    string
	Support []Item // the folder training, in the order of its file names; Label is the index here
	Query   []Item // the folder test, in the order of class_labels.txt; Label is the index of the right support image
}

// runLabels is the file in each run that gives the right answers, lines "run01/test/item01.png run01/training/class07.png".
const runLabels = "class_labels.txt"

// Runs are those of a folder, and what it holds besides.
type Runs struct {
	Runs    []Run
	Skipped []Skipped    // what no run uses
	Failed  []*FileError // files that could not be read: their runs are left out whole, since fewer images are an easier question
	Left    []string     // names of the runs that are left out
	Images  int          // of all runs
}

// ReadRuns reads Lake's runs, runNN/{training,test}/*.png with runNN/class_labels.txt, in the order of their names.
func ReadRuns(ctx context.Context, f Folder) (Runs, error) {
	var all Runs
	if !f.has("run01") && f.has("all_runs") {
		f = f.Sub("all_runs")
	}
	folders, _, err := f.list(".")
	if err != nil {
		return all, err
	}
	for _, name := range folders {
		if !strings.HasPrefix(name, "run") {
			continue
		}
		run, err := readRun(f, name)
		if err != nil {
			return all, err
		}
		all.Runs = append(all.Runs, run)
	}
	if len(all.Runs) == 0 {
		return all, fmt.Errorf("read %s: it holds no runs: want run01/training, run01/test and run01/%s", f.Path, runLabels)
	}
	if err := all.listSkipped(f); err != nil {
		return all, err
	}
	return all, all.load(ctx, f)
}

// listSkipped lists what of the folder no run uses.
func (r *Runs) listSkipped(f Folder) error {
	found, err := f.List()
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, run := range r.Runs {
		used[path.Join(run.Name, runLabels)] = true
		for _, it := range slices.Concat(run.Support, run.Query) {
			used[it.Source] = true
		}
	}
	for _, s := range found.Skipped {
		if !used[s.File] {
			r.Skipped = append(r.Skipped, s)
		}
	}
	for _, file := range found.Images {
		if !used[file] {
			r.Skipped = append(r.Skipped, Skipped{file, "an image of no run"})
		}
	}
	return nil
}

// load decodes the images of all runs.
func (r *Runs) load(ctx context.Context, f Folder) error {
	var kept []Run
	for _, run := range r.Runs {
		items := slices.Concat(run.Support, run.Query)
		r.Images += len(items)
		failed, _, err := load(ctx, f, items)
		if err != nil {
			return err
		}
		r.Failed = append(r.Failed, failed...)
		if len(failed) > 0 {
			r.Left = append(r.Left, run.Name)
		} else {
			kept = append(kept, Run{run.Name, items[:len(run.Support)], items[len(run.Support):]})
		}
	}
	r.Runs = kept
	if len(kept) == 0 {
		return r.Failed[0]
	}
	return nil
}

// IsRuns says whether f is laid out as [ReadRuns] wants it.
func IsRuns(f Folder) bool {
	return f.has("run01/training") || f.has("all_runs/run01/training")
}

func readRun(f Folder, name string) (Run, error) {
	run := Run{Name: name}
	_, images, err := f.list(path.Join(name, "training"))
	if err != nil {
		return run, err
	}
	for i, image := range images {
		run.Support = append(run.Support, Item{Label: i, Source: path.Join(name, "training", image)})
	}
	if len(run.Support) < 2 {
		return run, fmt.Errorf("read %s: the run has %d training images, want two or more: fetch the data again", f.name(name), len(images))
	}
	if run.Query, err = readRunLabels(f, run); err != nil {
		return run, err
	}
	return run, checkTests(f, run)
}

// readRunLabels makes a query of each line of class_labels.txt.
func readRunLabels(f Folder, run Run) ([]Item, error) {
	file := path.Join(run.Name, runLabels)
	text, err := fs.ReadFile(f.FS, file)
	if err != nil {
		return nil, f.failed(file, err)
	}
	var queries []Item
	for at, line := range lines(text) {
		n, fields := at+1, strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || !fs.ValidPath(fields[0]) {
			return nil, fmt.Errorf("read %s: line %d: want a test file and a training file", f.name(file), n)
		}
		answer := slices.IndexFunc(run.Support, func(it Item) bool { return it.Source == fields[1] })
		if answer < 0 {
			return nil, fmt.Errorf("read %s: line %d names %s, which is not there: fetch the data again", f.name(file), n, fields[1])
		}
		queries = append(queries, Item{Label: answer, Source: fields[0]})
	}
	return queries, nil
}

// checkTests wants one line of class_labels.txt for every test image.
func checkTests(f Folder, run Run) error {
	_, images, err := f.list(path.Join(run.Name, "test"))
	if err != nil {
		return err
	}
	if len(images) != len(run.Query) {
		return fmt.Errorf("read %s: %s has %d lines for %d test images: fetch the data again",
			f.name(run.Name), runLabels, len(run.Query), len(images))
	}
	return nil
}
