// Package judge asks what a model reaches on data that it was not trained on: one-shot recognition, same or different, retrieval,
// groups and maps. Each answer is a result with its intervals and the sections of a page that show it; package eval has the numbers.
package judge

import (
	"context"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// Model is what is judged: a [siam.Model], or one with something around it, such as a count of the images that it embeds.
type Model interface {
	EmbedImages(ctx context.Context, images []imgproc.Image) ([][]float32, error)
	Spec() encoder.Spec
	File() *modelfile.File
	NamedDistance() distance.Distance
}

// thresholdOf is the distance up to which a model calls two images the same, nil when it has no threshold.
func thresholdOf(model Model) *float64 {
	calibration := model.File().Calibration
	if calibration == nil {
		return nil
	}
	threshold := float64(calibration.Threshold)
	return &threshold
}

// Learned counts the classes of these names that a model was made from: figures on them flatter it.
func Learned(model Model, names []string) int {
	learned := 0
	for _, name := range names {
		if model.File().Provenance.Learned.Has(name) {
			learned++
		}
	}
	return learned
}
