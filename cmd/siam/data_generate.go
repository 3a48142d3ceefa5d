package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/spf13/cobra"
)

// generateFlags are the flags of siam data generate.
type generateFlags struct {
	size dataset.GenerateOptions
	runs int
	out  string
}

func (a *app) dataGenerateCommand() *cobra.Command {
	f := generateFlags{size: dataset.GenerateOptions{Alphabets: 20, Characters: 20, Drawers: 20}}
	cmd := &cobra.Command{
		Use:   "generate alphabets|runs --out DIR",
		Short: "invent alphabets, drawn by many simulated hands",
		Long: `Invents alphabets whose characters are a few strokes, drawn by many simulated hands, and writes them as Omniglot is laid
out; or one-shot runs of them, as Lake's are. The same --seed invents the same alphabets.`,
		Args: wants("alphabets|runs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.size.Seed = a.seed
			if err := f.check(args[0]); err != nil {
				return err
			}
			a.say("inventing %d alphabets of %d characters, drawn by %d hands", f.size.Alphabets, f.size.Characters, f.size.Drawers)
			if err := f.generate(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.print(map[string]string{"folder": f.out, "kind": args[0]}, f.out+"\n")
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "`folder` to write; it must not exist yet")
	flags.IntVar(&f.size.Alphabets, "alphabets", f.size.Alphabets, "how many alphabets to invent")
	flags.IntVar(&f.size.Characters, "characters", f.size.Characters, "characters of each alphabet")
	flags.IntVar(&f.size.Drawers, "drawers", f.size.Drawers, "hands that draw each character once")
	flags.IntVar(&f.runs, "runs", 20, "how many runs to make")
	return cmd
}

func (f generateFlags) check(kind string) error {
	switch size := f.size; {
	case kind != "alphabets" && kind != "runs":
		return usagef("unknown kind %q: want alphabets or runs", kind)
	case f.out == "":
		return usagef("--out is missing: name the folder to write")
	case size.Alphabets < 1 || size.Alphabets > 1000 || size.Characters < 2 || size.Characters > 200 || size.Drawers < 1 || size.Drawers > 1000:
		return usagef("want --alphabets 1 to 1000, --characters 2 to 200 and --drawers 1 to 1000")
	case kind == "runs" && f.runs < 1:
		return usagef("--runs %d: want 1 or more", f.runs)
	case kind == "runs" && (size.Characters < runWays || size.Drawers < 2):
		return usagef("a run has %d characters of one alphabet, drawn by two hands: want --characters %d and --drawers 2 at least", runWays, runWays)
	}
	return nil
}

// runWays is how many characters a query of a run may show, as in Lake's.
const runWays = 20

func (f generateFlags) generate(ctx context.Context, kind string) error {
	set, err := dataset.Generate(ctx, f.size)
	if err != nil {
		return err
	}
	if kind == "alphabets" {
		return dataset.WriteAlphabets(ctx, set, f.out)
	}
	episodes, err := dataset.NewEpisodeSampler(set, dataset.EpisodeOptions{
		Ways: runWays, Shots: 1, Queries: 1, WithinGroup: true, ByDrawer: true, Seed: f.size.Seed,
	})
	if err != nil {
		return fmt.Errorf("making runs of %d ways: %w", runWays, err)
	}
	return dataset.WriteRuns(ctx, episodes.Runs(f.runs), f.out)
}
