package main

import (
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/spf13/cobra"
)

func (a *app) dataGenerateCommand() *cobra.Command {
	options := dataset.GenerateOptions{Alphabets: 20, Characters: 20, Drawers: 20}
	var runs int
	var dir string
	cmd := &cobra.Command{
		Use:   "generate alphabets|runs --out DIR",
		Short: "invent alphabets, drawn by many simulated hands",
		Long: `Invents alphabets whose characters are a few strokes, drawn by many simulated hands, and writes them as Omniglot is laid
out; or one-shot runs of them, as Lake's are.`,
		Args: wants("alphabets|runs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			asRuns := args[0] == "runs"
			switch {
			case !asRuns && args[0] != "alphabets":
				return usagef("unknown kind %q: want alphabets or runs", args[0])
			case dir == "":
				return usagef("--out is missing: name the folder to write")
			case asRuns && runs < 1:
				return usagef("--runs %d: want at least 1", runs)
			case asRuns && (options.Characters < runWays || options.Drawers < 2):
				return usagef("runs choose between %d characters drawn by two hands: want --characters %d and --drawers 2 at least", runWays, runWays)
			}
			options.Seed = a.seed
			set, err := dataset.Generate(cmd.Context(), options)
			if err != nil {
				return usageError{err}
			}
			if asRuns {
				err = writeRuns(cmd, set, runs, a.seed, dir)
			} else {
				err = dataset.WriteAlphabets(cmd.Context(), set, dir)
			}
			if err != nil {
				return err
			}
			return a.print(map[string]any{"folder": dir, "kind": args[0]}, dir+"\n")
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&dir, "out", "o", "", "`folder` to write; it must not exist yet")
	flags.IntVar(&options.Alphabets, "alphabets", options.Alphabets, "how many alphabets to invent")
	flags.IntVar(&options.Characters, "characters", options.Characters, "characters of each alphabet")
	flags.IntVar(&options.Drawers, "drawers", options.Drawers, "hands that draw each character once")
	flags.IntVar(&runs, "runs", 20, "how many runs to make")
	return cmd
}

// runWays is how many characters a query of a run may show, as in Lake's.
const runWays = 20

func writeRuns(cmd *cobra.Command, set *dataset.Set, n int, seed uint64, dir string) error {
	episodes, err := dataset.NewEpisodes(set, dataset.EpisodeOptions{
		Ways: runWays, Shots: 1, Queries: 1, WithinGroup: true, ByDrawer: true, Seed: seed,
	})
	if err != nil {
		return fmt.Errorf("making runs of %d ways: %w", runWays, err)
	}
	return dataset.WriteRuns(cmd.Context(), episodes.Runs(n), dir)
}
