package encoder

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// specs are all architectures at sizes quick to run.
func specs() map[string]Spec {
	small := Resnet()
	small.Preprocess.Height, small.Preprocess.Width = 16, 16
	small.Widths, small.Dim = []int{4, 8}, 5
	return map[string]Spec{"koch35": Koch35(), "conv4": Conv4(16), "resnet": small}
}

// initialized is a store with spec's variables.
func initialized(t testing.TB, b compute.Backend, spec Spec, seed uint64) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := Initialize(b, store, spec, seed); err != nil {
		t.Fatal(err)
	}
	return store
}

// weights are spec's initial weights.
func weights(t testing.TB, b compute.Backend, spec Spec, seed uint64) []modelfile.Tensor {
	t.Helper()
	w, err := Weights(initialized(t, b, spec, seed))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pictures are n images of waves.
func pictures(p imgproc.Preprocess, n int) []float32 {
	images := make([]float32, n*p.Height*p.Width*p.Channels)
	for i := range images {
		images[i] = float32(math.Sin(0.7 * float64(i+1)))
	}
	return images
}
