package train

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

// everything is a config with all that has a state.
func everything() training {
	c := config()
	c.Spec.Dropout = 0.2
	c.Average, c.Clip = 0.9, 1
	c.Schedule = Cosine(12, 2)
	c.Task = Labels{Objective: metric.Objective{
		Distance: metric.Cosine(), Loss: metric.CosFace(0.1, 8), Reducer: metric.Mean(), Classes: 5}}
	return c
}

// remembering is an objective that learns a boundary, draws negatives and remembers two batches and a half; the one beside it
// remembers seven embeddings.
func remembering() metric.Objective {
	return metric.Objective{
		Distance: metric.Euclidean(), Miner: metric.DistanceWeighted(0.5, 1.4), Loss: metric.Margin(0.2, 1.2), Reducer: metric.MeanActive(),
		Memory: 50,
		Regularizers: []metric.Regularizer{metric.Also(0.5, metric.Objective{
			Distance: metric.Cosine(), Loss: metric.ThresholdConsistent(0.1, 0.5), Reducer: metric.Mean(), Memory: 7,
		})},
	}
}

func TestAResumedTrainingIsAnUnbrokenOne(t *testing.T) {
	koch := pairsConfig()
	koch.Optimizer = SGD{}
	koch.Layer = Layer{Rate: 0.01, Momentum: 0.9, L2: 1e-4}
	koch.RampEpochs, koch.StepsPerEpoch, koch.Schedule = 3, 4, Decay(0.99)
	memory := config()
	memory.Task = Labels{Objective: remembering()}
	for name, c := range map[string]training{"everything": everything(), "as Koch": koch, "a memory and a boundary": memory} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
			unbroken := trainer(t, c)
			want := losses(run(t, unbroken, stripes(0, 12)))

			first := trainer(t, c)
			got := losses(run(t, first, stripes(0, 5)))
			if _, _, err := first.Observe(0.25, 3); err != nil {
				t.Fatal(err)
			}
			if err := first.SaveCheckpoint(path, []byte(`{"step":5}`)); err != nil {
				t.Fatal(err)
			}
			second := trainer(t, c)
			sampler, err := second.LoadCheckpoint(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(sampler) != `{"step":5}` {
				t.Errorf("sampler state = %s, want what was saved", sampler)
			}
			got = append(got, losses(run(t, second, stripes(second.Done(), 12)))...)
			if !slices.Equal(got, want) {
				t.Errorf("losses of a resumed training = %v, want %v", got, want)
			}
			if diff := cmp.Diff(weightsOf(t, unbroken), weightsOf(t, second)); diff != "" {
				t.Error("the weights of the resumed training differ from the unbroken one's")
			}
			firstBest, firstWeights := first.Best()
			secondBest, secondWeights := second.Best()
			if firstBest.Score != secondBest.Score || firstBest.Step != secondBest.Step || !cmp.Equal(firstWeights, secondWeights) {
				t.Errorf("best after loading = %v, want %v with its weights", secondBest.Score, firstBest.Score)
			}
		})
	}
}

func TestCancellingLeavesAResumableState(t *testing.T) {
	c := everything()
	want := losses(run(t, trainer(t, c), stripes(0, 8)))
	tr := trainer(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []float64
	var ended error
	for step, err := range tr.Steps(ctx, stripes(0, 8)) {
		if err != nil {
			ended = err
			break
		}
		got = append(got, step.Loss)
		if step.Number == 3 {
			cancel()
		}
	}
	if ended != context.Canceled || tr.Done() != 3 {
		t.Errorf("after cancelling in step 3: error %v, %d steps done; want %v, 3", ended, tr.Done(), context.Canceled)
	}
	got = append(got, losses(run(t, tr, stripes(3, 8)))...)
	if !slices.Equal(got, want) {
		t.Errorf("losses = %v, want %v", got, want)
	}
}

func TestLoadCheckpointRejects(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "checkpoint.safetensors")
	tr := trainer(t, config())
	run(t, tr, stripes(0, 1))
	if err := tr.SaveCheckpoint(path, nil); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for i := 0; i < len(good); i += 1 + len(good)/100 {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := trainer(t, config()).LoadCheckpoint(write("flipped", bad)); err == nil {
			t.Errorf("LoadCheckpoint with byte %d changed = nil error", i)
		}
	}
	model, err := encoder.NewFile(small(), "cosine", nil)
	if err != nil {
		t.Fatal(err)
	}
	modelPath := filepath.Join(dir, "model.safetensors")
	if err := model.Write(modelPath); err != nil {
		t.Fatal(err)
	}
	other := config()
	other.Spec.Dim = 9
	for name, test := range map[string]struct {
		config training
		path   string
		want   string
	}{
		"a missing file":   {config(), filepath.Join(dir, "missing"), "no such file"},
		"a truncated file": {config(), write("cut", good[:len(good)/2]), "truncated"},
		"a model":          {config(), modelPath, "no checkpoint"},
		"another encoder":  {other, path, "another model"},
	} {
		_, err := trainer(t, test.config).LoadCheckpoint(test.path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("LoadCheckpoint of %s = %v, want one line with %q that names the file", name, err, test.want)
		}
	}
}
