// Command thresholds asks whether the error rates that siam train claims hold on people whom the training never saw: many short
// trainings on random people, each judged on other people of the same data set.
//
//	go run ./bench/thresholds -lfwcrop FOLDER -orl FOLDER -mot16 FOLDER [-splits 20] [-done FILE] [-results FILE]
//
// What has been measured stands in the file done, one line of JSON a split: a run that was interrupted goes on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
)

// cell is one row of the table: a data set, and how many people are trained on.
type cell struct {
	Set    string
	People int
	Steps  int // of each training: fewer than these teach twenty people of LFWcrop nothing that others show
}

var cells = []cell{
	{"lfwcrop", 20, 600}, {"lfwcrop", 50, 300}, {"lfwcrop", 200, 300}, {"orl", 10, 300}, {"orl", 20, 300}, {"mot16", 10, 300}, {"mot16", 20, 300},
}

func main() {
	var b run
	folders := map[string]*string{}
	for _, name := range []string{"lfwcrop", "orl", "mot16"} {
		folders[name] = flag.String(name, "", "folder of the data set "+name+"; its rows are left out when not given")
	}
	flag.IntVar(&b.splits, "splits", 20, "random splits of each row")
	flag.StringVar(&b.only, "only", "", "row to measure, such as \"lfwcrop 20\"; all when not given")
	flag.StringVar(&b.done, "done", "thresholds.jsonl", "file with what was measured before, and to add to")
	results := flag.String("results", "docs/results.md", "file whose table to rewrite; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	text, err := b.all(ctx, folders)
	fmt.Print(text)
	if err == nil && *results != "" {
		err = bench.Rewrite(*results, "bench-thresholds", text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "thresholds:", err)
		os.Exit(1)
	}
}

// run is one call of the command.
type run struct {
	splits     int
	only, done string
	backend    siam.Backend
}

// all measures every split that has not been measured yet, and makes the table.
func (b *run) all(ctx context.Context, folders map[string]*string) (string, error) {
	found, err := b.before()
	if err != nil {
		return "", err
	}
	if b.backend, err = cpu.New(cpu.Options{}); err != nil {
		return "", err
	}
	defer b.backend.Finalize()
	for _, c := range cells {
		if *folders[c.Set] == "" || b.only != "" && b.only != fmt.Sprint(c.Set, " ", c.People) {
			continue
		}
		folder, err := dataset.OpenFolder(*folders[c.Set])
		if err != nil {
			return "", err
		}
		set, err := dataset.ReadIdentities(ctx, folder)
		if err != nil {
			return "", err
		}
		for i := range b.splits {
			key := fmt.Sprintf("%s %d %d", c.Set, c.People, i)
			if _, measured := found[key]; measured {
				continue
			}
			began := time.Now()
			o, err := b.split(ctx, set, c, uint64(i+1))
			if err != nil {
				return "", fmt.Errorf("%s: %w", key, err)
			}
			o.Key, o.Seconds = key, time.Since(began).Seconds()
			found[key] = o
			fmt.Fprintf(os.Stderr, "%s: %v\n", key, o)
			if err := b.add(o); err != nil {
				return "", err
			}
		}
	}
	return table(found, b.splits), nil
}

// before reads what an earlier run measured.
func (b *run) before() (map[string]outcome, error) {
	found := map[string]outcome{}
	text, err := os.ReadFile(b.done)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	for line := range strings.Lines(string(text)) {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return nil, fmt.Errorf("%s: %w: remove it to begin anew", b.done, err)
		}
		found[o.Key] = o
	}
	return found, err
}

func (b *run) add(o outcome) error {
	f, err := os.OpenFile(b.done, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	line, err := json.Marshal(o)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	return errors.Join(err, f.Close())
}
