package recipe

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
)

// calibrate chooses the threshold by what validates.
func (e *embedding) calibrate(ctx context.Context, file *modelfile.File) (*modelfile.Calibration, error) {
	embeddings, err := e.job.embedWith(ctx, file, e.validated)
	if err != nil {
		return nil, err
	}
	compare, err := encoder.DistanceOf(e.spec, file.Distance, file.Weights)
	if err != nil {
		return nil, err
	}
	c, err := parallel.UnlessEnded(ctx, func() (*modelfile.Calibration, error) {
		return judge.Calibrate(e.validated, embeddings, compare, e.job.FMR, e.job.Seed)
	})
	if err != nil {
		return nil, fmt.Errorf("the %s kept out of training: %w", e.recipe.Settings.Data.Words().Parts, err)
	}
	c.DataSet = "validation " + e.recipe.Settings.Data.Words().Parts + " of " + e.validated.Name
	return c, nil
}
