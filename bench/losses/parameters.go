package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parameters are numbers of a loss or miner by name: a flag name=value,name=value.
type parameters map[string]float64

// suit is what a loss is given that is not its authors'.
type suit struct {
	parameters parameters
	slower     int // how many times as many steps as the others it takes; 0 stands for 1
}

// suited are the suits of the losses whose authors' parameters are for longer trainings, other numbers of classes and examples, or
// embeddings of any length.
func suited() map[string]suit {
	return map[string]suit{
		"arcface":          {parameters: parameters{"scale": 24, "margin": 0.3}},
		"cosface":          {parameters: parameters{"scale": 32, "margin": 0.25}},
		"lifted_structure": {parameters: parameters{"scale": 16}},
		"proxy_anchor":     {parameters: parameters{"scale": 8}, slower: 2},
		"soft_triple":      {parameters: parameters{"centers": 2}},
	}
}

// String implements flag.Value.
func (p parameters) String() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list = append(list, fmt.Sprintf("%s=%v", name, p[name]))
	}
	return strings.Join(list, ",")
}

// Set implements flag.Value.
func (p *parameters) Set(text string) error {
	*p = parameters{}
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		x, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%q is not name=value with a number", part)
		}
		(*p)[name] = x
	}
	return nil
}
