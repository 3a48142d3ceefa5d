package judge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/report"
)

// ReadLabelled reads the labelled images of a folder; incomplete takes what there is of a partly downloaded data set.
func ReadLabelled(ctx context.Context, folder dataset.Folder, incomplete bool) (*dataset.Set, error) {
	if dataset.IsRuns(folder) {
		return nil, fmt.Errorf("read %s: it holds one-shot runs: judge on them with siam eval oneshot", folder.Path)
	}
	return dataset.ReadLabelled(ctx, folder, dataset.AlphabetOptions{Incomplete: incomplete})
}

// OnlyClasses keeps the classes whose names fit a pattern, such as "s2[1-9]".
func OnlyClasses(set *dataset.Set, patterns []string) (*dataset.Set, error) {
	names, err := set.Match(patterns...)
	if err != nil {
		return nil, err
	}
	_, set, err = dataset.SplitByIdentity(set, names...)
	return set, err
}

// CanJudge says why a set that was read from a folder of that name cannot judge a model: no two of its images show the same.
func CanJudge(set *dataset.Set, folder string) error {
	if slices.ContainsFunc(set.ByClass(), func(items []int32) bool { return len(items) > 1 }) {
		return nil
	}
	return fmt.Errorf("read %s: each of its %d classes has one image, so no two images show the same: add more of some",
		folder, len(set.Classes))
}

// Doubts lists the pictures of a set that stand under two identities, and count as different. Of characters of alphabets, which may
// well look the same, it lists none.
func Doubts(set *dataset.Set) []dataset.Duplicate {
	if ofAlphabets(set) {
		return nil
	}
	return dataset.SamePictures(set)
}

func ofAlphabets(set *dataset.Set) bool {
	groups := set.Groups()
	return len(groups) > 1 || groups[0] != ""
}

// Copy is a picture that shows the same as another of its identity, perhaps resized or compressed again. It is left out: that a picture is
// like itself makes figures look better than they are.
type Copy struct {
	File string `json:"file"`
	Of   string `json:"of"`
}

// WithoutCopies leaves out the pictures of a set that are copies of one before them under the same identity. Of characters of alphabets,
// which may well look the same, it leaves out none.
func WithoutCopies(set *dataset.Set) (*dataset.Set, []Copy) {
	if ofAlphabets(set) {
		return set, []Copy{}
	}
	copies := []Copy{}
	var left []int
	for _, d := range dataset.Copies(set) {
		copies = append(copies, Copy{set.Items[d.B].Source, set.Items[d.A].Source})
		left = append(left, d.B)
	}
	if len(left) == 0 {
		return set, copies
	}
	kept := set.Without(left...)
	kept.Name = set.Name
	return kept, copies
}

// mostCopiesNamed is how many copies a note names.
const mostCopiesNamed = 5

// CopiesNamed names a few copies in a line, and counts the others.
func CopiesNamed(copies []Copy) string {
	var names []string
	for _, c := range copies[:min(len(copies), mostCopiesNamed)] {
		names = append(names, c.File+" of "+c.Of)
	}
	if more := len(copies) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// Labelled is a labelled set with its embeddings.
type Labelled struct {
	Set        *dataset.Set
	Embeddings [][]float32 // of the set's items
	model      Model
	items      eval.Items
	old        [][]float32 // by an older model, nil without one
}

// Verification is how well a model tells pairs of a set.
type Verification struct {
	eval.Verification
	Copies []Copy `json:"copies"` // left out
}

// Retrieval is how well a model finds the others of an image's class.
type Retrieval struct {
	eval.Retrieval
	Copies []Copy `json:"copies"` // left out
}

// NewLabelled embeds a set with a model, and, when old is not nil, with an older model that the model is compatible with: then
// its embeddings are compared with the older model's.
func NewLabelled(ctx context.Context, model, old Model, set *dataset.Set) (*Labelled, error) {
	l := &Labelled{Set: set, model: model, items: ItemsOf(set)}
	var err error
	if l.Embeddings, err = Embed(ctx, model, set); err != nil || old == nil {
		return l, err
	}
	l.old, err = Embed(ctx, old, set)
	return l, err
}

// File is that of the model.
func (l *Labelled) File() *modelfile.File { return l.model.File() }

// Calibrate chooses the model's threshold again, see the function of that name.
func (l *Labelled) Calibrate(fmr float64, seed uint64) (*modelfile.Calibration, error) {
	return Calibrate(l.Set, l.Embeddings, l.model.NamedDistance(), fmr, seed)
}

// Compatible says whether a model's embeddings can be compared with those of an older model.
func Compatible(model, old Model) bool {
	return slices.Contains(model.File().Provenance.Compatible, old.File().Hash)
}

// ErrNoThreshold says that a model has no threshold to judge pairs at.
var ErrNoThreshold = errors.New("the model has no threshold to judge pairs at: choose one with siam calibrate")

// Verify judges pairs at the model's own threshold: all same pairs and all different ones, or n/2 drawn of a kind of which there are more; see
// [eval.Items.DistinctPairs]. The pairs are within a group where there are groups.
func (l *Labelled) Verify(n int, seed uint64) (eval.Verification, *Verdicts, error) {
	threshold := thresholdOf(l.model)
	if threshold == nil {
		return eval.Verification{}, nil, ErrNoThreshold
	}
	pairs, err := l.items.DistinctPairs(n, seed)
	if err != nil {
		return eval.Verification{}, nil, err
	}
	v := &Verdicts{
		Scored: l.items.Scored(pairs, l.distances(pairs.Pairs)), threshold: *threshold, where: "at the model's own threshold",
		trials: []any{classSizes(l.Set), pairs.Pairs},
		picture: func(i int) (report.PicturePair, error) {
			return picturePair(l.Set, pairs.Pairs[i].A, pairs.Pairs[i].B), nil
		},
	}
	result, err := eval.Verify(v.Scored, v.threshold, seed)
	v.right, v.accuracy, v.curve, v.measured, v.best = result.Right, result.Proportion, result.Curve, result.MeasuredOn, result.Best
	return result, v, err
}

// distances are those of pairs; the second image of each is the older model's, where there is one.
func (l *Labelled) distances(drawn []eval.Pair) []float32 {
	if l.old == nil {
		return eval.PairDistances(drawn, l.Embeddings, l.model.NamedDistance().Of)
	}
	pairs := slices.Clone(drawn)
	for i := range pairs {
		pairs[i].B += len(l.Embeddings)
	}
	return eval.PairDistances(pairs, slices.Concat(l.Embeddings, l.old), l.model.NamedDistance().Of)
}

// picturePair shows two items of a set, without their distance and verdict.
func picturePair(set *dataset.Set, a, b int) report.PicturePair {
	first, second := set.Items[a], set.Items[b]
	return report.PicturePair{
		A: first.Pixels().GoImage(), B: second.Pixels().GoImage(),
		Names: [2]string{set.Classes[first.Label].Name, set.Classes[second.Label].Name},
	}
}

// Retrieve asks with every image for the others of its class. Two images of which except is true, when it is not nil, do not count
// for each other; see [Within].
func (l *Labelled) Retrieve(except func(query, reference int) bool) (eval.Retrieval, error) {
	ranking := eval.Ranking{Distance: l.model.NamedDistance(), Except: except}
	alike := []string{distance.Cosine().Name, distance.SquaredEuclidean().Name, distance.Euclidean().Name}
	if l.model.Spec().Normalize && slices.Contains(alike, ranking.Distance.Name) {
		ranking.Distance = distance.SquaredEuclidean() // on the unit sphere these order alike, and this one needs no placing
	}
	queries := eval.Labelled{Embeddings: l.Embeddings, Labels: l.items.Labels, Groups: l.items.Groups}
	if l.old != nil {
		return eval.RetrieveAcross(queries, eval.Labelled{Embeddings: l.old, Labels: l.items.Labels}, ranking)
	}
	return eval.Retrieve(queries, ranking)
}
