package train

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/metric"
)

// withOld gives the batches an older model's embeddings: the unit vector along the axis of the class.
func withOld(batches iter.Seq2[*dataset.Batch, error]) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		for b, err := range batches {
			for _, label := range b.Labels {
				axis := make([]float32, small().Dim)
				axis[label] = 1
				b.Old = append(b.Old, axis...)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

func TestCompatibleEmbeddingsComeNearTheOldOnes(t *testing.T) {
	c := config()
	c.Task = Compatible{Labels{Objective: metric.Objective{
		Distance: metric.Cosine(), Miner: metric.All(), Loss: metric.SupCon(0.1), Reducer: metric.Mean(),
	}}}
	tr := trainer(t, c)
	nearest := func() (right int) { // for how many images is the old embedding of their own class the nearest?
		b := stripesBatch(1000)
		rows := embedded(t, tr, c.Spec, b.Images)
		for i, row := range rows {
			best := 0
			for class := range 5 {
				if row[class] > row[best] {
					best = class
				}
			}
			if best == int(b.Labels[i]) {
				right++
			}
		}
		return right
	}
	before := nearest()
	run(t, tr, withOld(stripes(0, 120)))
	if after := nearest(); after < 18 || before > 12 {
		t.Errorf("%d of 20 images are nearest to the old embedding of their class, %d before training, want nearly all, and few", after, before)
	}
}

func TestCompatibleRefusesWhatItCannotUse(t *testing.T) {
	c := config()
	c.Task = Compatible{Labels{Objective: metric.FaceNet()}}
	for _, err := range trainer(t, c).Steps(context.Background(), stripes(0, 1)) {
		if err == nil || !strings.Contains(err.Error(), "0 numbers of an older model's embeddings") {
			t.Errorf("a batch without old embeddings = %v, want an error that says so", err)
		}
	}
	c.Spec.Normalize = false
	if _, err := New(backend(t), c.task(), c.Config); err == nil || !strings.Contains(err.Error(), "scaled to length 1") {
		t.Errorf("New with embeddings of any length = %v, want a refusal", err)
	}
}
