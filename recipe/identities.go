package recipe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
)

// Identities are photographs of people, animals or things: each alike to itself only, and validated by pairs.
type Identities struct {
	Colour bool `json:"colour"` // reads three channels
	// People × Photos, and Negatives single photographs of others, make a batch, of objectives that do not draw pairs. People with
	// fewer than Least photographs are only among the negatives, and the chance of the others grows with their number n as n^Tail.
	People    int     `json:"people"`
	Photos    int     `json:"photos"`
	Negatives int     `json:"negatives"`
	Least     int     `json:"least"`
	Tail      float64 `json:"tail"`
}

// Words implements [Source].
func (Identities) Words() Words {
	return Words{Parts: "identities", Asked: "the accuracy of same or different, at the threshold that is best for it,", Measure: Accuracy}
}

// Read implements [Source]. Pictures that show the same as one that is left out are left out too, as are those that stand under
// two identities.
func (Identities) Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error) {
	set, err := dataset.ReadIdentities(ctx, folder)
	if err != nil {
		return Background{}, err
	}
	b := Background{}
	b.hold(set)
	if len(leave.Exclude)+len(leave.TestFolds) > 0 {
		names, err := leave.identities(folder, set)
		if err != nil {
			return b, err
		}
		if err := b.leaveOut(names); err != nil {
			return b, err
		}
		b.Set.Name = set.Name + " without " + leave.String()
	}
	b.leaveDoubts()
	b.leaveCopies()
	b.Summary = fmt.Sprintf("%d images of %d identities", len(b.Set.Items), len(b.Set.Classes))
	return b, nil
}

// identities names those that are to be left out.
func (l Leave) identities(folder dataset.Folder, set *dataset.Set) ([]string, error) {
	names, err := set.Match(l.Exclude...)
	if err != nil {
		return nil, &LeaveError{"exclude", err}
	}
	if len(l.TestFolds) == 0 {
		return names, nil
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err == nil {
		pairs, err = pairs.Only(l.TestFolds...)
	}
	if err != nil {
		return nil, &LeaveError{"test-folds", err}
	}
	return append(names, pairs.Identities()...), nil
}

// String says what is left out, for the checkpoint and the model file.
func (l Leave) String() string {
	parts := slices.Clone(l.Exclude)
	for _, fold := range l.TestFolds {
		parts = append(parts, "fold "+fold)
	}
	return strings.Join(parts, ", ")
}

// leaveOut takes out identities, and the pictures that show the same as one of theirs.
func (b *Background) leaveOut(names []string) error {
	rest, out, err := dataset.SplitByIdentity(b.Set, names...)
	if err != nil {
		return err
	}
	var leaked []int
	for _, d := range dataset.NearDuplicates(rest, out) {
		b.Notes = append(b.Notes, fmt.Sprintf("left out %s: it shows the same picture as %s, which must not be learned",
			rest.Items[d.A].Source, out.Items[d.B].Source))
		leaked = append(leaked, d.A)
	}
	b.Set = rest.Without(leaked...)
	return nil
}

// leaveDoubts takes out the pictures that stand under two identities: one of the two is wrong.
func (b *Background) leaveDoubts() {
	var doubtful []int
	for _, d := range dataset.SamePictures(b.Set) {
		b.Notes = append(b.Notes, fmt.Sprintf("left out %s and %s: they show the same picture under two identities",
			b.Set.Items[d.A].Source, b.Set.Items[d.B].Source))
		doubtful = append(doubtful, d.A, d.B)
	}
	name := b.Set.Name
	b.Set = b.Set.Without(doubtful...)
	b.Set.Name = name
}

// leaveCopies takes out the pictures that are copies of one before them of the same identity: they teach nothing, and the threshold would be
// chosen on pairs of a picture with itself.
func (b *Background) leaveCopies() {
	kept, copies := judge.WithoutCopies(b.Set)
	if len(copies) > 0 {
		b.Set = kept
		b.Notes = append(b.Notes, fmt.Sprintf("left out %d pictures that are copies of another of their identity: %s", len(copies), judge.CopiesNamed(copies)))
	}
}

func (i Identities) check(s Settings) error { return s.checkEncoder(i) }

func (i Identities) rules(ObjectiveSettings) []rule {
	return []rule{
		{"people", i.People, i.People >= 2, "2 or more"},
		{"photos", i.Photos, i.Photos >= 1, "1 or more"},
		{"negatives", i.Negatives, i.Negatives >= 0, "0 or more"},
		{"least", i.Least, i.Least >= 0, "0 or more"},
		{"tail", i.Tail, i.Tail >= 0 && i.Tail <= 1, "0 to 1"},
	}
}

// prepare makes values about 0 with a deviation of about 1.
func (i Identities) prepare(p imgproc.Preprocess) imgproc.Preprocess {
	p.Invert = false
	if !i.Colour {
		p.Mean, p.Std = []float32{0.5}, []float32{0.25}
		return p
	}
	p.Channels = 3
	p.Mean, p.Std = []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}
	return p
}

func (i Identities) begin(_ context.Context, set *dataset.Set, s Settings, seed uint64) (*lesson, error) {
	var l lesson
	var err error
	if l.learned, l.validated, err = i.Split(set, s.Validation, seed); err != nil {
		return nil, err
	}
	if l.judge, err = judgePairs(l.validated, s.Trials, seed); err != nil {
		return nil, fmt.Errorf("validation identities: %w", err)
	}
	l.extended = l.learned
	if o := i.batches(l.learned, dataset.Hard{}, seed); o.Classes < i.People && !s.drawsPairs() {
		l.note = fmt.Sprintf("people=%d, but %d identities are learned from that have images enough: each batch has all of these", i.People, o.Classes)
	}
	l.epoch = max(1, len(l.learned.Items)/(i.People*i.Photos+i.Negatives))
	if s.drawsPairs() {
		l.epoch = s.batchesOfAll(l.learned)
	}
	l.sampler = func(index *dataset.Lookalikes) (dataset.Sampler, error) {
		if s.drawsPairs() {
			return s.pairs(l.learned, s.hardness(index), seed)
		}
		return dataset.NewClassSampler(l.learned, i.batches(l.learned, s.hardness(index), seed))
	}
	return &l, nil
}

// batches are the batches of a set of identities: as many people as there are, when they are fewer than wanted.
func (i Identities) batches(set *dataset.Set, hard dataset.Hard, seed uint64) dataset.ClassOptions {
	least := max(i.Least, 1)
	if i.Least == 0 {
		least = 2
	}
	usable := 0
	for _, items := range set.ByClass() {
		if len(items) >= least {
			usable++
		}
	}
	people := min(i.People, max(usable, 2))
	return dataset.ClassOptions{
		Classes: people, Examples: i.Photos, Negatives: min(i.Negatives, max(len(set.Classes)-people, 0)),
		Least: least, Tail: i.Tail, Hard: hard, Seed: seed,
	}
}

// mostValidated is how many images an identity may have to validate where most have fewer: those with more teach more.
const mostValidated = 8

// toValidate is how many of n identities validate: as many as are wanted, but of few no more than a fifth, or as many as choose a threshold
// well, but no more than half.
func toValidate(wanted, n int) int {
	return min(wanted, max(n/5, min(n/2, judge.FewestIdentities), 2))
}

// Split leaves some identities out of training, and out of training too whatever shows the same picture as one of theirs.
func (i Identities) Split(set *dataset.Set, validation int, seed uint64) (learned, validated *dataset.Set, err error) {
	candidates := withFewImages(set)
	if len(candidates) < 2 || len(set.Classes) < 4 {
		return nil, nil, fmt.Errorf("data set %s has %d identities, %d of them with two images or more: want at least 4 and 2, as a pair of the same needs two images",
			set.Name, len(set.Classes), len(candidates))
	}
	kept, err := dataset.Pick(candidates, toValidate(validation, len(candidates)), seed)
	if err != nil {
		return nil, nil, err
	}
	if learned, validated, err = dataset.SplitByIdentity(set, kept...); err != nil {
		return nil, nil, err
	}
	var leaked []int
	for _, d := range dataset.NearDuplicates(learned, validated) {
		leaked = append(leaked, d.A)
	}
	return learned.Without(leaked...), validated, nil
}

// withFewImages names the identities of two images or more, but those that have more than mostValidated and than most.
func withFewImages(set *dataset.Set) []string {
	byClass := set.ByClass()
	var counts []int
	for _, items := range byClass {
		if len(items) >= 2 {
			counts = append(counts, len(items))
		}
	}
	if len(counts) == 0 {
		return nil
	}
	slices.Sort(counts)
	limit := max(mostValidated, counts[len(counts)/2])
	var names []string
	for label, items := range byClass {
		if len(items) >= 2 && len(items) <= limit {
			names = append(names, set.Classes[label].Name)
		}
	}
	return names
}

// judgePairs asks whether pairs of a set, half of them same, are told apart at the threshold that suits them best.
func judgePairs(set *dataset.Set, n int, seed uint64) (func([][]float32, distance) (float64, error), error) {
	pairs, err := judge.ItemsOf(set).BalancedPairs(n, seed)
	return func(embeddings [][]float32, compare distance) (float64, error) {
		roc, err := eval.NewROC(eval.PairDistances(pairs, embeddings, compare), eval.Same(pairs))
		if err != nil {
			return 0, err
		}
		_, accuracy := roc.Best()
		return accuracy.Value, nil
	}, err
}
