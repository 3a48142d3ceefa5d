package metric

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Choice names the parts of an objective, as settings and flags do. Parts left empty are those that the loss's authors use.
// Names may be written with - for _.
type Choice struct {
	Loss     string // one of [LossNames]
	Miner    string // one of [MinerNames]
	Distance string // the name of one of [Distances]
	Reducer  string // one of [ReducerNames]
	// Parameters of loss, miner and reducer, by name; those not given are the authors'. Parts that have a parameter of the same
	// name, such as margin, share it.
	Parameters map[string]float64
	// Classes is how many classes there are to learn from. Only losses that compare with proxies of classes look at it.
	Classes int
	// Memory is the size of the cross-batch memory, 0 for none.
	Memory int
}

// Objective makes what the names stand for. Unknown names and values out of range are errors.
func (c Choice) Objective() (Objective, error) {
	loss, err := find("loss", c.Loss, lossEntries())
	if err != nil {
		return Objective{}, err
	}
	miner, err := find("miner", or(c.Miner, loss.usual.miner), minerEntries())
	if err != nil {
		return Objective{}, err
	}
	reducer, err := find("reducer", or(c.Reducer, loss.usual.reducer), reducerEntries())
	if err != nil {
		return Objective{}, err
	}
	distance, err := DistanceByName(plain(or(c.Distance, loss.usual.distance)))
	if err != nil {
		return Objective{}, err
	}
	v, err := c.values(slices.Concat(loss.parameters, miner.parameters, reducer.parameters))
	if err != nil {
		return Objective{}, fmt.Errorf("loss %s with miner %s and reducer %s: %w", loss.name, miner.name, reducer.name, err)
	}
	o := Objective{Distance: distance, Miner: miner.make(v), Loss: loss.make(v), Reducer: reducer.make(v), Memory: c.Memory}
	if o.Loss.Proxies {
		o.Classes = c.Classes
	}
	if loss.usual.regularizer != nil {
		o.Regularizers = []Regularizer{loss.usual.regularizer(v)}
	}
	return o, o.Check()
}

// Easier lists the miners to step back to, one after the other, when that of the choice has made an encoder collapse.
func (c Choice) Easier() []Miner {
	o, err := c.Objective()
	if err != nil {
		return nil
	}
	var miners []Miner
	for _, name := range easier(o.Miner.Name) {
		c.Miner = name
		if o, err := c.Objective(); err == nil { // not where a loss of pairs has no use for triplets
			miners = append(miners, o.Miner)
		}
	}
	return miners
}

// easier names the miners that take less hard examples than this one, the hardest first.
func easier(miner string) []string {
	switch miner {
	case "hard", "batch_hard":
		return []string{"semi_hard", "all"}
	case "semi_hard", "batch_semi_hard", "easy_positive":
		return []string{"all"}
	}
	return nil
}

// values are numbers by the name of their parameter.
type values map[string]float64

// values are the choice's parameters, with the defaults of those it does not give.
func (c Choice) values(parameters []parameter) (values, error) {
	v := make(values)
	for _, p := range parameters {
		if _, shared := v[p.name]; !shared {
			v[p.name] = p.usual
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		if _, known := v[plain(name)]; !known {
			return nil, fmt.Errorf("no parameter %q, only %s", name, strings.Join(slices.Sorted(maps.Keys(v)), ", "))
		}
		v[plain(name)] = c.Parameters[name]
	}
	for _, p := range parameters {
		if err := p.check(v[p.name]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// parameter is a number that a named part has.
type parameter struct {
	name  string
	usual float64
	kind  kind
}

// kind says which values a parameter may have.
type kind string

const (
	anySize  kind = "0 or more"
	positive kind = "more than 0"
	natural  kind = "a whole number from 1 to 1000"
	chord    kind = "more than 0 and less than 2"  // a distance on the unit sphere
	acute    kind = "more than 0 and less than 90" // degrees
)

func (p parameter) check(x float64) error {
	good := x >= 0 && !math.IsInf(x, 0)
	switch p.kind {
	case positive:
		good = good && x > 0
	case natural:
		good = x >= 1 && x <= 1000 && x == math.Trunc(x)
	case chord:
		good = x > 0 && x < 2
	case acute:
		good = x > 0 && x < 90
	}
	if !good {
		return fmt.Errorf("parameter %s is %v, want %s", p.name, x, p.kind)
	}
	return nil
}

// find looks a name up in entries.
func find[T any](what, name string, entries []entry[T]) (entry[T], error) {
	for _, e := range entries {
		if e.name == plain(name) {
			return e, nil
		}
	}
	return entry[T]{}, fmt.Errorf("unknown %s %q, want one of %s", what, name, strings.Join(names(entries), ", "))
}

func names[T any](entries []entry[T]) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.name)
	}
	return all
}

func plain(name string) string { return strings.ReplaceAll(name, "-", "_") }

func or(name, usual string) string {
	if name == "" {
		return usual
	}
	return name
}

// entry is a part by name. Its parameters' usual values are those of the paper its constructor cites.
type entry[T any] struct {
	name       string
	parameters []parameter
	make       func(v values) T
	usual      usual // of losses only
}

// usual is what a loss's authors combine it with.
type usual struct {
	distance, miner, reducer string
	regularizer              func(v values) Regularizer
}

// LossNames lists the losses of a [Choice].
func LossNames() []string { return names(lossEntries()) }

// MinerNames lists the miners of a [Choice].
func MinerNames() []string { return names(minerEntries()) }

// ReducerNames lists the reducers of a [Choice].
func ReducerNames() []string { return names(reducerEntries()) }

func lossEntries() []entry[Loss] {
	return []entry[Loss]{
		{"contrastive", []parameter{{"near", 0, anySize}, {"beyond", 1, anySize}},
			func(v values) Loss { return Contrastive(v["near"], v["beyond"]) },
			usual{"euclidean", "all", "mean_active", nil}},
		{"triplet", []parameter{{"margin", 0.2, anySize}},
			func(v values) Loss { return Triplet(v["margin"]) },
			usual{"squared_euclidean", "semi_hard", "mean_active", nil}},
		{"soft_margin_triplet", nil,
			func(values) Loss { return SoftMarginTriplet() },
			usual{"euclidean", "batch_hard", "mean", nil}},
		{"quadruplet", []parameter{{"margin", 0.2, anySize}, {"between", 0.1, anySize}},
			func(v values) Loss { return Quadruplet(v["margin"], v["between"]) },
			usual{"squared_euclidean", "all", "mean_active", nil}},
		{"margin", []parameter{{"margin", 0.2, anySize}, {"boundary", 1.2, anySize}},
			func(v values) Loss { return Margin(v["margin"], v["boundary"]) },
			usual{"euclidean", "distance_weighted", "mean_active", nil}},
		{"n_pairs", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return NPairs(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"nt_xent", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return NTXent(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"supcon", []parameter{{"temperature", 0.1, positive}},
			func(v values) Loss { return SupCon(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"multi_similarity", []parameter{{"alpha", 2, positive}, {"beta", 50, positive}, {"center", 0.5, anySize}},
			func(v values) Loss { return MultiSimilarity(v["alpha"], v["beta"], v["center"]) },
			usual{"cosine", "multi_similarity", "mean", nil}},
		{"circle", []parameter{{"margin", 0.4, anySize}, {"scale", 80, positive}},
			func(v values) Loss { return Circle(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"lifted_structure", []parameter{{"margin", 1, anySize}, {"scale", 1, positive}},
			func(v values) Loss { return LiftedStructure(v["margin"], v["scale"]) },
			usual{"euclidean", "all", "mean", nil}},
		{"fast_ap", []parameter{{"bins", 10, natural}, {"farthest", 4, positive}},
			func(v values) Loss { return FastAP(int(v["bins"]), v["farthest"]) },
			usual{"squared_euclidean", "all", "mean", nil}},
		{"threshold_consistent", []parameter{{"near", 0.1, anySize}, {"beyond", 0.5, anySize}},
			func(v values) Loss { return ThresholdConsistent(v["near"], v["beyond"]) },
			usual{"cosine", "all", "mean", nil}},
		{"normalized_softmax", []parameter{{"scale", 20, positive}},
			func(v values) Loss { return NormalizedSoftmax(v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"cosface", []parameter{{"margin", 0.35, anySize}, {"scale", 64, positive}},
			func(v values) Loss { return CosFace(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"arcface", []parameter{{"margin", 0.5, anySize}, {"scale", 64, positive}},
			func(v values) Loss { return ArcFace(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"sub_center_arcface", []parameter{{"margin", 0.5, anySize}, {"scale", 64, positive}, {"centers", 3, natural}},
			func(v values) Loss { return SubCenters(ArcFace(v["margin"], v["scale"]), int(v["centers"])) },
			usual{"cosine", "all", "mean", nil}},
		{"proxy_nca", []parameter{{"temperature", 1.0 / 9, positive}},
			func(v values) Loss { return ProxyNCA(v["temperature"]) },
			usual{"cosine", "all", "mean", nil}},
		{"proxy_anchor", []parameter{{"margin", 0.1, anySize}, {"scale", 32, positive}},
			func(v values) Loss { return ProxyAnchor(v["margin"], v["scale"]) },
			usual{"cosine", "all", "mean", nil}},
		{"soft_triple", []parameter{
			{"scale", 20, positive}, {"gamma", 0.1, positive}, {"margin", 0.01, anySize}, {"centers", 10, natural}, {"tau", 0.2, anySize}},
			func(v values) Loss { return SoftTriple(v["scale"], v["gamma"], v["margin"], int(v["centers"])) },
			usual{"cosine", "all", "mean", func(v values) Regularizer { return SparseCenters(v["tau"]) }}},
	}
}

func minerEntries() []entry[Miner] {
	margin := []parameter{{"margin", 0.2, anySize}}
	return []entry[Miner]{
		{name: "all", make: func(values) Miner { return All() }},
		{name: "easy", parameters: margin, make: func(v values) Miner { return Easy(v["margin"]) }},
		{name: "semi_hard", parameters: margin, make: func(v values) Miner { return SemiHard(v["margin"]) }},
		{name: "hard", make: func(values) Miner { return Hard() }},
		{name: "batch_hard", make: func(values) Miner { return BatchHard() }},
		{name: "batch_semi_hard", make: func(values) Miner { return BatchSemiHard() }},
		{name: "easy_positive", make: func(values) Miner { return EasyPositive() }},
		{name: "distance_weighted", parameters: []parameter{{"nearest", 0.5, positive}, {"farthest_drawn", 1.4, chord}},
			make: func(v values) Miner { return DistanceWeighted(v["nearest"], v["farthest_drawn"]) }},
		{name: "multi_similarity", parameters: []parameter{{"slack", 0.1, anySize}},
			make: func(v values) Miner { return Informative(v["slack"]) }},
		{name: "angular", parameters: []parameter{{"degrees", 45, acute}},
			make: func(v values) Miner { return Angular(v["degrees"]) }},
	}
}

func reducerEntries() []entry[Reducer] {
	return []entry[Reducer]{
		{name: "sum", make: func(values) Reducer { return Sum() }},
		{name: "mean", make: func(values) Reducer { return Mean() }},
		{name: "mean_active", make: func(values) Reducer { return MeanActive() }},
		{name: "per_class", make: func(values) Reducer { return PerClass() }},
		{name: "divisor", parameters: []parameter{{"divisor", 1, positive}}, make: func(v values) Reducer { return Divisor(v["divisor"]) }},
	}
}
