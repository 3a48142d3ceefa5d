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
