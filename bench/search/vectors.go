package main

import (
	"math"
	"math/rand/v2"
)

// uniform is n vectors and some probes anywhere in the unit cube.
func uniform(n int) (vectors, asked []float32) {
	rng := rand.New(rand.NewPCG(1, 0))
	all := make([]float32, (n+probes)*dim)
	for i := range all {
		all[i] = rng.Float32()
	}
	return all[:n*dim], all[n*dim:]
}

// clustered is n embeddings of length 1 and some probes, of people with five each, around one of a hundred directions.
func clustered(n int) (vectors, asked []float32) {
	rng := rand.New(rand.NewPCG(2, 0))
	around := func(v, centre []float32, spread float64) {
		square := 0.0
		for j := range v {
			x := spread * rng.NormFloat64()
			if centre != nil {
				x += float64(centre[j])
			}
			v[j] = float32(x)
			square += x * x
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(square))
		}
	}
	people := n/5 + 1
	directions, centres := make([]float32, 100*dim), make([]float32, people*dim)
	for i := range 100 {
		around(directions[i*dim:][:dim], nil, 1)
	}
	for i := range people {
		d := rng.IntN(100) * dim
		around(centres[i*dim:][:dim], directions[d:d+dim], 0.08)
	}
	all := make([]float32, (n+probes)*dim)
	for i := range n + probes {
		c := rng.IntN(people) * dim
		around(all[i*dim:][:dim], centres[c:c+dim], 0.05)
	}
	return all[:n*dim], all[n*dim:]
}
