package judge

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// line is a model whose embedding of an image is the brightness of its first pixel, and whose distance is how far two of those are
// apart.
type line struct {
	file   modelfile.File
	blocks []int // images of each call
}

// lineWith is a line with a threshold.
func lineWith(threshold float32) *line {
	return &line{file: modelfile.File{Calibration: &modelfile.Calibration{Threshold: threshold}}}
}

func (l *line) EmbedImages(_ context.Context, images []imgproc.Image) ([][]float32, error) {
	l.blocks = append(l.blocks, len(images))
	rows := make([][]float32, len(images))
	for i, m := range images {
		rows[i] = []float32{float32(m.Pix[0])}
	}
	return rows, nil
}

func (l *line) Spec() encoder.Spec    { return encoder.Spec{} }
func (l *line) File() *modelfile.File { return &l.file }

func (l *line) NamedDistance() distance.Distance {
	return distance.Distance{Name: "line", Of: func(a, b []float32) float32 { return max(a[0]-b[0], b[0]-a[0]) }}
}

// dots are one-pixel images of these brightnesses, by file name.
func dots(t *testing.T, brightness map[string]uint8) dataset.Folder {
	t.Helper()
	files := fstest.MapFS{}
	for name, v := range brightness {
		files[name] = &fstest.MapFile{Data: append([]byte("P5 1 1 255\n"), v)}
	}
	return dataset.Folder{FS: files, Path: "dots"}
}

// dotSet is a set of one-pixel images: brightness[label] are those of a class.
func dotSet(brightness ...[]uint8) *dataset.Set {
	set := &dataset.Set{Name: "dots"}
	for label, values := range brightness {
		set.Classes = append(set.Classes, dataset.Class{Name: string(rune('a' + label))})
		for _, v := range values {
			set.Items = append(set.Items, dataset.Item{Image: imgproc.Filled(1, 1, 1, v), Label: label})
		}
	}
	return set
}
