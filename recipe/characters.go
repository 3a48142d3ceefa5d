package recipe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
)

// Characters are alphabets of drawn characters: which look alike within an alphabet, and validate alphabet by alphabet.
type Characters struct {
	// Alphabets × Characters × Drawings make a batch, of objectives that do not draw pairs.
	Alphabets  int `json:"alphabets"`
	Characters int `json:"characters"`
	Drawings   int `json:"drawings"`
	// Ink above 0 centres and scales every drawing so that it fills this fraction of the frame.
	Ink float64 `json:"ink"`
	// Turns adds every alphabet turned by quarters and mirrored as new alphabets.
	Turns bool `json:"turns"`
	// Invented adds this many generated alphabets.
	Invented int `json:"invented"`
	// RealShare is the part of the batches' alphabets that are neither turned nor invented; 0 takes all classes alike.
	RealShare float64 `json:"real_share"`
	// Drawers above 0 leaves the drawings of so many people to learn from, and validates on four other people's.
	Drawers int `json:"drawers"`
}

// Words implements [Source].
func (Characters) Words() Words {
	return Words{Parts: "alphabets", Asked: "one-shot accuracy", Measure: Accuracy}
}

// Read implements [Source]: of a folder with images_background, only that part is read.
func (Characters) Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error) {
	if len(leave.TestFolds) > 0 {
		return Background{}, ErrNoFolds
	}
	if dataset.IsRuns(folder) {
		return Background{}, fmt.Errorf("read %s: it holds one-shot runs, which only judge: train on alphabets", folder.Path)
	}
	set, err := dataset.ReadBackground(ctx, folder, dataset.AlphabetOptions{Incomplete: leave.Incomplete})
	if err != nil {
		return Background{}, err
	}
	var b Background
	b.hold(set)
	if len(leave.Exclude) > 0 {
		set, err = withoutCharacters(set, leave.Exclude)
	}
	if err != nil {
		return Background{}, err
	}
	b.Set = set
	b.Summary = fmt.Sprintf("%d images of %d classes in %d alphabets", len(set.Items), len(set.Classes), len(set.Groups()))
	return b, nil
}

// withoutCharacters leaves alphabets or single characters out.
func withoutCharacters(set *dataset.Set, names []string) (*dataset.Set, error) {
	groups := set.Groups()
	var alphabets, characters []string
	for _, name := range names {
		if slices.Contains(groups, name) {
			alphabets = append(alphabets, name)
		} else {
			characters = append(characters, name)
		}
	}
	rest, _, err := dataset.SplitByIdentity(set, characters...)
	if err == nil {
		rest, _, err = dataset.SplitByGroup(rest, alphabets...)
	}
	if err != nil {
		return nil, &LeaveError{"exclude", err}
	}
	rest.Name += " without " + strings.Join(slices.Sorted(slices.Values(names)), ", ") // for the checkpoint and the model file
	return rest, nil
}

func (c Characters) check(s Settings) error { return s.checkEncoder(c) }

func (c Characters) rules(s ObjectiveSettings) []rule {
	pairs := s.drawsPairs()
	return []rule{
		{"alphabets", c.Alphabets, c.Alphabets >= 0, "0 or more"},
		{"characters", c.Characters, c.Characters >= 2 || pairs, "2 or more"},
		{"drawings", c.Drawings, c.Drawings >= 2 || pairs, "2 or more"},
		{"ink", c.Ink, c.Ink >= 0 && c.Ink <= 1, "0 to 1"},
		{"invented", c.Invented, c.Invented >= 0 && c.Invented <= 1000, "0 to 1000"},
		{"real_share", c.RealShare, c.RealShare >= 0 && c.RealShare <= 1, "0 to 1"},
		{"drawers", c.Drawers, c.Drawers >= 0, "0 or more"},
	}
}

func (c Characters) prepare(p imgproc.Preprocess) imgproc.Preprocess {
	p.Ink = c.Ink
	return p
}

func (c Characters) begin(ctx context.Context, set *dataset.Set, s Settings, seed uint64) (*lesson, error) {
	var l lesson
	var err error
	if l.learned, l.validated, err = c.split(set, s.Validation, seed); err != nil {
		return nil, err
	}
	trials, err := oneShotTrials(l.validated, s.Trials, seed)
	if err != nil {
		return nil, err
	}
	l.judge = func(embeddings [][]float32, compare distance) (float64, error) {
		answers, err := eval.Answer(trials, embeddings, compare)
		return answers.Value, err
	}
	if l.extended, err = c.extend(ctx, l.learned, seed); err != nil {
		return nil, err
	}
	l.epoch = c.epoch(l.extended, s.ObjectiveSettings)
	l.sampler = func(index *dataset.Lookalikes) (dataset.Sampler, error) {
		if s.drawsPairs() {
			return s.pairs(l.extended, s.hardness(index), seed)
		}
		return c.sampler(l.extended, len(l.learned.Classes), s.hardness(index), seed)
	}
	return &l, nil
}

// split takes the validation alphabets out of a set, and checks that nothing is in both parts.
func (c Characters) split(set *dataset.Set, validation int, seed uint64) (learned, validated *dataset.Set, err error) {
	groups := set.Groups()
	if validation < 1 || validation >= len(groups) {
		return nil, nil, fmt.Errorf("setting validation=%d: data set %s has %d alphabets, so 1 to %d can be kept out of training",
			validation, set.Name, len(groups), len(groups)-1)
	}
	kept, err := dataset.Pick(groups, validation, seed)
	if err != nil {
		return nil, nil, err
	}
	if learned, validated, err = dataset.SplitByGroup(set, kept...); err != nil {
		return nil, nil, err
	}
	if c.Drawers > 0 {
		if learned, validated, err = c.splitDrawers(learned, validated); err != nil {
			return nil, nil, err
		}
	}
	return learned, validated, dataset.Leak(learned, validated)
}

// validationDrawers is how many people draw the validation alphabets where people are split too (Koch et al. 2015, section 4.1).
const validationDrawers = 4

// splitDrawers leaves the first people's drawings to learn from, and the next four people's to validate on.
func (c Characters) splitDrawers(learned, validated *dataset.Set) (*dataset.Set, *dataset.Set, error) {
	drawers := learned.Drawers()
	if c.Drawers+validationDrawers > len(drawers) {
		return nil, nil, fmt.Errorf("setting drawers=%d: data set %s has %d people, and %d more validate",
			c.Drawers, learned.Name, len(drawers), validationDrawers)
	}
	rest, _, err := dataset.SplitByDrawer(learned, drawers[c.Drawers:]...)
	if err != nil {
		return nil, nil, err
	}
	_, chosen, err := dataset.SplitByDrawer(validated, drawers[c.Drawers:c.Drawers+validationDrawers]...)
	return rest, chosen, err
}

// mostWays is how many characters a validation trial chooses between, at most.
const mostWays = 20

// oneShotTrials are trials within the alphabets of a set.
func oneShotTrials(set *dataset.Set, trials int, seed uint64) ([]eval.Trial, error) {
	drawn, err := judge.ItemsOf(set).WithinGroup(eval.TrialOptions{Ways: min(mostWays, largestGroup(set)), Shots: 1, Trials: trials, Seed: seed})
	if err != nil {
		return nil, fmt.Errorf("validation alphabets: %w", err)
	}
	return drawn, nil
}

// largestGroup is how many classes the largest group has.
func largestGroup(set *dataset.Set) int {
	count, most := make(map[string]int), 0
	for _, class := range set.Classes {
		count[class.Group]++
		most = max(most, count[class.Group])
	}
	return most
}

// extend adds turned and invented alphabets to what is learned from.
func (c Characters) extend(ctx context.Context, set *dataset.Set, seed uint64) (*dataset.Set, error) {
	if c.Turns {
		set = dataset.Turned(set, turns()...)
	}
	if c.Invented == 0 {
		return set, nil
	}
	invented, err := dataset.Generate(ctx, dataset.GenerateOptions{
		Alphabets: c.Invented, Characters: inventedCharacters, Drawers: inventedDrawers,
		Seed: rand.New(rand.NewPCG(seed, 0x1273)).Uint64(), // not the seed's own alphabets, which may be what is judged on
	})
	if err != nil {
		return nil, err
	}
	for i := range invented.Classes { // set may hold generated alphabets too
		class := &invented.Classes[i]
		class.Name, class.Group = "Invented "+class.Name, "Invented "+class.Group
	}
	return dataset.Join(set.Name, set, invented)
}

// The size of an invented alphabet.
const (
	inventedCharacters = 20
	inventedDrawers    = 10
)

// turns are the eight ways to lay a character down.
func turns() []imgproc.Turn {
	var all []imgproc.Turn
	for _, turn := range []imgproc.Turn{imgproc.Upright, imgproc.TurnRight, imgproc.TurnHalf, imgproc.TurnLeft} {
		all = append(all, turn, imgproc.Mirror|turn)
	}
	return all
}

// epoch is how many batches show as many drawings, or pairs, as there are.
func (c Characters) epoch(set *dataset.Set, s ObjectiveSettings) int {
	if s.drawsPairs() {
		return s.batchesOfAll(set)
	}
	return max(1, len(set.Items)/(max(1, c.Alphabets)*c.Characters*c.Drawings))
}

// sampler picks the characters of each step from a set whose first classes are the real ones, before the turned and invented.
func (c Characters) sampler(set *dataset.Set, real int, hard dataset.Hard, seed uint64) (dataset.Sampler, error) {
	options := dataset.ClassOptions{Groups: c.Alphabets, Classes: c.Characters, Examples: c.Drawings, Hard: hard, Seed: seed}
	if c.RealShare > 0 && real < len(set.Classes) {
		options.Core, options.CoreShare = real, c.RealShare
	}
	return dataset.NewClassSampler(set, options)
}
