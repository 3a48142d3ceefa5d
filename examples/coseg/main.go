// Command coseg is the lecture's second exercise: the correlation of two maps by hand and as a layer, and the network of section 4.2,
// trained on invented pictures or on photographs. docs/tutorials/en/02-cosegmentation.md walks through it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.IntVar(&o.steps, "steps", 0, "number of batches to train with; 0 shows the correlation by hand")
	flag.IntVar(&o.correlated, "correlated", 3, "at how many of the coarsest `maps` the two images are compared; 0 cuts the correlation out")
	flag.StringVar(&o.data, "data", "", "`folder` of images with masks to learn from and to be judged on, such as Weizmann's horses; without it pictures are invented")
	flag.StringVar(&o.out, "out", "coseg.png", "`picture` of masks to write")
	flag.Parse()
	do := func() error { return run(ctx, o) }
	if o.steps == 0 {
		do = compare
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "coseg:", err)
		os.Exit(1)
	}
}
