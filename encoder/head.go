package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/metric"
)

// headScope is the sub-scope with the variables of the pair head.
const headScope = "head"

// PairHead compares embeddings row by row, as Koch et al. 2015 (section 3.1) do:
//
//	logit = Σ_j α_j |a_j − b_j| + bias,   P(same) = 1/(1+exp(−logit))
//
// a and b are [p, d]; the result is [p]. Its variables live in scope's sub-scope "head"; those that are missing begin as the paper's
// do. Learned α may be negative, so the head is no metric.
func PairHead(scope *model.Scope, a, b *Node) *Node {
	logits := NewLayers(scope).Dense(Abs(Sub(a, b)), headScope, 1, kochDense)
	return Reshape(logits, -1)
}

// PairHeadOfAll is [PairHead] of every embedding [n, d] with every other, giving [n, n].
func PairHeadOfAll(scope *model.Scope, embeddings *Node) *Node {
	d := embeddings.Shape().Dim(1)
	head := scope.In(headScope)
	alpha := variable(head, "weights", kochDense.weights(d), d, 1).NodeValue(embeddings)
	bias := variable(head, "bias", kochDense.Bias, 1).NodeValue(embeddings)
	return Add(metric.PairwiseL1(embeddings, Reshape(alpha, d)), Reshape(bias, 1, 1))
}

// Where the pair head of [InitHe] begins: two rows of sigmoids are as likely the same as not when they differ by 0.05 in the mean of
// their units, and the logit is so steep there that the units need not be driven into saturation to be sure.
const (
	heAlphas = -120 // the sum of all α
	heBias   = 6
)

// beginHead creates the pair head's variables as [InitHe] has them.
func beginHead(scope *model.Scope, d int) {
	head := scope.At(headScope)
	variable(head, "weights", Normal{Mean: heAlphas / float64(d)}, d, 1)
	variable(head, "bias", Normal{Mean: heBias}, 1)
}
