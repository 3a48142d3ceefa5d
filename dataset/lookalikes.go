package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/parallel"
)

// Lookalikes is what a network takes for one another in a data set, from its embeddings of some images of every class. It is
// small enough to be kept in a checkpoint, so that a training that chooses by it resumes exactly.
type Lookalikes struct {
	Near  [][]int32 `json:"near"`  // of each label: the labels whose mean embeddings are nearest, nearest first
	Items []int32   `json:"items"` // the images that were compared, by class
	Far   []int32   `json:"far"`   // of each of Items, the farthest of its class; -1 when it is the only one
	Close []int32   `json:"close"` // of each of Items, the nearest of another class
}

// Look picks the images to compare: at most perClass of each class, the same ones for the same seed.
func Look(s *Set, perClass int, seed uint64) []int32 {
	var items []int32
	for label, own := range s.ByClass() {
		rng := newRand(seed, forLook, uint64(label))
		items = appendSome(rng, items, own, perClass)
	}
	return items
}

// NewLookalikes compares the embeddings [n][d] of items, which [Look] picked, by squared Euclidean distance, and keeps at most
// neighbours labels for each label. It takes n²·d steps, and memory in proportion to n. It fails without two classes and on
// embeddings that are not finite.
func NewLookalikes(s *Set, items []int32, embeddings [][]float32, neighbours int) (*Lookalikes, error) {
	if len(items) != len(embeddings) || neighbours < 1 {
		return nil, fmt.Errorf("find look-alikes: %d images, %d embeddings and %d neighbours: want as many, and at least 1", len(items), len(embeddings), neighbours)
	}
	labels := make([]int32, len(items))
	for i, item := range items {
		labels[i] = int32(s.Items[item].Label)
		for _, v := range embeddings[i] {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("find look-alikes: the embedding of %s holds %v; the model is broken", s.Items[item].Source, v)
			}
		}
	}
	means, present := classMeans(embeddings, labels, len(s.Classes))
	if len(present) < 2 {
		return nil, fmt.Errorf("find look-alikes: data set %s has images of %d classes to compare: want at least two", s.Name, len(present))
	}
	l := &Lookalikes{Items: items, Near: make([][]int32, len(s.Classes))}
	nearest, err := nearestOthers(means, neighbours)
	if err != nil {
		return nil, fmt.Errorf("find look-alikes: %w", err)
	}
	for i, near := range nearest {
		for _, j := range near {
			l.Near[present[i]] = append(l.Near[present[i]], present[j])
		}
	}
	if l.Far, l.Close, err = partners(items, embeddings, labels); err != nil {
		return nil, fmt.Errorf("find look-alikes: %w", err)
	}
	return l, nil
}

// classMeans are the mean embeddings of the labels that have any, which present lists.
func classMeans(embeddings [][]float32, labels []int32, classes int) (means [][]float32, present []int32) {
	sums, count := make([][]float32, classes), make([]float32, classes)
	for i, label := range labels {
		if sums[label] == nil {
			sums[label] = make([]float32, len(embeddings[i]))
		}
		count[label]++
		for j, v := range embeddings[i] {
			sums[label][j] += v
		}
	}
	for label, sum := range sums {
		if sum == nil {
			continue
		}
		for j := range sum {
			sum[j] /= count[label]
		}
		means, present = append(means, sum), append(present, int32(label))
	}
	return means, present
}

// nearestOthers lists for each vector the k others that are nearest, equal ones in order.
func nearestOthers(vectors [][]float32, k int) ([][]int32, error) {
	near := make([][]int32, len(vectors))
	err := eachRow(vectors, func(i int, row []float32) {
		row[i] = float32(math.Inf(1))
		for _, j := range distance.Smallest(row, k) {
			near[i] = append(near[i], int32(j))
		}
	})
	return near, err
}

// partners finds for each image the farthest of its class and the nearest of another.
func partners(items []int32, embeddings [][]float32, labels []int32) (far, close []int32, err error) {
	far, close = make([]int32, len(items)), make([]int32, len(items))
	err = eachRow(embeddings, func(i int, row []float32) {
		far[i], close[i] = -1, -1
		most, least := float32(math.Inf(-1)), float32(math.Inf(1))
		for j, d := range row {
			switch {
			case labels[j] != labels[i] && d < least:
				close[i], least = items[j], d
			case labels[j] == labels[i] && j != i && d > most:
				far[i], most = items[j], d
			}
		}
	})
	return far, close, err
}

// eachRow calls see, from several goroutines, with each vector's number and what orders all vectors by their distance to it.
func eachRow(vectors [][]float32, see func(i int, row []float32)) error {
	index, err := distance.NewIndex(distance.SquaredEuclidean(), vectors)
	if err != nil {
		return err
	}
	n := len(vectors)
	parallel.Ranges((n+distance.Block-1)/distance.Block, func(lo, hi int) {
		dst := make([]float32, distance.Block*n)
		for first := lo * distance.Block; first < min(hi*distance.Block, n); first += distance.Block {
			last := min(first+distance.Block, n)
			index.Rows(dst[:(last-first)*n], vectors[first:last])
			for i := first; i < last; i++ {
				see(i, dst[(i-first)*n:(i-first+1)*n])
			}
		}
	})
	return nil
}

// Hard makes a sampler choose some examples by what a network takes for one another.
type Hard struct {
	Index *Lookalikes // nil chooses nothing by it
	// Share is the part of the choices, in [0, 1], that are hard. The hardest of all are often wrong labels, and an encoder that
	// sees nothing else may collapse, so some others should be among them.
	Share float64
	// Together is how many look-alike classes come together in a batch of [ClassSampler]: one, and of its nearest Together−1 others.
	Together int
}

// hardness is a [Hard] with its index by item.
type hardness struct {
	Hard
	far, close []int32 // of each item of the set; -1 where not known
}

// chosen says, by the share, whether the next choice is hard.
func (h hardness) chosen(rng *rand.Rand) bool { return h.far != nil && rng.Float64() < h.Share }

func newHardness(s *Set, h Hard) (hardness, error) {
	switch {
	case !(h.Share >= 0 && h.Share <= 1) || h.Together < 0:
		return hardness{}, fmt.Errorf("sample hard examples: a share of %v, %d classes together: want 0 to 1, and 0 or more", h.Share, h.Together)
	case h.Index == nil:
		return hardness{}, nil
	case len(h.Index.Near) != len(s.Classes):
		return hardness{}, fmt.Errorf("sample hard examples: an index of %d classes for data set %s of %d", len(h.Index.Near), s.Name, len(s.Classes))
	}
	out := hardness{Hard: h, far: filled(len(s.Items), int32(-1)), close: filled(len(s.Items), int32(-1))}
	for i, item := range h.Index.Items {
		if item < 0 || int(item) >= len(s.Items) || len(h.Index.Far) <= i || len(h.Index.Close) <= i {
			return hardness{}, fmt.Errorf("sample hard examples: the index is not of data set %s", s.Name)
		}
		out.far[item], out.close[item] = h.Index.Far[i], h.Index.Close[i]
	}
	return out, nil
}
