package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// EpisodeOptions is the task of [NewEpisodeSampler]: N ways, K shots.
type EpisodeOptions struct {
	Ways    int // classes in an episode
	Shots   int // support images of each class
	Queries int // query images of each class
	// WithinGroup takes all classes of an episode from one group, which is far harder than classes from anywhere
	// ("unstructured"): look-alike letters of one alphabet.
	WithinGroup bool
	// ByDrawer makes each shot one person's drawings of all classes, and each query round another's, as in Lake's runs.
	ByDrawer bool
	Seed     uint64
}

// EpisodeSampler samples N-way K-shot episodes.
type EpisodeSampler struct {
	options EpisodeOptions
	set     *Set
	items   [][]int32 // of each label
	pools   [][]int32 // labels that an episode may draw from: one pool for each group, or a single one
}

// Episode is one task: which class does each query show? Support is [ways, shots] and Query [queries, ways] as indices into
// Set.Items; Answer gives the way of each query.
type Episode struct {
	Support []int32
	Query   []int32
	Answer  []int32
}

// NewEpisodeSampler refuses a set without enough classes that have Shots+Queries images each, saying how many there are.
func NewEpisodeSampler(s *Set, o EpisodeOptions) (*EpisodeSampler, error) {
	if o.Ways < 2 || o.Shots < 1 || o.Queries < 1 {
		return nil, fmt.Errorf("sample episodes: %d ways, %d shots, %d queries: want at least 2, 1 and 1", o.Ways, o.Shots, o.Queries)
	}
	e := &EpisodeSampler{options: o, set: s, items: s.ByClass()}
	candidates := [][]int32{slices.Concat(s.byGroup()...)}
	if o.WithinGroup {
		candidates = s.byGroup()
	}
	most := 0
	for _, labels := range candidates {
		usable := withItems(labels, e.items, o.Shots+o.Queries)
		most = max(most, len(usable))
		if len(usable) >= o.Ways {
			e.pools = append(e.pools, usable)
		}
	}
	if len(e.pools) == 0 {
		return nil, fmt.Errorf("sample episodes: %d ways, but data set %s has at most %d classes of %d images to choose from: ask for fewer ways",
			o.Ways, s.Name, most, o.Shots+o.Queries)
	}
	if o.ByDrawer {
		return e, e.checkDrawers()
	}
	return e, nil
}

// checkDrawers wants every class that may be drawn to have been drawn by enough people, all of them the same ones in a pool.
func (e *EpisodeSampler) checkDrawers() error {
	want := e.options.Shots + e.options.Queries
	for _, labels := range e.pools {
		if common := e.drawers(labels); len(common) < want {
			return fmt.Errorf("sample episodes: data set %s has %d people who drew all of %s and its neighbours: want %d, or episodes not by drawer",
				e.set.Name, len(common), e.set.Classes[labels[0]].Name, want)
		}
	}
	return nil
}

// drawers lists who drew every one of the classes.
func (e *EpisodeSampler) drawers(labels []int32) []int {
	classes := map[int]int{}
	for _, label := range labels {
		for _, d := range e.classDrawers(label) {
			classes[d]++
		}
	}
	var common []int
	for d, n := range classes {
		if n == len(labels) {
			common = append(common, d)
		}
	}
	slices.Sort(common)
	return common
}

func (e *EpisodeSampler) classDrawers(label int32) []int {
	var drawers []int
	for _, i := range e.items[label] {
		if d := e.set.Items[i].Drawer; d != 0 {
			drawers = append(drawers, d)
		}
	}
	slices.Sort(drawers)
	return slices.Compact(drawers)
}

// Episode draws episode number i. Groups take turns.
func (e *EpisodeSampler) Episode(i int) Episode {
	o := e.options
	rng := newRand(o.Seed, forEpisodes, uint64(i))
	pool := e.pools[i%len(e.pools)]
	labels := appendSome(rng, nil, pool, o.Ways)
	examples := e.examples(rng, labels)
	var ep Episode
	for way := range labels {
		ep.Support = append(ep.Support, examples[way][:o.Shots]...)
	}
	for q := range o.Queries {
		for way := range labels {
			ep.Query = append(ep.Query, examples[way][o.Shots+q])
			ep.Answer = append(ep.Answer, int32(way))
		}
	}
	return ep
}

// examples draws Shots+Queries different items of each label.
func (e *EpisodeSampler) examples(rng *rand.Rand, labels []int32) [][]int32 {
	n := e.options.Shots + e.options.Queries
	examples := make([][]int32, len(labels))
	if !e.options.ByDrawer {
		for way, label := range labels {
			examples[way] = appendSome(rng, nil, e.items[label], n)
		}
		return examples
	}
	drawers := e.drawers(labels)
	for _, at := range rng.Perm(len(drawers))[:n] {
		for way, label := range labels {
			examples[way] = append(examples[way], e.by(label, drawers[at]))
		}
	}
	return examples
}

// by is the item of a class that a drawer made.
func (e *EpisodeSampler) by(label int32, drawer int) int32 {
	for _, i := range e.items[label] {
		if e.set.Items[i].Drawer == drawer {
			return i
		}
	}
	panic(fmt.Sprintf("dataset: drawer %d made no %s", drawer, e.set.Classes[label].Name))
}

// Sample is episode number step as a batch: its support rows, then its query rows.
func (e *EpisodeSampler) Sample(step int) Sample {
	ep := e.Episode(step)
	return Sample{Items: append(ep.Support, ep.Query...)}
}

// Runs makes n runs like Lake's out of one-shot episodes, for sets that have none.
func (e *EpisodeSampler) Runs(n int) []Run {
	runs := make([]Run, n)
	for i := range runs {
		ep := e.Episode(i)
		runs[i].Name = fmt.Sprintf("run%02d", i+1)
		for way := range e.options.Ways {
			runs[i].Support = append(runs[i].Support, e.labelled(ep.Support[way*e.options.Shots], way))
		}
		for q, item := range ep.Query {
			runs[i].Query = append(runs[i].Query, e.labelled(item, int(ep.Answer[q])))
		}
	}
	return runs
}

// labelled is an item with the label it has in a run.
func (e *EpisodeSampler) labelled(item int32, label int) Item {
	it := e.set.Items[item]
	it.Label = label
	return it
}
