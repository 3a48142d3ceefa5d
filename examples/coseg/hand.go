package main

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/coseg"
)

// Two feature maps of w columns and h rows, of vectors of one number.
const (
	w, h = 4, 4
	D    = 2*max(w, h) + 1
)

type featureMap [h][w]float32

// byHand is c_AB(i, j, k) = ⟨f_A(i, j), f_B(m, n)⟩ with k = (n − j)·D + (m − i), counted from the middle channel.
func byHand(a, b featureMap) (c [h][w][D * D]float32) {
	for j := range h {
		for i := range w {
			for n := range h {
				for m := range w {
					k := (n-j)*D + (m - i)
					c[j][i][k+D*D/2] = a[j][i] * b[n][m]
				}
			}
		}
	}
	return c
}

// layer is the same as a graph computes it, divided by the number of channels, which is 1.
func layer(a, b featureMap) ([]float32, error) {
	backend, err := siam.NewBackend("cpu", 1)
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	in := func(m featureMap) *tensors.Tensor {
		var flat []float32
		for _, row := range m {
			flat = append(flat, row[:]...)
		}
		return tensors.FromFlatDataAndDimensions(flat, 1, h, w, 1)
	}
	out, err := CallOnce(backend, func(a, b *Node) *Node { return coseg.Correlation(a, b, max(w, h)) }, in(a), in(b))
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](out)
}

// compare shows the correlation by hand at a few places, both ways, and how far the layer is from it at all.
func compare() error {
	a, b := featureMap{{2, 0, 1, 0}, {0, 3, 0, 0}}, featureMap{{0, 0, 0, 5}, {0, 0, 3, 0}}
	fmt.Printf("D = 2·max(%d, %d) + 1 = %d, %d channels\n", w, h, D, D*D)
	for _, p := range [][4]int{{0, 0, 3, 0}, {1, 1, 2, 1}, {1, 1, 3, 0}} {
		i, j, m, n := p[0], p[1], p[2], p[3]
		there, back := (n-j)*D+(m-i), (j-n)*D+(i-m)
		fmt.Printf("c_AB(%d, %d, %d) = %v·%v = %v in channel %d; c_BA(%d, %d, %d) = %v in channel %d\n", i, j, there, a[j][i], b[n][m],
			byHand(a, b)[j][i][there+D*D/2], there+D*D/2, m, n, back, byHand(b, a)[n][m][back+D*D/2], back+D*D/2)
	}
	graph, err := layer(a, b)
	if err != nil {
		return err
	}
	different, hand := 0, byHand(a, b)
	for at, v := range graph {
		if v != hand[at/(D*D)/w][at/(D*D)%w][at%(D*D)] {
			different++
		}
	}
	fmt.Printf("the layer makes %d numbers, %d of them other than by hand\n", len(graph), different)
	return nil
}
