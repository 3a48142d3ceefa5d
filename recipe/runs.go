package recipe

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
)

// JudgeRuns questions a model on Lake's runs.
func JudgeRuns(ctx context.Context, model *siam.Model, runs []dataset.Run) (eval.RunsResult, error) {
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
	return eval.JudgeRuns(embedded, model.Distance)
}

// JudgeRunsBaseline questions a baseline on Lake's runs, which checks the reader and the protocol against published errors.
func JudgeRunsBaseline(runs []dataset.Run, baseline Baseline) (eval.RunsResult, error) {
	compared := make([]eval.Run[thing], len(runs))
	for i, run := range runs {
		compared[i] = eval.Run[thing]{Training: things(run.Support), Test: things(run.Query), Truth: truth(run)}
	}
	return eval.JudgeRuns(compared, baseline.distance)
}

func things(items []dataset.Item) []thing {
	all := make([]thing, len(items))
	for i, item := range items {
		all[i] = newThing(item.Pixels())
	}
	return all
}

// truth is, for each query, which support item shows the same character.
func truth(run dataset.Run) []int {
	right := make([]int, len(run.Query))
	for i, query := range run.Query {
		right[i] = query.Label
	}
	return right
}
