package eval

import (
	"fmt"
	"strconv"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/stats"
)

// Labelled is embeddings with their labels, row by row.
type Labelled struct {
	Embeddings [][]float32
	Labels     []int
	// Groups is the alphabet or group of each row; nil when there are none. Where there are several, intervals are by them, else by labels.
	Groups []int
}

// Ranking says how references are ordered for a query.
type Ranking struct {
	// Distance compares embeddings, the zero value by squared Euclidean distance, which on vectors of length 1 gives the order of
	// cosine distance. It is called from several goroutines.
	Distance distance.Distance
	Recall   []int // the k of recall@k; nil is 1, 5, 10, 100
	// Except says which references of a query's own label do not count, by row, such as the frames of a video beside it;
	// nil leaves out none. It is called from several goroutines.
	Except func(query, reference int) bool
}

// Retrieval is how well a query finds the references of its label. R is their number; every measure is a mean over queries
// with an interval by labels: the queries of one label are alike (K. Musgrave, S. Belongie, S. Lim, "A metric learning reality check", 2020, section 3.3).
type Retrieval struct {
	PrecisionAt1 stats.Estimate            `json:"p_at_1"`      // nearest reference has the query's label
	RPrecision   stats.Estimate            `json:"r_precision"` // part of the R nearest that have it
	MAPAtR       stats.Estimate            `json:"map_at_r"`    // mean over i ≤ R of precision at i where the i-th has it, else 0
	MRR          stats.Estimate            `json:"mrr"`         // 1 / rank of the first that has it
	RecallAt     map[string]stats.Estimate `json:"recall_at"`   // whether one of the k nearest has it
	Queries      int                       `json:"queries"`
	// PerClass repeats P@1, R-precision, MAP@R and MRR averaged first inside each label, then over labels.
	PerClass ClassMeans `json:"per_class"`
	// Lone is how many further queries were left out because no reference has their label.
	Lone int `json:"lone_queries"`
	// Identities and Images are those asked for; the intervals are by Units of what Unit says, identities or alphabets.
	Identities int    `json:"identities"`
	Images     int    `json:"images"`
	Unit       string `json:"unit"`
	Units      int    `json:"units"`
}

// ClassMeans are measures averaged over labels, each label counting the same.
type ClassMeans struct {
	PrecisionAt1 float64 `json:"p_at_1"`
	RPrecision   float64 `json:"r_precision"`
	MAPAtR       float64 `json:"map_at_r"`
	MRR          float64 `json:"mrr"`
}

// Retrieve takes every row in turn as the query and the other rows as references. Equal distances are ordered by row.
// All distances are compared exactly; memory beyond the embeddings stays proportional to the number of rows. It fails when
// rows differ in length or hold what is no finite number, when there are not as many labels as embeddings, and when no label occurs twice.
func Retrieve(set Labelled, ranking Ranking) (Retrieval, error) {
	return retrieve(set, set, true, ranking)
}

// RetrieveFrom is [Retrieve] with queries that are not among the references.
func RetrieveFrom(queries, references Labelled, ranking Ranking) (Retrieval, error) {
	return retrieve(queries, references, false, ranking)
}

// RetrieveAcross is [Retrieve] where row i of both sets is the same image, as two models embed it: a query leaves that row out.
func RetrieveAcross(queries, references Labelled, ranking Ranking) (Retrieval, error) {
	if len(queries.Labels) != len(references.Labels) {
		return Retrieval{}, fmt.Errorf("judging retrieval: %d queries and %d references, want the same images", len(queries.Labels), len(references.Labels))
	}
	return retrieve(queries, references, true, ranking)
}

func retrieve(queries, references Labelled, leaveSelfOut bool, ranking Ranking) (Retrieval, error) {
	d := 0
	if len(queries.Embeddings) > 0 {
		d = len(queries.Embeddings[0])
	}
	for _, set := range []Labelled{queries, references} {
		if err := set.check(d); err != nil {
			return Retrieval{}, err
		}
	}
	if ranking.Recall == nil {
		ranking.Recall = []int{1, 5, 10, 100}
	}
	s, err := newSearch(queries, references, leaveSelfOut, ranking)
	if err != nil {
		return Retrieval{}, fmt.Errorf("judging retrieval: %w", err)
	}
	outcomes := s.run()
	var found []outcome
	var asked Items
	for i, o := range outcomes {
		if o.relevant > 0 {
			found, asked.Labels = append(found, o), append(asked.Labels, queries.Labels[i])
			if queries.Groups != nil {
				asked.Groups = append(asked.Groups, queries.Groups[i])
			}
		}
	}
	if len(found) == 0 {
		return Retrieval{}, fmt.Errorf("judging retrieval: none of %d queries has a reference of its label", len(outcomes))
	}
	result := summarise(found, asked, ranking)
	result.Lone = len(outcomes) - len(found)
	return result, nil
}

// check says whether there are rows, and whether each has a label and d finite numbers.
func (set Labelled) check(d int) error {
	if len(set.Embeddings) != len(set.Labels) || len(set.Labels) == 0 || d == 0 {
		return fmt.Errorf("judging retrieval: %d embeddings and %d labels, want some, and as many of each", len(set.Embeddings), len(set.Labels))
	}
	if set.Groups != nil && len(set.Groups) != len(set.Labels) {
		return fmt.Errorf("judging retrieval: %d labels and %d groups, want as many of each, or none", len(set.Labels), len(set.Groups))
	}
	if err := distance.Check(d, set.Embeddings...); err != nil {
		return fmt.Errorf("judging retrieval: %w", err)
	}
	return nil
}

// outcome is what one query found.
type outcome struct {
	relevant                  int // references of its label
	precision, rPrecision, ap float64
	rank                      int // of the first reference of its label, from 1; 0 when never found
}

// judge reads an outcome off the ranks of hits, ascending from 0: the ranks, among at least the first relevant ones, at which
// there is a reference of the query's label. First is the rank of the first one, wherever it is, or -1.
func judge(hits []int, relevant, first int) outcome {
	o := outcome{relevant: relevant, rank: first + 1}
	if first == 0 {
		o.precision = 1
	}
	for i, rank := range hits {
		if rank >= relevant {
			break
		}
		o.rPrecision += 1 / float64(relevant)
		o.ap += float64(i+1) / float64(rank+1) / float64(relevant)
	}
	return o
}

// measures are P@1, R-precision, MAP@R and MRR of one query.
func (o outcome) measures() [4]float64 {
	m := [4]float64{o.precision, o.rPrecision, o.ap}
	if o.rank > 0 {
		m[3] = 1 / float64(o.rank)
	}
	return m
}

func summarise(outcomes []outcome, asked Items, ranking Ranking) Retrieval {
	var columns [4][]float64
	for _, o := range outcomes {
		for m, v := range o.measures() {
			columns[m] = append(columns[m], v)
		}
	}
	numbered := asked.numbered()
	queries := stats.Trials{Units: numbered.units, Of: "queries"}
	for _, label := range asked.Labels {
		queries.Classes = append(queries.Classes, [2]int{numbered.of[label], numbered.of[label]})
	}
	mean := func(values []float64) stats.Estimate {
		queries.Values = values
		return queries.Mean()
	}
	r := Retrieval{Queries: len(outcomes), RecallAt: map[string]stats.Estimate{}, Images: len(outcomes), Identities: len(numbered.of)}
	r.Unit, r.Units = asked.Unit()
	for m, to := range []*stats.Estimate{&r.PrecisionAt1, &r.RPrecision, &r.MAPAtR, &r.MRR} {
		*to = mean(columns[m])
	}
	for _, k := range ranking.Recall {
		within := make([]bool, len(outcomes))
		for i, o := range outcomes {
			within[i] = o.rank > 0 && o.rank <= k
		}
		r.RecallAt[strconv.Itoa(k)] = mean(numbers(within))
	}
	for m, to := range []*float64{&r.PerClass.PrecisionAt1, &r.PerClass.RPrecision, &r.PerClass.MAPAtR, &r.PerClass.MRR} {
		*to = classMean(columns[m], asked.Labels)
	}
	return r
}

// classMean averages values inside each label and then over labels, in order of the labels' first appearance.
func classMean(values []float64, labels []int) float64 {
	byLabel := make(map[int]int)
	var sums, counts []float64
	for i, v := range values {
		at, seen := byLabel[labels[i]]
		if !seen {
			at = len(sums)
			byLabel[labels[i]] = at
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[at] += v
		counts[at]++
	}
	for i := range sums {
		sums[i] /= counts[i]
	}
	return stats.Mean(sums)
}
