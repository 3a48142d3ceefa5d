package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/spf13/cobra"
)

// motFlags are the flags of siam eval mot.
type motFlags struct {
	gt, pred, label string
	only            []string
	events          bool
}

func (a *app) evalMOTCommand() *cobra.Command {
	var f motFlags
	cmd := &cobra.Command{
		Use:   "mot --gt DIR|FILE --pred DIR|FILE",
		Short: "tracks against the truth: MOTA, IDF1, HOTA and what they are made of",
		Long: `Judges tracks by the truth: CLEAR (MOTA, FP, FN, switches), identity (IDF1) and HOTA metrics, with TrackEval's numbers. Both may be
a file, a folder of NAME.txt, or folders as MOTChallenge has them (NAME/gt/gt.txt), as MOTChallenge's or KITTI's text or COCO's JSON. Nothing else
is needed: sequences are paired by name, and two files are paired whatever they are called. What was inferred is said on stderr.`,
		Example: `  siam eval mot --gt data/MOT17/train --pred results
  siam eval mot --gt gt.txt --pred out.txt --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.gt == "" || f.pred == "" {
				return misused(cmd, "both --gt and --pred are needed")
			}
			return a.evalMOT(f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.gt, "gt", "", "the truth: `file` or folder")
	flags.StringVar(&f.pred, "pred", "", "the tracks to judge: `file` or folder")
	flags.StringSliceVar(&f.only, "seq", nil, "judge only these `sequences`, by name, with commas between")
	flags.StringVar(&f.label, "label", "", "judge only boxes of this `label`, such as car, where the truth has labels")
	flags.BoolVar(&f.events, "events", false, "with --json: every match, switch, miss and false positive")
	return cmd
}

// judgedMOT is what siam eval mot prints as JSON.
type judgedMOT struct {
	Overall   tracking.Result        `json:"overall"`
	Sequences map[string]judgedVideo `json:"sequences"`
}

type judgedVideo struct {
	tracking.Result
	Rules    string           `json:"rules"`
	Inferred []string         `json:"inferred"`
	Events   []tracking.Event `json:"events,omitempty"`
}

func (a *app) evalMOT(f motFlags) error {
	truth, err := mot.Read(f.gt, mot.Truth)
	if err != nil {
		return err
	}
	tracks, err := mot.Read(f.pred, mot.Tracks)
	if err != nil {
		return err
	}
	pairs, err := mot.Pairs(truth, tracks, f.only)
	if err != nil {
		return fmt.Errorf("judging %s by %s: %w", f.pred, f.gt, err)
	}
	counts, result := map[string]tracking.Counts{}, judgedMOT{Sequences: map[string]judgedVideo{}}
	for _, p := range pairs {
		rules := tracking.InferRules(p.Truth, f.label)
		frames, err := tracking.Compare(p, rules)
		if err != nil {
			return fmt.Errorf("judging sequence %s: %w", p.Truth.Name, err)
		}
		c := frames.Count()
		if c.People == 0 {
			return fmt.Errorf("judging sequence %s: %s has no box that counts: %s", p.Truth.Name, p.Truth.Path, rules)
		}
		counts[p.Truth.Name] = c
		video := judgedVideo{Result: c.Result(), Rules: rules.String(), Inferred: rules.Inferred(p)}
		if f.events {
			video.Events = frames.Events()
		}
		result.Sequences[p.Truth.Name] = video
		a.say("%s: %s", p.Truth.Name, strings.Join(append([]string{video.Rules}, video.Inferred...), "; "))
	}
	result.Overall = tracking.Overall(counts).Result()
	return a.print(result, motTable(result))
}

// motTable is the table that people know.
func motTable(r judgedMOT) string {
	names := slices.Sorted(maps.Keys(r.Sequences))
	width := len("OVERALL")
	for _, name := range names {
		width = max(width, len([]rune(name)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s   HOTA   DetA   AssA   LocA   MOTA   MOTP   IDF1    IDP    IDR   Rcll   Prcn   GT   MT   PT   ML     FP     FN  IDs   FM\n", width, "")
	row := func(name string, v tracking.Result) {
		fmt.Fprintf(&b, "%-*s", width, name)
		for _, x := range []float64{v.HOTA, v.DetA, v.AssA, v.LocA, v.MOTA, v.MOTP, v.IDF1, v.IDP, v.IDR, v.Recall, v.Precision} {
			fmt.Fprintf(&b, " %6.2f", 100*x)
		}
		fmt.Fprintf(&b, " %4d %4d %4d %4d %6d %6d %4d %4d\n", v.People, v.MT, v.PT, v.ML, v.FP, v.FN, v.IDSW, v.Frag)
	}
	for _, name := range names {
		row(name, r.Sequences[name].Result)
	}
	if len(names) > 1 {
		row("OVERALL", r.Overall)
	}
	return b.String()
}
