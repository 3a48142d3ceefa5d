package search_test

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/search"
)

func Example() {
	vectors := []float32{ // four of two numbers
		1, 0,
		0, 1,
		-1, 0,
		1, 1,
	}
	x, err := search.NewExact(distance.SquaredEuclidean(), 2, vectors)
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := x.Nearest(context.Background(), 2, []float32{1, 0.25})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range found[0] {
		fmt.Printf("row %d at %.4f\n", n.Row, n.Distance)
	}
	// Output:
	// row 0 at 0.0625
	// row 3 at 0.5625
}

func ExampleGraph() {
	g, err := search.NewGraph(distance.SquaredEuclidean(), 2, search.GraphOptions{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := g.Add([]string{"Anna", "Ben", "Cleo"}, []float32{1, 0, 0, 1, -1, 0}); err != nil {
		fmt.Println(err)
		return
	}
	g.Remove("Anna")
	found, err := g.Nearest(context.Background(), 1, []float32{1, 0.25})
	fmt.Println(found[0][0].Key, err)
	// Output: Ben <nil>
}
