package train

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// AllPairs trains an encoder and its pair head with the binary cross-entropy of all pairs of a batch: every image is encoded once and
// compared with every other, where [Pairs] encodes two images for one comparison. Each kind of pair has its share of the loss,
// however many of them a batch makes; the shares of kinds that it lacks go to the others:
//
//	loss = Σ_kinds share/(number of pairs) · Σ_pairs −(y log P(same) + (1−y) log(1−P(same)))
//
// A pair is active when it is answered wrongly; its distance is 1 − P(same). Active, Mean and Spread weigh pairs as the loss does.
type AllPairs struct {
	Spec   encoder.Spec
	Shares Shares
}

// Shares are what kinds of pairs count in the loss of [AllPairs], each 0 or more, not all 0.
type Shares struct {
	Same float64 // of one class
	Near float64 // of two classes of one group, such as characters of one alphabet, which look alike
	Far  float64 // of two groups
}

// Declare implements [Task]. It fails when the spec fails its Check or has no pair head, and when the shares make no loss.
func (a AllPairs) Declare(backend compute.Backend, store *model.Store) error {
	if s := a.Shares; !(s.Same > 0 && s.Near >= 0 && s.Far >= 0 && s.Near+s.Far > 0) {
		return fmt.Errorf("shares %v of same, near and far pairs, want 0 or more, and some same and some different", s)
	}
	return Pairs{Spec: a.Spec}.Declare(backend, store)
}

// Feed implements [Task]: images, or vectors, and for all pairs of rows whether they are the same, and what they count.
func (a AllPairs) Feed(b *dataset.Batch) ([]*tensors.Tensor, error) {
	if len(b.Labels) != b.N || len(b.Groups) != b.N {
		return nil, fmt.Errorf("batch of %d images with %d labels and %d groups", b.N, len(b.Labels), len(b.Groups))
	}
	input, err := encoderInput(a.Spec, b)
	if err != nil {
		return nil, err
	}
	same, counts := a.Shares.pairs(b)
	return []*tensors.Tensor{
		input, tensors.FromFlatDataAndDimensions(same, b.N, b.N), tensors.FromFlatDataAndDimensions(counts, b.N, b.N),
	}, nil
}

// kind is a kind of pair.
type kind int

const (
	samePair kind = iota
	nearPair
	farPair
	noPair // a row with itself
)

func kindOf(b *dataset.Batch, i, j int) kind {
	switch {
	case i == j:
		return noPair
	case b.Labels[i] == b.Labels[j]:
		return samePair
	case b.Groups[i] == b.Groups[j]:
		return nearPair
	}
	return farPair
}

// pairs says of each pair of a batch's n rows whether it is the same, 1 or 0, and what it counts, all pairs together 1: [n, n].
func (s Shares) pairs(b *dataset.Batch) (same, counts []float32) {
	var number [noPair + 1]float64
	for i := range b.N {
		for j := range b.N {
			number[kindOf(b, i, j)]++
		}
	}
	shares, total := [noPair + 1]float64{s.Same, s.Near, s.Far, 0}, 0.0
	for k, n := range number {
		if n > 0 {
			total += shares[k]
		}
	}
	for i := range b.N {
		for j := range b.N {
			k, count := kindOf(b, i, j), 0.0
			if shares[k] > 0 {
				count = shares[k] / (number[k] * total)
			}
			same, counts = append(same, oneIf(k == samePair)), append(counts, float32(count))
		}
	}
	return same, counts
}

func oneIf(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}

// Loss implements [Task].
func (a AllPairs) Loss(scope *model.Scope, inputs []*Node) Outcome {
	same, counts := inputs[1], inputs[2]
	logits := encoder.PairHeadOfAll(scope, encoder.Build(scope, a.Spec, inputs[0]))
	weighted := func(x *Node) *Node { return ReduceAllSum(Mul(x, Reshape(counts, -1))) }
	return answers(Reshape(logits, -1), Reshape(same, -1), weighted)
}

// Collapsed implements [Watched]: the loss of the answer one half.
func (a AllPairs) Collapsed() float64 { return Pairs{}.Collapsed() }

// Easier implements [Watched]: there is nothing easier.
func (a AllPairs) Easier() (Task[*dataset.Batch], string, bool) { return a, "", false }

// Outputs implements [Layered].
func (a AllPairs) Outputs(scope *model.Scope, inputs []*Node) []Output {
	return encoderOutputs(scope, a.Spec, inputs)
}

// Identity implements [Identified].
func (a AllPairs) Identity() string { return encoderIdentity(a.Spec) }
