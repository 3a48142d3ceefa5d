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

// suited are the parameters of the losses whose authors' own are for longer trainings, other numbers of classes and examples, or
// embeddings of any length.
func suited() map[string]parameters {
	return map[string]parameters{
		"arcface":          {"scale": 24, "margin": 0.3},
		"cosface":          {"scale": 32, "margin": 0.25},
		"lifted_structure": {"scale": 16},
		"proxy_anchor":     {"scale": 8},
		"soft_triple":      {"centers": 2},
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
