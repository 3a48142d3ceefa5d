package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
)

// Runs questions a model on Lake's runs.
func Runs(ctx context.Context, model Model, runs []dataset.Run) (eval.RunsResult, error) {
	embedded := make([]eval.Run[[]float32], len(runs))
	for i, run := range runs {
		support, err := model.EmbedImages(ctx, pictures(run.Support))
		if err != nil {
			return eval.RunsResult{}, fmt.Errorf("embedding %s: %w", run.Name, err)
		}
		query, err := model.EmbedImages(ctx, pictures(run.Query))
		if err != nil {
			return eval.RunsResult{}, fmt.Errorf("embedding %s: %w", run.Name, err)
		}
		embedded[i] = eval.Run[[]float32]{Training: support, Test: query, Truth: truth(run)}
	}
	return eval.JudgeRuns(embedded, model.NamedDistance().Of)
}

// truth is, for each query, which support item shows the same character.
func truth(run dataset.Run) []int {
	right := make([]int, len(run.Query))
	for i, query := range run.Query {
		right[i] = query.Label
	}
	return right
}

// RunsAnswers are the answers in some runs as a comparison with another model's takes them.
func RunsAnswers(result eval.RunsResult, runs []dataset.Run, seed uint64) (Answers, error) {
	names := make([]string, len(runs))
	for i, run := range runs {
		names[i] = run.Name
	}
	answers, err := newAnswers(seed, names, map[string][]bool{"runs": result.Right})
	ties := &eval.Ties{Unit: "runs"}
	for i := range result.Right {
		run := i * len(runs) / len(result.Right) // all have as many trials
		ties.Classes = append(ties.Classes, [2]int{run, run})
	}
	answers.Ties = map[string]*eval.Ties{"runs": ties}
	return answers, err
}
