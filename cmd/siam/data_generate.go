package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/spf13/cobra"
)

// generateFlags are the flags of siam data generate.
type generateFlags struct {
	size  dataset.GenerateOptions
	runs  int
	world mot.World
	out   string

	families, images, side int // of pictures with masks
}

func (a *app) dataGenerateCommand() *cobra.Command {
	f := generateFlags{size: dataset.GenerateOptions{Alphabets: 20, Characters: 20, Drawers: 20}, world: mot.World{Frames: 250, People: 8}}
	cmd := &cobra.Command{
		Use:   "generate alphabets|runs|street|coseg --out DIR",
		Short: "invent alphabets, drawn by many simulated hands, a street to track, or pictures with masks",
		Long: `Invents alphabets whose characters are a few strokes, drawn by many simulated hands, and writes them as Omniglot is laid
out; or one-shot runs of them, as Lake's are; or a street with people who hide each other, leave and come back, with what a detector says of it, laid
out as MOTChallenge's sequences are; or, for co-segmentation, families of textured things over textured grounds with their masks. The same --seed invents the same.`,
		Args: wants("alphabets|runs|street|coseg"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.size.Seed = a.seed
			if err := f.check(args[0]); err != nil {
				return err
			}
			if args[0] == "street" {
				return a.generateStreet(cmd.Context(), f)
			}
			if args[0] == "coseg" {
				return a.generateMasked(cmd.Context(), f)
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
	flags.IntVar(&f.world.Frames, "frames", f.world.Frames, "frames of the street")
	flags.IntVar(&f.world.People, "people", f.world.People, "people in it, or gone for a while")
	flags.BoolVar(&f.world.Moving, "moving-camera", false, "the camera sways")
	flags.IntVar(&f.families, "families", 20, "families of things, for coseg")
	flags.IntVar(&f.images, "images", 10, "pictures of each family")
	flags.IntVar(&f.side, "side", 160, "pixels a side of these pictures")
	flags.IntVar(&f.runs, "runs", 20, "how many runs to make")
	return cmd
}

func (f generateFlags) check(kind string) error {
	switch size := f.size; {
	case kind != "alphabets" && kind != "runs" && kind != "street" && kind != "coseg":
		return usagef("unknown kind %q: want alphabets, runs, street or coseg", kind)
	case f.out == "":
		return usagef("--out is missing: name the folder to write")
	case kind == "street" && (f.world.Frames < 1 || f.world.Frames > 100_000 || f.world.People < 0 || f.world.People > 200):
		return usagef("want --frames 1 to 100000 and --people 0 to 200")
	case f.families < 2 || f.families > 1000 || f.images < 2 || f.images > 1000 || f.side < 16 || f.side > 1024:
		return usagef("want --families 2 to 1000, --images 2 to 1000 and --side 16 to 1024")
	case size.Alphabets < 1 || size.Alphabets > 1000 || size.Characters < 2 || size.Characters > 200 || size.Drawers < 1 || size.Drawers > 1000:
		return usagef("want --alphabets 1 to 1000, --characters 2 to 200 and --drawers 1 to 1000")
	case kind == "runs" && f.runs < 1:
		return usagef("--runs %d: want 1 or more", f.runs)
	case kind == "runs" && (size.Characters < runWays || size.Drawers < 2):
		return usagef("a run has %d characters of one alphabet, drawn by two hands: want --characters %d and --drawers 2 at least", runWays, runWays)
	}
	return nil
}

func (a *app) generateStreet(ctx context.Context, f generateFlags) error {
	f.world.Seed = a.seed
	a.say("inventing a street of %d frames with %d people", f.world.Frames, f.world.People)
	if err := f.world.Write(ctx, f.out); err != nil {
		return fmt.Errorf("generating a street: %w", err)
	}
	return a.print(map[string]string{"folder": f.out, "kind": "street"}, f.out+"\n")
}

func (a *app) generateMasked(ctx context.Context, f generateFlags) error {
	a.say("inventing %d pictures of each of %d families", f.images, f.families)
	set := coseg.World{Seed: a.seed, Side: f.side}.Set(0, f.families, f.images)
	if err := dataset.WriteMasked(ctx, set, f.out); err != nil {
		return fmt.Errorf("generating pictures with masks: %w", err)
	}
	return a.print(map[string]string{"folder": f.out, "kind": "coseg"}, f.out+"\n")
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
