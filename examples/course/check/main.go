// Command check tells what is right in an exercise of the course and what is not yet:
//
//	go -C examples/course run ./check 1   (or 2)
//
// It ends with 0 when all is right, 1 when something is missing or wrong, 2 when there is no such exercise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/siam-go/siam/examples/course/exercise1"
	"github.com/siam-go/siam/examples/course/exercise2"
	"github.com/siam-go/siam/examples/course/finding"
	"github.com/siam-go/siam/examples/course/sharing"
	"github.com/siam-go/siam/examples/course/solution1"
	"github.com/siam-go/siam/examples/course/solution2"
	"github.com/siam-go/siam/examples/course/triplets"
)

func main() {
	solution := flag.Bool("solution", false, "check the course's own solution")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, flag.Args(), *solution, os.Stdout)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, solution bool, out io.Writer) int {
	if len(args) != 1 || args[0] != "1" && args[0] != "2" {
		fmt.Fprintln(out, "check: want the number of an exercise: 1 or 2")
		return 2
	}
	triplet, shared := exercise1.Mine, exercise2.Mine
	if solution {
		triplet, shared = solution1.Solved, solution2.Solved
	}
	if args[0] == "2" {
		return tell(sharing.Check(ctx, shared), out)
	}
	return tell(triplets.Check(ctx, triplet), out)
}

// tell prints the findings and what to do next.
func tell(all []finding.Finding, out io.Writer) int {
	right := 0
	next := ""
	for _, f := range all {
		fmt.Fprintln(out, f)
		switch {
		case f.Err == nil:
			right++
		case next == "" && errors.Is(f.Err, finding.ErrMissing):
			next = "next: write " + f.Part
		case next == "":
			next = "next: mend " + f.Part
		}
	}
	fmt.Fprintf(out, "%d of %d parts are right", right, len(all))
	if next == "" {
		fmt.Fprintln(out)
		return 0
	}
	fmt.Fprintln(out, ";", next)
	return 1
}
