// Command losses trains the same small network on Omniglot's background alphabets with every loss that Siam has, each with the
// miner its authors use, and the triplet loss with other miners too; it judges them all on the evaluation alphabets.
//
//	go run ./bench/losses -data FOLDER [-steps 1500] [-only triplet,supcon] [-set scale=24,margin=0.3] [-bf16] [-results FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/recipe"
)

// settings are the command's flags.
type settings struct {
	data, only, results string
	set                 parameters
	bf16                bool
	steps               int
	seed                uint64
}

func main() {
	var s settings
	flag.StringVar(&s.data, "data", "data/omniglot", "folder with images_background and images_evaluation")
	flag.StringVar(&s.only, "only", "", "losses, by comma; empty for all")
	flag.Var(&s.set, "set", "parameters of losses and miners as name=value, by comma; without it those that this program has for each loss")
	flag.BoolVar(&s.bf16, "bf16", false, "bf16 operands of products")
	flag.StringVar(&s.results, "results", "docs/results.md", "file whose table to rewrite; empty for none")
	flag.IntVar(&s.steps, "steps", 1500, "training steps of each")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of everything random")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "losses:", err)
		os.Exit(1)
	}
}

// contest is what all trainings share.
type contest struct {
	settings
	backend            siam.Backend
	background, unseen *dataset.Set
}

// row is one training's outcome.
type row struct {
	loss, miner string
	with        parameters
	steps       int
	result      judge.OneShotResult
	seconds     float64 // of training
}

func compare(ctx context.Context, s settings) error {
	c := contest{settings: s}
	var options cpu.Options
	if s.bf16 {
		options.Precision = cpu.BFloat16
	}
	backend, err := cpu.New(options)
	if err != nil {
		return err
	}
	c.backend = backend
	defer c.backend.Finalize()
	if err := c.read(ctx); err != nil {
		return err
	}
	var rows []row
	for _, choice := range choices(s.only, s.set) {
		r, err := c.run(ctx, choice)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%-22s %-18s %s %v unstructured, %v within, %.0f s\n", r.loss, r.miner, r.with, r.result.Unstructured.Proportion, r.result.Within.Proportion, r.seconds)
		rows = append(rows, r)
	}
	text := c.markdown(rows)
	fmt.Print(text)
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-losses", text)
}

func (c *contest) read(ctx context.Context) error {
	folder, err := dataset.OpenFolder(c.data)
	if err != nil {
		return err
	}
	if c.background, err = dataset.ReadBackground(ctx, folder, dataset.AlphabetOptions{Incomplete: true}); err != nil {
		return err
	}
	c.unseen, err = dataset.ReadEvaluation(ctx, folder, dataset.AlphabetOptions{Incomplete: true})
	return err
}

// choices are all losses with their own miners, and the triplet loss with every miner of triplets.
func choices(only string, set parameters) []metric.Choice {
	var all []metric.Choice
	for _, loss := range metric.LossNames() {
		if only != "" && !slices.Contains(strings.Split(only, ","), loss) {
			continue
		}
		with := set
		if with == nil {
			with = suited()[loss].parameters
		}
		all = append(all, metric.Choice{Loss: loss, Parameters: with})
		if loss != "triplet" {
			continue
		}
		for _, miner := range []string{"all", "hard", "batch_hard", "distance_weighted"} {
			all = append(all, metric.Choice{Loss: loss, Miner: miner})
		}
	}
	return all
}

// run trains and judges one choice.
func (c *contest) run(ctx context.Context, choice metric.Choice) (row, error) {
	choice.Classes = len(c.background.Classes) // for the check: the recipe counts those it adds
	objective, err := choice.Objective()
	if err != nil {
		return row{}, err
	}
	r := network(choice, c.steps*max(1, suited()[choice.Loss].slower))
	started := time.Now()
	var trained *siam.Model
	for progress, err := range r.Train(ctx, recipe.Job{Backend: c.backend, Background: c.background, Seed: c.seed}) {
		if err != nil {
			return row{}, fmt.Errorf("%s: %w", choice.Loss, err)
		}
		if progress.Model == nil {
			continue
		}
		if trained, err = siam.New(progress.Model, siam.WithBackend(c.backend)); err != nil {
			return row{}, err
		}
	}
	if trained == nil {
		return row{}, errors.New("the training gave no model")
	}
	defer trained.Close()
	seconds := time.Since(started).Seconds()
	result, err := judge.OneShot(ctx, trained, c.unseen, judge.StandardOneShot(c.seed))
	if err != nil {
		return row{}, err
	}
	return row{choice.Loss, objective.Miner.Name, choice.Parameters, r.Settings.Steps, result, seconds}, nil
}

// network is the recipe that all losses train: oneshot-triplet at 28×28 pixels with two stages.
func network(choice metric.Choice, steps int) recipe.Recipe {
	r := recipe.Triplet()
	r.Name = "losses"
	s := &r.Settings
	s.Size, s.Widths, s.Dim, s.MaxPool = 28, []int{32, 64}, 64, false
	s.Objective, s.Mining, s.Loss, s.Whiten = choice.Loss, choice.Miner, choice.Parameters, 0
	s.Data = recipe.Characters{Alphabets: 2, Characters: 16, Drawings: 4, Ink: 0.86} // none but the real ones, so that losses with proxies see every class often enough
	s.ProxyRate = 10
	s.Steps, s.Every = steps, steps
	return r
}

// markdown is the table, the best on the unstructured task first.
func (c *contest) markdown(rows []row) string {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int {
		return int(b.result.Unstructured.Value*1e6) - int(a.result.Unstructured.Value*1e6)
	})
	var b strings.Builder
	fmt.Fprintf(&b, "`make bench-losses`: %s, commit %s, seed %d, by %s.\n\n", bench.Processor(), bench.Commit(), c.seed, c.backend.Description())
	b.WriteString("| loss | miner | parameters other than the authors' | 20-way one-shot, unstructured | within an alphabet | verification | steps | training, s |\n|---|---|---|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d | %.0f |\n", r.loss, r.miner, r.with,
			percent(r.result.Unstructured), percent(r.result.Within), accuracy(r.result.Verification), r.steps, r.seconds)
	}
	return b.String()
}

func percent(o eval.OneShot) string {
	return fmt.Sprintf("%.1f (%.1f to %.1f)", 100*o.Value, 100*o.CI95[0], 100*o.CI95[1])
}

func accuracy(v *eval.Verification) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*v.Value)
}
