package eval

import (
	"fmt"

	"github.com/siam-go/siam/stats"
)

// Run is one of Lake's one-shot runs: each test item shows the same character as one of the training items, drawn by another
// person. T is what a distance compares, an embedding for instance.
type Run[T any] struct {
	Training []T
	Test     []T
	Truth    []int // for each test item, which training item shows the same character
}

// RunsResult is the outcome of Lake's runs. The proportion is over all test items; its interval is by runs, as the items of one run share
// two drawers and an alphabet.
type RunsResult struct {
	OneShot
	Runs []float64 `json:"runs"` // accuracy of each run
}

// JudgeRuns answers every test item of every run with the nearest training item of that run (B. M. Lake, R. Salakhutdinov,
// J. B. Tenenbaum, "Human-level concept learning through probabilistic program induction", 2015). It fails on a run without
// items and on a truth that is not one of its training items.
func JudgeRuns[T any](runs []Run[T], distance func(a, b T) float32) (RunsResult, error) {
	var result RunsResult
	all := stats.Trials{Of: "trials"}
	for r, run := range runs {
		trials, err := run.trials()
		if err != nil {
			return RunsResult{}, fmt.Errorf("judging run %d of %d: %w", r+1, len(runs), err)
		}
		answers, err := Answer(trials, append(run.Training[:len(run.Training):len(run.Training)], run.Test...), distance)
		if err != nil {
			return RunsResult{}, fmt.Errorf("judging run %d of %d: %w", r+1, len(runs), err)
		}
		for range answers.Right {
			all.Classes = append(all.Classes, [2]int{r, r})
		}
		result.Choices = append(result.Choices, answers.Choices...)
		result.Right = append(result.Right, answers.Right...)
		result.Runs = append(result.Runs, answers.Value)
	}
	all.Values = numbers(result.Right)
	result.Proportion = stats.Proportion(all.Mean())
	return result, nil
}

// trials asks one question per test item, over rows that hold the training items and then the test items.
func (run Run[T]) trials() ([]Trial, error) {
	if len(run.Training) == 0 || len(run.Test) == 0 || len(run.Truth) != len(run.Test) {
		return nil, fmt.Errorf("%d training items, %d test items and %d true answers: want some, and as many answers as test items",
			len(run.Training), len(run.Test), len(run.Truth))
	}
	support := make([][]int, len(run.Training))
	for way := range support {
		support[way] = []int{way}
	}
	trials := make([]Trial, len(run.Test))
	for i, truth := range run.Truth {
		if truth < 0 || truth >= len(run.Training) {
			return nil, fmt.Errorf("test item %d belongs to training item %d, but there are %d", i+1, truth+1, len(run.Training))
		}
		trials[i] = Trial{Query: len(run.Training) + i, Support: support, True: truth}
	}
	return trials, nil
}
