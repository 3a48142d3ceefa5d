package boost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Settings say how a forest grows.
type Settings struct {
	Trees int     `json:"trees"`
	Depth int     `json:"depth"`
	Rate  float64 `json:"rate"`  // part of each tree's answer that is taken
	L2    float64 `json:"l2"`    // added to the curvature in each leaf
	Least int     `json:"least"` // rows in a leaf
	Bins  int     `json:"bins"`  // of a column's histogram, at most 256
	Part  float64 `json:"part"`  // of the rows that each tree sees, drawn anew
	Seed  uint64  `json:"seed"`
}

// Default is a forest of 400 trees, as Leal-Taixé et al. 2016 have.
func Default() Settings {
	return Settings{Trees: 400, Depth: 3, Rate: 0.05, L2: 1, Least: 20, Bins: 64, Part: 0.7}
}

func (s Settings) check() error {
	if s.Trees < 0 || s.Trees > 100000 || s.Depth < 1 || s.Depth > 12 || !(s.Rate > 0 && s.Rate <= 1) || !(s.L2 >= 0) || s.Least < 1 || s.Bins < 2 || s.Bins > 256 || !(s.Part > 0 && s.Part <= 1) {
		return fmt.Errorf("boost: settings %+v: want 0 to 100000 trees of depth 1 to 12, a rate and a part in (0, 1], l2 of 0 or more, 1 row or more in a leaf, 2 to 256 bins", s)
	}
	return nil
}

// grower is a forest under way.
type grower struct {
	Settings
	bins     [][]uint8   // of each column, of each row
	edges    [][]float32 // of each column: bin b holds numbers above edges[b−1] up to edges[b]
	yes      []bool
	logits   []float64
	gradient []float64
	curve    []float64
	forest   *Forest
}

// Train learns a forest from rows of numbers, all of one length, and whether each is a yes. Numbers may be NaN, which is below all. It fails on no
// rows, on rows of several lengths, on settings that cannot be, and when ctx has ended.
func Train(ctx context.Context, rows [][]float32, yes []bool, s Settings) (*Forest, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows) != len(yes) || len(rows[0]) == 0 {
		return nil, fmt.Errorf("boost: %d rows with %d answers, want as many, and more than none", len(rows), len(yes))
	}
	for _, row := range rows {
		if len(row) != len(rows[0]) {
			return nil, errors.New("boost: rows of several lengths")
		}
	}
	g := newGrower(rows, yes, s)
	rng := rand.New(rand.NewPCG(s.Seed, 17))
	for range s.Trees {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.grow(rng)
	}
	return g.forest, nil
}

func newGrower(rows [][]float32, yes []bool, s Settings) *grower {
	n := len(rows)
	g := &grower{Settings: s, yes: yes, logits: make([]float64, n), gradient: make([]float64, n), curve: make([]float64, n)}
	count := 0.5
	for _, y := range yes {
		if y {
			count++
		}
	}
	base := math.Log(count / (float64(n) + 1 - count))
	for i := range g.logits {
		g.logits[i] = base
	}
	g.forest = &Forest{Columns: len(rows[0]), Depth: s.Depth, Base: float32(base)}
	for c := range rows[0] {
		column := make([]float32, n)
		for i, row := range rows {
			column[i] = row[c]
		}
		edges := cuts(column, s.Bins)
		g.edges = append(g.edges, edges)
		g.bins = append(g.bins, binned(column, edges))
	}
	return g
}

// cuts are the upper ends of bins with about as many numbers each; the last bin has none.
func cuts(column []float32, bins int) (edges []float32) {
	sorted := slices.DeleteFunc(slices.Clone(column), func(v float32) bool { return v != v })
	slices.Sort(sorted)
	for b := 1; b < bins && len(sorted) > 0; b++ {
		v := sorted[b*len(sorted)/bins]
		i, _ := slices.BinarySearch(sorted, v)
		if i == 0 { // between the lowest and the next
			continue
		}
		if edge := sorted[i-1]; len(edges) == 0 || edge > edges[len(edges)-1] {
			edges = append(edges, edge)
		}
	}
	return edges
}

func binned(column, edges []float32) []uint8 {
	bins := make([]uint8, len(column))
	for i, v := range column {
		if v == v {
			at, _ := slices.BinarySearch(edges, v)
			bins[i] = uint8(at)
		}
	}
	return bins
}

// grow adds a tree.
func (g *grower) grow(rng *rand.Rand) {
	var sample, all []int32
	for i := range g.logits {
		p := logistic(g.logits[i])
		g.gradient[i], g.curve[i] = p, p*(1-p)
		if g.yes[i] {
			g.gradient[i]--
		}
		all = append(all, int32(i))
		if g.Part == 1 || rng.Float64() < g.Part {
			sample = append(sample, int32(i))
		}
	}
	f := g.forest
	splits := 1<<g.Depth - 1
	f.Features = append(f.Features, make([]float32, splits)...)
	f.Thresholds = append(f.Thresholds, make([]float32, splits)...)
	f.Leaves = append(f.Leaves, make([]float32, splits+1)...)
	g.split(f.Trees*splits, 0, sample, all)
	f.Trees++
}

// split makes the node at of the tree whose splits begin at tree, from the sample's rows in it, and answers all rows in it.
func (g *grower) split(tree, at int, sample, all []int32) {
	f, splits := g.forest, 1<<g.Depth-1
	if at >= splits {
		value := g.leaf(sample)
		f.Leaves[tree/splits*(splits+1)+at-splits] = float32(value)
		for _, i := range all {
			g.logits[i] += value
		}
		return
	}
	column, bin := g.best(sample)
	f.Thresholds[tree+at] = float32(math.Inf(1))
	if column < 0 {
		g.split(tree, 2*at+1, sample, all)
		return
	}
	f.Features[tree+at], f.Thresholds[tree+at] = float32(column), g.edges[column][bin]
	left := func(i int32) bool { return int(g.bins[column][i]) <= bin }
	lowSample, highSample := parted(sample, left)
	lowAll, highAll := parted(all, left)
	g.split(tree, 2*at+1, lowSample, lowAll)
	g.split(tree, 2*at+2, highSample, highAll)
}

func parted(rows []int32, left func(i int32) bool) (low, high []int32) {
	for _, i := range rows {
		if left(i) {
			low = append(low, i)
		} else {
			high = append(high, i)
		}
	}
	return low, high
}

// leaf is Newton's step for some rows, shortened by the rate.
func (g *grower) leaf(rows []int32) float64 {
	var s stat
	for _, i := range rows {
		s.add(g.gradient[i], g.curve[i])
	}
	return -g.Rate * s.gradient / (s.curve + g.L2 + 1e-12)
}

// stat sums rows up.
type stat struct {
	gradient, curve float64
	rows            int
}

func (s *stat) add(gradient, curve float64) {
	s.gradient += gradient
	s.curve += curve
	s.rows++
}

// gain is twice what Newton's step takes off the loss.
func (s stat) gain(l2 float64) float64 { return s.gradient * s.gradient / (s.curve + l2 + 1e-12) }

// best is the column and the bin after which splitting some rows gains most; −1 where nothing does.
func (g *grower) best(rows []int32) (column, bin int) {
	var whole stat
	for _, i := range rows {
		whole.add(g.gradient[i], g.curve[i])
	}
	column, most := -1, whole.gain(g.L2)+1e-9
	for c, edges := range g.edges {
		var histogram [256]stat
		for _, i := range rows {
			histogram[g.bins[c][i]].add(g.gradient[i], g.curve[i])
		}
		var low stat
		for b := range edges {
			h := histogram[b]
			low = stat{low.gradient + h.gradient, low.curve + h.curve, low.rows + h.rows}
			high := stat{whole.gradient - low.gradient, whole.curve - low.curve, whole.rows - low.rows}
			if low.rows < g.Least || high.rows < g.Least {
				continue
			}
			if gain := low.gain(g.L2) + high.gain(g.L2); gain > most {
				column, bin, most = c, b, gain
			}
		}
	}
	return column, bin
}
