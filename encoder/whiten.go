package encoder

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/siam-go/siam/modelfile"
)

// The last layer of encoders that can be whitened.
const (
	lastWeights = "encoder/dense/weights" // [k, d]
	lastBias    = "encoder/dense/bias"    // [d]
)

// Whiten returns weights with which an embedding varies alike in all directions among images of one class, by within-class
// covariance normalisation (A. O. Hatch, S. Kajarekar, A. Stolcke, "Within-class covariance normalization for SVM-based
// speaker recognition", 2006, section 3). Embeddings [n][d], with their labels, are what the encoder made of training images,
// on the unit sphere; S is their covariance about the means of their classes, and with shrink λ above 0 the new embeddings are
//
//	A·e / ‖A·e‖,  A = c·(S + λ·(tr S/d)·I)^(-1/2),  with c such that tr A = d.
//
// A is folded into the last layer, so that the encoder stays as it is and costs the same. Whiten fails when the encoder does not
// end in a dense layer of d outputs on the unit sphere, and when no class has two images.
func Whiten(spec Spec, weights []modelfile.Tensor, embeddings [][]float32, labels []int, shrink float64) ([]modelfile.Tensor, error) {
	at := func(name string) int {
		return slices.IndexFunc(weights, func(t modelfile.Tensor) bool { return t.Name == name })
	}
	w, b := at(lastWeights), at(lastBias)
	if w < 0 || b < 0 || !spec.Normalize || spec.PairHead {
		return nil, fmt.Errorf("whiten encoder %s: it does not end in a dense layer on the unit sphere", spec.Arch)
	}
	if len(embeddings) != len(labels) || !(shrink > 0) {
		return nil, fmt.Errorf("whiten %d embeddings of %d labels with shrink %v: want as many, and more than 0", len(embeddings), len(labels), shrink)
	}
	a, err := whitening(embeddings, labels, weights[b].Shape[0], shrink)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(weights)
	out[w].Values = timesRows(weights[w].Values, a)
	out[b].Values = timesRows(weights[b].Values, a)
	return out, nil
}

// whitening is the symmetric matrix A.
func whitening(embeddings [][]float32, labels []int, d int, shrink float64) (*mat.SymDense, error) {
	s, pairs := withinClass(embeddings, labels, d)
	if pairs == 0 {
		return nil, fmt.Errorf("whiten %d embeddings: no class has two", len(embeddings))
	}
	extra := shrink * mat.Trace(s) / float64(d)
	for i := range d {
		s.SetSym(i, i, s.At(i, i)+extra)
	}
	var a mat.SymDense
	if err := a.PowPSD(s, -0.5); err != nil {
		return nil, fmt.Errorf("whiten %d embeddings that do not vary: %w", len(embeddings), err)
	}
	a.ScaleSym(float64(d)/mat.Trace(&a), &a)
	return &a, nil
}

// withinClass is the covariance of embeddings about the means of their classes, and how many have another of their class.
func withinClass(embeddings [][]float32, labels []int, d int) (s *mat.SymDense, paired int) {
	count := make(map[int]int)
	mean := make(map[int][]float64)
	for i, e := range embeddings {
		label := labels[i]
		if mean[label] == nil {
			mean[label] = make([]float64, d)
		}
		count[label]++
		for j, v := range e {
			mean[label][j] += float64(v)
		}
	}
	s = mat.NewSymDense(d, nil)
	off := mat.NewVecDense(d, nil)
	for i, e := range embeddings {
		n := count[labels[i]]
		if n < 2 {
			continue
		}
		paired++
		for j, v := range e {
			off.SetVec(j, float64(v)-mean[labels[i]][j]/float64(n))
		}
		s.SymRankOne(s, 1, off)
	}
	s.ScaleSym(1/float64(max(1, paired)), s)
	return s, paired
}

// timesRows multiplies every row of values [n, d] with a [d, d].
func timesRows(values []float32, a *mat.SymDense) []float32 {
	d := a.SymmetricDim()
	rows := mat.NewDense(len(values)/d, d, nil)
	for i, v := range values {
		rows.Set(i/d, i%d, float64(v))
	}
	rows.Mul(rows, a)
	out := make([]float32, len(values))
	for i := range out {
		out[i] = float32(rows.At(i/d, i%d))
	}
	return out
}
